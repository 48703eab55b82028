// Section 7.5: backpropagation through a small SimpleConvNet agrees with numerical gradients.
// Book:    ch07/gradient_check.py (input 1x10x10 from U(0, 1), 10 filters 3x3, 10 hidden, label 1)
// Run:     gradient_check [--seed N]
// Expect:  mean differences of at most 1e-9 (up to 1e-6 in the book, which adds 1e-7 in the
//          log)
#include <cstdio>

#include "ch07/simple_convnet.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 7.5: gradient check of SimpleConvNet", .seed = 1},
      [](const examples::Options& options) {
        Rng rng(options.seed);
        auto network = simple_convnet<double>(
            rng, {.image = 10, .filters = 10, .kernel = 3, .hidden = 10}, Normal{0.01});
        const auto x = random_uniform<double>({1, 1, 10, 10}, rng);
        const auto label = array<std::int32_t>({1});

        const auto report = check_gradients(network, SoftmaxCrossEntropy<double>(), x, label);
        for (std::size_t i = 0; i < report.tensors.size(); ++i) {
          const auto& tensor = report.tensors[i];
          const std::string key = str_cat(i % 2 == 0 ? "W" : "b", i / 2 + 1);  // the Python's
          std::printf("%s %.2e  %s\n", key.c_str(), tensor.mean_difference, tensor.tensor.c_str());
          if (!(tensor.mean_difference <= 1e-9)) throw ValueError(to_string(report));
        }
      });
}
