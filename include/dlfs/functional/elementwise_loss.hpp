#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <string_view>

#include "dlfs/core/pairwise.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"

// Losses that compare each element of y with the element of the targets t at the same place. A
// formula for simd::map gives the loss of an element and its slope; mean_of_formula does the rest.
// Blocks are added up in T, as `sum` does it, and their sums in double.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// @throws ShapeError, naming the loss, unless the targets are shaped like y, which is not empty.
[[gnu::noinline]] inline void expect_targets(std::string_view loss, const Shape& y,
                                             const Shape& targets) {
  if (targets != y) {
    throw ShapeError(loss, ": expected targets of shape ", y, ", as the output, got ", targets);
  }
  if (y.size() == 0) {
    throw ShapeError(loss, ": expected an output that is not empty, got shape ", y);
  }
}

/// @throws ShapeError, naming the loss, unless there is one weight for each sample of y, or none at
/// all: shape (N) or (0).
[[gnu::noinline]] inline void expect_sample_weights(std::string_view loss, const Shape& y,
                                                    const Shape& weights) {
  if (weights == Shape{0}) return;
  if (y.rank() > 0 && weights == y.axes(0, 1)) return;
  throw ShapeError(loss, ": expected one weight for each sample of the output ", y, ", got ",
                   weights);
}

/// Numbers along one axis of a tensor; each is repeated for `run` neighbouring elements. Element i
/// of the tensor has number i / run, counted modulo their count.
template <class T>
struct AlongAxis {
  const T* numbers;
  Index count;
  Index run;

  /// Writes the numbers of the elements [first, first + size).
  void write(Index first, Index size, T* out) const {
    Index next = first / run % count;
    for (Index left = run - first % run; size > 0; left = run) {
      const Index length = std::min(left, size);
      out = std::fill_n(out, length, numbers[next]);
      size -= length;
      if (++next == count) next = 0;
    }
  }
};

/// The mean over all elements of w loss, where w is the weight of the element's sample. The sum is
/// divided by the number of elements, with weights, too.
///
///   y (N, ...)   weights (N), or (0) for none
///
/// `sum_of(first, count, weights)` adds up a block of elements; `weights` has those of the
/// elements, or is null.
template <class T, class SumOf>
T mean_over_blocks(const Tensor<T>& y, const Tensor<T>& weights, const SumOf& sum_of) {
  constexpr Index block_elements = 4096;  // of which three arrays fit in the first-level cache
  const Index size = y.size();
  const auto sum_of_block = [&](Index block) {
    const Index first = block * block_elements;
    const Index count = std::min(block_elements, size - first);
    const Scratch<T> of_elements(weights.empty() ? 0 : count);
    if (!weights.empty()) {
      AlongAxis<T>{weights.data(), weights.size(), size / weights.size()}.write(first, count,
                                                                                of_elements.data());
    }
    return static_cast<double>(
        sum_of(first, count, weights.empty() ? nullptr : of_elements.data()));
  };
  const Index blocks = (size + block_elements - 1) / block_elements;
  return static_cast<T>(sum_pairwise<double>(0, blocks, sum_of_block) / static_cast<double>(size));
}

/// The sum of `count` losses, and their slopes times `scale`, both times the weights, if there are
/// any. Calls `formula(operand..., loss, slope)` with vectors of the operands.
template <class T, class Formula>
T sum_of_formula(const Formula& formula, T scale, Index count, const T* weights, T* slopes,
                 const std::same_as<T> auto*... operands) {
  const Scratch<T> losses(count);
  const auto scaled = [=]<class V>(V& slope, V& loss, const auto&... operand) {
    formula(operand..., loss, slope);
    slope *= scale;
  };
  simd::map(scaled, count, slopes, losses.data(), operands...);
  if (weights != nullptr) {
    const auto weigh = []<class V>(const V& weight, V& loss, V& slope) {
      loss = weight == V{} ? V{} : weight * loss;
      slope = weight == V{} ? V{} : weight * slope;
    };
    simd::map(weigh, count, weights, losses.data(), slopes);
  }
  T sum;
  simd::add_up_columns(simd::AddTo(), 1, count, std::array{&sum}, simd::Operand<T>{losses.data()});
  return sum;
}

/// The mean over all elements of w formula(y, t), where w is the weight of the sample, and its
/// gradient.
template <class T, class Formula>
T mean_of_formula(const Formula& formula, const Tensor<T>& y, const Tensor<T>& t,
                  const Tensor<T>& weights, Tensor<T>& dy) {
  dy.resize(y.shape());
  const T scale = T(1) / static_cast<T>(y.size());
  return mean_over_blocks(y, weights, [&](Index first, Index count, const T* of_elements) {
    return sum_of_formula(formula, scale, count, of_elements, dy.data() + first, y.data() + first,
                          t.data() + first);
  });
}

/// The same for (y - t)^2, which needs no memory for the losses: they are the squares of the
/// slopes.
template <class T>
T mean_squared_error(const Tensor<T>& y, const Tensor<T>& t, const Tensor<T>& weights,
                     Tensor<T>& dy) {
  dy.resize(y.shape());
  const T scale = static_cast<T>(2 / static_cast<double>(y.size()));
  return mean_over_blocks(y, weights, [&](Index first, Index count, const T* of_elements) {
    T* const d = dy.data() + first;
    T sum;
    simd::map([]<class V>(const V& a, const V& b, V& out) { out = a - b; }, count, y.data() + first,
              t.data() + first, d);
    if (of_elements == nullptr) {
      simd::add_up_columns(
          []<class V>(const V& x, V& squares) { simd::multiply_add(x, x, squares, squares); }, 1,
          count, std::array{&sum}, simd::Operand<T>{d});
      simd::map([scale]<class V>(V& x) { x *= scale; }, count, d);
    } else {
      const auto add_weighted = []<class V>(const V& weight, const V& x, V& squares) {
        const V counted = weight == V{} ? V{} : x;
        simd::multiply_add<V>(weight * counted, counted, squares, squares);
      };
      simd::add_up_columns(add_weighted, 1, count, std::array{&sum}, simd::Operand<T>{of_elements},
                           simd::Operand<T>{d});
      simd::map([scale]<class V>(const V& weight,
                                 V& x) { x = weight == V{} ? V{} : weight * (x * scale); },
                count, of_elements, d);
    }
    return sum;
  });
}

/// |y - t|; the slope is 0 where they are equal.
struct AbsoluteErrorFormula {
  template <class V>
  void operator()(const V& y, const V& t, V& loss, V& slope) const {
    const V difference = y - t;
    simd::abs(difference, loss);
    simd::sign(difference, slope);
  }
};

/// d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2), where d = y - t: slope (d - slope / 2).
template <class T>
struct HuberFormula {
  T delta;

  template <class V>
  void operator()(const V& y, const V& t, V& loss, V& slope) const {
    const V difference = y - t;
    const V at_most = difference > delta ? V{} + delta : difference;
    slope = at_most < -delta ? V{} - delta : at_most;
    simd::multiply_add(slope, T(-0.5), difference, loss);
    loss *= slope;
  }
};

/// -a log p - b log q for p = sigmoid(x) and q = 1 - p, and its slope, b p - a q. If a or b is 0,
/// the loss has no such term, even where the logarithm is infinite.
template <class V>
DLFS_INLINE void logistic_loss(const V& x, const V& a, const V& b, V& p, V& q, V& loss, V& slope) {
  const V below = x <= V{} ? x : -x;
  V e, log_sum;
  simd::exp(below, e);
  simd::log1p_of_fraction(e, log_sum);
  const V larger = 1 / (1 + e);
  const V smaller = e * larger;
  p = x <= V{} ? smaller : larger;
  q = x <= V{} ? larger : smaller;
  const V minus_log_p = x <= V{} ? log_sum - x : log_sum;
  const V minus_log_q = x <= V{} ? log_sum : log_sum + x;
  const V loss_of_b = b == V{} ? V{} : b * minus_log_q;
  simd::multiply_add<V>(a, a == V{} ? V{} : minus_log_p, loss_of_b, loss);
  simd::multiply_add<V>(b, p, -(a * q), slope);
}

/// -w t log p - (1 - t) log(1 - p) for p = sigmoid(x). w is the weight of positive targets.
struct BinaryCrossEntropyFormula {
  template <class V>
  void operator()(const V& x, const V& t, const V& w, V& loss, V& slope) const {
    V p, q;
    logistic_loss<V>(x, w * t, 1 - t, p, q, loss, slope);
  }
  template <class V>
  void operator()(const V& x, const V& t, V& loss, V& slope) const {
    (*this)(x, t, V{} + 1, loss, slope);
  }
};

/// a m^gamma c, where c is the binary cross entropy of x and t, m = t (1 - p) + (1 - t) p is what p
/// = sigmoid(x) is off by, and a = t positive_weight + (1 - t) negative_weight.
template <class T>
struct SigmoidFocalFormula {
  T gamma;
  T positive_weight;
  T negative_weight;

  template <class V>
  void operator()(const V& x, const V& t, V& loss, V& slope) const {
    const V negative = 1 - t;
    V p, q, entropy, entropy_slope;
    logistic_loss(x, t, negative, p, q, entropy, entropy_slope);
    V m, weight;
    simd::multiply_add<V>(t, q, negative * p, m);
    simd::multiply_add<V>(t, positive_weight, negative * negative_weight, weight);
    V log_m, power;
    simd::log<V>(m == V{} ? V{} + 1 : m, log_m);
    simd::exp<V>(gamma * log_m, power);
    const V factor = weight * (m == V{} ? V{} + T(gamma == 0) : power);
    loss = factor * entropy;
    // The slope of m is p q (1 - 2 t), and that of m^gamma is m^gamma / m times gamma times that.
    const V relative = m == V{} ? V{} : gamma * p * q / m * (negative - t);
    simd::multiply_add<V>(relative, relative == V{} ? V{} : entropy, entropy_slope, slope);
    slope *= factor;
  }
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
