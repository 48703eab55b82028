#pragma once

#include <cstddef>
#include <string_view>

#include "dlfs/core/expect.hpp"
#include "dlfs/core/rng.hpp"
#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// kept[i] = 0 with probability `ratio`, else 1, for i < count.
inline void draw_kept(double ratio, Rng rng, std::byte* kept, Index count) {
  for (Index i = 0; i < count; ++i)
    kept[i] = std::byte{static_cast<double>(rng.uniform<float>()) >= ratio};
}

/// y = scale x where x is kept, else 0. All views have the same shape; y may be the memory of x.
/// @throws ShapeError for views of different shapes or non-contiguous views.
template <AnyTensor X>
void scale_kept(const X& x, const std::byte* kept, Element<X> scale, TensorView<Element<X>> y) {
  using T = Element<X>;
  const TensorView<const T> in = x;
  detail::expect_dense("scale_kept", "x", in);
  detail::expect_dense("scale_kept", "y", y, in.shape());
  detail::expect_same_or_apart("scale_kept", "y", y, "x", in);
  for (Index i = 0; i < in.size(); ++i) {
    y.data()[i] = kept[i] == std::byte{} ? T(0) : scale * in.data()[i];
  }
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
