// Section 2.5: the XOR gate, which needs two layers of perceptrons; one layer cannot do it.
// Book:    ch02/xor_gate.py (AND of NAND and OR)
// Run:     xor_gate
// Expect:  (0, 0) (1, 0) (0, 1) (1, 1) give 0 1 1 0
#include "ch02/gates.hpp"
#include "support/program.hpp"

static int xor_gate(int x1, int x2) { return and_gate(nand_gate(x1, x2), or_gate(x1, x2)); }

int main(int argc, char** argv) {
  return dlfs::examples::run_program(
      argc, argv, "Section 2.5: the XOR gate",
      [](const dlfs::examples::Options&) { print_truth_table(xor_gate); });
}
