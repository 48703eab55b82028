#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/option.hpp"
#include "dlfs/core/rng.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// How many inputs feed one output of a layer, and how many outputs one input feeds.
struct Fans {
  Index in = 0;
  Index out = 0;
};

/// Fills a new weight tensor: callable with (weight, fans, rng).
template <class I, class T>
concept Initializer = requires(const I& initializer, Tensor<T>& weight, Fans fans, Rng& rng) {
  initializer(weight, fans, rng);
};

namespace detail {

/// What a layer's constructor is given where it is not options, an initializer and a variable of
/// type Rng, for which there is a better match, and not tensors either.
template <class Options, class First, class... Other>
concept NoInitializerAndRng = (std::same_as<First, Options> ||
                               std::integral<First>)&&(!AnyTensor<Other> && ...);

}  // namespace detail

/// Normal with a fixed standard deviation. The book's early networks use 0.01 (section 4.5).
struct Normal {
  double deviation = 0.01;

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("normal", "deviation", deviation, detail::at_least(0));
  }

  template <class T>
  void operator()(Tensor<T>& weight, Fans, Rng& rng) const {
    check();
    for (T& value : weight) value = static_cast<T>(deviation * rng.normal());
  }
};

/// Uniform in [-bound, bound).
struct Uniform {
  double bound = 0.01;

  /// @throws ValueError, naming the option that is out of its range.
  void check() const { detail::expect_option("uniform", "bound", bound, detail::at_least(0)); }

  template <class T>
  void operator()(Tensor<T>& weight, Fans, Rng& rng) const {
    check();
    for (T& value : weight) value = static_cast<T>(rng.uniform(-bound, bound));
  }
};

namespace detail {

/// What the variance of a weight is divided by.
enum class Fan { in, out, mean };

enum class Distribution { normal, uniform };

/// Of the variance gain^2 / fan.
template <class T>
void scale_variance(Tensor<T>& weight, Fans fans, Rng& rng, double gain, Fan fan,
                    Distribution distribution) {
  const auto in = static_cast<double>(fans.in);
  const auto out = static_cast<double>(fans.out);
  const double divisor = fan == Fan::in ? in : fan == Fan::out ? out : (in + out) / 2;
  expect_option("initializer", "fan", divisor, above(0));
  const double deviation = gain / std::sqrt(divisor);
  if (distribution == Distribution::normal) {
    Normal{deviation}(weight, fans, rng);
  } else {
    Uniform{std::sqrt(3.0) * deviation}(weight, fans, rng);
  }
}

}  // namespace detail

/// Variance gain^2 / fan_in, for sigmoid and tanh: section 6.2.2 of the book, after Glorot and
/// Bengio, "Understanding the difficulty of training deep feedforward neural networks" (2010), who
/// divide by the mean of both fans.
struct Xavier {
  using Fan = detail::Fan;
  using Distribution = detail::Distribution;

  Fan fan = Fan::in;
  Distribution distribution = Distribution::normal;
  double gain = 1;

  /// @throws ValueError, naming the option that is out of its range.
  void check() const { detail::expect_option("xavier", "gain", gain, detail::at_least(0)); }

  template <class T>
  void operator()(Tensor<T>& weight, Fans fans, Rng& rng) const {
    check();
    detail::scale_variance(weight, fans, rng, gain, fan, distribution);
  }
};

/// Variance 2 gain^2 / fan_in, for ReLU: section 6.2.3 of the book, after He et al., "Delving deep
/// into rectifiers" (2015).
struct He {
  using Fan = detail::Fan;
  using Distribution = detail::Distribution;

  Fan fan = Fan::in;
  Distribution distribution = Distribution::normal;
  double gain = 1;

  /// @throws ValueError, naming the option that is out of its range.
  void check() const { detail::expect_option("he", "gain", gain, detail::at_least(0)); }

  template <class T>
  void operator()(Tensor<T>& weight, Fans fans, Rng& rng) const {
    check();
    detail::scale_variance(weight, fans, rng, gain * std::sqrt(2.0), fan, distribution);
  }
};

namespace detail {

/// A matrix of random rows, orthogonal to each other and of length 1; at least as wide as high.
template <std::floating_point T>
RowMajorMatrix<T> orthogonal_rows(Index rows, Index columns, Rng& rng) {
  RowMajorMatrix<T> basis(rows, columns);
  for (Index i = 0; i < rows; ++i) {
    auto row = basis.row(i);
    for (Index j = 0; j < columns; ++j) row(j) = rng.normal();
    // Gram and Schmidt's way, twice against rounding.
    for (int turn = 0; turn < 2; ++turn) {
      for (Index before = 0; before < i; ++before) {
        row -= row.dot(basis.row(before)) * basis.row(before);
      }
    }
    row /= row.norm();
  }
  return basis;
}

}  // namespace detail

/// Gain times a matrix whose rows are orthogonal and of length 1, or its columns where it is higher
/// than wide. The rows are the first axis.
/// Source: Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear
/// neural networks" (2014).
struct Orthogonal {
  double gain = 1;

  /// @throws ValueError, naming the option that is out of its range.
  void check() const { detail::expect_option("orthogonal", "gain", gain, detail::at_least(0)); }

  template <class T>
  void operator()(Tensor<T>& weight, Fans, Rng& rng) const {
    check();
    if (weight.empty()) return;
    const Index rows = weight.extent(0);
    const Index columns = weight.size() / rows;
    const auto basis =
        detail::orthogonal_rows<double>(std::min(rows, columns), std::max(rows, columns), rng);
    for (Index i = 0; i < rows; ++i) {
      for (Index j = 0; j < columns; ++j) {
        weight.data()[i * columns + j] =
            static_cast<T>(gain * (rows <= columns ? basis(i, j) : basis(j, i)));
      }
    }
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
