#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "dlfs/core/rounded.hpp"
#include "dlfs/data/source.hpp"
#include "dlfs/net/neural_network.hpp"
#include "dlfs/optim/schedules.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A number that says how good the outputs of a network are.
template <class T, class Targets>
struct Metric {
  std::string name;  ///< in the history
  /// Of all outputs that are evaluated, and their targets.
  std::function<double(const Tensor<T>&, const Targets&)> value;
  Better better = Better::higher;  ///< which values are good
};

/// What a network achieves on some data.
struct Evaluation {
  double loss = 0;                ///< mean over the samples
  std::vector<double> metrics{};  ///< one for each metric
};

namespace detail {

/// The loss of outputs y; it multiplies the samples' losses by their weights if there are any.
template <class LossType, class T, class Targets>
T loss_of(LossType& loss, const Tensor<T>& y, const Targets& targets, const Tensor<T>& weights) {
  if (weights.empty()) return loss.forward(y, targets);
  if constexpr (requires { loss.forward(y, targets, weights); }) {
    return loss.forward(y, targets, weights);
  } else {
    throw ValueError("the samples have weights, which this loss does not take");
  }
}

/// Rows [first, last) of an in-memory part, copied.
template <class U>
void copy_rows(const Tensor<U>& from, Index first, Index last, Tensor<U>& to) {
  const auto rows = from.rows(first, last);
  to.resize(rows.shape());
  std::copy_n(rows.data(), rows.size(), to.data());
}

/// Evaluates a network on the first `samples` of a source, in batches. Outputs are kept only if
/// there are metrics.
template <std::floating_point T, class LossType, class Targets>
Evaluation evaluate(const NeuralNetwork<T>& network, LossType& loss,
                    const std::vector<Metric<T, Targets>>& metrics,
                    const SourceRef<T, Targets>& source, Index samples, Index batch_size) {
  constexpr Index rows_in_memory = 4096;  // enough for all threads
  const Dataset<T, Targets>* const data = source.in_memory();
  const Index step = data == nullptr ? batch_size : std::max(batch_size, rows_in_memory);
  const bool has_all_targets = data != nullptr && samples == data->size();
  Dataset<T, Targets> batch;
  std::vector<Index> numbers;
  Tensor<T> outputs;
  Targets targets;
  double sum = 0;
  for (Index first = 0; first < samples; first += step) {
    const Index last = std::min(first + step, samples);
    if (data == nullptr) {
      numbers.resize(static_cast<std::size_t>(last - first));
      std::iota(numbers.begin(), numbers.end(), first);
      source.take(numbers, batch);
    } else {
      copy_rows(data->targets, first, last, batch.targets);
      if (!data->weights.empty()) copy_rows(data->weights, first, last, batch.weights);
    }
    const Tensor<T> y =
        network.predict(data == nullptr ? batch.inputs.view() : data->inputs.rows(first, last));
    const auto mean = static_cast<double>(loss_of(loss, y, batch.targets, batch.weights));
    sum += rounded(mean * static_cast<double>(last - first));
    if (metrics.empty()) continue;
    const auto append = [&]<class U>(const Tensor<U>& rows, Tensor<U>& all) {
      if (first == 0) all.resize(rows.shape().with(0, samples));
      std::copy_n(rows.data(), rows.size(), all.data() + first * (rows.size() / rows.extent(0)));
    };
    append(y, outputs);
    if (!has_all_targets) append(batch.targets, targets);
  }
  Evaluation result{.loss = sum / static_cast<double>(samples)};
  for (const Metric<T, Targets>& metric : metrics) {
    result.metrics.push_back(metric.value(outputs, has_all_targets ? data->targets : targets));
  }
  return result;
}

}  // namespace detail

}  // namespace dlfs
DLFS_STRICT_MATH_END
