// read_npy: what is read, written and read again has the same bytes.
#include "dlfs/io/npy.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

struct Collected final : detail::ByteSink {
  void write(detail::ByteSpan more) override { detail::append_bytes(bytes, more); }
  detail::Bytes bytes;
};

template <class T>
static detail::Bytes bytes_of(const Tensor<T>& x) {
  Collected file;
  detail::NpyContents<T>(x.view()).write(file);
  return file.bytes;
}

template <class T>
static void read_as(fuzz::ByteSpan bytes) {
  Tensor<T> x;
  if (!fuzz::read_file_of(bytes, [&](const std::string& path) { x = read_npy<T>(path); })) return;
  const auto written = bytes_of(x);
  const auto again = detail::parse_npy<T>(detail::ByteReader(written, "again"));
  fuzz::expect(again.shape() == x.shape() && bytes_of(again) == written);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const fuzz::ByteSpan file(data + 1, size - 1);
  switch (data[0] % 4) {  // the type to read as
    case 0:
      read_as<float>(file);
      break;
    case 1:
      read_as<std::int16_t>(file);
      break;
    case 2:
      read_as<bool>(file);
      break;
    default:
      read_as<Eigen::half>(file);
  }
  return 0;
}
