// Section 3.5: softmax, its overflow, and its sum, which is 1.
// Book:    the interpreter's sessions of sections 3.5.1 to 3.5.3
// Run:     softmax
// Expect:  [0.01821127 0.24519181 0.73659691] and the sum 1; for large logits nan, then numbers
#include <cstdio>

#include "ch03/softmax.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(argc, argv, "Section 3.5: softmax", [](const examples::Options&) {
    const auto y = ch03::softmax(array<double>({0.3, 2.9, 4.0}));
    std::printf("softmax: %s\n", to_string(y).c_str());
    std::printf("sum: %s\n", str_cat(sum(y)).c_str());

    const auto large = array<double>({1010, 1000, 990});
    std::printf("overflow: %s\n", to_string(ch03::overflowing_softmax(large)).c_str());
    std::printf("without: %s\n", to_string(ch03::softmax(large)).c_str());
  });
}
