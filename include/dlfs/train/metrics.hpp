#pragma once

#include <algorithm>
#include <concepts>

#include "dlfs/data/dataset.hpp"
#include "dlfs/math/reduce.hpp"
#include "dlfs/net/sequential.hpp"

namespace dlfs {

/// The fraction of rows of scores (N, C) whose largest entry stands at the label (N).
/// @throws ShapeError for other shapes, ValueError where there is no sample.
template <AnyTensor X>
double accuracy(const X& scores, TensorView<const std::int32_t> labels) {
  const auto s = const_view(scores);
  if (s.rank() != 2 || labels.shape() != Shape{s.extent(0)}) {
    throw ShapeError(concat("accuracy: expected scores (N, C) and labels (N), got ", s.shape(),
                            " and ", labels.shape()));
  }
  if (s.empty()) throw ValueError("accuracy: there is no sample");
  const Tensor<Index> guesses = argmax(s, 1);
  Index right = 0;
  for (Index n = 0; n < labels.size(); ++n) right += guesses(n) == labels(n) ? 1 : 0;
  return static_cast<double>(right) / static_cast<double>(labels.size());
}

/// The fraction of a dataset's first `samples` that a network classifies rightly.
/// @throws ShapeError where the dataset does not fit or is smaller, ValueError for no samples.
template <std::floating_point T>
double accuracy(const Sequential<T>& network, const Dataset<T>& dataset, Index samples) {
  dataset.check("accuracy");
  return accuracy(network.predict(dataset.inputs.rows(0, samples)),
                  dataset.targets.rows(0, samples));
}

/// The same for all of a dataset.
template <std::floating_point T>
double accuracy(const Sequential<T>& network, const Dataset<T>& dataset) {
  return accuracy(network, dataset, dataset.size());
}

}  // namespace dlfs
