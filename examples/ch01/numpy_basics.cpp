// Sections 1.3 and 1.5: Python's types in C++, and NumPy's arrays as dlfs tensors, line by line.
// Book:    the interpreter's sessions of sections 1.3 and 1.5
// Run:     numpy_basics
// Expect:  each line of this program as the interpreter shows it, and below it what Python prints;
//          for types, their names in C++
#include <cmath>
#include <cstdio>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

static std::string python(bool value) { return value ? "True" : "False"; }

static std::string python(double value) {
  return str_cat(value, value == std::floor(value) ? ".0" : "");
}

static std::string python(std::span<int> list) {
  std::string text;
  for (const int element : list) text += str_cat(text.empty() ? "[" : ", ", element);
  return text + "]";
}

static std::string python(std::vector<int>& list) { return python(std::span(list)); }

static std::string python(const std::map<std::string, int>& dictionary) {
  std::string text;
  for (const auto& [key, value] : dictionary) {
    text += str_cat(text.empty() ? "{" : ", ", "'", key, "': ", value);
  }
  return text + "}";
}

template <class T>
std::string python(const T& value) {
  return str_cat(value);
}

static const char* type(int) { return "int"; }
static const char* type(double) { return "double"; }
static const char* type(bool) { return "bool"; }
static const char* type(const std::string&) { return "std::string"; }
static const char* type(const Tensor<double>&) { return "dlfs::Tensor<double>"; }

/// Runs a line of the program, and prints it.
#define DLFS_RUN(...)             \
  std::puts(">>> " #__VA_ARGS__); \
  __VA_ARGS__

/// Prints an expression, and its result in Python's form.
#define DLFS_SHOW(...)            \
  std::puts(">>> " #__VA_ARGS__); \
  std::puts(python(__VA_ARGS__).c_str())

static void arithmetic() {
  DLFS_SHOW(1 - 2);
  DLFS_SHOW(4 * 5);
  DLFS_SHOW(7 / 5);  // of whole numbers, as Python's 7 // 5
  DLFS_SHOW(7 / 5.0);
  DLFS_SHOW(std::pow(3, 2));  // a double
}

static void types_and_variables() {
  DLFS_SHOW(type(10));
  DLFS_SHOW(type(2.718));
  DLFS_SHOW(type(std::string("hello")));
  DLFS_RUN(int x = 10);
  DLFS_SHOW(x);
  DLFS_RUN(x = 100);
  DLFS_SHOW(x);
  DLFS_RUN(double y = 3.14);
  DLFS_SHOW(x * y);
  DLFS_SHOW(type(x * y));
}

static void lists() {
  DLFS_RUN(std::vector<int> a{1, 2, 3, 4, 5});
  DLFS_SHOW(a);
  DLFS_SHOW(a.size());
  DLFS_SHOW(a[0]);
  DLFS_SHOW(a[4]);
  DLFS_RUN(a[4] = 99);
  DLFS_SHOW(a);
  DLFS_SHOW(std::span(a).subspan(0, 2));
  DLFS_SHOW(std::span(a).subspan(1));
  DLFS_SHOW(std::span(a).first(3));
  DLFS_SHOW(std::span(a).first(a.size() - 1));
  DLFS_SHOW(std::span(a).first(a.size() - 2));
}

static void dictionaries() {
  DLFS_RUN(std::map<std::string, int> me{{"height", 180}});
  DLFS_SHOW(me["height"]);
  DLFS_RUN(me["weight"] = 70);
  DLFS_SHOW(me);
}

static void truth() {
  DLFS_RUN(bool hungry = true);
  DLFS_RUN(bool sleepy = false);
  DLFS_SHOW(type(hungry));
  DLFS_SHOW(!hungry);
  DLFS_SHOW(hungry && sleepy);
  DLFS_SHOW(hungry || sleepy);
}

static void conditions_and_loops() {
  DLFS_RUN(bool hungry = true);
  DLFS_RUN(if (hungry) std::puts("I'm hungry"));
  DLFS_RUN(hungry = false);
  DLFS_RUN(if (hungry) std::puts("I'm hungry"); else std::puts("I'm not hungry"));
  DLFS_RUN(for (int i : {1, 2, 3}) std::printf("%d\n", i));
}

static void functions() {
  DLFS_RUN(auto hello = [](std::string object) { std::printf("Hello %s!\n", object.c_str()); });
  DLFS_RUN(hello("World"));
  DLFS_RUN(hello("cat"));
}

static void arrays() {
  DLFS_RUN(auto x = array<double>({1, 2, 3}));
  DLFS_SHOW(x);
  DLFS_SHOW(type(x));
  DLFS_RUN(auto y = array<double>({2, 4, 6}));
  DLFS_SHOW(x + y);
  DLFS_SHOW(x - y);
  DLFS_SHOW(x * y);
  DLFS_SHOW(x / y);
  DLFS_SHOW(x / 2);
}

static void dimensions_and_broadcasting() {
  DLFS_RUN(auto A = array<int>({{1, 2}, {3, 4}}));
  DLFS_SHOW(A);
  DLFS_SHOW(A.shape());
  DLFS_RUN(auto B = array<int>({{3, 0}, {0, 6}}));
  DLFS_SHOW(A + B);
  DLFS_SHOW(A * B);
  DLFS_SHOW(A * 10);
  DLFS_RUN(B = array<int>({10, 20}));
  DLFS_SHOW(A * B);
}

static void elements() {
  DLFS_RUN(auto X = array<int>({{51, 55}, {14, 19}, {0, 4}}));
  DLFS_SHOW(X);
  DLFS_SHOW(X[0]);
  DLFS_SHOW(X[0](1));
  DLFS_RUN(for (Index i = 0; i < X.extent(0); ++i) std::puts(to_string(X[i]).c_str()));
  DLFS_RUN(X = copy(ravel(X)));
  DLFS_SHOW(X);
  DLFS_SHOW(take(X, array<int>({0, 2, 4}), 0));
  DLFS_SHOW(X.slice(0, {.step = 2}));
  DLFS_SHOW(X > 15);
  DLFS_SHOW(extract(X > 15, X));
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv, "Sections 1.3 and 1.5: Python's types, NumPy's arrays",
                               [](const examples::Options&) {
                                 arithmetic();
                                 types_and_variables();
                                 lists();
                                 dictionaries();
                                 truth();
                                 conditions_and_loops();
                                 functions();
                                 arrays();
                                 dimensions_and_broadcasting();
                                 elements();
                               });
}
