// expect: copy_of_a_view_or_cast_of_other_elements_makes_a_tensor
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Tensor<float> x;
  x = array<double>({1, 2});
}
