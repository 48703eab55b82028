#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "dlfs/core/expect.hpp"
#include "dlfs/core/option.hpp"
#include "dlfs/core/pairwise.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/functional/elementwise_loss.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"
#include "dlfs/tensor/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of SoftmaxCrossEntropy.
template <std::floating_point T>
struct SoftmaxCrossEntropyOptions {
  /// The part of each target that is spread evenly over the classes whose logit is not -inf.
  double label_smoothing = 0;
  /// Weights (C) of the classes, or empty for 1. They multiply the terms of their classes.
  Tensor<T> class_weights{};
  /// A label whose positions do not count. Without it each label must be one of the classes.
  std::optional<std::int32_t> ignore_index{};

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("softmax cross entropy", "label_smoothing", label_smoothing,
                          detail::between(0, 1));
    for (const T weight : class_weights) {
      detail::expect_option("softmax cross entropy", "class_weights", static_cast<double>(weight),
                            detail::at_least(0));
    }
  }
};

namespace detail {

/// @throws ShapeError, naming the loss, unless the shape is (N, C, ...) and not empty.
[[gnu::noinline]] inline void expect_logits(std::string_view loss, const Shape& logits) {
  if (logits.rank() >= 2 && logits.size() > 0) return;
  throw ShapeError(loss, ": expected logits of shape (N, C, ...), got ", logits);
}

[[gnu::noinline]] inline void expect_class_weights(std::string_view loss, const Shape& logits,
                                                   const Shape& weights) {
  if (weights == Shape{0} || weights == logits.axes(1, 2)) return;
  throw ShapeError(loss, ": expected class weights of shape ", logits.axes(1, 2), " for logits ",
                   logits, ", got ", weights);
}

/// @throws ShapeError, naming the loss, unless the targets are shaped like logits (N, C, ...).
[[gnu::noinline]] inline void expect_soft_targets(std::string_view loss, const Shape& logits,
                                                  const Shape& targets) {
  expect_logits(loss, logits);
  if (targets == logits) return;
  throw ShapeError(loss, ": expected targets of shape ", logits, ", got ", targets);
}

/// @throws ValueError, naming the loss, if there is an index that soft targets cannot have.
[[gnu::noinline]] inline void expect_no_ignore_index(std::string_view loss,
                                                     std::optional<std::int32_t> index) {
  if (!index) return;
  throw ValueError(loss, ": ignore_index ", *index, " is for labels, but the targets are a ",
                   "distribution; sample weights of 0 leave samples out");
}

/// Checks labels (N, ...) for logits (N, C, ...). An error names the sample n as `samples[n]`, if
/// they are given.
/// @throws ShapeError for other shapes, ValueError for a label outside [0, C) that is not ignored.
[[gnu::noinline]] inline void expect_labels(std::string_view loss, const Shape& logits,
                                            TensorArg<std::int32_t> labels,
                                            std::optional<std::int32_t> ignored,
                                            std::span<const Index> samples) {
  expect_logits(loss, logits);
  Shape expected = logits.axes(0, 1);
  for (int axis = 2; axis < logits.rank(); ++axis) expected.push_back(logits[axis]);
  if (labels.shape() != expected) {
    throw ShapeError(loss, ": expected labels of shape ", expected, " for logits ", logits,
                     ", got ", labels.shape());
  }
  expect_dense(loss, "labels", labels);
  const Index classes = logits[1];
  for (Index i = 0; i < labels.size(); ++i) {
    const std::int32_t label = labels.data()[i];
    if ((label >= 0 && label < classes) || label == ignored) continue;
    const Index n = i / (labels.size() / labels.extent(0));
    const auto known = static_cast<std::size_t>(n) < samples.size();
    throw ValueError(loss, ": label ", label, " of sample ",
                     known ? samples[static_cast<std::size_t>(n)] : n, " is not in 0..",
                     classes - 1);
  }
}

/// softmax(s) = e inverse_sum and log(softmax(s)) = s - largest - log_sum. The two numbers are
/// separate, because their sum would lose the digits of a small loss beside large logits.
template <class T>
struct SoftmaxRow {
  T largest;
  T inverse_sum;
  T log_sum;
};

/// The number of rows of this length whose exponentials are taken in one call, because each row
/// alone would leave most of it to the call.
constexpr Index rows_of_exponentials(Index classes) {
  return classes <= 64 ? reduced_in_sequence : 1;
}

/// Writes e = exp(s - the largest s of the row) for rows side by side, and these largest ones.
template <class T>
void exponentials(Index rows, Index classes, const T* s, T* largest, T* e) {
  if (rows == 1) {
    const T max = largest[0] = simd::fold<T>(Maximum(), classes, s);
    return simd::map([max]<class V>(const V& logit, V& power) { simd::exp<V>(logit - max, power); },
                     classes, s, e);
  }
  for (Index i = 0; i < rows; ++i) {
    const T* const row = s + i * classes;
    const T max = largest[i] =
        fold_pairwise<Maximum, T>(0, classes, [row](Index c) { return row[c]; });
    for (Index c = 0; c < classes; ++c) e[i * classes + c] = row[c] - max;
  }
  simd::map([]<class V>(V& power) { simd::exp(V(power), power); }, rows * classes, e);
}

/// What a row of logits and its exponentials say about its softmax.
template <class T>
SoftmaxRow<T> softmax_row(T largest, Index classes, const T* e) {
  const T sum = sum_pairwise<T>(0, classes, [e](Index c) { return e[c]; });
  return {largest, T(1) / sum, std::log(sum)};
}

/// Returns -sum(t log(softmax(s))), where 0 log 0 = 0, and writes its gradient times `scale`, over
/// the exponentials.
template <class T>
double cross_entropy_row(const SoftmaxRow<T>& row, Index classes, const T* s, const T* t, T scale,
                         T* gradient) {
  const T largest = row.largest;
  const T total = sum_pairwise<T>(0, classes, [=](Index c) { return t[c]; });
  const T weighted = sum_pairwise<T>(
      0, classes, [=](Index c) { return t[c] == 0 ? T(0) : rounded(t[c] * (s[c] - largest)); });
  for (Index c = 0; c < classes; ++c) {
    gradient[c] = (rounded(gradient[c] * row.inverse_sum * total) - t[c]) * scale;
  }
  return static_cast<double>(rounded(total * row.log_sum) - weighted);
}

/// t = class_weights ((1 - label_smoothing) t + label_smoothing / the number of finite logits s),
/// but without the last term where the logit s is -inf.
template <class T>
void smooth_row(const SoftmaxCrossEntropyOptions<T>& options, Index classes, const T* s, T* t) {
  const auto is_masked = [=](Index c) { return s[c] == -std::numeric_limits<T>::infinity(); };
  Index open = 0;
  for (Index c = 0; c < classes; ++c) open += !is_masked(c);
  const auto kept = static_cast<T>(1 - options.label_smoothing);
  const auto spread = static_cast<T>(options.label_smoothing / static_cast<double>(open));
  for (Index c = 0; c < classes; ++c) {
    t[c] = rounded(kept * t[c]) + (is_masked(c) ? T(0) : spread);
    if (!options.class_weights.empty()) t[c] *= options.class_weights.data()[c];
  }
}

/// @throws unless the tensors fit each other, are dense, and the gradient is memory of its own.
template <class T>
void expect_positions(std::string_view loss, const TensorView<const T>& logits,
                      const TensorView<T>& gradient, const TensorView<const T>& sample_weights) {
  expect_dense(loss, "logits", logits);
  expect_dense(loss, "the gradient", gradient, logits.shape());
  expect_apart(loss, "the gradient", gradient, "logits", logits);
  expect_sample_weights(loss, logits.shape(), sample_weights.shape());
  expect_dense(loss, "sample weights", sample_weights);
}

template <class T>
void expect_soft_positions(std::string_view loss, const TensorView<const T>& logits,
                           const TensorView<const T>& targets, const TensorView<T>& gradient,
                           const TensorView<const T>& sample_weights) {
  expect_soft_targets(loss, logits.shape(), targets.shape());
  expect_positions(loss, logits, gradient, sample_weights);
  expect_dense(loss, "targets", targets);
  expect_apart(loss, "the gradient", gradient, "targets", targets);
}

/// sum_of(first, last) for a range that is short, or else the sum of its halves: like sum_pairwise,
/// but with a function of several leaves, whose call costs less than theirs.
template <class SumOf>
double sum_ranges(Index first, Index last, const SumOf& sum_of) {
  if (last - first <= reduced_in_sequence) return sum_of(first, last);
  const Index middle = first + (last - first) / 2;
  const double left = sum_ranges(first, middle, sum_of);
  return left + sum_ranges(middle, last, sum_of);
}

/// to(j, i) = from(i, j) for matrices with these distances of rows.
template <class T>
void transpose_block(Index rows, Index columns, const T* from, Index from_stride, T* to,
                     Index to_stride) {
  for (Index i = 0; i < rows; ++i) {
    for (Index j = 0; j < columns; ++j) to[j * to_stride + i] = from[i * from_stride + j];
  }
}

/// The sum over all positions i of tensors (N, C, ...) of
/// w loss_of(i, softmax, s, t, w / divisor, gradient) / divisor, where w is the weight of the
/// sample. Positions do not count where `counts(i)` is false or w is 0, and none if the divisor is
/// 0; their gradient is 0.
///
/// The function gets the C logits s and targets t of its position side by side, and writes the
/// gradient over the exponentials of the logits. `targets` may be null, and t is then, too.
template <class T, class Counts, class LossOf>
T mean_over_positions(const TensorView<const T>& logits, const T* targets,
                      const TensorView<T>& gradient, const TensorView<const T>& sample_weights,
                      double divisor, const Counts& counts, const LossOf& loss_of) {
  constexpr Index cached_elements = 4096;
  if (divisor == 0) {
    std::fill_n(gradient.data(), gradient.size(), T(0));
    return T(0);
  }
  const Index samples = logits.extent(0);
  const Index classes = logits.extent(1);
  const Index positions = logits.size() / (samples * classes);  // of one sample
  const Index together = rows_of_exponentials(classes);
  const bool is_weighted = !sample_weights.empty();
  const double scale = 1 / divisor;

  // sum + the losses of `count` positions from `first` on, whose logits, targets and gradient are
  // side by side.
  const auto add_losses = [&](double sum, Index first, Index count, const T* s, const T* t,
                              T* out) {
    std::array<T, reduced_in_sequence> largest;
    for (Index begin = 0; begin < count; begin += together) {
      const Index rows = std::min(together, count - begin);
      exponentials(rows, classes, s + begin * classes, largest.data(), out + begin * classes);
      for (Index i = begin; i < begin + rows; ++i) {
        const Index position = first + i;
        T* const row = out + i * classes;
        const double weight =
            is_weighted ? static_cast<double>(sample_weights.data()[position / positions]) : 1;
        if (weight == 0 || !counts(position)) {
          std::fill_n(row, classes, T(0));
          continue;
        }
        const auto softmax =
            softmax_row(largest[static_cast<std::size_t>(i - begin)], classes, row);
        const double loss = loss_of(position, softmax, s + i * classes,
                                    t == nullptr ? t : t + i * classes, weight * scale, row);
        sum += rounded(weight * loss);
      }
    }
    return sum;
  };
  const auto mean = [&](Index blocks, const auto& sum_of_blocks) {
    return static_cast<T>(sum_ranges(0, blocks, sum_of_blocks) / divisor);
  };

  if (positions == 1) {
    return mean(samples, [&](Index first, Index last) {
      const Index offset = first * classes;
      return add_losses(0, first, last - first, logits.data() + offset,
                        targets == nullptr ? targets : targets + offset, gradient.data() + offset);
    });
  }
  const Index most = std::clamp<Index>(cached_elements / classes, 1, positions);
  const Index blocks = (positions + most - 1) / most;  // of one sample
  const Scratch<T> memory(3 * most * classes);
  return mean(samples * blocks, [&](Index first_block, Index last_block) {
    double sum = 0;
    for (Index k = first_block; k < last_block; ++k) {
      const Index n = k / blocks;
      const Index first = k % blocks * most;
      const Index count = std::min(most, positions - first);
      const Index offset = n * classes * positions + first;
      T* next = memory.data();
      const auto gather = [&](const T* from) {
        transpose_block(classes, count, from + offset, positions, next, classes);
        return std::exchange(next, next + count * classes);
      };
      const T* const s = gather(logits.data());
      const T* const t = targets == nullptr ? targets : gather(targets);
      sum += add_losses(0, n * positions + first, count, s, t, next);
      transpose_block(count, classes, next, classes, gradient.data() + offset, positions);
    }
    return sum;
  });
}

/// For mean_over_positions without positions that do not count.
inline constexpr auto all_count = [](Index) { return true; };

}  // namespace detail

/// Softmax and cross entropy in one function. Returns the mean of -log(softmax(logits)) at the
/// labels, and writes its gradient, (softmax(logits) - one_hot(labels)) / number of labels.
///
///   logits (N, C, ...)   labels (N, ...)   dlogits (N, C, ...)   sample_weights (N), or empty
///
/// The logarithm is that of the sum of exponentials, so no constant is needed to keep it finite.
/// With class weights it is a weighted mean: the divisor is the sum of the weights of the labels
/// that are not ignored. If that is 0, so are the loss and the gradient. The weights of the samples
/// do not change the divisor; a weight of 0 leaves the sample out.
/// @throws ShapeError for other shapes or non-contiguous views, ValueError for a label that is not
/// in [0, C).
template <AnyTensor X>
  requires(std::floating_point<Element<X>>)
Element<X> softmax_cross_entropy(const X& logits, TensorArg<std::int32_t> labels,
                                 TensorView<Element<X>> dlogits,
                                 const SoftmaxCrossEntropyOptions<Element<X>>& options = {},
                                 TensorArg<Element<X>> sample_weights = Tensor<Element<X>>()) {
  using T = Element<X>;
  constexpr std::string_view name = "softmax cross entropy";
  const auto s = const_view(logits);
  const Tensor<T>& class_weights = options.class_weights;
  detail::expect_labels(name, s.shape(), labels, options.ignore_index, {});
  detail::expect_class_weights(name, s.shape(), class_weights.shape());
  detail::expect_positions<T>(name, s, dlogits, sample_weights);
  const Index classes = s.extent(1);
  const auto class_weight = [&](std::int32_t label) {
    if (label == options.ignore_index) return 0.0;
    return class_weights.empty() ? 1 : static_cast<double>(class_weights.data()[label]);
  };
  double divisor = 0;
  for (Index i = 0; i < labels.size(); ++i) divisor += class_weight(labels.data()[i]);
  const bool smooth = options.label_smoothing > 0;
  const Scratch<T> target(smooth ? classes : 0);

  const auto counts = [&](Index i) {
    const std::int32_t label = labels.data()[i];
    return label != options.ignore_index && (smooth || class_weight(label) != 0);
  };
  const auto loss_of = [&](Index i, const detail::SoftmaxRow<T>& softmax, const T* row, const T*,
                           double scale, T* gradient) {
    const std::int32_t label = labels.data()[i];
    if (smooth) {
      std::fill_n(target.data(), classes, T(0));
      target[label] = 1;
      detail::smooth_row(options, classes, row, target.data());
      return detail::cross_entropy_row(softmax, classes, row, target.data(), static_cast<T>(scale),
                                       gradient);
    }
    const auto [largest, inverse_sum, log_sum] = softmax;
    const double weight = class_weight(label);
    const auto scale_of_row = static_cast<T>(weight * scale);
    const T target_slope = (detail::rounded(gradient[label] * inverse_sum) - T(1)) * scale_of_row;
    for (Index c = 0; c < classes; ++c) gradient[c] = gradient[c] * inverse_sum * scale_of_row;
    gradient[label] = target_slope;
    return weight * static_cast<double>(log_sum - (row[label] - largest));
  };
  return detail::mean_over_positions<T>(s, nullptr, dlogits, sample_weights, divisor, counts,
                                        loss_of);
}

/// The same for targets (N, C, ...) that are a distribution over the classes, such as one-hot rows:
/// the mean of -sum(class_weights * targets * log(softmax(logits))) over all rows, where 0 log 0 =
/// 0.
/// @throws ShapeError unless all three have the same shape and are contiguous, ValueError with an
/// ignore_index, which is for labels.
template <AnyTensor X>
  requires(std::floating_point<Element<X>>)
Element<X> softmax_cross_entropy(const X& logits, TensorArg<Element<X>> targets,
                                 TensorView<Element<X>> dlogits,
                                 const SoftmaxCrossEntropyOptions<Element<X>>& options = {},
                                 TensorArg<Element<X>> sample_weights = Tensor<Element<X>>()) {
  using T = Element<X>;
  constexpr std::string_view name = "softmax cross entropy";
  const auto s = const_view(logits);
  detail::expect_soft_positions<T>(name, s, targets, dlogits, sample_weights);
  detail::expect_class_weights(name, s.shape(), options.class_weights.shape());
  detail::expect_no_ignore_index(name, options.ignore_index);
  const Index classes = s.extent(1);
  const bool changes = options.label_smoothing > 0 || !options.class_weights.empty();
  const Scratch<T> changed(changes ? classes : 0);
  const auto loss_of = [&](Index, const detail::SoftmaxRow<T>& softmax, const T* row,
                           const T* target, double scale, T* gradient) {
    if (changes) {
      std::copy_n(target, classes, changed.data());
      detail::smooth_row(options, classes, row, changed.data());
      target = changed.data();
    }
    return detail::cross_entropy_row(softmax, classes, row, target, static_cast<T>(scale),
                                     gradient);
  };
  const Index positions = s.size() / classes;
  return detail::mean_over_positions<T>(s, targets.data(), dlogits, sample_weights,
                                        static_cast<double>(positions), detail::all_count, loss_of);
}

/// The divergence of distributions over the classes from softmax(logits): the mean over the batch
/// of sum(targets * (log(targets) - log(softmax(logits)))), where 0 log 0 = 0. Writes its gradient,
/// (softmax(logits) - targets) / N.
///
///   logits, targets, dlogits (N, C, ...)   sample_weights (N), or empty
///
/// All positions of a sample are added up. The weights of the samples do not change the divisor N.
/// @throws ShapeError for other shapes or non-contiguous views.
template <AnyTensor X>
  requires(std::floating_point<Element<X>>)
Element<X> kullback_leibler(const X& logits, TensorArg<Element<X>> targets,
                            TensorView<Element<X>> dlogits,
                            TensorArg<Element<X>> sample_weights = Tensor<Element<X>>()) {
  using T = Element<X>;
  constexpr std::string_view name = "Kullback-Leibler divergence";
  const auto s = const_view(logits);
  detail::expect_soft_positions<T>(name, s, targets, dlogits, sample_weights);
  const Index classes = s.extent(1);
  const auto loss_of = [&](Index, const detail::SoftmaxRow<T>& softmax, const T* row,
                           const T* target, double scale, T* gradient) {
    double divergence =
        detail::cross_entropy_row(softmax, classes, row, target, static_cast<T>(scale), gradient);
    for (Index c = 0; c < classes; ++c) {
      const auto t = static_cast<double>(target[c]);
      if (t != 0) divergence += detail::rounded(t * std::log(t));
    }
    return divergence;
  };
  return detail::mean_over_positions<T>(s, targets.data(), dlogits, sample_weights,
                                        static_cast<double>(s.extent(0)), detail::all_count,
                                        loss_of);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
