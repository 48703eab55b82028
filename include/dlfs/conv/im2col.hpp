#pragma once

#include <algorithm>
#include <string_view>

#include "dlfs/conv/window.hpp"
#include "dlfs/core/eigen.hpp"
#include "dlfs/core/expect.hpp"
#include "dlfs/core/index_range.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The shape (C*KH*KW, OH*OW) of the column matrix of an image (C, H, W): a row for each tap of the
/// window, a column for each position. @throws ShapeError unless the rank is 3 and the window fits.
inline Shape columns_shape(const Shape& image, const Window2d& window, std::string_view operation) {
  if (image.rank() != 3) {
    throw ShapeError(operation, ": expected an image (C, H, W), got shape ", image);
  }
  const Size2d out = window.output_size({image[1], image[2]}, operation);
  // A Shape multiplies them, because it throws if the product overflows.
  const Index rows = Shape{image[0], window.kernel.height, window.kernel.width}.size();
  return {rows, Shape{out.height, out.width}.size()};
}

namespace detail {

/// Calls `visit(start, inside)` for each run of OW columns in a row of the column matrix, in memory
/// order. `inside` is the range of columns whose tap is inside the image. Column j reads the
/// image's element `start + j * stride.width`.
template <class Visit>
void for_each_column_run(const Shape& image, const Window2d& window, Size2d out, Visit&& visit) {
  const Index height = image[1];
  const Index width = image[2];
  for (Index c = 0; c < image[0]; ++c) {
    for (Index kh = 0; kh < window.kernel.height; ++kh) {
      const Index top = kh * window.dilation.height - window.padding.height;
      const IndexRange rows = range_inside(top, window.stride.height, out.height, height);
      for (Index kw = 0; kw < window.kernel.width; ++kw) {
        const Index left = kw * window.dilation.width - window.padding.width;
        const IndexRange columns = range_inside(left, window.stride.width, out.width, width);
        for (Index oh = 0; oh < out.height; ++oh) {
          if (rows.contains(oh) && !columns.empty()) {
            const Index row = c * height + top + oh * window.stride.height;
            visit(row * width + left, columns);
          } else {
            visit(0, IndexRange{});
          }
        }
      }
    }
  }
}

}  // namespace detail

/// Copies the patch under each position of the window into a column; taps in the padding are 0.
///
///   image (C, H, W)   columns (C*KH*KW, OH*OW), overwritten
///
/// A convolution of the image is then one product, (F, C*KH*KW) times (C*KH*KW, OH*OW).
/// @throws ShapeError for other shapes or non-contiguous views, and like Window2d.
template <AnyTensor X>
void im2col(const X& image, const Window2d& window, TensorView<Element<X>> columns) {
  using T = Element<X>;
  const Shape shape = columns_shape(image.shape(), window, "im2col");
  detail::expect_dense("im2col", "the image", const_view(image));
  detail::expect_dense("im2col", "the columns", columns, shape);
  detail::expect_apart("im2col", "the columns", columns, "the image", const_view(image));

  const Size2d out = window.output_size({image.extent(1), image.extent(2)}, "im2col");
  const Index stride = window.stride.width;
  const T* const source = image.data();
  T* run = columns.data();
  const auto copy_run = [&](Index start, detail::IndexRange inside) {
    std::fill(run, run + inside.begin, T(0));
    if (stride == 1) {
      std::copy(source + start + inside.begin, source + start + inside.end, run + inside.begin);
    } else {
      for (Index j = inside.begin; j < inside.end; ++j) run[j] = source[start + j * stride];
    }
    std::fill(run + inside.end, run + out.width, T(0));
    run += out.width;
  };
  detail::for_each_column_run(image.shape(), window, out, copy_run);
}

/// The adjoint of im2col: each pixel becomes the sum of the entries that im2col copies from it.
///
///   columns (C*KH*KW, OH*OW)   image (C, H, W), overwritten or added to
///
/// @throws ShapeError for other shapes or non-contiguous views, and like Window2d.
template <AnyTensor X>
void col2im(const X& columns, const Window2d& window, TensorView<Element<X>> image,
            Store store = Store::overwrite) {
  using T = Element<X>;
  const Shape shape = columns_shape(image.shape(), window, "col2im");
  detail::expect_dense("col2im", "the columns", const_view(columns), shape);
  detail::expect_dense("col2im", "the image", image);
  detail::expect_apart("col2im", "the image", image, "the columns", const_view(columns));
  if (store == Store::overwrite) std::fill_n(image.data(), image.size(), T(0));

  const Size2d out = window.output_size({image.extent(1), image.extent(2)}, "col2im");
  const Index stride = window.stride.width;
  const T* run = columns.data();
  T* const target = image.data();
  const auto add_run = [&](Index start, detail::IndexRange inside) {
    if (stride == 1) {
      const Index count = inside.end - inside.begin;
      ArrayMap<T>(target + start + inside.begin, count) +=
          ArrayMap<const T>(run + inside.begin, count);
    } else {
      for (Index j = inside.begin; j < inside.end; ++j) target[start + j * stride] += run[j];
    }
    run += out.width;
  };
  detail::for_each_column_run(image.shape(), window, out, add_run);
}

/// The patches of a batch as the rows of one matrix, like the book's im2col:
/// (N, C, H, W) -> (N*OH*OW, C*KH*KW). @throws ShapeError as above.
/// Source: Saitoh, "Deep Learning from Scratch" vol. 1, section 7.4.2.
template <AnyTensor X>
Tensor<Element<X>> im2col(const X& x, const Window2d& window) {
  using T = Element<X>;
  if (x.rank() != 4) {
    throw ShapeError("im2col: expected a batch (N, C, H, W), got shape ", x.shape());
  }
  const Index samples = x.extent(0);
  const Shape shape = columns_shape(x.shape().axes(1, 4), window, "im2col");
  auto patches =
      Tensor<T>::uninitialized({detail::checked_product("im2col", samples, shape[1]), shape[0]});
  const Scratch<T> scratch(shape.size());
  const TensorView<T> columns(scratch.data(), shape);
  for (Index n = 0; n < samples; ++n) {
    im2col(x[n], window, columns);
    as_matrix(patches.rows(n * shape[1], (n + 1) * shape[1])) = as_matrix(columns).transpose();
  }
  return patches;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
