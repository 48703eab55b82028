#pragma once

#include <algorithm>
#include <string_view>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/math/expect.hpp"
#include "dlfs/math/im2col.hpp"
#include "dlfs/math/matmul.hpp"
#include "dlfs/math/store.hpp"
#include "dlfs/math/window.hpp"

namespace dlfs {

/// The shape (N, F, OH, OW) of a convolution's output, after all that can be wrong was checked.
///
///   x (N, C, H, W)   weight (F, C/groups, KH, KW), where KH x KW is the window's kernel
///
/// @throws ShapeError where x, weight and groups do not agree or the window does not fit;
/// ValueError for fewer than one group, and as Window.
inline Shape convolution_shape(const Shape& x, const Shape& weight, const Window& window,
                               Index groups, std::string_view operation = "convolution") {
  if (x.rank() != 4) {
    throw ShapeError(concat(operation, ": expected x of shape (N, C, H, W), got ", x));
  }
  if (weight.rank() != 4) {
    throw ShapeError(
        concat(operation, ": expected a weight of shape (F, C/groups, KH, KW), got ", weight));
  }
  if (groups < 1) throw ValueError(concat(operation, ": expected at least 1 group, got ", groups));
  if (weight[0] < groups || weight[0] % groups != 0) {
    throw ShapeError(concat(operation, ": the ", weight[0], " filters of the weight ", weight,
                            " do not divide into ", groups, " groups"));
  }
  if (x[1] != weight[1] * groups) {
    throw ShapeError(concat(operation, ": expected ", weight[1] * groups,
                            " input channels (weight ", weight, ", groups ", groups,
                            "), got x of shape ", x));
  }
  if (window.kernel != Size2d(weight[2], weight[3])) {
    throw ShapeError(concat(operation, ": expected a weight with the window's kernel of ",
                            window.kernel.height, " by ", window.kernel.width, ", got ", weight));
  }
  const Size2d out = window.output_size({x[2], x[3]}, operation);
  return {x[0], weight[0], out.height, out.width};
}

namespace detail {

/// A convolution taken apart into a matrix product for each image and group:
///
///   maps[i] (F/groups, OH*OW) = weights[i % groups] (F/groups, taps) x columns (taps, OH*OW)
///
/// with columns = im2col(images[i]) and taps = C/groups * KH*KW.
struct ConvolutionProducts {
  Index count;    // N * groups
  Shape images;   // (N*groups, C/groups, H, W)
  Shape weights;  // (groups, F/groups, taps)
  Shape maps;     // (N*groups, F/groups, OH*OW)
  Shape columns;  // (taps, OH*OW)

  /// Of shapes that convolution_shape has checked.
  ConvolutionProducts(const Shape& x, const Shape& weight, const Shape& y, Index groups)
      : count(x[0] * groups),
        images{count, weight[1], x[2], x[3]},
        weights{groups, weight[0] / groups, weight[1] * weight[2] * weight[3]},
        maps{count, weights[1], y[2] * y[3]},
        columns{weights[2], maps[2]} {}
};

/// Whether the window is a single pixel at every position: then an image is its own columns.
constexpr bool is_pointwise(const Window& window) {
  return window.kernel == Size2d(1) && window.stride == Size2d(1) && window.padding == Size2d(0);
}

/// The columns of one image at a time, in scratch memory unless the window is pointwise.
template <class T>
class ImageColumns {
 public:
  ImageColumns(const Window& window, const Shape& shape)
      : window_(window), shape_(shape), memory_(is_pointwise(window) ? 0 : shape.size()) {}

  /// The columns of the image (C, H, W); valid until the next call.
  TensorView<const T> of(TensorView<const T> image) const {
    if (is_pointwise(window_)) return image.reshape(shape_);
    im2col(image, window_, TensorView<T>(memory_.data(), shape_));
    return {memory_.data(), shape_};
  }

  /// The adjoint of `of`: the image gets the sums of the columns that `write_columns` writes.
  template <class WriteColumns>
  void sum_into(TensorView<T> image, WriteColumns&& write_columns) const {
    if (is_pointwise(window_)) return write_columns(image.reshape(shape_));
    const TensorView<T> columns(memory_.data(), shape_);
    write_columns(columns);
    col2im(columns, window_, image);
  }

 private:
  Window window_;
  Shape shape_;
  Scratch<T> memory_;
};

}  // namespace detail

/// Convolution of images (cross-correlation, as everywhere in deep learning):
///
///   y[n, f, i, j] = bias[f] + sum over c, k, l of weight[f, c, k, l] x[n, g C/groups + c, h, w]
///
/// where g = f / (F/groups) is the group of the filter and (h, w) the pixel under tap (k, l):
/// h = i stride - padding + k dilation, and so w with j and l. Outside of the image x counts as 0.
///
///   x (N, C, H, W)   weight (F, C/groups, KH, KW)   bias (F)   y (N, F, OH, OW), overwritten
///
/// Runs on the calling thread: who has many samples calls it in parallel for rows of x and y.
/// Cost: 2 N F OH OW C/groups KH KW FLOP. Scratch: the columns of one image and group.
/// @throws ShapeError for other shapes or views that are not contiguous, and as convolution_shape.
template <AnyTensor X>
void convolution(const X& x, TensorView<const Element<X>> weight, TensorView<const Element<X>> bias,
                 const Window& window, Index groups, TensorView<Element<X>> y) {
  using T = Element<X>;
  constexpr std::string_view name = "convolution";
  const Shape y_shape = convolution_shape(x.shape(), weight.shape(), window, groups, name);
  detail::expect_dense(name, "x", const_view(x));
  detail::expect_dense(name, "the weight", weight);
  detail::expect_dense(name, "the bias", bias, {weight.extent(0)});
  detail::expect_dense(name, "y", y, y_shape);

  const detail::ConvolutionProducts products(x.shape(), weight.shape(), y_shape, groups);
  const auto images = const_view(x).reshape(products.images);
  const auto weights = weight.reshape(products.weights);
  const auto biases = bias.reshape({groups, -1});
  const auto maps = y.reshape(products.maps);
  const detail::ImageColumns<T> columns(window, products.columns);
  for (Index i = 0; i < products.count; ++i) {
    const Index group = i % groups;
    for (Index f = 0; f < maps.extent(1); ++f) as_array(maps[i][f]) = biases(group, f);
    matmul(weights[group], columns.of(images[i]), maps[i], Store::add);
  }
}

/// The gradient with respect to the input, the adjoint of convolution:
///
///   dx[n, g C/groups + c, h, w] = sum of weight[f, c, k, l] dy[n, f, i, j] over the filters f of
///                                 group g and all i, j, k, l for which (h, w) is under the tap
///
///   dy (N, F, OH, OW)   weight (F, C/groups, KH, KW)   dx (N, C, H, W), overwritten
///
/// Cost, scratch, thread and errors as convolution.
template <AnyTensor X>
void convolution_backward_input(const X& dy, TensorView<const Element<X>> weight,
                                const Window& window, Index groups, TensorView<Element<X>> dx) {
  using T = Element<X>;
  constexpr std::string_view name = "convolution_backward_input";
  const Shape y_shape = convolution_shape(dx.shape(), weight.shape(), window, groups, name);
  detail::expect_dense(name, "dy", const_view(dy), y_shape);
  detail::expect_dense(name, "the weight", weight);
  detail::expect_dense(name, "dx", dx);

  const detail::ConvolutionProducts products(dx.shape(), weight.shape(), y_shape, groups);
  const auto maps = const_view(dy).reshape(products.maps);
  const auto weights = weight.reshape(products.weights);
  const auto images = dx.reshape(products.images);
  const detail::ImageColumns<T> columns(window, products.columns);
  for (Index i = 0; i < products.count; ++i) {
    columns.sum_into(images[i], [&](TensorView<T> memory) {
      matmul(weights[i % groups].transpose(), maps[i], memory);
    });
  }
}

/// The gradients with respect to the weight and the bias:
///
///   dweight[f, c, k, l] = sum over n, i, j of dy[n, f, i, j] x[n, g C/groups + c, h, w]
///   dbias[f]            = sum over n, i, j of dy[n, f, i, j]
///
///   x (N, C, H, W)   dy (N, F, OH, OW)   dweight (F, C/groups, KH, KW)   dbias (F)
///
/// overwritten or added to as `store` says. Cost, scratch, thread and errors as convolution.
template <AnyTensor X>
void convolution_backward_weights(const X& x, TensorView<const Element<X>> dy, const Window& window,
                                  Index groups, TensorView<Element<X>> dweight,
                                  TensorView<Element<X>> dbias, Store store = Store::overwrite) {
  using T = Element<X>;
  constexpr std::string_view name = "convolution_backward_weights";
  const Shape y_shape = convolution_shape(x.shape(), dweight.shape(), window, groups, name);
  detail::expect_dense(name, "x", const_view(x));
  detail::expect_dense(name, "dy", dy, y_shape);
  detail::expect_dense(name, "dweight", dweight);
  detail::expect_dense(name, "dbias", dbias, {dweight.extent(0)});
  if (store == Store::overwrite) {
    as_array(dweight) = T(0);
    as_array(dbias) = T(0);
  }

  const detail::ConvolutionProducts products(x.shape(), dweight.shape(), y_shape, groups);
  const auto images = const_view(x).reshape(products.images);
  const auto maps = dy.reshape(products.maps);
  const auto weights = dweight.reshape(products.weights);
  const auto biases = dbias.reshape({groups, -1});
  const detail::ImageColumns<T> columns(window, products.columns);
  for (Index i = 0; i < products.count; ++i) {
    const Index group = i % groups;
    matmul(maps[i], columns.of(images[i]).transpose(), weights[group], Store::add);
    for (Index f = 0; f < maps.extent(1); ++f) biases(group, f) += as_array(maps[i][f]).sum();
  }
}

}  // namespace dlfs
