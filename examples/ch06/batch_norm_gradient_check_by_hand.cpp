// Section 6.3 by hand: backpropagation through batch normalisation agrees with numerical gradients.
// Book:    ch06/batch_norm_gradient_check.py (784-100-100-10). The book takes one sample: all its
//          normalised values are zero, and so are most gradients. This program takes 8.
// Run:     batch_norm_gradient_check_by_hand [--data DIR] [--seed N]
// Expect:  mean differences of at most 1e-6: the loss adds 1e-7 in the logarithm
#include <cstdio>

#include "common/multi_layer_net_extend.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.3 by hand: gradient check of batch normalisation",
       .seed = 1,
       .reads_digits = true},
      [](const examples::Options& options) {
        const auto batch = slice(examples::load_digits<double>(options).train, 0, 8);
        Rng rng(options.seed);
        const Index units = options.quick ? 10 : 100;
        common::MultiLayerNetExtend network(
            {.hidden_size_list = {units, units}, .use_batchnorm = true}, rng);

        const auto grad_backprop = network.gradient(batch.inputs, batch.targets);
        const auto grad_numerical = network.numerical_gradient(batch.inputs, batch.targets);
        for (const auto& [key, numerical] : grad_numerical) {
          const double diff = mean(abs(grad_backprop.at(key) - numerical));
          std::printf("%s:%.2e\n", key.c_str(), diff);
          if (!(diff <= 1e-5)) throw ValueError("the gradients differ");
        }
      });
}
