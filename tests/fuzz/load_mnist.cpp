// load_mnist: a folder of files, of which the input decides names, number and contents.
#include <filesystem>

#include <unistd.h>

#include "dlfs/io/file.hpp"
#include "dlfs/io/mnist.hpp"
#include "dlfs/tensor/comparison.hpp"
#include "fuzz/input.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;
namespace fs = std::filesystem;

/// An IDX file of the rank and the extents of images or labels, often, or of any others.
static std::string idx_file(fuzz::Input& input) {
  const bool is_of_images = input.number(2) == 0;
  const Index count = input.number(3);
  std::vector<Index> extents{count, 28, 28};
  if (!is_of_images) extents.resize(1);
  if (input.number(8) == 1) extents[input.number(extents.size())] = input.number(40);
  std::string file{'\0', '\0', '\x08', static_cast<char>(extents.size())};
  std::size_t size = 1;
  for (const Index extent : extents) {
    for (const int shift : {24, 16, 8, 0}) file += static_cast<char>(extent >> shift);
    size *= static_cast<std::size_t>(extent);
  }
  if (input.number(8) == 1) size += 1;
  for (std::size_t i = 0; i < size; ++i) file += static_cast<char>(input.number(10));
  if (input.number(8) == 1) file.resize(input.number(file.size() + 1));
  return file;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Folder mnist;
  const fs::path& folder = mnist.path;
  fuzz::Input input(data, size);
  for (const std::string part : {"train", "t10k"}) {
    for (const std::string kind : {"-images-idx3-ubyte", "-labels-idx1-ubyte"}) {
      const fs::path path = folder / (part + kind);
      const fs::path zipped = path.string() + ".gz";
      fs::remove(path);
      fs::remove(zipped);
      if (input.number(16) == 1) continue;
      const detail::Descriptor file((input.number(2) == 0 ? zipped : path).string(),
                                    O_WRONLY | O_CREAT, 0600);
      const std::string bytes = idx_file(input);
      fuzz::expect(file.write({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
    }
  }
  try {
    const auto loaded = load_mnist<float>(folder);
    for (const auto* dataset : {&loaded.train, &loaded.test}) {
      fuzz::expect(dataset->inputs.rank() == 4 && dataset->inputs.extent(0) == dataset->size());
      for (const auto label : dataset->targets) fuzz::expect(label >= 0 && label <= 9);
    }
    const auto bytes = load_mnist_bytes(folder);
    fuzz::expect(array_equal(bytes.test.numbers<float>().inputs, loaded.test.inputs));
  } catch (const FormatError&) {
  } catch (const IoError&) {  // a file is missing
  }
  return 0;
}
