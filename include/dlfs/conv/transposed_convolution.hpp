#pragma once

#include <algorithm>
#include <string_view>

#include "dlfs/conv/bias_gradient.hpp"
#include "dlfs/conv/convolution.hpp"
#include "dlfs/conv/window.hpp"
#include "dlfs/core/expect.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"

// Transposed convolution: the backward pass of a convolution, used as a forward pass.
// Source: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016).

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Enlarges images by the same factor by which a convolution with this window shrinks them:
///
///   y[n, f, h, w] = bias[f] + sum of weight[c, f, k, l] x[n, c, i, j] over the channels c of f's
///                   group and all i, j, k, l for which (h, w) is under tap (k, l) of the window
///                   at (i, j)
///
///   x (N, C, H, W)   weight (C, F/groups, KH, KW)   bias (F)   y (N, F, OH, OW), overwritten,
///
/// where OH and OW are the extents in which the window has H and W positions.
///
/// Cost: 2 N C H W F/groups KH KW FLOP. Scratch, thread and errors as for convolution. This
/// function is the adjoint of that convolution, from y to x.
template <AnyTensor X>
void transposed_convolution(const X& x, TensorArg<Element<X>> weight, TensorArg<Element<X>> bias,
                            const Window2d& window, Index groups, TensorView<Element<X>> y) {
  constexpr std::string_view name = "transposed_convolution";
  const Shape x_shape = convolution_shape(y.shape(), weight.shape(), window, groups, name);
  detail::expect_dense(name, "x", const_view(x), x_shape);
  detail::expect_dense(name, "the weight", weight);
  detail::expect_dense(name, "the bias", bias, {y.extent(1)});
  detail::expect_dense(name, "y", y);
  detail::expect_apart(name, "y", y, "x", const_view(x));
  detail::expect_apart(name, "y", y, "the weight", weight);
  detail::expect_apart(name, "y", y, "the bias", bias);
  detail::adjoint<Element<X>>(const_view(x), weight, bias.data(), window, groups, y);
}

/// The gradient with respect to the input: the convolution of dy, without a bias.
///
///   dy (N, F, OH, OW)   weight (C, F/groups, KH, KW)   dx (N, C, H, W), overwritten
template <AnyTensor X>
void transposed_convolution_backward_input(const X& dy, TensorArg<Element<X>> weight,
                                           const Window2d& window, Index groups,
                                           TensorView<Element<X>> dx) {
  using T = Element<X>;
  const Index channels = weight.rank() == 4 ? weight.extent(0) : 0;
  const Scratch<T> zeros(channels);
  std::fill_n(zeros.data(), channels, T(0));
  convolution(dy, weight, {zeros.data(), {channels}}, window, groups, dx);
}

/// The gradients with respect to the weight and the bias, overwritten or added to, depending on
/// `store`.
///
///   x (N, C, H, W)   dy (N, F, OH, OW)   dweight (C, F/groups, KH, KW)   dbias (F)
template <AnyTensor X>
void transposed_convolution_backward_weights(const X& x, TensorArg<Element<X>> dy,
                                             const Window2d& window, Index groups,
                                             TensorView<Element<X>> dweight,
                                             TensorView<Element<X>> dbias,
                                             Store store = Store::overwrite) {
  using T = Element<X>;
  constexpr std::string_view name = "transposed_convolution_backward_weights";
  const Shape x_shape = convolution_shape(dy.shape(), dweight.shape(), window, groups, name);
  detail::expect_dense(name, "x", const_view(x), x_shape);
  detail::expect_dense(name, "dbias", dbias, {dy.extent(1)});
  detail::expect_apart(name, "dbias", dbias, "x", const_view(x));
  detail::expect_apart(name, "dbias", dbias, "dy", dy);
  detail::expect_apart(name, "dbias", dbias, "dweight", dweight);
  // Here the convolution has no bias on x, so its gradient is not used.
  const Scratch<T> unused(x_shape[1]);
  convolution_backward_weights(dy, const_view(x), window, groups, dweight,
                               {unused.data(), {x_shape[1]}}, store);

  const Index plane = dy.extent(2) * dy.extent(3);
  const conv::BiasGradient<T> bias(dy.extent(0), dy.extent(1));
  for (Index n = 0; n < dy.extent(0); ++n) {
    bias.add({dy.data(), dy.extent(1) * plane, dy.extent(1), dy.extent(2), dy.extent(3)}, n);
  }
  bias.store_to(dbias.data(), store);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
