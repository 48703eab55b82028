#pragma once

#include "dlfs/conv/window.hpp"
#include "dlfs/core/view.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The window that a convolution or a pooling slides along the steps of a sequence.
struct Window1d {
  Index kernel = 1;    ///< number of steps in the window
  Index stride = 1;    ///< distance of neighbouring windows, in steps
  Index padding = 0;   ///< steps added on each side
  Index dilation = 1;  ///< distance between neighbouring taps

  /// The same window on an image of one row.
  constexpr Window2d in_image() const {
    return {.kernel = {1, kernel},
            .stride = {1, stride},
            .padding = {0, padding},
            .dilation = {1, dilation}};
  }

  /// @throws ValueError like Window2d::check.
  constexpr void check(std::string_view operation) const { in_image().check(operation); }
};

namespace detail {

/// The shape (N, C, 1, L) of sequences as images of one row.
/// @throws ShapeError, naming the operation, unless x is (N, C, L).
inline Shape as_images(const Shape& x, std::string_view operation) {
  if (x.rank() != 3) throw ShapeError(operation, ": expected x of shape (N, C, L), got ", x);
  return {x[0], x[1], 1, x[2]};
}

/// (N, C, L) reshaped to (N, C, 1, L).
template <class T>
TensorView<T> as_images(const TensorView<T>& x) {
  return x.reshape(Shape{x.extent(0), x.extent(1), 1, x.extent(2)});
}

/// The shape (N, C, L) of images (N, C, 1, L).
inline Shape as_sequences(const Shape& images) { return {images[0], images[1], images[3]}; }

}  // namespace detail

}  // namespace dlfs
DLFS_STRICT_MATH_END
