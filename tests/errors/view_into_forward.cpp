// expect: copy_of_a_view_or_cast_of_other_elements_makes_a_tensor
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Sequential<float> network{{"relu1", Relu<float>()}};
  Tensor<float> x({9, 3});
  network.forward(x.rows(0, 4));
}
