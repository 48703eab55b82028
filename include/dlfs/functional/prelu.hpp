#pragma once

#include <algorithm>
#include <array>
#include <concepts>

#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/multiply_add.hpp"

// Kernels of PReLU, on contiguous views (N, F, S): feature f has the slope slope[f].

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// y = x where x > 0, else slope x.
template <std::floating_point T>
void prelu(TensorView<const T> x, const T* slope, TensorView<T> y) {
  if (x.empty()) return;
  const Index features = x.extent(1);
  const Index count = x.extent(2);
  const auto formula = []<class V>(const V& number, const V& a, V& out) {
    out = number > V{} ? number : a * number;
  };
  for (Index n = 0; n < x.extent(0); ++n) {
    const Index first = n * features * count;
    simd::apply<T>(formula, features, count, y.data() + first, count,
                   simd::Operand<T>{x.data() + first, 1, count}, simd::Operand<T>{slope, 0, 1});
  }
}

/// dx = dy where x > 0, else slope dy; dx may be null.
/// dslope = the sum of x dy where x is not above 0: F numbers, stored as `store` says.
template <std::floating_point T>
void prelu_backward(TensorView<const T> x, TensorView<const T> dy, const T* slope, T* dslope,
                    Store store, TensorView<T> dx) {
  const Index features = x.extent(1);
  const Index count = x.extent(2);
  if (store == Store::overwrite) std::fill_n(dslope, features, T(0));
  if (x.empty()) return;
  const auto add_slope = []<class V>(const V& number, const V& gradient, V& sum) {
    // Both factors are 0, because an infinite gradient does not count either.
    const V below = number > V{} ? V{} : number;
    const V reached = number > V{} ? V{} : gradient;
    simd::multiply_add<V>(below, reached, sum, sum);
  };
  const auto formula = []<class V>(const V& number, const V& gradient, const V& a, V& out) {
    out = number > V{} ? gradient : a * gradient;
  };
  const auto backward = [&](Index n, Index, const std::array<T*, 1>& sum) {
    const Index first = n * features * count;
    const simd::Operand<T> numbers{x.data() + first, 1, count};
    const simd::Operand<T> gradients{dy.data() + first, 1, count};
    simd::add_up_columns(add_slope, features, count, sum, numbers, gradients);
    if (dx.data() == nullptr) return;
    simd::apply<T>(formula, features, count, dx.data() + first, count, numbers, gradients,
                   simd::Operand<T>{slope, 0, 1});
  };
  const Scratch<T> sum(features);
  simd::add_up_halves(0, x.extent(0), 1, features, std::array{sum.data()}, backward);
  simd::map(simd::AddTo(), features, static_cast<const T*>(sum.data()), dslope);
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
