// read_jpeg: an image of 1 or 3 channels, each of its values set.
#include "dlfs/io/jpeg.hpp"
#include "dlfs/tensor/comparison.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (!detail::has_jpeg) return 0;
  fuzz::read_file_of({data, size}, [](const std::string& path) {
    const auto pixels = read_jpeg(path);
    fuzz::expect(pixels.rank() == 3 && !pixels.empty());
    fuzz::expect(pixels.extent(2) == 1 || pixels.extent(2) == 3);
    fuzz::expect(array_equal(pixels, read_jpeg(path)));
  });
  return 0;
}
