// Sections 1.3 and 1.5: Python's types in C++, and NumPy's arrays as dlfs tensors, line by line.
// Book:    the interpreter's sessions of sections 1.3 and 1.5
// Run:     numpy_basics
// Expect:  the output of the book's interpreter, each result below its line of this program
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

/// Prints a line of the program, and its result in Python's form.
template <class T>
void show(const char* line, const T& result) {
  std::printf(">>> %s\n%s\n", line, str_cat(result).c_str());
}
#define DLFS_SHOW(line) show(#line, line)

static void types() {
  std::vector<int> a{1, 2, 3, 4, 5};
  DLFS_SHOW(a.size());
  a[4] = 99;
  DLFS_SHOW(a.back());
  std::map<std::string, int> me{{"height", 180}};
  me["weight"] = 70;
  DLFS_SHOW(me["weight"]);
}

static void arithmetic() {
  const auto x = array<double>({1, 2, 3});
  const auto y = array<double>({2, 4, 6});
  DLFS_SHOW(x);
  DLFS_SHOW(x + y);
  DLFS_SHOW(x - y);
  DLFS_SHOW(x * y);
  DLFS_SHOW(x / y);
  DLFS_SHOW(x / 2);
}

static void dimensions_and_broadcasting() {
  const auto A = array<int>({{1, 2}, {3, 4}});
  const auto B = array<int>({{3, 0}, {0, 6}});
  const auto row = array<int>({10, 20});
  DLFS_SHOW(A);
  DLFS_SHOW(A.shape());
  DLFS_SHOW(A + B);
  DLFS_SHOW(A * B);
  DLFS_SHOW(A * 10);
  DLFS_SHOW(A * row);
}

static void elements() {
  const auto X = array<int>({{51, 55}, {14, 19}, {0, 4}});
  DLFS_SHOW(X);
  DLFS_SHOW(X[0]);
  DLFS_SHOW(X(0, 1));
  DLFS_SHOW(X.reshape({-1}));
  DLFS_SHOW(X.reshape({-1}).slice(0, {.step = 2}));
  DLFS_SHOW(X > 15);
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv, "Section 1.5: NumPy's arrays as tensors",
                               [](const examples::Options&) {
                                 types();
                                 arithmetic();
                                 dimensions_and_broadcasting();
                                 elements();
                               });
}
