#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/core/option.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/rng.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A hyperparameter that is drawn from [low, high].
struct SearchRange {
  /// The distribution: uniform, or uniform in the logarithm.
  enum class Scale { linear, logarithmic };

  std::string name;             ///< the hyperparameter's name
  double low = 0;               ///< the least value
  double high = 1;              ///< the largest value
  Scale scale = Scale::linear;  ///< how values are spread over the range
};

/// One choice of hyperparameters, and its result.
struct Trial {
  Index number = 0;        ///< counted from 0
  std::uint64_t seed = 0;  ///< seed of its values, and of everything else in it that is random
  std::vector<std::pair<std::string, double>> values{};  ///< the hyperparameters by name
  Index budget = 0;  ///< budget of its last run in successive halving
  double score = std::numeric_limits<double>::quiet_NaN();  ///< higher is better

  /// The value of a hyperparameter. @throws ValueError for a name that is not in the search.
  double operator[](std::string_view name) const {
    for (const auto& [key, value] : values) {
      if (key == name) return value;
    }
    throw ValueError("trial: there is no hyperparameter \"", name, "\"");
  }
};

/// The trial that belongs to a seed.
/// @throws ValueError for a range that is empty, not finite, or logarithmic and not positive.
inline Trial draw_trial(const std::vector<SearchRange>& space, std::uint64_t seed) {
  Rng rng(seed);
  Trial trial{.seed = seed};
  for (const SearchRange& range : space) {
    for (const auto& [name, value] : trial.values) {
      if (name == range.name) {
        throw ValueError("hyperparameter search: two ranges for \"", name, "\"");
      }
    }
    const bool is_logarithmic = range.scale == SearchRange::Scale::logarithmic;
    if (!(range.low <= range.high) || !detail::is_finite(range.high - range.low) ||
        (is_logarithmic && range.low <= 0)) {
      throw ValueError("hyperparameter search: no ", is_logarithmic ? "logarithmic" : "linear",
                       " range for \"", range.name, "\": [", range.low, ", ", range.high, "]");
    }
    const double value = is_logarithmic
                             ? std::exp(rng.uniform(std::log(range.low), std::log(range.high)))
                             : rng.uniform(range.low, range.high);
    trial.values.emplace_back(range.name, std::clamp(value, range.low, range.high));
  }
  return trial;
}

/// Options of random_search.
struct RandomSearchOptions {
  Index trials = 100;      ///< how many there are at first
  std::uint64_t seed = 1;  ///< of all random numbers of the search

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("random_search", "trials", trials, detail::at_least(1));
  }
};

/// Options of successive_halving.
struct SuccessiveHalvingOptions {
  Index trials = 81;       ///< how many there are at first
  std::uint64_t seed = 1;  ///< of all random numbers of the search
  Index first_budget = 1;  ///< budget of every trial, for example in epochs
  Index factor = 3;  ///< the best 1 / factor of the trials continue, with factor times the budget

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("successive_halving", "trials", trials, detail::at_least(1));
    detail::expect_option("successive_halving", "first_budget", first_budget, detail::at_least(1));
    detail::expect_option("successive_halving", "factor", factor, detail::at_least(2));
  }
};

namespace detail {

inline std::vector<Trial> draw_trials(const std::vector<SearchRange>& space, Index count,
                                      std::uint64_t seed) {
  std::vector<Trial> trials;
  if (static_cast<std::size_t>(count) > trials.max_size()) {
    throw ValueError("hyperparameter search: ", count, " trials have no room in memory");
  }
  trials.reserve(static_cast<std::size_t>(count));
  for (Index number = 0; number < count; ++number) {
    Rng rng = Rng(seed).stream(static_cast<std::uint64_t>(number));
    trials.push_back(draw_trial(space, rng()));
    trials.back().number = number;
  }
  return trials;
}

/// Scores the first `count` trials, on all threads, and sorts them, the best first. Trials with
/// equal scores keep their order.
template <class Objective>
void run_trials(std::vector<Trial>& trials, Index count, const Objective& objective) {
  parallel_for(count, [&](Index i) {
    Trial& trial = trials[static_cast<std::size_t>(i)];
    trial.score = static_cast<double>(objective(std::as_const(trial)));
  });
  const auto rank = [](const Trial& trial) {
    return detail::is_nan(trial.score) ? -std::numeric_limits<double>::infinity() : trial.score;
  };
  std::sort(trials.begin(), trials.begin() + count, [&](const Trial& a, const Trial& b) {
    return rank(a) != rank(b) ? rank(a) > rank(b) : a.number < b.number;
  });
}

}  // namespace detail

/// Draws trials at random, scores each by `objective(const Trial&)`, and sorts them, best first.
///
///   const auto trials = random_search(
///       {{"learning rate", 1e-6, 1e-2, SearchRange::Scale::logarithmic}}, {.trials = 100},
///       [&](const Trial& trial) { return validation_accuracy(trial["learning rate"], trial.seed);
///       });
///
/// The trials run at the same time, one on each thread, so the objective must not write to anything
/// that trials share. Parallel loops inside a trial stay on its thread. The result does not depend
/// on the number of threads. A score of NaN counts as the lowest.
/// Source: Bergstra, Bengio, "Random Search for Hyper-Parameter Optimization", 2012.
/// @throws ValueError for less than one trial or an empty range, and the objective's exceptions.
template <class Objective>
std::vector<Trial> random_search(const std::vector<SearchRange>& space,
                                 const RandomSearchOptions& options, const Objective& objective) {
  options.check();
  std::vector<Trial> trials = detail::draw_trials(space, options.trials, options.seed);
  detail::run_trials(trials, options.trials, objective);
  return trials;
}

/// Like random_search, but spends most of the time on trials that start well.
/// `objective(const Trial&, Index budget)` scores all trials with the first budget, then the best
/// part of them with `factor` times the budget, and so on. Returns all trials, those of the largest
/// budget first.
///
/// An objective may train from the start each time, or store what it trained under the trial's
/// number and continue.
/// Source: Jamieson, Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter
/// Optimization", 2016.
template <class Objective>
std::vector<Trial> successive_halving(const std::vector<SearchRange>& space,
                                      const SuccessiveHalvingOptions& options,
                                      const Objective& objective) {
  options.check();
  std::vector<Trial> trials = detail::draw_trials(space, options.trials, options.seed);
  Index budget = options.first_budget;
  for (Index count = options.trials; count > 0; count /= options.factor) {
    if (count < options.trials) {
      budget = detail::checked_product("successive_halving", budget, options.factor);
    }
    for (Index i = 0; i < count; ++i) trials[static_cast<std::size_t>(i)].budget = budget;
    detail::run_trials(trials, count, [&](const Trial& trial) { return objective(trial, budget); });
  }
  return trials;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
