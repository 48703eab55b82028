// Section 4.2: two losses, which measure how wrong a network is.
// Book:    the interpreter's sessions of sections 4.2.1 and 4.2.2
// Run:     losses
// Expect:  0.0975 and 0.5108 where the network is right, 0.5975 and 2.3026 where it is wrong
#include <cstdio>

#include "common/functions.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, "Section 4.2: loss functions", [](const examples::Options&) {
        const auto t = array<double>({0, 0, 1, 0, 0, 0, 0, 0, 0, 0});  // the digit is a 2
        const auto says_2 = array<double>({0.1, 0.05, 0.6, 0, 0.05, 0.1, 0, 0.1, 0, 0});
        const auto says_7 = array<double>({0.1, 0.05, 0.1, 0, 0.05, 0.1, 0, 0.6, 0, 0});
        for (const auto& y : {says_2, says_7}) {
          std::printf("y = %s\n", to_string(y).c_str());
          std::printf("sum of squared errors: %.15g\n", common::sum_squared_error(y, t));
          std::printf("cross entropy error: %.15g\n", common::cross_entropy_error(y, t));
        }
      });
}
