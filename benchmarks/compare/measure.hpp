#pragma once

// What the programs of this folder have in common: how they measure, and what they print.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

/// Median time of a call in milliseconds: of 9 samples of this many milliseconds, after a warm-up.
template <class F>
double median_ms(F&& call, double sample_ms = 100) {
  using Clock = std::chrono::steady_clock;
  const auto ms_of = [&](int calls) {
    const auto begin = Clock::now();
    for (int i = 0; i < calls; ++i) call();
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  };
  ms_of(3);
  const int calls = std::max(1, static_cast<int>(sample_ms / ms_of(1)));
  std::vector<double> samples(9);
  for (double& sample : samples) sample = ms_of(calls) / calls;
  std::nth_element(samples.begin(), samples.begin() + 4, samples.end());
  return samples[4];
}

/// One line of output: network or size of the arrays, what was done, milliseconds.
inline void report(const std::string& subject, const char* what, double ms) {
  std::printf("%s\t%s\t%.6f\n", subject.c_str(), what, ms);
  std::fflush(stdout);
}

/// Measures and reports a call that takes nanoseconds, or a part of one that does so several times.
template <class F>
void report_small(const char* what, F&& call, int parts = 1) {
  std::printf("%s\t%.1f\n", what, 1e6 * median_ms(call, 20) / parts);
}

/// Matrices of float32 for the array programs: in the first-level cache, in the second, in memory.
struct Extents {
  std::ptrdiff_t rows;
  std::ptrdiff_t columns;
};
inline constexpr Extents array_extents[] = {{32, 64}, {256, 256}, {4096, 4096}};

/// Measures and reports one array operation.
template <class F>
void report_array(const Extents& extents, const char* what, F&& call) {
  report(std::to_string(extents.rows) + "x" + std::to_string(extents.columns), what,
         median_ms(call, 20));
}

/// Lets the compiler believe that a result is used.
template <class T>
void consume(const T& value) {
  asm volatile("" : : "r"(&value) : "memory");
}
