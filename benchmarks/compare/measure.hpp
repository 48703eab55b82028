#pragma once

// What the programs of this folder have in common: how they measure, and what they print.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

/// Median milliseconds of a call: of 9 samples of 0.1 s, after a warm-up.
template <class F>
double median_ms(F&& call) {
  using Clock = std::chrono::steady_clock;
  const auto ms_of = [&](int calls) {
    const auto begin = Clock::now();
    for (int i = 0; i < calls; ++i) call();
    return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
  };
  ms_of(3);
  const int calls = std::max(1, static_cast<int>(100 / ms_of(1)));
  std::vector<double> samples(9);
  for (double& sample : samples) sample = ms_of(calls) / calls;
  std::nth_element(samples.begin(), samples.begin() + 4, samples.end());
  return samples[4];
}

/// One line of output: network, what was done, milliseconds.
inline void report(const std::string& network, const char* what, double ms) {
  std::printf("%s\t%s\t%.6f\n", network.c_str(), what, ms);
  std::fflush(stdout);
}
