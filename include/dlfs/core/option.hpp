#pragma once

#include <limits>
#include <string>
#include <string_view>

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// The range of an option's values. It is always inside the range of float, because a network may
/// compute in float. NaN and infinity are outside.
struct OptionRange {
  double low;
  double high = static_cast<double>(std::numeric_limits<float>::max());
  bool has_low = true;
  bool has_high = true;

  constexpr bool contains(double value) const {
    const bool is_above =
        has_low ? value >= low
                : value - low >= static_cast<double>(std::numeric_limits<float>::min());
    return is_above && (has_high ? value <= high : value < high);
  }
};

constexpr OptionRange at_least(double low) { return {.low = low}; }
constexpr OptionRange above(double low) { return {.low = low, .has_low = false}; }
/// [low, high] and [low, high).
constexpr OptionRange between(double low, double high) { return {.low = low, .high = high}; }
constexpr OptionRange half_open(double low, double high) {
  return {.low = low, .high = high, .has_high = false};
}

/// "of at least 0", "above 0", "in [0, 1)".
inline std::string to_string(const OptionRange& range) {
  if (range.high == at_least(0).high)
    return str_cat(range.has_low ? "of at least " : "above ", range.low);
  return str_cat("in ", range.has_low ? '[' : '(', range.low, ", ", range.high,
                 range.has_high ? ']' : ')');
}

// Options are checked where they are given; each takes one line in its struct's `check()`.

/// @throws ValueError, naming the operation and the option, if the value is outside the range.
[[gnu::noinline]] inline void expect_option(std::string_view operation, std::string_view option,
                                            double value, const OptionRange& range) {
  if (range.contains(value)) return;
  throw ValueError(operation, ": expected ", option, ' ', range, ", got ", value);
}
[[gnu::noinline]] inline void expect_option(std::string_view operation, std::string_view option,
                                            Index value, const OptionRange& range) {
  if (range.contains(static_cast<double>(value))) return;
  throw ValueError(operation, ": expected ", option, ' ', range, ", got ", value);
}

/// Checks the options and returns them, for use in a constructor's initialiser list.
template <class Options>
const Options& checked(const Options& options) {
  options.check();
  return options;
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
