#pragma once

#include <algorithm>
#include <concepts>
#include <type_traits>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/math/store.hpp"

namespace dlfs {

namespace detail {

template <class A, class B>
concept MatmulOperands = AnyTensor<A> && AnyTensor<B> && std::same_as<Element<A>, Element<B>> &&
    std::is_arithmetic_v<Element<A>> && !std::same_as<Element<A>, bool>;

/// A matrix with one dense axis: each row (Eigen::RowMajor) or each column (Eigen::ColMajor).
template <class T>
struct DenseMatrix {
  const T* data;
  Index stride;  // from one row, or column, to the next
  Eigen::StorageOptions order;

  const T* at(Index row, Index column) const {
    return order == Eigen::RowMajor ? data + row * stride + column : data + column * stride + row;
  }
};

template <class T>
bool has_dense_rows(TensorView<T> x) {
  return x.stride(1) == 1 || x.extent(1) <= 1;
}

template <class T>
bool has_dense_axis(TensorView<T> x) {
  return has_dense_rows(x) || has_dense_rows(x.transpose());
}

/// x itself where one of its axes is dense, else a copy of its elements in `copied`.
template <class T>
DenseMatrix<T> dense_matrix(TensorView<const T> x, T* copied) {
  if (has_dense_rows(x)) return {x.data(), x.stride(0), Eigen::RowMajor};
  if (has_dense_rows(x.transpose())) return {x.data(), x.stride(1), Eigen::ColMajor};
  T* out = copied;
  for (Index row = 0; row < x.extent(0); ++row) {
    const T* in = x.data() + row * x.stride(0);
    for (Index column = 0; column < x.extent(1); ++column) *out++ = in[column * x.stride(1)];
  }
  return {copied, x.extent(1), Eigen::RowMajor};
}

/// How an (m, n) product of depth k is cut into blocks for the threads: by its extents alone, so
/// that the result does not depend on the number of threads.
class ProductGrid {
 public:
  /// Blocks begin at multiples of it: Eigen's kernel works on 48, 24 or 12 columns at a time.
  static constexpr Index tile = 48;

  ProductGrid(Index m, Index k, Index n) : m_(m), n_(n) {
    constexpr double least_flop = 8e6;  // for less, to wake a thread costs more than it saves
    constexpr Index most_blocks = 16;   // each block packs its rows of a and columns of b anew
    const double flop = 2.0 * static_cast<double>(m * n) * static_cast<double>(k);
    while (blocks() < most_blocks && flop / static_cast<double>(blocks()) > least_flop) {
      const Index height = m / rows_;
      const Index width = n / columns_;
      if (std::max(height, width) < 2 * tile) break;
      (height >= width ? rows_ : columns_) *= 2;
    }
  }

  Index blocks() const { return rows_ * columns_; }

  struct Block {
    Index row, column, height, width;
  };
  Block block(Index i) const {
    const auto begin = [](Index extent, Index pieces, Index piece) {
      return piece == pieces ? extent : piece_begin(extent, pieces, piece) / tile * tile;
    };
    const Index row = begin(m_, rows_, i / columns_);
    const Index column = begin(n_, columns_, i % columns_);
    return {row, column, begin(m_, rows_, i / columns_ + 1) - row,
            begin(n_, columns_, i % columns_ + 1) - column};
  }

 private:
  Index m_;
  Index n_;
  Index rows_ = 1;
  Index columns_ = 1;
};

/// The sizes and the memory that Eigen's product packs its operands into, lent from Scratch.
template <class T>
class ProductWorkspace : public Eigen::internal::level3_blocking<T, T> {
 public:
  ProductWorkspace(Index rows, Index depth, Index columns)
      : ProductWorkspace(block_sizes(rows, depth, columns)) {}

 private:
  struct Sizes {
    Index rows, depth, columns;
  };

  static Sizes block_sizes(Index rows, Index depth, Index columns) {
    Eigen::internal::computeProductBlockingSizes<T, T>(depth, rows, columns);
    return {rows, depth, columns};
  }

  explicit ProductWorkspace(Sizes sizes)
      : left_(sizes.rows * sizes.depth), right_(sizes.depth * sizes.columns) {
    this->m_mc = sizes.rows;
    this->m_kc = sizes.depth;
    this->m_nc = sizes.columns;
    this->m_blockA = left_.data();
    this->m_blockB = right_.data();
  }

  Scratch<T> left_;
  Scratch<T> right_;
};

/// out (m, n) += a (m, k) b (k, n).
///
/// Calls the kernel beneath Eigen's expression `out.noalias() += a * b`. The expression would
/// also instantiate Eigen's matrix-vector and coefficient-wise products for every combination of
/// orders, which takes eight times as long to compile, and take its workspace from the heap.
template <class T, int order_a, int order_b>
void add_product(DenseMatrix<T> a, DenseMatrix<T> b, T* out, Index out_stride, Index m, Index k,
                 Index n) {
  // The kernel writes column-major matrices: it computes the transpose, b^T a^T.
  constexpr auto transposed = [](int order) {
    return order == Eigen::RowMajor ? Eigen::ColMajor : Eigen::RowMajor;
  };
  using Product = Eigen::internal::general_matrix_matrix_product<
      Index, T, transposed(order_b), false, T, transposed(order_a), false, Eigen::ColMajor, 1>;
  ProductWorkspace<T> workspace(n, k, m);
  Product::run(n, m, k, b.data, b.stride, a.data, a.stride, out, 1, out_stride, T(1), workspace);
}

template <class T>
void add_product(DenseMatrix<T> a, DenseMatrix<T> b, T* out, Index out_stride, Index m, Index k,
                 Index n) {
  constexpr int row = Eigen::RowMajor;
  constexpr int column = Eigen::ColMajor;
  const auto product =
      a.order == row
          ? (b.order == row ? add_product<T, row, row> : add_product<T, row, column>)
          : (b.order == row ? add_product<T, column, row> : add_product<T, column, column>);
  product(a, b, out, out_stride, m, k, n);
}

template <class T>
void matmul(TensorView<const T> a, TensorView<const T> b, TensorView<T> out, Store store) {
  const Index m = out.extent(0);
  const Index k = a.extent(1);
  const Index n = out.extent(1);
  const Scratch<T> copied_a(has_dense_axis(a) ? 0 : a.size());
  const Scratch<T> copied_b(has_dense_axis(b) ? 0 : b.size());
  const DenseMatrix<T> left = dense_matrix(a, copied_a.data());
  const DenseMatrix<T> right = dense_matrix(b, copied_b.data());

  const ProductGrid grid(m, k, n);
  parallel_for(grid.blocks(), [&](Index i) {
    const auto [row, column, height, width] = grid.block(i);
    T* const corner = out.data() + row * out.stride(0) + column;
    if (store == Store::overwrite) {
      for (Index j = 0; j < height; ++j) std::fill_n(corner + j * out.stride(0), width, T(0));
    }
    if (height == 0 || width == 0 || k == 0) return;
    add_product<T>({left.at(row, 0), left.stride, left.order},
                   {right.at(0, column), right.stride, right.order}, corner, out.stride(0), height,
                   k, width);
  });
}

inline Shape product_shape(const Shape& a, const Shape& b) {
  if (a.rank() != 2 || b.rank() != 2) {
    throw ShapeError(concat("matmul: expected two matrices, got ", a, " times ", b));
  }
  if (a[1] != b[0]) {
    throw ShapeError(concat("matmul: the inner extents differ: ", a, " times ", b));
  }
  return {a[0], b[1]};
}

}  // namespace detail

/// The matrix product out = a b, or out += a b with Store::add.
///
///   a (M, K)   b (K, N)   out (M, N)
///
/// Operands may have any strides; those with a dense axis, as x and x.transpose() of a tensor x
/// have, are read without a copy. The rows of `out` must be dense, and it must not overlap a or b.
/// Bit-identical for any number of threads. Cost: 2MNK FLOP.
/// @throws ShapeError if the shapes do not fit or the rows of `out` are not dense.
template <class A, class B>
  requires(detail::MatmulOperands<A, B>)
void matmul(const A& a, const B& b, TensorView<Element<A>> out, Store store = Store::overwrite) {
  using T = Element<A>;
  const TensorView<const T> left = a;
  const TensorView<const T> right = b;
  const Shape expected = detail::product_shape(left.shape(), right.shape());
  if (out.shape() != expected) {
    throw ShapeError(
        concat("matmul: expected an output of shape ", expected, ", got ", out.shape()));
  }
  if (!detail::has_dense_rows(out)) {
    throw ShapeError("matmul: the rows of the output are not dense");
  }
  detail::matmul<T>(left, right, out, store);
}

/// a (M, K) times b (K, N), as a new (M, N). @throws ShapeError if the shapes do not fit.
template <class A, class B>
  requires(detail::MatmulOperands<A, B>)
Tensor<Element<A>> matmul(const A& a, const B& b) {
  using T = Element<A>;
  const TensorView<const T> left = a;
  const TensorView<const T> right = b;
  auto out = Tensor<T>::uninitialized(detail::product_shape(left.shape(), right.shape()));
  detail::matmul<T>(left, right, out, Store::overwrite);
  return out;
}

}  // namespace dlfs
