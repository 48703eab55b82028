// expect: a list in braces
#include <vector>

#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  std::vector<NamedLayer<float>> layers;
  layers.push_back({"relu1", Relu<float>()});
  Sequential<float> network(layers);
}
