// Section 1.6.1: a simple graph.
// Book:    ch01/simple_graph.py (x from 0 to 6 by 0.1)
// Run:     simple_graph [--out DIR]
// Expect:  simple_graph.png with one curve, y = sin x
#include <cmath>

#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "Section 1.6.1: a simple graph", .writes_files = true},
      [](const examples::Options& options) {
        const auto x = arange(0.0, 6.0, 0.1);
        const auto y = vectorize(x, [](double value) { return std::sin(value); });
        examples::show({.series = {{.x = x, .y = y}}}, options.out, "simple_graph");
      });
}
