// read_pytorch: tensors of different names.
#include <set>

#include "dlfs/io/pytorch.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_file_of({data, size}, [](const std::string& path) {
    const auto tensors = read_pytorch<double>(path);
    std::set<std::string> names;
    for (const auto& tensor : tensors) fuzz::expect(names.insert(tensor.name).second);
  });
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned int seed) {
  return fuzz::mutate(data, size, most, seed, fuzz::repair_zip);
}
