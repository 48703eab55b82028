#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "dlfs/core/option.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/core/shape.hpp"

// Learning-rate schedules: functions of the number of updates so far, starting at 0. A Trainer
// accepts any such function.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// rate factor^floor(step / every): the rate changes once every `every` updates.
struct StepDecay {
  double rate = 0.01;   ///< the first rate
  Index every = 1000;   ///< updates in a step
  double factor = 0.1;  ///< of the rate, after each step

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("step decay", "rate", rate, detail::at_least(0));
    detail::expect_option("step decay", "every", every, detail::at_least(1));
    detail::expect_option("step decay", "factor", factor, detail::at_least(0));
  }

  /// The rate of an update, counted from 0.
  double operator()(Index step) const {
    check();
    const Index decays = step / every;
    return rate * std::pow(factor, static_cast<double>(decays));
  }
};

/// rate factor^step.
struct ExponentialDecay {
  double rate = 0.01;     ///< the first rate
  double factor = 0.999;  ///< of the rate, after each update

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("exponential decay", "rate", rate, detail::at_least(0));
    detail::expect_option("exponential decay", "factor", factor, detail::at_least(0));
  }

  /// The rate of an update, counted from 0.
  double operator()(Index step) const {
    check();
    return rate * std::pow(factor, static_cast<double>(step));
  }
};

/// From `rate` to `last_rate` in `steps` updates, along half a cosine.
/// Source: Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts" (2017).
struct CosineDecay {
  double rate = 0.01;    ///< the first rate
  Index steps = 1000;    ///< updates until `last_rate`
  double last_rate = 0;  ///< the rate from then on

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("cosine decay", "rate", rate, detail::at_least(0));
    detail::expect_option("cosine decay", "steps", steps, detail::at_least(1));
    detail::expect_option("cosine decay", "last_rate", last_rate, detail::at_least(0));
  }

  /// The rate of an update, counted from 0.
  double operator()(Index step) const {
    check();
    const double part = std::min(1.0, static_cast<double>(step) / static_cast<double>(steps));
    const double wave = 1 + std::cos(std::numbers::pi * part);
    return last_rate + detail::rounded((rate - last_rate) * wave / 2);
  }
};

/// A schedule with a linear warm-up: its first `steps` rates are scaled by (step + 1) / steps.
template <class Schedule>
struct WarmUp {
  Schedule schedule;  ///< what gives the full rate
  Index steps = 100;  ///< updates until the full rate

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    if constexpr (requires { schedule.check(); }) schedule.check();
    detail::expect_option("warm-up", "steps", steps, detail::at_least(1));
  }

  /// The rate of an update, counted from 0.
  double operator()(Index step) const {
    check();
    const double part = static_cast<double>(step + 1) / static_cast<double>(steps);
    return std::min(1.0, part) * schedule(step);
  }
};
/// Deduces the schedule's type.
template <class Schedule>
WarmUp(Schedule, Index) -> WarmUp<Schedule>;

/// Rises to `peak` and falls to nearly 0 in `steps` updates, both along half a cosine.
/// Source: Smith and Topin, "Super-convergence" (2018); the shape is PyTorch's.
struct OneCycle {
  double peak = 0.01;             ///< the largest rate
  Index steps = 1000;             ///< updates of the whole cycle
  double rising = 0.3;            ///< fraction of the steps before the peak
  double first_divisor = 25;      ///< the first rate is peak / first_divisor
  double last_divisor = 250'000;  ///< the last rate is peak / last_divisor

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("one cycle", "peak", peak, detail::at_least(0));
    detail::expect_option("one cycle", "steps", steps, detail::at_least(1));
    detail::expect_option("one cycle", "rising", rising, detail::between(0, 1));
    detail::expect_option("one cycle", "first_divisor", first_divisor, detail::above(0));
    detail::expect_option("one cycle", "last_divisor", last_divisor, detail::above(0));
  }

  /// The rate of an update, counted from 0.
  double operator()(Index step) const {
    check();
    const double last = static_cast<double>(steps) - 1;
    const double turn = detail::rounded(rising * static_cast<double>(steps)) - 1;
    const double at = std::min(static_cast<double>(step), last);
    if (at < turn) return between(peak / first_divisor, peak, at / turn);
    if (at == turn) return peak;
    return between(peak, peak / last_divisor, (at - turn) / (last - turn));
  }

 private:
  static double between(double from, double to, double part) {
    const double wave = 1 + std::cos(std::numbers::pi * part);
    return to + detail::rounded((from - to) * wave / 2);
  }
};

/// Options of ReduceOnPlateau.
struct ReduceOnPlateauOptions {
  double rate = 0.01;       ///< the first rate
  double factor = 0.1;      ///< of the rate, each time it is lowered
  Index patience = 10;      ///< number of epochs without a better value before the rate falls
  double threshold = 1e-4;  ///< a better value is below the best by at least this fraction

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("reduce on plateau", "rate", rate, detail::at_least(0));
    detail::expect_option("reduce on plateau", "factor", factor, detail::half_open(0, 1));
    detail::expect_option("reduce on plateau", "patience", patience, detail::at_least(0));
    detail::expect_option("reduce on plateau", "threshold", threshold, detail::half_open(0, 1));
  }
};

/// Lowers the rate when a value, such as the loss, stops falling. Call it with the value after each
/// epoch; it returns the rate for the next.
class ReduceOnPlateau {
 public:
  /// @throws ValueError for an option that is out of its range.
  explicit ReduceOnPlateau(const ReduceOnPlateauOptions& options = {})
      : options_(detail::checked(options)), rate_(options.rate) {}

  /// Takes the epoch's value, and returns the rate.
  double operator()(double value) {
    if (value < best_ * (1 - options_.threshold)) {
      best_ = value;
      waited_ = 0;
    } else if (++waited_ > options_.patience) {
      rate_ *= options_.factor;
      waited_ = 0;
    }
    return rate_;
  }

 private:
  ReduceOnPlateauOptions options_;
  double rate_;
  double best_ = std::numeric_limits<double>::infinity();
  Index waited_ = 0;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
