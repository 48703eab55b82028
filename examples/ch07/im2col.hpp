#pragma once

#include <dlfs/dlfs.hpp>

namespace ch07 {

/// The patches under a window in the book's layout (section 7.4.2): one row for each position of
/// each image. The library keeps the patches of an image in columns.
///
///   x (N, C, H, W) -> (N OH OW, C KH KW)
inline dlfs::Tensor<double> im2col(const dlfs::Tensor<double>& x, const dlfs::Window2d& window) {
  using namespace dlfs;
  const Shape columns = columns_shape(x[0].shape(), window, "im2col");
  Tensor<double> patches({x.extent(0), columns[1], columns[0]});
  Tensor<double> of_image(columns);
  for (Index n = 0; n < x.extent(0); ++n) {
    dlfs::im2col(x[n], window, of_image);
    assign(patches[n], of_image.transpose());
  }
  return copy(patches.reshape({-1, columns[0]}));
}

}  // namespace ch07
