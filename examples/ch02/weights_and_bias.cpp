// Section 2.3.2: the threshold becomes a bias, b = -theta, and the inputs a tensor.
// Book:    the interpreter's session of section 2.3.2 (weights 0.5, 0.5, bias -0.7)
// Run:     weights_and_bias
// Expect:  w x = [0.  0.5], their sum 0.5, with the bias about -0.2: the gate does not fire
#include <cstdio>

#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(argc, argv, "Section 2.3.2: weights and a bias",
                               [](const examples::Options&) {
                                 const auto x = array<double>({0, 1});
                                 const auto w = array<double>({0.5, 0.5});
                                 const double b = -0.7;
                                 std::printf("%s\n", to_string(w * x).c_str());
                                 std::printf("%s\n", str_cat(sum(w * x)).c_str());
                                 std::printf("%s\n", str_cat(sum(w * x) + b).c_str());
                               });
}
