// Section 2.3: the OR gate, the AND gate with a lower threshold.
// Book:    ch02/or_gate.py (weights 0.5, 0.5, bias -0.2)
// Run:     or_gate
// Expect:  (0, 0) (1, 0) (0, 1) (1, 1) give 0 1 1 1
#include "ch02/gates.hpp"
#include "support/program.hpp"

int main(int argc, char** argv) {
  return dlfs::examples::run_program(
      argc, argv, "Section 2.3: the OR gate",
      [](const dlfs::examples::Options&) { print_truth_table(or_gate); });
}
