// Section 1.6.2: two curves with labels, a title and a legend.
// Book:    ch01/sin_cos_graph.py (x from 0 to 6 by 0.1)
// Run:     sin_cos_graph [--out DIR]
// Expect:  sin_cos_graph.png with sin x, and cos x dashed
#include <cmath>

#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 1.6.2: two curves", .writes_files = true},
      [](const examples::Options& options) {
        const auto x = arange(0.0, 6.0, 0.1);
        const auto y1 = vectorize(x, [](double value) { return std::sin(value); });
        const auto y2 = vectorize(x, [](double value) { return std::cos(value); });
        examples::show(
            {.title = "sin & cos",
             .x_label = "x",
             .y_label = "y",
             .series = {{.label = "sin", .x = x, .y = y1},
                        {.label = "cos", .x = x, .y = y2, .line = examples::Line::dashed}}},
            options.out, "sin_cos_graph");
      });
}
