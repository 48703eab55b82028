#pragma once

#include <cmath>
#include <filesystem>
#include <numbers>

#include <dlfs/dlfs.hpp>
#include <dlfs/io.hpp>

namespace beyond {

/// Writes `count` lines of Friedman's first problem as CSV: ten inputs x1 to x10, uniform in [0,
/// 1), of which five count, and y = 10 sin(pi x1 x2) + 20 (x3 - 0.5)^2 + 10 x4 + 5 x5 + noise of
/// variance 1.
/// Source: Friedman, "Multivariate adaptive regression splines" (1991), section 4.3.
inline void write_friedman(const std::filesystem::path& path, dlfs::Index count, dlfs::Rng rng) {
  auto table = dlfs::random_uniform<double>({count, 11}, rng);
  for (dlfs::Index n = 0; n < count; ++n) {
    const auto x = table[n];
    x(10) = 10 * std::sin(std::numbers::pi * x(0) * x(1)) + 20 * std::pow(x(2) - 0.5, 2) +
            10 * x(3) + 5 * x(4) + rng.normal();
  }
  dlfs::write_csv(path, {"x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "y"}, table);
}

}  // namespace beyond
