// Section 7.5 by hand: backpropagation through SimpleConvNet agrees with numerical gradients.
// Book:    ch07/gradient_check.py (input 1x10x10 from U(0, 1), 10 filters 3x3, 10 hidden, label 1)
// Run:     gradient_check_by_hand [--seed N]
// Expect:  mean differences of at most 1e-5: the loss adds 1e-7 in the logarithm
#include <cstdio>

#include "ch07/simple_convnet_by_hand.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 7.5 by hand: gradient check of SimpleConvNet", .seed = 1},
      [](const examples::Options& options) {
        Rng rng(options.seed);
        ch07::SimpleConvNet network(
            {.image = 10, .filter_num = 10, .filter_size = 3, .hidden_size = 10}, rng);
        const auto X = random_uniform<double>({1, 1, 10, 10}, rng);
        const auto T = array<std::int32_t>({1});

        const auto grad_num = network.numerical_gradient(X, T);
        const auto grad = network.gradient(X, T);
        for (const auto& [key, numerical] : grad_num) {
          const double diff = mean(abs(grad.at(key) - numerical));
          std::printf("%s %.2e\n", key.c_str(), diff);
          if (!(diff <= 1e-5)) throw ValueError("the gradients differ");
        }
      });
}
