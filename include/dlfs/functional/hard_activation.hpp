#pragma once

#include "dlfs/functional/activation.hpp"

// The piecewise linear versions of sigmoid, tanh and swish, as kernels like those of
// activation.hpp. NaN stays NaN.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// out = min(max(x, low), high).
template <class V>
DLFS_INLINE void clip_to(const V& x, const V& low, const V& high, V& out) {
  const V above = x <= low ? low : x;
  out = above >= high ? high : above;
}

}  // namespace detail

/// min(max(x + 3, 0), 6) / 6.
template <detail::RealTensor X>
void hard_sigmoid(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("hard_sigmoid", x, out, []<class V>(const V& input, V& output) {
    V clipped;
    detail::clip_to<V>(input + 3, V{}, V{} + 6, clipped);
    output = clipped / 6;
  });
}

/// dx = 0 where y is 0, 1 or NaN, else dy / 6.
template <detail::RealTensor Y>
void hard_sigmoid_backward(const Y& y, TensorArg<Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>("hard_sigmoid_backward", "y", y, dy, dx,
                                        []<class V>(const V& output, const V& gradient, V& result) {
                                          const V below = output > V{} ? gradient / 6 : V{};
                                          result = output < V{} + 1 ? below : V{};
                                        });
}

/// x hard_sigmoid(x).
template <detail::RealTensor X>
void hard_swish(const X& x, TensorView<Element<X>> out) {
  detail::activate<Element<X>>("hard_swish", x, out, []<class V>(const V& input, V& output) {
    V clipped;
    detail::clip_to<V>(input + 3, V{}, V{} + 6, clipped);
    output = input * (clipped / 6);  // no product that is larger than the result
  });
}

/// dx = 0 where x <= -3, dy where x >= 3, else dy (x / 3 + 1 / 2). The gradient is dy where x is
/// NaN.
template <detail::RealTensor X>
void hard_swish_backward(const X& x, TensorArg<Element<X>> dy, TensorView<Element<X>> dx) {
  detail::activate_backward<Element<X>>("hard_swish_backward", "x", x, dy, dx,
                                        []<class V>(const V& input, const V& gradient, V& result) {
                                          const V third = input / 3;
                                          const V between = gradient * (third + (V{} + 1) / 2);
                                          const V above = input < V{} + 3 ? between : gradient;
                                          result = input <= V{} - 3 ? V{} : above;
                                        });
}

/// min(max(x, low), high).
template <detail::RealTensor X>
void hard_tanh(const X& x, Accumulator<Element<X>> low, Accumulator<Element<X>> high,
               TensorView<Element<X>> out) {
  detail::activate<Element<X>>("hard_tanh", x, out, [=]<class V>(const V& input, V& output) {
    detail::clip_to<V>(input, V{} + low, V{} + high, output);
  });
}

/// dx = 0 where y is low or high, else dy. The gradient is also dy where y is NaN.
template <detail::RealTensor Y>
void hard_tanh_backward(const Y& y, Accumulator<Element<Y>> low, Accumulator<Element<Y>> high,
                        TensorArg<Element<Y>> dy, TensorView<Element<Y>> dx) {
  detail::activate_backward<Element<Y>>(
      "hard_tanh_backward", "y", y, dy, dx,
      [=]<class V>(const V& output, const V& gradient, V& result) {
        const V below = output <= V{} + low ? V{} : gradient;
        result = output >= V{} + high ? V{} : below;
      });
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
