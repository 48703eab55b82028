// Section 2.3.1: the AND gate with a threshold, in its simplest form.
// Book:    the first AND of section 2.3.1 (weights 0.5, 0.5, threshold 0.7)
// Run:     simple_gate
// Expect:  (0, 0) (1, 0) (0, 1) (1, 1) give 0 0 0 1
#include "ch02/gates.hpp"
#include "support/program.hpp"

static int simple_gate(int x1, int x2) {
  const double w1 = 0.5, w2 = 0.5, theta = 0.7;
  return x1 * w1 + x2 * w2 > theta ? 1 : 0;
}

int main(int argc, char** argv) {
  return dlfs::examples::run_program(
      argc, argv, "Section 2.3.1: the AND gate with a threshold",
      [](const dlfs::examples::Options&) { print_truth_table(simple_gate); });
}
