// Section 3.2.3: the step function.
// Book:    ch03/step_function.py (x from -5 to 5 by 0.1)
// Run:     step_function [--out DIR]
// Expect:  step_function.png with one curve, 0 up to x = 0 and 1 from there
#include "ch03/activations.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 3.2.3: the step function", .writes_files = true},
      [](const examples::Options& options) {
        const auto x = arange(-5.0, 5.0, 0.1);
        const auto y = ch03::step_function(x);
        examples::show({.y_limits = examples::Limits{-0.1, 1.1}, .series = {{.x = x, .y = y}}},
                       options.out, "step_function");
      });
}
