#pragma once

#include <numbers>
#include <string_view>

#include "dlfs/core/element.hpp"
#include "dlfs/core/expect.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/normal_distribution.hpp"
#include "dlfs/simd/vector_math.hpp"

// Activation functions as kernels on contiguous views, all of the same shape. A backward kernel
// takes the forward kernel's output y, or its input x if y does not determine the slope, and writes
// dx = dy f'(x). The output may be the memory of an operand. All throw ShapeError for views of
// different shapes or non-contiguous views.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Computes formula(x, out) for each element; see simd::map.
template <class T, class Formula>
void activate(std::string_view operation, const TensorView<const T>& x, const TensorView<T>& out,
              const Formula& formula) {
  expect_dense(operation, "x", x, x.shape());
  expect_dense(operation, "out", out, x.shape());
  expect_same_or_apart(operation, "out", out, "x", x);
  simd::map(formula, x.size(), x.data(), out.data());
}

/// Computes formula(y, dy, dx) for each element, or with x in place of y.
template <class T, class Formula>
void activate_backward(std::string_view operation, std::string_view name,
                       const TensorView<const T>& kept, const TensorView<const T>& dy,
                       const TensorView<T>& dx, const Formula& formula) {
  expect_dense(operation, name, kept, kept.shape());
  expect_dense(operation, "dy", dy, kept.shape());
  expect_dense(operation, "dx", dx, kept.shape());
  expect_same_or_apart(operation, "dx", dx, name, kept);
  expect_same_or_apart(operation, "dx", dx, "dy", dy);
  simd::map(formula, kept.size(), kept.data(), dy.data(), dx.data());
}

// Formulas that layers use, too.

inline constexpr auto relu_of = []<class V>(const V& input, V& output) {
  output = input <= V{} ? V{} : input;
};
inline constexpr auto sigmoid_of = []<class V>(const V& input, V& output) {
  simd::sigmoid(input, output);
};
inline constexpr auto tanh_of = []<class V>(const V& input, V& output) {
  simd::tanh(input, output);
};

/// t = 2 sqrt(2 / pi) (x + 0.044715 x^3) of gelu_tanh, and its derivative.
template <class V>
DLFS_INLINE void gelu_tanh_argument(const V& x, V& t, V& slope) {
  using T = simd::detail::ElementOf<V>;
  constexpr T scale = 2 * std::numbers::sqrt2_v<T> * std::numbers::inv_sqrtpi_v<T>;
  constexpr T cubic = T(0.044715L);
  const V square = x * x;
  V factor, factor_of_slope;
  simd::multiply_add<V>(square, V{} + cubic, 1, factor);
  simd::multiply_add<V>(square, V{} + 3 * cubic, 1, factor_of_slope);
  t = scale * x * factor;
  slope = scale * factor_of_slope;
}

}  // namespace detail

/// max(x, 0); NaN stays NaN.
template <detail::RealTensor X>
void relu(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("relu", x, out, detail::relu_of);
}

/// dx = 0 where y <= 0, else dy. The gradient is also dy where y is NaN.
template <detail::RealTensor Y>
void relu_backward(const Y& y, TensorArg<Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>("relu_backward", "y", y, dy, dx,
                                        []<class V>(const V& output, const V& gradient, V& result) {
                                          result = output <= V{} ? V{} : gradient;
                                        });
}

/// x where x > 0, else negative_slope x.
template <detail::RealTensor X>
void leaky_relu(const X& x, Accumulator<Element<X>> negative_slope, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("leaky_relu", x, out, [=]<class V>(const V& input, V& output) {
    output = input <= V{} ? negative_slope * input : input;
  });
}

/// dx = dy where y > 0, else negative_slope dy. The gradient is also dy where y is NaN.
template <detail::RealTensor Y>
void leaky_relu_backward(const Y& y, Accumulator<Element<Y>> negative_slope,
                         TensorArg<Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>(
      "leaky_relu_backward", "y", y, dy, dx,
      [=]<class V>(const V& output, const V& gradient, V& result) {
        result = output > V{} ? gradient : negative_slope * gradient;
      });
}

/// x where x > 0, else alpha (exp(x) - 1).
template <detail::RealTensor X>
void elu(const X& x, Accumulator<Element<X>> alpha, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("elu", x, out, [=]<class V>(const V& input, V& output) {
    V e;
    simd::expm1(input, e);
    output = input <= V{} ? alpha * e : input;
  });
}

/// dx = dy (y + alpha) where y <= 0, else dy. The gradient is also dy where y is NaN.
template <detail::RealTensor Y>
void elu_backward(const Y& y, Accumulator<Element<Y>> alpha, TensorArg<Element<Y>> dy,
                  TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>(
      "elu_backward", "y", y, dy, dx, [=]<class V>(const V& output, const V& gradient, V& result) {
        result = output <= V{} ? gradient * (output + alpha) : gradient;
      });
}

/// x Phi(x) with the cumulative standard normal distribution Phi.
template <detail::RealTensor X>
void gelu(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("gelu", x, out, []<class V>(const V& input, V& output) {
    V density, cumulative;
    simd::normal_distribution(input, density, cumulative);
    output = input * cumulative;
  });
}

/// dx = dy (Phi(x) + x Phi'(x)).
template <detail::RealTensor X>
void gelu_backward(const X& x, TensorArg<Element<X>> dy, TensorView<Element<X>> dx) {
  detail::activate_backward<Element<X>>("gelu_backward", "x", x, dy, dx,
                                        []<class V>(const V& input, const V& gradient, V& result) {
                                          V density, cumulative;
                                          simd::normal_distribution(input, density, cumulative);
                                          V slope;
                                          simd::multiply_add(input, density, cumulative, slope);
                                          result = gradient * slope;
                                        });
}

/// x sigmoid(t) with t = 2 sqrt(2 / pi) (x + 0.044715 x^3), which is x (1 + tanh(t / 2)) / 2: gelu
/// to about 5e-4.
template <detail::RealTensor X>
void gelu_tanh(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("gelu_tanh", x, out, []<class V>(const V& input, V& output) {
    V t, slope, share;
    detail::gelu_tanh_argument(input, t, slope);
    simd::sigmoid(t, share);
    output = input * share;
  });
}

/// dx = dy (s + x t' s (1 - s)) with s = sigmoid(t).
template <detail::RealTensor X>
void gelu_tanh_backward(const X& x, TensorArg<Element<X>> dy, TensorView<Element<X>> dx) {
  detail::activate_backward<Element<X>>("gelu_tanh_backward", "x", x, dy, dx,
                                        []<class V>(const V& input, const V& gradient, V& result) {
                                          V t, slope, e;
                                          detail::gelu_tanh_argument(input, t, slope);
                                          const V against_overflow = t <= V{} ? t : -t;
                                          simd::exp(against_overflow, e);
                                          const V inverse = 1 / (1 + e);
                                          const V share = (t <= V{} ? e : V{} + 1) * inverse;
                                          const V bend = e * inverse * inverse;
                                          // The slope of a huge x is infinite.
                                          const V bent = e == V{} ? V{} : input * slope;
                                          V sum;
                                          simd::multiply_add(bent, bend, share, sum);
                                          result = gradient * sum;
                                        });
}

/// log(1 + exp(x)), without overflow: max(x, 0) + log(1 + exp(-|x|)).
template <detail::RealTensor X>
void softplus(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("softplus", x, out, []<class V>(const V& input, V& output) {
    const V against_overflow = input <= V{} ? input : -input;
    V e, logarithm;
    simd::exp(against_overflow, e);
    simd::log1p_of_fraction(e, logarithm);
    output = (input <= V{} ? V{} : input) + logarithm;
  });
}

/// dx = dy (1 - exp(-y)).
template <detail::RealTensor Y>
void softplus_backward(const Y& y, TensorArg<Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>("softplus_backward", "y", y, dy, dx,
                                        []<class V>(const V& output, const V& gradient, V& result) {
                                          const V negative = -output;
                                          V e;
                                          simd::expm1(negative, e);
                                          result = -e * gradient;
                                        });
}

/// 1 / (1 + exp(-x)), without overflow, and precise to the last digits in the whole range.
template <detail::RealTensor X>
void sigmoid(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("sigmoid", x, out, detail::sigmoid_of);
}

/// dx = dy y (1 - y).
template <detail::RealTensor Y>
void sigmoid_backward(const Y& y, TensorArg<Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>("sigmoid_backward", "y", y, dy, dx,
                                        []<class V>(const V& output, const V& gradient, V& result) {
                                          result = gradient * output * (1 - output);
                                        });
}

/// x sigmoid(x).
template <detail::RealTensor X>
void swish(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("swish", x, out, []<class V>(const V& input, V& output) {
    V s;
    simd::sigmoid(input, s);
    output = input * s;
  });
}

/// dx = dy s (1 + x (1 - s)) with s = sigmoid(x).
template <detail::RealTensor X>
void swish_backward(const X& x, TensorArg<Element<X>> dy, TensorView<Element<X>> dx) {
  detail::activate_backward<Element<X>>("swish_backward", "x", x, dy, dx,
                                        []<class V>(const V& input, const V& gradient, V& result) {
                                          V s;
                                          simd::sigmoid(input, s);
                                          V slope;
                                          simd::multiply_add<V>(input, 1 - s, 1, slope);
                                          result = gradient * s * slope;
                                        });
}

/// The hyperbolic tangent.
template <detail::RealTensor X>
void tanh(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("tanh", x, out, detail::tanh_of);
}

/// dx = dy (1 - y^2).
template <detail::RealTensor Y>
void tanh_backward(const Y& y, TensorArg<Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>("tanh_backward", "y", y, dy, dx,
                                        []<class V>(const V& output, const V& gradient, V& result) {
                                          V slope;
                                          simd::multiply_add<V>(-output, output, 1, slope);
                                          result = gradient * slope;
                                        });
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
