// Section 1.4.1: a program in a file.
// Book:    ch01/hungry.py
// Run:     hungry
// Expect:  I'm hungry!
#include <cstdio>

#include "support/program.hpp"

int main(int argc, char** argv) {
  return dlfs::examples::run_program(
      argc, argv, "Section 1.4.1: a program in a file",
      [](const dlfs::examples::Options&) { std::puts("I'm hungry!"); });
}
