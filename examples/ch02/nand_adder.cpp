// Section 2.6: from NAND to a computer, its first step: an adder from NAND gates alone.
// Book:    section 2.6 (text only)
// Run:     nand_adder
// Expect:  5 + 3 = 8, 15 + 15 = 30, and all 256 sums of four bits are right
#include "ch02/gates.hpp"
#include "support/program.hpp"

struct Sum {
  int bit;
  int carry;
};

/// Adds three bits. Nine NAND gates: four for each XOR, and one that joins both carries.
static Sum full_adder(int a, int b, int carry) {
  const int ab = nand_gate(a, b);
  const int half = nand_gate(nand_gate(a, ab), nand_gate(b, ab));
  const int both = nand_gate(half, carry);
  return {nand_gate(nand_gate(half, both), nand_gate(carry, both)), nand_gate(ab, both)};
}

/// Adds two numbers of four bits, bit by bit from the lowest.
static int add(int a, int b) {
  int result = 0, carry = 0;
  for (int i = 0; i < 4; ++i) {
    const Sum sum = full_adder(a >> i & 1, b >> i & 1, carry);
    result |= sum.bit << i;
    carry = sum.carry;
  }
  return result | carry << 4;
}

int main(int argc, char** argv) {
  return dlfs::examples::run_program(
      argc, argv, "Section 2.6: an adder from NAND gates", [](const dlfs::examples::Options&) {
        std::printf("5 + 3 = %d\n15 + 15 = %d\n", add(5, 3), add(15, 15));
        int right = 0;
        for (int a = 0; a < 16; ++a) {
          for (int b = 0; b < 16; ++b) right += add(a, b) == a + b ? 1 : 0;
        }
        std::printf("%d of 256 sums are right, with 36 NAND gates\n", right);
      });
}
