// read_png: an image of 1 to 4 channels, each of its values set.
#include "dlfs/io/png.hpp"
#include "dlfs/tensor/comparison.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Larger ones are only slow.
  if (size > 24 && fuzz::number_at(data + 16, 4, true) * fuzz::number_at(data + 20, 4, true) >
                       (std::uint64_t{1} << 20)) {
    return 0;
  }
  fuzz::read_file_of({data, size}, [](const std::string& path) {
    const auto pixels = read_png(path);
    fuzz::expect(pixels.rank() == 3 && !pixels.empty() && pixels.extent(2) <= 4);
    fuzz::expect(array_equal(pixels, read_png(path)));
  });
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned int seed) {
  return fuzz::mutate(data, size, most, seed, fuzz::repair_png);
}
