// Section 2.4: the line that XOR lacks.
// Book:    section 2.4 (text and figures)
// Run:     no_line_for_xor
// Expect:  many of 9261 perceptrons are an AND, NAND or OR gate, and none is a XOR gate. It would
//          need b <= 0, w1 + b > 0, w2 + b > 0 and w1 + w2 + b <= 0, but the sum of the second and
//          the third contradicts the sum of the others.
#include "ch02/gates.hpp"
#include "support/program.hpp"

static int xor_gate(int x1, int x2) { return and_gate(nand_gate(x1, x2), or_gate(x1, x2)); }

/// Whether the line w1 x1 + w2 x2 + b = 0 has the gate's ones on one side, and its zeros on the
/// other.
static bool separates(double w1, double w2, double b, int (*gate)(int, int)) {
  for (const int x1 : {0, 1}) {
    for (const int x2 : {0, 1}) {
      if (perceptron(x1, x2, w1, w2, b) != gate(x1, x2)) return false;
    }
  }
  return true;
}

static void count_lines(const char* name, int (*gate)(int, int)) {
  int count = 0;
  for (int w1 = -10; w1 <= 10; ++w1) {
    for (int w2 = -10; w2 <= 10; ++w2) {
      for (int b = -10; b <= 10; ++b) count += separates(w1, w2, b, gate) ? 1 : 0;
    }
  }
  std::printf("%-4s: %3d of 9261 lines\n", name, count);
}

int main(int argc, char** argv) {
  return dlfs::examples::run_program(argc, argv, "Section 2.4: the line that XOR lacks",
                                     [](const dlfs::examples::Options&) {
                                       count_lines("AND", and_gate);
                                       count_lines("NAND", nand_gate);
                                       count_lines("OR", or_gate);
                                       count_lines("XOR", xor_gate);
                                     });
}
