// Section 2.3: the NAND gate, the AND gate with every sign reversed.
// Book:    ch02/nand_gate.py (weights -0.5, -0.5, bias 0.7)
// Run:     nand_gate
// Expect:  (0, 0) (1, 0) (0, 1) (1, 1) give 1 1 1 0
#include "ch02/gates.hpp"
#include "support/program.hpp"

int main(int argc, char** argv) {
  return dlfs::examples::run_program(
      argc, argv, "Section 2.3: the NAND gate",
      [](const dlfs::examples::Options&) { print_truth_table(nand_gate); });
}
