#pragma once

#include <string_view>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/math/expect.hpp"

// Activation functions as kernels on contiguous views of any, but one, shape. A backward kernel
// takes y, the output of the forward one, and writes dx = dy * (dy/dx). The output may be the
// memory of an operand. All throw ShapeError for views of different shapes or with gaps.

namespace dlfs {

namespace detail {

/// dy where y is positive or NaN, else 0; in packets, where Eigen's select goes one by one.
template <class T>
struct ReluGradient {
  T operator()(const T& y, const T& dy) const { return y <= T(0) ? T(0) : dy; }

  template <class Packet>
  Packet packetOp(const Packet& y, const Packet& dy) const {
    namespace packets = Eigen::internal;
    return packets::pandnot(dy, packets::pcmp_le(y, packets::pzero(y)));
  }
};

/// out = f(x)
template <class T, class F>
void activate(std::string_view operation, TensorView<const T> x, TensorView<T> out, F f) {
  expect_dense(operation, "x", x, x.shape());
  expect_dense(operation, "out", out, x.shape());
  as_array(out) = f(as_array(x));
}

/// dx = f(y, dy)
template <class T, class F>
void activate_backward(std::string_view operation, TensorView<const T> y, TensorView<const T> dy,
                       TensorView<T> dx, F f) {
  expect_dense(operation, "y", y, y.shape());
  expect_dense(operation, "dy", dy, y.shape());
  expect_dense(operation, "dx", dx, y.shape());
  as_array(dx) = f(as_array(y), as_array(dy));
}

}  // namespace detail

/// max(x, 0); NaN stays NaN.
template <AnyTensor X>
void relu(const X& x, TensorView<Element<X>> out) {
  using T = Element<X>;
  using Maximum = Eigen::internal::scalar_max_op<T, T, Eigen::PropagateNaN>;
  detail::activate<T>("relu", x, out, [](const auto& values) {
    return values.binaryExpr(ArrayMap<T>::PlainObject::Zero(values.size()), Maximum());
  });
}

/// dx = dy where y > 0, else 0.
template <AnyTensor Y>
void relu_backward(const Y& y, TensorView<const Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>(
      "relu_backward", y, dy, dx, [](const auto& outputs, const auto& gradients) {
        return outputs.binaryExpr(gradients, detail::ReluGradient<Element<Y>>());
      });
}

/// 1 / (1 + exp(-x)): 0 and 1 at the ends, without overflow.
template <AnyTensor X>
void sigmoid(const X& x, TensorView<Element<X>> out) {
  // Not Eigen's logistic(): below -9 that is exp(x), wrong in the fifth digit.
  detail::activate<Element<X>>("sigmoid", x, out, [](const auto& values) {
    return ((-values).exp() + Element<X>(1)).inverse();
  });
}

/// dx = dy y (1 - y).
template <AnyTensor Y>
void sigmoid_backward(const Y& y, TensorView<const Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>("sigmoid_backward", y, dy, dx,
                                        [](const auto& outputs, const auto& gradients) {
                                          return gradients * outputs * (Element<Y>(1) - outputs);
                                        });
}

template <AnyTensor X>
void tanh(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("tanh", x, out, [](const auto& values) { return values.tanh(); });
}

/// dx = dy (1 - y^2).
template <AnyTensor Y>
void tanh_backward(const Y& y, TensorView<const Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>("tanh_backward", y, dy, dx,
                                        [](const auto& outputs, const auto& gradients) {
                                          return gradients * (Element<Y>(1) - outputs.square());
                                        });
}

}  // namespace dlfs

template <class T>
struct Eigen::internal::functor_traits<dlfs::detail::ReluGradient<T>> {
  enum { Cost = 2 * NumTraits<T>::AddCost, PacketAccess = packet_traits<T>::HasCmp };
};
