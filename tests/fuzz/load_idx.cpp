// load_idx: two files, of which the first byte of the input says where the second begins.
#include <algorithm>

#include "dlfs/io/idx.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr Index classes = 10;
  const fuzz::ByteSpan files(data + 1, size - 1);
  const std::size_t first = std::min<std::size_t>(data[0], files.size());
  static fuzz::MemoryFile labels;
  labels.set(files.subspan(first));
  fuzz::read_file_of(files.first(first), [&](const std::string& images) {
    const ByteDataset dataset = load_idx(images, labels.path(), classes);
    fuzz::expect(dataset.inputs.rank() == 4 && dataset.inputs.extent(0) == dataset.size());
    for (const auto label : dataset.targets) fuzz::expect(label >= 0 && label < classes);
  });
  return 0;
}
