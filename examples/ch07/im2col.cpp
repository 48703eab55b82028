// Section 7.4.2: im2col, which turns a convolution into one matrix product.
// Book:    section 7.4.2 and common/util.py
// Run:     im2col
// Expect:  (9, 75) and (90, 75), the patches of a small image, and a convolution in two ways
#include <cstdio>

#include "common/util.hpp"
#include "support/program.hpp"

using namespace dlfs;

static void print(const char* name, const Tensor<double>& x) {
  std::printf("%s\n%s\n", name, to_string(x).c_str());
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv, "Section 7.4.2: im2col on a small array", [](auto&) {
    Rng rng(1);
    const auto x1 = random_uniform<double>({1, 3, 7, 7}, rng);
    std::printf("%s\n", to_string(common::im2col(x1, 5, 5).shape()).c_str());
    const auto x2 = random_uniform<double>({10, 3, 7, 7}, rng);
    std::printf("%s\n", to_string(common::im2col(x2, 5, 5).shape()).c_str());

    const auto image = array<double>({{{{1, 2, 3}, {4, 5, 6}, {7, 8, 9}}}});
    const auto weight = array<double>({{{{1, 2}, {3, 4}}}});
    const auto patches = common::im2col(image, 2, 2);
    print("an image of 3 by 3:", copy(image[0][0]));
    print("its patches of 2 by 2, one in each row:", patches);
    print("their product with a filter:", matmul(patches, weight.reshape({4, 1})));

    Tensor<double> y({1, 1, 2, 2});
    convolution(image, weight, array<double>({0}), {.kernel = 2}, 1, y);
    print("the library's convolution:", copy(y[0][0]));
  });
}
