// Section 3.4: a network of three layers, from its input to its output.
// Book:    the program of section 3.4.3 (x = (1, 0.5))
// Run:     forward_network
// Expect:  y = [[0.31682708 0.69627909]]
#include <cstdio>

#include "ch03/forward_network.hpp"
#include "support/program.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, "Section 3.4: a network of three layers", [](const examples::Options&) {
        const auto x = array<double>({{1, 0.5}});
        const auto [a1, z1, a2, z2, y] = ch03::forward(ch03::init_network(), x);
        std::printf("a1 = %s\n", to_string(a1).c_str());
        std::printf("z1 = %s\n", to_string(z1).c_str());
        std::printf("a2 = %s\n", to_string(a2).c_str());
        std::printf("z2 = %s\n", to_string(z2).c_str());
        std::printf("y  = %s\n", to_string(y).c_str());
      });
}
