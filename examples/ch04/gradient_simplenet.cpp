// Section 4.4.2: the gradient of a network's loss with respect to its weights.
// Book:    ch04/gradient_simplenet.py (W from N(0, 1), x = (0.6, 0.9), class 2)
// Run:     gradient_simplenet [--seed N]
// Expect:  dW (2, 3); only its last column is negative: raising these weights lowers the loss
#include <cstdio>

#include "ch04/simple_net.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 4.4.2: the gradient of a network", .seed = 1},
      [](const examples::Options& options) {
        Rng rng(options.seed);
        ch04::SimpleNet net{random_normal<double>({2, 3}, rng)};
        const auto x = array<double>({{0.6, 0.9}});
        const auto label = array<std::int32_t>({2});

        const auto loss = [&](const Tensor<double>&) { return net.loss(x, label); };
        const auto dW = numerical_gradient(loss, net.W);
        std::printf("%s\n", to_string(dW).c_str());
      });
}
