#pragma once

#include <algorithm>
#include <concepts>
#include <limits>
#include <string_view>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/math/expect.hpp"
#include "dlfs/math/store.hpp"

// Kernels of batch normalisation, on x (N, F, S): each of F features has N S numbers, which share a
// mean and a variance. All throw ShapeError for other shapes, or views with gaps.
//
// Source: Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing
// internal covariate shift" (2015); Saitoh, "Deep Learning from Scratch" vol. 1, section 6.3.

namespace dlfs {

namespace detail {

// The passes over x are written once, for rows that hold the S numbers of one feature, where a
// feature's value is a number, and for rows of neighbouring features (S = 1), where it is an array.

struct OneFeature {
  Index feature;
  Index width;  // S

  template <class T>
  ArrayMap<T> row(TensorView<T> x, Index n) const {
    return {x.data() + n * x.stride(0) + feature * width, width};
  }
  template <class T>
  T& value(T* of_features) const {
    return of_features[feature];
  }
  static auto sum(const auto& row) { return row.sum(); }
};

struct NeighbouringFeatures {
  Index first;
  Index width;  // their number

  template <class T>
  ArrayMap<T> row(TensorView<T> x, Index n) const {
    return {x.data() + n * x.stride(0) + first, width};
  }
  template <class T>
  ArrayMap<T> value(T* of_features) const {
    return {of_features + first, width};
  }
  static auto sum(const auto& row) { return row; }
};

/// Calls `body(features)` until all had their turn, in parallel where it pays.
template <class T, class Body>
void for_each_feature(TensorView<const T> x, const Body& body) {
  constexpr Index worth_a_thread = 32 * 1024;
  constexpr Index most_neighbours = 256;
  const Index features = x.extent(1);
  const Index width = x.extent(2) == 1 ? std::min(features, most_neighbours) : 1;
  if (x.empty()) return;
  const Index pieces = std::clamp<Index>(x.size() / worth_a_thread, 1, features / width);
  parallel_for(pieces, [&](Index piece) {
    const Index end = piece_begin(features, pieces, piece + 1);
    for (Index first = piece_begin(features, pieces, piece); first < end; first += width) {
      if (x.extent(2) == 1) {
        body(NeighbouringFeatures{first, std::min(width, end - first)});
      } else {
        body(OneFeature{first, x.extent(2)});
      }
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
/// @throws ValueError where there is no sample.
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

  const T count = static_cast<T>(in.extent(0)) * static_cast<T>(in.extent(2));
  detail::for_each_feature(in, [&](const auto& features) {
    auto&& m = features.value(mean.data());
    auto&& v = features.value(variance.data());
    m = v = T(0);
    for (Index n = 0; n < in.extent(0); ++n) m += features.sum(features.row(in, n));
    m /= count;
    for (Index n = 0; n < in.extent(0); ++n) v += features.sum((features.row(in, n) - m).square());
    v /= count;
  });
}

/// What a feature is normalised by. Each (F).
template <class T>
struct Normalization {
  TensorView<const T> mean;
  TensorView<const T> inverse_deviation;  // 1 / sqrt(variance + epsilon)
  TensorView<const T> gamma;              // the deviation that it gets
};

/// y = gamma (x - mean) inverse_deviation + beta.
///
///   x (N, F, S)   beta (F)   y (N, F, S), overwritten
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void batch_normalization(const X& x, const Normalization<Element<X>>& by,
                         TensorView<const Element<X>> beta, TensorView<Element<X>> y) {
  using T = Element<X>;
  constexpr std::string_view name = "batch_normalization";
  const TensorView<const T> in = x;
  detail::expect_features(name, in);
  detail::expect_dense(name, "gamma", by.gamma, {in.extent(1)});
  detail::expect_dense(name, "beta", beta, {in.extent(1)});
  detail::expect_dense(name, "y", y, in.shape());

  detail::for_each_feature(in, [&](const auto& features) {
    auto&& mean = features.value(by.mean.data());
    auto&& deviation = features.value(by.inverse_deviation.data());
    auto&& gamma = features.value(by.gamma.data());
    auto&& shift = features.value(beta.data());
    for (Index n = 0; n < in.extent(0); ++n) {
      features.row(y, n) = (features.row(in, n) - mean) * (gamma * deviation) + shift;
    }
  });
}

/// Whether mean and deviation are those of the batch, so that each number depends on all others, or
/// do not depend on it.
enum class Statistics { of_the_batch, constant };

/// The gradients of batch_normalization, with x^ = (x - mean) inverse_deviation and n = N S:
///
///   dgamma = sum of dy x^    dbeta = sum of dy    dx = gamma inverse_deviation g, where
///   g = dy - dbeta / n - x^ dgamma / n with the statistics of the batch, dy with constant ones
///
///   x, dy (N, F, S)   dgamma, dbeta (F), stored as `store` says   dx (N, F, S), or null
template <AnyTensor X>
  requires std::floating_point<Element<X>>
void batch_normalization_backward(const X& x, TensorView<const Element<X>> dy,
                                  const Normalization<Element<X>>& by, Statistics statistics,
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
  if (store == Store::overwrite) as_array(dgamma) = as_array(dbeta) = T(0);

  // Means over the batch, which are zero where nothing depends on it.
  const Scratch<T> memory(2 * in.extent(1));
  const T count = statistics == Statistics::constant
                      ? std::numeric_limits<T>::infinity()
                      : static_cast<T>(in.extent(0)) * static_cast<T>(in.extent(2));
  detail::for_each_feature(in, [&](const auto& features) {
    auto&& mean = features.value(by.mean.data());
    auto&& deviation = features.value(by.inverse_deviation.data());
    auto&& gamma = features.value(by.gamma.data());
    auto&& sum_dy = features.value(memory.data());
    auto&& sum_dy_x = features.value(memory.data() + in.extent(1));
    sum_dy = sum_dy_x = T(0);
    for (Index n = 0; n < in.extent(0); ++n) {
      const auto gradient = features.row(dy, n);
      sum_dy += features.sum(gradient);
      sum_dy_x += features.sum(gradient * (features.row(in, n) - mean));
    }
    sum_dy_x *= deviation;
    features.value(dgamma.data()) += sum_dy_x;
    features.value(dbeta.data()) += sum_dy;
    if (dx.data() == nullptr) return;
    sum_dy /= count;
    sum_dy_x *= deviation / count;
    for (Index n = 0; n < in.extent(0); ++n) {
      features.row(dx, n) =
          (features.row(dy, n) - sum_dy - (features.row(in, n) - mean) * sum_dy_x) *
          (gamma * deviation);
    }
  });
}

}  // namespace dlfs
