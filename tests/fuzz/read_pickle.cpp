// read_pickle: nothing but arrays of different names.
#include <set>

#include "dlfs/io/pickle.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_file_of({data, size}, [](const std::string& path) {
    const auto arrays = read_pickle<double>(path);
    std::set<std::string> names;
    for (const auto& array : arrays) fuzz::expect(names.insert(array.name).second);
  });
  return 0;
}
