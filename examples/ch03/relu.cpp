// Section 3.2.7: the rectified linear unit.
// Book:    ch03/relu.py (x from -5 to 5 by 0.1)
// Run:     relu [--out DIR]
// Expect:  relu.png with one curve, max(0, x)
#include "ch03/activations.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 3.2.7: the rectified linear unit", .writes_files = true},
      [](const examples::Options& options) {
        const auto x = arange(-5.0, 5.0, 0.1);
        const auto y = ch03::relu(x);
        examples::show({.y_limits = examples::Limits{-1, 5.5}, .series = {{.x = x, .y = y}}},
                       options.out, "relu");
      });
}
