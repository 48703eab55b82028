#pragma once

#include <Eigen/Core>

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The Eigen matrix whose memory is laid out as a tensor's.
template <class T>
using RowMajorMatrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Eigen's map of a matrix with any two strides; const where T is.
template <class T>
using MatrixMap =
    Eigen::Map<std::conditional_t<std::is_const_v<T>, const RowMajorMatrix<std::remove_const_t<T>>,
                                  RowMajorMatrix<std::remove_const_t<T>>>,
               Eigen::Unaligned, Eigen::OuterStride<>>;

/// Eigen's map of dense elements as one long array; const where T is.
template <class T>
using ArrayMap =
    Eigen::Map<std::conditional_t<std::is_const_v<T>,
                                  const Eigen::Array<std::remove_const_t<T>, Eigen::Dynamic, 1>,
                                  Eigen::Array<std::remove_const_t<T>, Eigen::Dynamic, 1>>>;

namespace detail {

template <class T, class Derived>
TensorView<T> view_of_eigen(Derived& x) {
  if constexpr (Derived::IsVectorAtCompileTime) {
    return {x.data(), Shape{x.size()}, Strides{x.innerStride()}};
  } else {
    return {x.data(), Shape{x.rows(), x.cols()}, Strides{x.rowStride(), x.colStride()}};
  }
}

}  // namespace detail

/// Rank 2 as an Eigen matrix, without a copy.
/// @throws ShapeError unless the rank is 2 and each row is dense.
template <class T>
MatrixMap<T> as_matrix(TensorView<T> x) {
  if (x.rank() != 2) throw ShapeError("as_matrix: expected rank 2, got ", x.shape());
  if (x.stride(1) != 1 && x.extent(1) > 1 && !x.empty()) {
    throw ShapeError("as_matrix: the rows of the view of shape ", x.shape(), " are not dense");
  }
  return {x.data(), x.extent(0), x.extent(1), Eigen::OuterStride<>(x.stride(0))};
}
///@{
/// The same for a tensor.
template <class T>
MatrixMap<T> as_matrix(Tensor<T>& x) {
  return as_matrix(x.view());
}
template <class T>
MatrixMap<const T> as_matrix(const Tensor<T>& x) {
  return as_matrix(x.view());
}
template <class T>
MatrixMap<const T> as_matrix(const Tensor<T>&& expiring) = delete;
///@}

/// Any rank as one long Eigen array, without a copy. @throws ShapeError unless x is contiguous.
template <class T>
ArrayMap<T> as_array(TensorView<T> x) {
  if (!x.is_contiguous()) {
    throw ShapeError("as_array: the view of shape ", x.shape(), " is not contiguous");
  }
  return {x.data(), x.size()};
}
///@{
/// The same for a tensor.
template <class T>
ArrayMap<T> as_array(Tensor<T>& x) {
  return as_array(x.view());
}
template <class T>
ArrayMap<const T> as_array(const Tensor<T>& x) {
  return as_array(x.view());
}
template <class T>
ArrayMap<const T> as_array(const Tensor<T>&& expiring) = delete;
///@}

/// An Eigen matrix, array, map or block of either storage order as a view, without a copy. Vectors
/// have rank 1, all others rank 2. An Eigen expression has no memory: call its `.eval()` first.
template <class Derived>
  requires((Derived::Flags & Eigen::DirectAccessBit) != 0)
auto as_view(Eigen::DenseBase<Derived>& x) {
  using T = std::remove_pointer_t<decltype(x.derived().data())>;
  return detail::view_of_eigen<T>(x.derived());
}
/// The same for constant elements.
template <class Derived>
  requires((Derived::Flags & Eigen::DirectAccessBit) != 0)
auto as_view(const Eigen::DenseBase<Derived>& x) {
  return detail::view_of_eigen<const typename Derived::Scalar>(x.derived());
}
/// Refused: the memory of an expiring matrix ends with it. A map or a block is allowed.
template <class Derived>
  requires(std::derived_from<Derived, Eigen::PlainObjectBase<Derived>>)
void as_view(const Eigen::DenseBase<Derived>&& expiring) = delete;

}  // namespace dlfs
DLFS_STRICT_MATH_END
