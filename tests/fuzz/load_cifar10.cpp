// load_cifar10 and load_cifar100: a folder of files, of which the input decides number, size and
// contents.
#include "dlfs/io/cifar.hpp"
#include "dlfs/io/file.hpp"
#include "fuzz/input.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;
namespace fs = std::filesystem;

/// Some records, often whole ones, with labels and a few pixels from the input.
static std::string records(fuzz::Input& input, std::size_t labels) {
  std::string file;
  const std::uint32_t count = input.number(4);
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string record(labels + 3 * 32 * 32, '\0');
    for (std::size_t k = 0; k < labels + 2; ++k) record[k] = static_cast<char>(input.number(256));
    file += record;
  }
  if (input.number(8) == 1) file.resize(input.number(file.size() + 2));
  return file;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const fuzz::Folder cifar;
  fuzz::Input input(data, size);
  const bool is_10 = input.number(2) == 0;
  for (const std::string name :
       {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
        "data_batch_5.bin", "test_batch.bin", "train.bin", "test.bin"}) {
    fs::remove(cifar.path / name);
    if (name.find("batch") == name.npos ? is_10 : !is_10) continue;
    if (input.number(16) == 1) continue;
    const detail::Descriptor file((cifar.path / name).string(), O_WRONLY | O_CREAT, 0600);
    const std::string bytes = records(input, is_10 ? 1 : 2);
    fuzz::expect(file.write({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
  }
  try {
    const ByteDatasets loaded = is_10 ? load_cifar10(cifar.path) : load_cifar100(cifar.path);
    for (const auto* dataset : {&loaded.train, &loaded.test}) {
      dataset->check("load_cifar10");
      for (const auto label : dataset->targets) {
        fuzz::expect(label >= 0 && label < (is_10 ? 10 : 100));
      }
    }
  } catch (const FormatError&) {
  } catch (const IoError&) {  // a file is missing
  }
  return 0;
}
