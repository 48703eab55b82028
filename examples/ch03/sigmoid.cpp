// Section 3.2.4: the sigmoid function.
// Book:    ch03/sigmoid.py (x from -5 to 5 by 0.1)
// Run:     sigmoid [--out DIR]
// Expect:  sigmoid.png with one curve, 1 / (1 + exp(-x))
#include "ch03/activations.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 3.2.4: the sigmoid function", .writes_files = true},
      [](const examples::Options& options) {
        const auto x = arange(-5.0, 5.0, 0.1);
        const auto y = ch03::sigmoid(x);
        examples::show({.y_limits = examples::Limits{-0.1, 1.1}, .series = {{.x = x, .y = y}}},
                       options.out, "sigmoid");
      });
}
