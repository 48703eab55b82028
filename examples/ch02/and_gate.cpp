// Section 2.3: the AND gate, a perceptron.
// Book:    ch02/and_gate.py (weights 0.5, 0.5, bias -0.7)
// Run:     and_gate
// Expect:  (0, 0) (1, 0) (0, 1) (1, 1) give 0 0 0 1
#include "ch02/gates.hpp"
#include "support/program.hpp"

int main(int argc, char** argv) {
  return dlfs::examples::run_program(
      argc, argv, "Section 2.3: the AND gate",
      [](const dlfs::examples::Options&) { print_truth_table(and_gate); });
}
