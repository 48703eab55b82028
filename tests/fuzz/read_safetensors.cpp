// read_safetensors: tensors of different names. The first byte chooses the type to read as.
#include <set>

#include "dlfs/io/safetensors.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

template <class T>
static void read(fuzz::ByteSpan bytes) {
  fuzz::read_file_of(bytes, [](const std::string& path) {
    const auto tensors = read_safetensors<T>(path);
    std::set<std::string> names;
    for (const auto& tensor : tensors) fuzz::expect(names.insert(tensor.name).second);
    read_safetensors_metadata(path);
  });
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const fuzz::ByteSpan bytes(data + 1, size - 1);
  switch (data[0] % 4) {
    case 0:
      read<float>(bytes);
      break;
    case 1:
      read<double>(bytes);
      break;
    case 2:
      read<std::int16_t>(bytes);
      break;
    default:
      read<bool>(bytes);
  }
  return 0;
}
