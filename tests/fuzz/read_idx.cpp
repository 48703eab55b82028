// read_idx, and GzipFile below it: no more elements than its caller permits.
#include "dlfs/io/idx.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

template <class T>
static void read_as(const std::string& path) {
  constexpr Index limit = 1 << 20;
  const auto x = read_idx<T>(path, limit);
  fuzz::expect(x.rank() >= 1 && x.rank() <= max_rank && x.size() <= limit);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const int code = size > 2 ? data[2] : 0;  // of the elements, in a plain file
  fuzz::read_file_of({data, size}, [&](const std::string& path) {
    switch (code) {
      case 0x09:
        return read_as<std::int8_t>(path);
      case 0x0b:
        return read_as<std::int16_t>(path);
      case 0x0c:
        return read_as<std::int32_t>(path);
      case 0x0d:
        return read_as<float>(path);
      case 0x0e:
        return read_as<double>(path);
      default:
        return read_as<std::uint8_t>(path);
    }
  });
  return 0;
}
