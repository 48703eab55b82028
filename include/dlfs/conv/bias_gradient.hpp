#pragma once

#include <algorithm>
#include <array>

#include "dlfs/conv/images.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::conv {

using namespace simd;

/// The gradient of the bias of a correlation: dbias[f] = sum over n, i, j of dy[n, f, i, j].
///
/// The weight gradients add each image here when they read it themselves, while it is in the cache.
template <class T>
class BiasGradient {
 public:
  BiasGradient(Index images, Index filters)
      : images_(images), filters_(filters), sums_(images * filters) {}

  void add(const Images<const T>& dy, Index image) const {
    add_up_columns(AddTo(), filters_, dy.plane(), std::array{sums_.data() + image * filters_},
                   Operand<T>{dy.channel(image, 0), 1, dy.plane()});
  }

  /// dbias (F) = or += the sums. Call it after all images are added.
  void store_to(T* dbias, Store store) const {
    const Scratch<T> totals(filters_);
    add_up_rows(AddTo(), images_, filters_, std::array{totals.data()},
                Operand<T>{sums_.data(), 1, filters_});
    if (store == Store::overwrite) std::fill_n(dbias, filters_, T(0));
    map(AddTo(), filters_, static_cast<const T*>(totals.data()), dbias);
  }

 private:
  Index images_;
  Index filters_;
  Scratch<T> sums_;  // (N, F)
};

}  // namespace dlfs::conv
DLFS_STRICT_MATH_END
