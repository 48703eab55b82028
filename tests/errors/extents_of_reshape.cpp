// expect: the extents stand in braces
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Tensor<float> x({6});
  auto y = x.reshape(2, 3);
}
