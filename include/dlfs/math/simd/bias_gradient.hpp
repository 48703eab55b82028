#pragma once

#include <algorithm>
#include <numeric>

#include "dlfs/core/scratch.hpp"
#include "dlfs/math/simd/images.hpp"
#include "dlfs/math/simd/kernels.hpp"
#include "dlfs/math/store.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::simd {

/// The gradient of the bias of a correlation: dbias[f] = sum over n, i, j of dy[n, f, i, j].
///
/// The gradients of the weights add each image to it about when they read the image themselves.
template <class T>
class BiasGradient {
 public:
  explicit BiasGradient(Index filters) : filters_(filters), sums_(filters * kernels_.lanes) {
    std::fill_n(sums_.data(), filters * kernels_.lanes, T(0));
  }

  void add(const Images<const T>& dy, Index image) const {
    kernels_.add_rows(filters_, dy.plane(), dy.channel(image, 0), dy.plane(), sums_.data());
  }

  /// dbias (F) = or += the sums.
  void store_to(T* dbias, Store store) const {
    for (Index f = 0; f < filters_; ++f) {
      const T* const sum = sums_.data() + f * kernels_.lanes;
      dbias[f] = std::accumulate(sum, sum + kernels_.lanes, store == Store::add ? dbias[f] : T(0));
    }
  }

 private:
  const Kernels<T>& kernels_ = simd::kernels<T>();
  Index filters_;
  Scratch<T> sums_;
};

}  // namespace dlfs::simd
DLFS_STRICT_MATH_END
