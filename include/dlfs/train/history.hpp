#pragma once

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// What a call of `fit` is going to do.
struct FitRecord {
  Index first_epoch = 1;      ///< the first epoch that it trains
  Index last_epoch = 0;       ///< the last one
  Index steps_per_epoch = 0;  ///< steps in an epoch
  Index samples = 0;          ///< training samples
};

/// The results of a training step.
struct StepRecord {
  Index epoch = 0;            ///< counted from 1
  Index step = 0;             ///< within the epoch, from 1
  Index steps_per_epoch = 0;  ///< steps in an epoch
  Index samples = 0;          ///< samples of this step
  double loss = 0;            ///< mean loss of this step's samples, before the update
};

/// The values of a metric after an epoch; NaN where there was no such data.
struct MetricRecord {
  std::string name;                                              ///< the metric's name
  double train = std::numeric_limits<double>::quiet_NaN();       ///< on the training data
  double validation = std::numeric_limits<double>::quiet_NaN();  ///< on the validation data
};

/// The results of an epoch.
struct EpochRecord {
  Index epoch = 0;        ///< counted from 1; 0 for the evaluation after the first step
  double train_loss = 0;  ///< mean over the epoch's samples, each before its update
  double validation_loss = std::numeric_limits<double>::quiet_NaN();  ///< after the epoch
  double seconds = 0;                   ///< spent in the epoch's training steps
  std::vector<MetricRecord> metrics{};  ///< after the epoch

  /// A metric's value on the training data. @throws ValueError, naming those that there are.
  double train(std::string_view name) const { return metric(name).train; }
  /// A metric's value on the validation data. @throws ValueError, naming those that there are.
  double validation(std::string_view name) const { return metric(name).validation; }

 private:
  const MetricRecord& metric(std::string_view name) const {
    std::string names;
    for (const MetricRecord& each : metrics) {
      if (each.name == name) return each;
      names += str_cat(names.empty() ? "" : ", ", each.name);
    }
    throw ValueError("history: there is no metric '", name, "' among these: ", names);
  }
};

/// The course of a training.
struct History {
  std::vector<double> step_losses;  ///< one for each update
  std::vector<EpochRecord> epochs;  ///< one for each epoch that is done

  /// The number of epochs that are done.
  Index epochs_done() const { return epochs.empty() ? 0 : epochs.back().epoch; }
};

namespace detail {

/// The names of all metrics of a history, in the order in which they first occur.
inline std::vector<std::string> metric_names(const History& history) {
  std::vector<std::string> names;
  for (const EpochRecord& epoch : history.epochs) {
    for (const MetricRecord& metric : epoch.metrics) {
      if (std::find(names.begin(), names.end(), metric.name) == names.end()) {
        names.push_back(metric.name);
      }
    }
  }
  return names;
}

}  // namespace detail

}  // namespace dlfs
DLFS_STRICT_MATH_END
