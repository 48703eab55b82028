// expect: written_by_assign
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Tensor<float> x({2, 3});
  x[0] = 1.0f;
}
