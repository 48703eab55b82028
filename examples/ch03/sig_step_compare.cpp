// Section 3.2.5: the sigmoid function beside the step function.
// Book:    ch03/sig_step_compare.py (x from -5 to 5 by 0.1)
// Run:     sig_step_compare [--out DIR]
// Expect:  sig_step_compare.png with the sigmoid, and the step dashed in black
#include "ch03/activations.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 3.2.5: sigmoid and step", .writes_files = true},
      [](const examples::Options& options) {
        const auto x = arange(-5.0, 5.0, 0.1);
        examples::show({.y_limits = examples::Limits{-0.1, 1.1},
                        .series = {{.x = x, .y = ch03::sigmoid(x)},
                                   {.x = x,
                                    .y = ch03::step_function(x),
                                    .line = examples::Line::dashed,
                                    .color = "black"}}},
                       options.out, "sig_step_compare");
      });
}
