// expect: this is no layer of a network
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Sequential<float> network{{"square", [](const Tensor<float>& x) { return x * x; }}};
}
