// Section 8.3.2: the same convolution by plain loops, by vectors and by threads.
// Book:    section 8.3.2 (text and a figure of a CPU and GPUs)
// Run:     faster [--images N] [--threads N] [--out DIR]
// Expect:  a table, and faster.png: vectors take most of what a core can do, two threads twice that
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "fma_peak.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/conv/reference/convolution.hpp>
#include <dlfs/dlfs.hpp>

using namespace dlfs;

/// The second convolution of AlexNet: 256 filters of 5x5 in two groups, on 96 channels of 27x27.
constexpr Window2d window{.kernel = 5, .padding = 2};
constexpr Index groups = 2;

/// Billions of operations per second of the fastest call within half a second.
template <class F>
static double gflops(double flop, const F& call) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  double best = 0;
  for (auto from = begin; from < begin + std::chrono::milliseconds(500);) {
    call();
    const auto to = Clock::now();
    best = std::max(best, flop / std::chrono::duration<double>(to - from).count() * 1e-9);
    from = to;
  }
  return best;
}

/// What all threads can do at the most.
static double fma_peak() {
  const std::vector<bench::FmaPeak> peaks(static_cast<std::size_t>(thread_count()));
  constexpr int runs = 10000;
  return gflops(runs * thread_count() * peaks[0].flop(), [&] {
    parallel_for(std::ssize(peaks), [&](Index i) {
      for (int run = 0; run < runs; ++run) peaks[static_cast<std::size_t>(i)].run();
    });
  });
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 8.3.2: one convolution by loops, vectors and threads",
       .whole = {{.name = "--images", .help = "Images of the batch", .value = 16},
                 {.name = "--threads", .help = "Threads of the last row", .value = thread_count()}},
       .writes_files = true},
      [](const examples::Options& options) {
        const Index count = options.whole.at("--images");
        Rng rng(0);
        const auto x = random_normal<float>({count, 96, 27, 27}, rng);
        const auto weight = random_normal<float>({256, 48, 5, 5}, rng);
        const auto bias = random_normal<float>({256}, rng);
        Tensor<float> y({count, 256, 27, 27});
        const double flop = 2.0 * static_cast<double>(y[0].size() * weight[0].size());  // an image

        std::vector<std::string> names;
        std::vector<double> rates;
        const auto report = [&](const std::string& name, double rate, double peak) {
          std::printf("%-14s  %7.1f  %9.1f %%\n", name.c_str(), rate, 100 * rate / peak);
          names.push_back(name);
          rates.push_back(rate);
        };
        const auto layer = [&] {
          return gflops(static_cast<double>(count) * flop, [&] {
            parallel_for(count, [&](Index n) {
              convolution(x.rows(n, n + 1), weight, bias, window, groups, y.rows(n, n + 1));
            });
          });
        };

        std::printf("                GFLOP/s  of the peak\n");
        set_thread_count(1);
        const double peak = fma_peak();
        Tensor<float> plain;
        const auto loops = [&] {
          plain = reference::convolution(x.rows(0, 1), weight, bias, window, groups);
        };
        report("plain loops", gflops(flop, loops), peak);
        const simd::Level best = simd::level();
        for (const simd::Level level : simd::all_levels) {
          if (level > best || !simd::is_supported(level)) continue;
          simd::set_level(level);
          report(str_cat("vectors, ", simd::to_string(level)), layer(), peak);
        }
        report("peak of a core", peak, peak);

        set_thread_count(static_cast<int>(options.whole.at("--threads")));
        const double peak_of_all = fma_peak();
        report(str_cat(thread_count(), " threads"), layer(), peak_of_all);
        report("their peak", peak_of_all, peak_of_all);
        if (!allclose(y.rows(0, 1), plain, {.rtol = 1e-4, .atol = 1e-4})) {
          throw ValueError("expected the result of the plain loops");
        }
        const auto count_of_bars = static_cast<double>(rates.size());
        std::vector<examples::Series> bars;
        for (std::size_t i = 0; i < rates.size(); ++i) {
          bars.push_back({.label = names[i],
                          .y = std::vector<double>(rates.size()),
                          .line = examples::Line::bars});
          bars.back().y[i] = rates[i];
        }
        examples::show({.title = "AlexNet's second convolution",
                        .y_label = "GFLOP/s",
                        .x_limits = examples::Limits{-0.5, count_of_bars - 0.5},
                        .y_limits = examples::Limits{0, 1.1 * peak_of_all},
                        .x_ticks = false,
                        .legend = examples::Legend::upper_left,
                        .series = bars},
                       options.out, "faster");
      });
}
