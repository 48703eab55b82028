#pragma once

#include <algorithm>
#include <array>
#include <concepts>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/simd/kernels.hpp"

// Rows of a table by their numbers, and the gradient of the table.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Element `place` of x in row-major order, as the number of one of `count` rows. The first row of
/// x is row `first` of the batch, for the message.
/// @throws ValueError, naming the place, unless it is a whole number in [0, count).
template <std::floating_point T>
Index row_number(const TensorView<const T>& x, Index place, Index count, Index first) {
  const T number = x.data()[place];
  if (number >= T(0) && number < static_cast<T>(count)) {
    const auto row = static_cast<Index>(number);
    if (static_cast<T>(row) == number) return row;
  }
  Shape indices = x.shape();
  for (int axis = x.rank() - 1; axis >= 0; --axis) {
    indices = indices.with(axis, place % x.extent(axis) + (axis == 0 ? first : 0));
    place /= x.extent(axis);
  }
  throw ValueError("embedding: expected whole numbers in [0, ", count, "), got ", number, " at ",
                   indices);
}

/// The places of the numbers 0, 1, ... among `size` row numbers, in order: those of number k are
/// order[starts[k]], ..., order[starts[k + 1] - 1].
inline void sort_places(const Index* rows, Index size, Index count, Index* starts, Index* order) {
  std::fill_n(starts, count + 1, Index{0});
  for (Index i = 0; i < size; ++i) ++starts[rows[i] + 1];
  for (Index k = 0; k < count; ++k) starts[k + 1] += starts[k];
  for (Index i = 0; i < size; ++i) order[starts[rows[i]]++] = i;
  for (Index k = count; k > 0; --k) starts[k] = starts[k - 1];
  starts[0] = 0;
}

/// Row k of `table` (count, D) = or += the sum of the rows i of dy (size, D) with rows[i] = k. Sums
/// are pairwise and in the order of i, on several threads.
template <std::floating_point T>
void add_up_by_number(const Index* rows, Index size, Index D, const T* dy, Index count, T* table,
                      Store store) {
  const Scratch<Index> starts(count + 1);
  const Scratch<Index> order(size);
  sort_places(rows, size, count, starts.data(), order.data());
  constexpr Index least_elements = 64 * 1024;  // with fewer, waking a thread costs more
  const Index pieces =
      std::clamp<Index>((size + count) * D / least_elements, 1, std::min<Index>(count, 16));
  parallel_for(pieces, [&](Index piece) {
    const Scratch<T> sum(D);
    const auto add_rows = [&](Index first, Index last, const std::array<T*, 1>& to) {
      std::copy_n(dy + order[first] * D, D, to[0]);
      for (Index i = first + 1; i < last; ++i) {
        simd::map(simd::AddTo(), D, dy + order[i] * D, to[0]);
      }
    };
    const Index end = piece_begin(count, pieces, piece + 1);
    for (Index k = piece_begin(count, pieces, piece); k < end; ++k) {
      T* const row = table + k * D;
      if (store == Store::overwrite) std::fill_n(row, D, T(0));
      if (starts[k] == starts[k + 1]) continue;
      simd::add_up_halves(starts[k], starts[k + 1], simd::terms_in_sequence, D,
                          std::array{sum.data()}, add_rows);
      simd::map(simd::AddTo(), D, static_cast<const T*>(sum.data()), row);
    }
  });
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
