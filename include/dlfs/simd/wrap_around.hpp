#pragma once

#include <concepts>
#include <type_traits>

#include "dlfs/simd/level.hpp"
#include "dlfs/simd/multiply_add.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::simd::detail {

/// Unsigned numbers in place of signed integers, because unsigned overflow wraps around.
template <class V>
struct Wrapping {
  using type = V;
};
template <std::integral V>
struct Wrapping<V> {
  using type = std::common_type_t<std::make_unsigned_t<V>, unsigned>;
};
#if defined(DLFS_SIMD_VECTORS)
template <class V>
  requires(!std::is_arithmetic_v<V> && std::integral<ElementOf<V>>)
struct Wrapping<V> {
  typedef std::make_unsigned_t<ElementOf<V>> type __attribute__((vector_size(sizeof(V))));
};
#endif

/// The integers x as To; vectors keep their bits.
template <class To>
struct Reinterpreted {
  template <class V>
  DLFS_INLINE explicit Reinterpreted(const V& x) {
    if constexpr (std::is_arithmetic_v<V>) {
      value = static_cast<To>(x);
    } else {
      value = reinterpret_cast<To>(x);
    }
  }
  To value;
};

/// op(in..., out), where integers wrap around beyond the range of their type, as in NumPy.
template <class Op, class V, class... In>
DLFS_INLINE void wrap_around(const Op& op, V& out, const In&... in) {
  using Unsigned = typename Wrapping<V>::type;
  if constexpr (std::same_as<V, Unsigned>) {
    op(in..., out);
  } else {
    Unsigned result;
    op(Reinterpreted<Unsigned>(in).value..., result);
    out = Reinterpreted<V>(result).value;
  }
}

/// sum += x.
template <class V, class Sum>
DLFS_INLINE void add_to(const V& x, Sum& sum) {
  wrap_around([](const auto& a, const auto& b, auto& out) DLFS_INLINE_LAMBDA { out = a + b; }, sum,
              sum, x);
}

}  // namespace dlfs::simd::detail

namespace dlfs::simd {

/// The formula sum += x.
struct AddTo {
  template <class V, class Sum>
  void operator()(const V& x, Sum& sum) const {
    detail::add_to(x, sum);
  }
};

}  // namespace dlfs::simd
DLFS_STRICT_MATH_END
