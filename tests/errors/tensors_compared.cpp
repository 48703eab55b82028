// expect: equal_compares_elements_and_array_equal_tensors
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Tensor<float> x({2, 3});
  return x == x;
}
