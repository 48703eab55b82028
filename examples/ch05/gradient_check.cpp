// Section 5.7.3: backpropagation agrees with numerical gradients.
// Book:    ch05/gradient_check.py (784-50-10 on the first three training images)
// Run:     gradient_check [--data DIR] [--seed N]
// Expect:  mean differences of about 1e-7 and less: the loss adds 1e-7 in the logarithm
#include <cstdio>

#include "ch05/two_layer_net.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 5.7.3: gradient check of the two-layer network",
       .seed = 1,
       .reads_digits = true},
      [](const examples::Options& options) {
        const auto batch = slice(examples::load_digits<double>(options).train, 0, 3);
        Rng rng(options.seed);
        ch05::TwoLayerNet network(784, 50, 10, rng);

        const auto grad_numerical = network.numerical_gradient(batch.inputs, batch.targets);
        const auto grad_backprop = network.gradient(batch.inputs, batch.targets);
        for (const char* key : {"W1", "b1", "W2", "b2"}) {
          const double diff = mean(abs(grad_backprop.at(key) - grad_numerical.at(key)));
          std::printf("%s:%.2e\n", key, diff);
          if (!(diff <= 1e-5)) throw ValueError("the gradients differ");
        }
      });
}
