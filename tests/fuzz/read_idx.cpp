// read_idx, and GzipFile below it: no more elements than its caller permits.
#include "dlfs/io/idx.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr Index limit = 1 << 20;
  fuzz::read_file_of({data, size}, [](const std::string& path) {
    const auto x = read_idx(path, limit);
    fuzz::expect(x.rank() >= 1 && x.rank() <= 4 && x.size() <= limit);
  });
  return 0;
}
