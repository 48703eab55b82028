// load_onnx: a network, or a FormatError.
#include "dlfs/io/load_onnx.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::read_file_of({data, size}, [](const std::string& path) {
    const Graph<float> network = load_onnx<float>(path);
    fuzz::expect(network.layer_count() > 0 && network.output_count() > 0);
  });
  return 0;
}
