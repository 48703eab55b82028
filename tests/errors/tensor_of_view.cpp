// expect: copy_of_a_view_or_cast_of_other_elements_makes_a_tensor
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Tensor<float> x({2, 3});
  Tensor<float> row = x[0];
}
