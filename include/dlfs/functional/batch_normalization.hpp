#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <limits>
#include <string_view>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/expect.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/functional/deviations.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"

// Kernels of batch normalisation on x (N, F, S): each of F features has N S numbers, which share a
// mean and a variance. All throw ShapeError for other shapes or non-contiguous views.
//
// Source: Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing
// internal covariate shift" (2015); Saitoh, "Deep Learning from Scratch" vol. 1, section 6.3.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Some neighbouring features of x (N, F, S), seen as the count * size columns of its rows.
struct Features {
  // Number of columns whose numbers and sums stay in the first-level cache.
  static constexpr Index most_columns = 1024;

  Index first;
  Index count;
  Index samples;  // N
  Index size;     // S

  /// The operand for the numbers [s, s + width) of each feature: from x (N, F, S), or from x (F),
  /// repeated for each feature. `width` is S, unless there is one feature.
  template <class T>
  class Operand {
   public:
    Operand(const Features& features, const TensorView<const T>& x, Index s, Index width)
        : repeated_(features.repeats(x) ? features.count * width : 0) {
      if (x.rank() == 3) {
        operand_ = {x.data() + features.first * features.size + s, 1, x.stride(0)};
      } else if (!features.repeats(x)) {
        operand_ = {x.data() + features.first, features.size == 1 ? 1 : 0};
      } else {
        operand_ = {repeated_.data()};
        for (Index f = 0; f < features.count; ++f) {
          std::fill_n(repeated_.data() + f * width, width, x(features.first + f));
        }
      }
    }

    const simd::Operand<T>& get() const { return operand_; }

   private:
    Scratch<T> repeated_;
    simd::Operand<T> operand_{};
  };

  /// The numbers of these features in x (F).
  template <class T>
  ArrayMap<T> of(const TensorView<T>& x) const {
    return {x.data() + first, count};
  }

  /// y = op(in...), where y is (N, F, S), and each of `in` is (N, F, S) or (F).
  template <class T, class Op, class... In>
  void apply(const Op& op, const TensorView<T>& y, const In&... in) const {
    simd::apply<T>(op, samples, count * size, y.data() + first * size, y.stride(0),
                   Operand<T>(*this, in, 0, size).get()...);
  }

  /// Overwrites each of `sums` (F) with the sum of what term(in..., sum...) adds to it for the
  /// numbers of each feature.
  template <class T, std::size_t n, class Term, class... In>
  void add_up(const Term& term, const std::array<T*, n>& sums, const In&... in) const {
    if (size == 1) {
      std::array<T*, n> of_these = sums;
      for (T*& sum : of_these) sum += first;
      return simd::add_up_rows(term, samples, count, of_these,
                               Operand<T>(*this, in, 0, 1).get()...);
    }
    // The sums of the columns, piece by piece of each feature, and then the sums of the pieces.
    const Index pieces = (size + most_columns - 1) / most_columns;
    const Scratch<T> of_pieces(Index{n} * pieces * count);
    const Scratch<T> columns(Index{n} * most_columns);
    std::array<T*, n> of_columns;
    for (std::size_t k = 0; k < n; ++k) of_columns[k] = columns.data() + Index(k) * most_columns;
    for (Index piece = 0; piece < pieces; ++piece) {
      const Index s = piece * most_columns;
      const Index width = std::min(most_columns, size - s);
      simd::add_up_rows(term, samples, count * width, of_columns,
                        Operand<T>(*this, in, s, width).get()...);
      for (std::size_t k = 0; k < n; ++k) {
        T* const to = of_pieces.data() + (Index(k) * pieces + piece) * count;
        simd::add_up_columns(simd::AddTo(), count, width, std::array{to},
                             simd::Operand<T>{of_columns[k], 1, width});
      }
    }
    for (std::size_t k = 0; k < n; ++k) {
      simd::add_up_rows(simd::AddTo(), pieces, count, std::array{sums[k] + first},
                        simd::Operand<T>{of_pieces.data() + Index(k) * pieces * count, 1, count});
    }
  }

 private:
  template <class T>
  bool repeats(const TensorView<const T>& x) const {
    return x.rank() == 1 && count > 1 && size > 1;
  }
};

/// Calls `body(features)` for groups of features until all are done, in parallel if it pays.
template <class T, class Body>
void for_each_feature(const TensorView<const T>& x, const Body& body) {
  constexpr Index worth_a_thread = 32 * 1024;
  constexpr Index least_columns = 64;
  if (x.empty()) return;
  const Index features = x.extent(1);
  const Index size = x.extent(2);
  const Index most_pieces = std::clamp<Index>(features * size / least_columns, 1, features);
  const Index pieces = std::clamp<Index>(x.size() / worth_a_thread, 1, most_pieces);
  const Index most_features = std::max<Index>(1, Features::most_columns / size);
  parallel_for(pieces, [&](Index piece) {
    const Index end = piece_begin(features, pieces, piece + 1);
    for (Index f = piece_begin(features, pieces, piece); f < end; f += most_features) {
      body(Features{f, std::min(most_features, end - f), x.extent(0), size});
    }
  });
}

template <class T>
void expect_features(std::string_view operation, TensorView<const T> x) {
  if (x.rank() != 3) {
    throw ShapeError(operation, ": expected x of shape (N, F, S), got ", x.shape());
  }
  expect_dense(operation, "x", x);
}

}  // namespace detail

/// The mean of each feature, and its variance: the mean of the squared deviations.
///
///   x (N, F, S)   mean (F)   variance (F)
///
/// Computed from the deviations from a guess, the mean of some of the numbers; see deviations.hpp.
/// A second pass follows if the guess is further from the mean than the standard deviation.
/// @throws ValueError if there is no sample.
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void batch_statistics(const X& x, TensorView<Element<X>> mean, TensorView<Element<X>> variance) {
  using T = Element<X>;
  constexpr std::string_view name = "batch_statistics";
  const TensorView<const T> in = x;
  detail::expect_features(name, in);
  detail::expect_dense(name, "the mean", mean, {in.extent(1)});
  detail::expect_dense(name, "the variance", variance, {in.extent(1)});
  if (in.empty()) throw ValueError(name, ": there is no sample in x of shape ", in.shape());
  detail::expect_apart(name, "the mean", mean, "x", in);
  detail::expect_apart(name, "the mean", mean, "the variance", variance);
  detail::expect_apart(name, "the variance", variance, "x", in);

  const T count = static_cast<T>(in.extent(0)) * static_cast<T>(in.extent(2));
  const Scratch<T> memory(in.extent(1));
  const TensorView<T> correction(memory.data(), {in.extent(1)});
  detail::for_each_feature(in, [&](const detail::Features& features) {
    constexpr Index numbers_to_guess_by = 16;
    detail::Features some = features;
    some.samples = std::min(some.samples, (numbers_to_guess_by + some.size - 1) / some.size);
    some.add_up(simd::AddTo(), std::array{mean.data()}, in);
    some.of(mean) /= static_cast<T>(some.samples * some.size);

    const auto correct = [count]<class V>(V& guess, V& sum, V& squares) {
      detail::correct_statistics(count, count, guess, sum, squares);
    };
    for (bool is_first_pass = true, is_far = true; is_far; is_first_pass = false) {
      features.add_up(detail::Deviate(), std::array{correction.data(), variance.data()}, in, mean);
      simd::map(correct, features.count, mean.data() + features.first,
                correction.data() + features.first, variance.data() + features.first);
      is_far = is_first_pass && (features.of(correction).square() > features.of(variance)).any();
    }
  });
}

/// The statistics and the scale of a normalisation, each (F).
template <class T>
struct NormalizedBy {
  TensorView<const T> mean;   ///< mean of each channel
  TensorView<const T> rstd;   ///< 1 / sqrt(variance + epsilon)
  TensorView<const T> gamma;  ///< the std of the result
};

/// y = gamma (x - mean) rstd + beta.
///
///   x (N, F, S)   beta (F)   y (N, F, S), overwritten
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void batch_normalization(const X& x, const NormalizedBy<Element<X>>& by, TensorArg<Element<X>> beta,
                         TensorView<Element<X>> y) {
  using T = Element<X>;
  constexpr std::string_view name = "batch_normalization";
  const TensorView<const T> in = x;
  detail::expect_features(name, in);
  detail::expect_dense(name, "gamma", by.gamma, {in.extent(1)});
  detail::expect_dense(name, "beta", beta, {in.extent(1)});
  detail::expect_dense(name, "y", y, in.shape());
  detail::expect_same_or_apart(name, "y", y, "x", in);
  detail::expect_apart(name, "y", y, "gamma", by.gamma);
  detail::expect_apart(name, "y", y, "beta", beta);
  detail::expect_apart(name, "y", y, "the mean", by.mean);
  detail::expect_apart(name, "y", y, "rstd", by.rstd);

  detail::for_each_feature(in, [&](const detail::Features& features) {
    const auto normalize = []<class V>(const V& number, const V& mean, const V& rstd,
                                       const V& gamma, const V& shift, V& out) {
      simd::multiply_add<V>(number - mean, gamma * rstd, shift, out);
    };
    features.apply(normalize, y, in, by.mean, by.rstd, by.gamma, beta);
  });
}

/// Whether mean and std are computed from the batch, and so depend on each of its numbers, or are
/// constant.
enum class BatchStatistics { of_the_batch, constant };

/// The gradients of batch_normalization, with x^ = (x - mean) rstd and n = N S:
///
///   dgamma = sum of dy x^    dbeta = sum of dy    dx = gamma rstd g, where
///   g = dy - dbeta / n - x^ dgamma / n with the statistics of the batch, dy with constant ones
///
///   x, dy (N, F, S)   dgamma, dbeta (F), stored as `store` says   dx (N, F, S), or null
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void batch_normalization_backward(const X& x, TensorArg<Element<X>> dy,
                                  const NormalizedBy<Element<X>>& by, BatchStatistics statistics,
                                  TensorView<Element<X>> dgamma, TensorView<Element<X>> dbeta,
                                  Store store, TensorView<Element<X>> dx) {
  using T = Element<X>;
  constexpr std::string_view name = "batch_normalization_backward";
  const TensorView<const T> in = x;
  detail::expect_features(name, in);
  const Shape per_feature{in.extent(1)};
  detail::expect_dense(name, "dy", dy, in.shape());
  detail::expect_dense(name, "gamma", by.gamma, per_feature);
  detail::expect_dense(name, "dgamma", dgamma, per_feature);
  detail::expect_dense(name, "dbeta", dbeta, per_feature);
  if (dx.data() != nullptr) detail::expect_dense(name, "dx", dx, in.shape());
  detail::expect_apart(name, "dx", dx, "x", in);
  detail::expect_apart(name, "dx", dx, "dy", dy);
  detail::expect_apart(name, "dx", dx, "the mean", by.mean);
  detail::expect_apart(name, "dx", dx, "rstd", by.rstd);
  detail::expect_apart(name, "dx", dx, "gamma", by.gamma);
  detail::expect_apart(name, "dx", dx, "dgamma", dgamma);
  detail::expect_apart(name, "dx", dx, "dbeta", dbeta);
  detail::expect_apart(name, "dgamma", dgamma, "x", in);
  detail::expect_apart(name, "dgamma", dgamma, "dy", dy);
  detail::expect_apart(name, "dgamma", dgamma, "the mean", by.mean);
  detail::expect_apart(name, "dgamma", dgamma, "rstd", by.rstd);
  detail::expect_apart(name, "dgamma", dgamma, "gamma", by.gamma);
  detail::expect_apart(name, "dbeta", dbeta, "dgamma", dgamma);
  detail::expect_apart(name, "dbeta", dbeta, "x", in);
  detail::expect_apart(name, "dbeta", dbeta, "dy", dy);
  detail::expect_apart(name, "dbeta", dbeta, "the mean", by.mean);
  detail::expect_apart(name, "dbeta", dbeta, "rstd", by.rstd);
  detail::expect_apart(name, "dbeta", dbeta, "gamma", by.gamma);
  if (store == Store::overwrite) as_array(dgamma) = as_array(dbeta) = T(0);

  const Scratch<T> memory(2 * in.extent(1));
  const TensorView<T> sum_dy(memory.data(), per_feature);
  const TensorView<T> sum_dy_x(memory.data() + in.extent(1), per_feature);
  // With constant statistics, an infinite count makes the means over the batch 0.
  const T count = statistics == BatchStatistics::constant
                      ? std::numeric_limits<T>::infinity()
                      : static_cast<T>(in.extent(0)) * static_cast<T>(in.extent(2));
  detail::for_each_feature(in, [&](const detail::Features& features) {
    const auto add = []<class V>(const V& g, const V& number, const V& m, V& sum, V& products) {
      sum += g;
      simd::multiply_add<V>(g, number - m, products, products);
    };
    features.add_up(add, std::array{sum_dy.data(), sum_dy_x.data()}, dy, in, by.mean);
    features.of(sum_dy_x) *= features.of(by.rstd);
    features.of(dgamma) += features.of(sum_dy_x);
    features.of(dbeta) += features.of(sum_dy);
    if (dx.data() == nullptr) return;
    features.of(sum_dy) /= count;
    features.of(sum_dy_x) *= features.of(by.rstd) / count;
    const auto differentiate = []<class V>(const V& g, const V& mean_g, const V& number,
                                           const V& mean, const V& slope, const V& gamma,
                                           const V& rstd, V& out) {
      V rest;
      simd::multiply_add<V>(mean - number, slope, g - mean_g, rest);
      out = rest * (gamma * rstd);
    };
    features.apply(differentiate, dx, dy, sum_dy, in, by.mean, sum_dy_x, by.gamma, by.rstd);
  });
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
