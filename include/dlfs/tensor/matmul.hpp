#pragma once

#include <algorithm>
#include <concepts>
#include <type_traits>

#include "dlfs/core/expect.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/gemm/gemm.hpp"
#include "dlfs/simd/vector_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

template <class A, class B>
concept MatmulOperands = AnyTensor<A> && AnyTensor<B> && std::same_as<Element<A>, Element<B>> &&
    std::is_arithmetic_v<Element<A>> && !std::same_as<Element<A>, bool>;

template <class T>
bool has_dense_rows(const TensorView<T>& x) {
  return x.stride(1) == 1 || x.extent(1) <= 1;
}

/// The division of an (m, n) product of depth k into blocks for the threads. No sum depends on it,
/// so it may depend on the number of threads.
class ProductGrid {
 public:
  /// Blocks begin at multiples of this number, the largest tile width of any level, in columns.
  static constexpr Index tile = 48;

  ProductGrid(Index m, Index k, Index n) : m_(m), n_(n) {
    constexpr Index most_blocks = 16;  // each block packs its own rows of a and columns of b
    if (thread_count() == 1) return;
    const double flop = flop_of(m, k, n);
    while (blocks() < most_blocks && flop / static_cast<double>(blocks()) > least_flop) {
      const Index height = m / rows_;
      const Index width = n / columns_;
      if (std::max(height, width) < 2 * tile) break;
      (height >= width ? rows_ : columns_) *= 2;
    }
  }

  /// Whether the product is so small that it is never divided.
  static bool is_one_block(Index m, Index k, Index n) { return flop_of(m, k, n) <= least_flop; }

  Index blocks() const { return rows_ * columns_; }

  struct Block {
    Index row, column, height, width;
  };
  Block block(Index i) const {
    if (blocks() == 1) return {0, 0, m_, n_};
    const auto begin = [](Index extent, Index pieces, Index piece) {
      return piece == pieces ? extent : piece_begin(extent, pieces, piece) / tile * tile;
    };
    const Index row = begin(m_, rows_, i / columns_);
    const Index column = begin(n_, columns_, i % columns_);
    return {row, column, begin(m_, rows_, i / columns_ + 1) - row,
            begin(n_, columns_, i % columns_ + 1) - column};
  }

 private:
  static constexpr double least_flop = 8e6;  // with less, waking a thread costs more than it saves

  static double flop_of(Index m, Index k, Index n) {
    return 2.0 * static_cast<double>(m * n) * static_cast<double>(k);
  }

  Index m_;
  Index n_;
  Index rows_ = 1;
  Index columns_ = 1;
};

/// The number of parts of the depth k of an (m, n) product. It is more than one if there are few
/// results: each block would read most of the factors. Sums depend on it, so only shapes decide it.
inline Index depth_parts(Index m, Index k, Index n) {
  constexpr Index few_results = 128 * 128;
  constexpr Index least_products = 10'000'000;  // minimum number of products in a part
  constexpr Index most_parts = 16;
  const Index results = m * n;
  if (results > few_results || results == 0) return 1;
  // A depth that is broadcast without memory may have more products than an Index can count.
  return k / least_products >= most_parts
             ? most_parts
             : std::clamp<Index>(results * k / least_products, 1, most_parts);
}

/// out = or += a b, where the depth is divided into parts. Each part is a product of its own, and
/// the parts are added in order.
template <class T>
void matmul_in_parts(Index m, Index k, Index n, const gemm::Strided<const T>& a,
                     const gemm::Strided<const T>& b, const gemm::Strided<T>& out, Store store,
                     Index parts) {
  const Scratch<T> sums((parts - 1) * m * n);
  parallel_for(parts, [&](Index part) {
    const Index first = piece_begin(k, parts, part);
    const Index depth = piece_begin(k, parts, part + 1) - first;
    if (part == 0) {
      gemm::gemm<T>(m, depth, n, a, b, out, store);
    } else {
      T* const sum = sums.data() + (part - 1) * m * n;
      gemm::gemm<T>(m, depth, n, a.from(0, first), b.from(first, 0), {sum, n, 1}, Store::overwrite);
    }
  });
  for (Index row = 0; row < (parts - 1) * m; ++row) {
    simd::map(simd::AddTo(), n, static_cast<const T*>(sums.data() + row * n), out.at(row % m, 0));
  }
}

/// out (m, n) = or += a (m, k) b (k, n), where the rows of out are dense.
template <class T>
void matmul(Index m, Index k, Index n, const gemm::Strided<const T>& a,
            const gemm::Strided<const T>& b, const gemm::Strided<T>& out, Store store) {
  // So small a product is one block and one part; a tiny one is faster than the way to find out.
  constexpr Index small = 128;
  if (m <= small && k <= small && n <= small && m > 0 && k > 0 && n > 0) {
    return gemm::gemm<T>(m, k, n, a, b, out, store);
  }
  if (const Index parts = depth_parts(m, k, n); parts > 1) {
    return matmul_in_parts<T>(m, k, n, a, b, out, store, parts);
  }
  const ProductGrid grid(m, k, n);
  parallel_for(grid.blocks(), [&](Index i) {
    const auto [row, column, height, width] = grid.block(i);
    if (height == 0 || width == 0) return;
    const gemm::Strided<T> corner = out.from(row, column);
    if (k > 0) {
      gemm::gemm<T>(height, k, width, a.from(row, 0), b.from(0, column), corner, store);
    } else if (store == Store::overwrite) {
      for (Index j = 0; j < height; ++j) std::fill_n(corner.at(j, 0), width, T(0));
    }
  });
}
template <class T>
void matmul(const TensorView<const T>& a, const TensorView<const T>& b, const TensorView<T>& out,
            Store store) {
  matmul<T>(out.extent(0), a.extent(1), out.extent(1), {a.data(), a.stride(0), a.stride(1)},
            {b.data(), b.stride(0), b.stride(1)}, {out.data(), out.stride(0), 1}, store);
}

inline void expect_factors(const Shape& a, const Shape& b) {
  if (a.rank() != 2 || b.rank() != 2) {
    throw ShapeError("matmul: expected two matrices, got ", a, " times ", b);
  }
  if (a[1] != b[0]) {
    throw ShapeError("matmul: the inner extents differ: ", a, " times ", b);
  }
}

}  // namespace detail

/// The matrix product out = a b, or out += a b with Store::add.
///
///   a (M, K)   b (K, N)   out (M, N)
///
/// Operands may have any strides. The rows of `out` must be dense, and it must not overlap a or b.
/// The result is bit-identical for any number of threads and any strides. A sum consists of chains
/// of at most 784 products of float, or 392 of double, which are added in order. For K <= 100,000
/// products of standard normal floats the error is about 5e-7 sqrt(K), where the sum is about
/// sqrt(K).
/// Cost: 2MNK FLOP.
/// @throws ShapeError if the shapes do not fit or the rows of `out` are not dense.
template <class A, class B>
  requires(detail::MatmulOperands<A, B>)
void matmul(const A& a, const B& b, const TensorView<Element<A>>& out,
            Store store = Store::overwrite) {
  using T = Element<A>;
  const TensorView<const T>& left = a;
  const TensorView<const T>& right = b;
  detail::expect_factors(left.shape(), right.shape());
  const Index m = left.extent(0);
  const Index n = right.extent(1);
  if (out.rank() != 2 || out.extent(0) != m || out.extent(1) != n) {
    throw ShapeError("matmul: expected an output of shape ", Shape{m, n}, ", got ", out.shape());
  }
  if (!detail::has_dense_rows(out)) {
    throw ShapeError("matmul: the rows of the output are not dense");
  }
  detail::expect_apart("matmul", "the output", out, "the left factor", left);
  detail::expect_apart("matmul", "the output", out, "the right factor", right);
  detail::matmul<T>(left, right, out, store);
}

namespace detail {

/// Multiplies the matrices (M, K) and (K, N) in the last axes of a and b, pair by pair.
template <class T>
void matmul_each(const TensorView<const T>& a, const TensorView<const T>& b,
                 const TensorView<T>& out) {
  if (out.rank() == 2) return matmul<T>(a, b, out, Store::overwrite);
  for (Index i = 0; i < out.extent(0); ++i) matmul_each<T>(a[i], b[i], out[i]);
}

/// a (..., M, K) times b (..., K, N), where one of them may be a vector.
template <class T>
Tensor<T> batched_matmul(TensorView<const T> a, TensorView<const T> b) {
  if (a.rank() == 0 || b.rank() == 0) {
    throw ShapeError("matmul: expected matrices or vectors, got ", a.shape(), " times ", b.shape());
  }
  const auto left = a.rank() == 1 ? a.reshape({1, a.size()}) : a;
  const auto right = b.rank() == 1 ? b.reshape({b.size(), 1}) : b;
  const Index m = left.extent(-2), k = left.extent(-1), n = right.extent(-1);
  if (right.extent(-2) != k) {
    throw ShapeError("matmul: the inner extents differ: ", a.shape(), " times ", b.shape());
  }
  const Shape batch = broadcast_shapes(left.shape().axes(0, left.rank() - 2),
                                       right.shape().axes(0, right.rank() - 2), "matmul");
  const auto with_matrix = [&](Index rows, Index columns) {
    Shape shape = batch;
    shape.push_back(rows);
    shape.push_back(columns);
    return shape;
  };
  auto out = Tensor<T>::uninitialized(with_matrix(m, n));
  matmul_each<T>(left.broadcast_to(with_matrix(m, k)), right.broadcast_to(with_matrix(k, n)), out);
  Shape shape = batch;
  if (a.rank() > 1) shape.push_back(m);
  if (b.rank() > 1) shape.push_back(n);
  return std::move(out).reshape(shape);
}

}  // namespace detail

template <AnyTensor A, AnyTensor B>
  requires(!std::same_as<Element<A>, Element<B>>)
DLFS_REFUSED("matmul: the factors have different element types; cast<float>(x) makes them one")
void matmul(const A&, const B&);

/// a (M, K) times b (K, N), as a new tensor (M, N): NumPy's matmul. Leading axes are a batch of
/// matrices, and are broadcast. A vector (K) is a row on the left or a column on the right; the
/// result does not have that axis. @throws ShapeError if the shapes do not fit.
template <class A, class B>
  requires(detail::MatmulOperands<A, B>)
Tensor<Element<A>> matmul(const A& a, const B& b) {
  using T = Element<A>;
  const TensorView<const T>& left = a;
  const TensorView<const T>& right = b;
  if (left.rank() != 2 || right.rank() != 2) return detail::batched_matmul<T>(left, right);
  detail::expect_factors(left.shape(), right.shape());
  auto out = Tensor<T>::uninitialized({left.extent(0), right.extent(1)});
  detail::matmul<T>(left, right, out, Store::overwrite);
  return out;
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
