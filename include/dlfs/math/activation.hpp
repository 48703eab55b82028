#pragma once

#include <string_view>

#include "dlfs/core/tensor.hpp"
#include "dlfs/math/expect.hpp"
#include "dlfs/math/simd/kernels.hpp"
#include "dlfs/math/simd/vector_math.hpp"

// Activation functions as kernels on contiguous views of any, but one, shape. A backward kernel
// takes y, the output of the forward one, and writes dx = dy * (dy/dx). The output may be the
// memory of an operand. All throw ShapeError for views of different shapes or with gaps.

namespace dlfs {

namespace detail {

/// formula(x, out) of each element; see simd::map.
template <class T, class Formula>
void activate(std::string_view operation, TensorView<const T> x, TensorView<T> out,
              const Formula& formula) {
  expect_dense(operation, "x", x, x.shape());
  expect_dense(operation, "out", out, x.shape());
  simd::map(formula, x.size(), x.data(), out.data());
}

/// formula(y, dy, dx)
template <class T, class Formula>
void activate_backward(std::string_view operation, TensorView<const T> y, TensorView<const T> dy,
                       TensorView<T> dx, const Formula& formula) {
  expect_dense(operation, "y", y, y.shape());
  expect_dense(operation, "dy", dy, y.shape());
  expect_dense(operation, "dx", dx, y.shape());
  simd::map(formula, y.size(), y.data(), dy.data(), dx.data());
}

}  // namespace detail

/// max(x, 0); NaN stays NaN.
template <AnyTensor X>
void relu(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("relu", x, out, []<class V>(const V& input, V& output) {
    output = input <= V{} ? V{} : input;
  });
}

/// dx = dy where y > 0, else 0.
template <AnyTensor Y>
void relu_backward(const Y& y, TensorView<const Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>("relu_backward", y, dy, dx,
                                        []<class V>(const V& output, const V& gradient, V& result) {
                                          result = output <= V{} ? V{} : gradient;
                                        });
}

/// 1 / (1 + exp(-x)), without overflow and exact to the last digits from end to end.
template <AnyTensor X>
void sigmoid(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("sigmoid", x, out, []<class V>(const V& input, V& output) {
    const V against_overflow = input <= V{} ? input : -input;
    V e;
    simd::exp(against_overflow, e);
    output = (input <= V{} ? e : V{} + 1) / (1 + e);
  });
}

/// dx = dy y (1 - y).
template <AnyTensor Y>
void sigmoid_backward(const Y& y, TensorView<const Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>("sigmoid_backward", y, dy, dx,
                                        []<class V>(const V& output, const V& gradient, V& result) {
                                          result = gradient * output * (1 - output);
                                        });
}

template <AnyTensor X>
void tanh(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>(
      "tanh", x, out, []<class V>(const V& input, V& output) { simd::tanh(input, output); });
}

/// dx = dy (1 - y^2).
template <AnyTensor Y>
void tanh_backward(const Y& y, TensorView<const Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>("tanh_backward", y, dy, dx,
                                        []<class V>(const V& output, const V& gradient, V& result) {
                                          result = gradient * (1 - output * output);
                                        });
}

}  // namespace dlfs
