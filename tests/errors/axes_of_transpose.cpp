// expect: the axes stand in braces
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Tensor<float> x({2, 3});
  auto y = x[0].transpose(1, 0);
}
