// read_npz: nothing but arrays of different names.
#include <set>

#include "dlfs/io/npz.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_file_of({data, size}, [](const std::string& path) {
    const auto arrays = read_npz<float>(path);
    std::set<std::string> names;
    for (const auto& array : arrays) fuzz::expect(names.insert(array.name).second);
  });
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t most, unsigned int seed) {
  return fuzz::mutate(data, size, most, seed, fuzz::repair_zip);
}
