#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <functional>
#include <numbers>
#include <optional>
#include <type_traits>
#include <utility>

#include "dlfs/core/option.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/core/shape.hpp"

// Learning-rate schedules: functions of the number of updates so far, starting at 0, or of a value
// that is watched. A Trainer accepts any such function.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Which of two values is the better one.
enum class Better { lower, higher };

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
  double threshold = 1e-4;  ///< a better value differs from the best by more than this part of it

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("reduce on plateau", "rate", rate, detail::at_least(0));
    detail::expect_option("reduce on plateau", "factor", factor, detail::half_open(0, 1));
    detail::expect_option("reduce on plateau", "patience", patience, detail::at_least(0));
    detail::expect_option("reduce on plateau", "threshold", threshold, detail::half_open(0, 1));
  }
};

/// Lowers the rate when a value, such as the loss, stops improving. Call it with the value after
/// each epoch; it returns the rate for the next. Better is below best - threshold |best|, or above
/// best + threshold |best| for values that are to rise. NaN is not better.
class ReduceOnPlateau {
 public:
  /// @throws ValueError for an option that is out of its range.
  explicit ReduceOnPlateau(const ReduceOnPlateauOptions& options = {})
      : options_(detail::checked(options)), rate_(options.rate) {}

  /// Takes the epoch's value, and returns the rate.
  double operator()(double value, Better better = Better::lower) {
    if (is_better(value, better)) {
      best_ = value;
      waited_ = 0;
    } else if (++waited_ > options_.patience) {
      rate_ *= options_.factor;
      waited_ = 0;
    }
    return rate_;
  }
  /// Does not compile; the message says what to write instead.
  DLFS_REFUSED("a plateau is one of an epoch's values, floating-point numbers, not of updates")
  double operator()(std::integral auto, Better = Better::lower);

  /// The rate now.
  double rate() const { return rate_; }

 private:
  bool is_better(double value, Better better) const {
    if (value != value) return false;
    if (!best_) return true;
    const double size = detail::is_finite(*best_) ? std::abs(*best_) : 0;
    const double margin = detail::rounded(options_.threshold * size);
    return better == Better::lower ? value < *best_ - margin : value > *best_ + margin;
  }

  ReduceOnPlateauOptions options_;
  double rate_;
  std::optional<double> best_;
  Index waited_ = 0;
};

namespace detail {

template <class Rate, class Argument>
std::type_identity<std::remove_cvref_t<Argument>> argument_of(const std::function<Rate(Argument)>&);

/// The type of the one argument of a function.
template <class F>
using ArgumentOf = typename decltype(argument_of(std::function(std::declval<F>())))::type;

/// A schedule that maps the number of updates so far to a rate.
template <class S>
concept ScheduleOfUpdates = std::convertible_to<S, std::function<double(Index)>> && requires {
  requires std::integral<ArgumentOf<S>>;
};

/// A schedule that maps the value of each epoch to a rate. It may take the direction, too.
template <class S>
concept ScheduleOfValues = std::convertible_to<S, std::function<double(double, Better)>> ||
    (std::convertible_to<S, std::function<double(double)>>&& requires {
      requires std::floating_point<ArgumentOf<S>>;
    });

}  // namespace detail

}  // namespace dlfs
DLFS_STRICT_MATH_END
