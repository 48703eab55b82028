// expect: any_of_or_all_of_makes_one_truth_of_many
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Tensor<float> x({2, 3});
  if (x > 0) return 1;
}
