#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

// The arithmetic below must round alike in every build, so the compiler may not choose where to
// contract a product and a sum: it is one fused operation at run time, and two in a constant.
constexpr double multiply_add(double a, double b, double c) {
  return std::is_constant_evaluated() ? a * b + c : std::fma(a, b, c);
}

/// e^x for -8 < x <= 0.
constexpr double portable_exp(double x) {
  const double reduced = x / 64;
  double sum = 1;
  for (int k = 12; k > 0; --k) sum = multiply_add(sum, reduced / k, 1);
  for (int squaring = 0; squaring < 6; ++squaring) sum *= sum;
  return sum;
}

/// The natural logarithm for 0 < x <= 1.
constexpr double portable_log(double x) {
  constexpr double ln2 = 0.6931471805599453;
  int halvings = 0;
  for (; x < 0.70710678; x *= 2) ++halvings;
  const double s = (x - 1) / (x + 1);
  const double s2 = s * s;
  double series = 0;
  for (int k = 25; k > 0; k -= 2) series = multiply_add(series, s2, 2.0 / k);
  return multiply_add(-ln2, halvings, series * s);
}

constexpr double portable_sqrt(double x) {
  double root = x > 1 ? x : 1;
  for (int iteration = 0; iteration < 40; ++iteration) {
    const double next = (root + x / root) / 2;
    if (next == root) break;
    root = next;
  }
  return root;
}

/// Rounding may take a number of [low, high) to high: that becomes the number before it.
template <class T>
T below_end(T value, T low, T high) {
  return value < high ? value : std::nextafter(high, low);
}

/// 256 layers of equal area under exp(-x^2 / 2).
struct ZigguratTables {
  static constexpr std::size_t layers = 256;
  static constexpr double tail = 3.6541528853610088;  // where the last layer's tail begins
  static constexpr double area = 0.004928673233974658;
  std::array<double, layers + 1> edge{};    // right ends, from the lowest layer on
  std::array<double, layers + 1> height{};  // of the density there

  // Of 64 random bits, the lowest 8 choose a layer, the next one a sign, and the upper 53 are a
  // multiple of the scale. Below `inside` they lie where the density fills the layer.
  std::array<double, 2 * layers> scale{};
  std::array<std::uint64_t, 2 * layers> inside{};

  constexpr ZigguratTables() {
    const double density_at_tail = portable_exp(-tail * tail / 2);
    edge[0] = area / density_at_tail;
    edge[1] = tail;
    height[1] = density_at_tail;
    for (std::size_t i = 2; i < layers; ++i) {
      height[i] = area / edge[i - 1] + height[i - 1];
      edge[i] = portable_sqrt(-2 * portable_log(height[i]));
    }
    height[layers] = 1;
    for (std::size_t i = 0; i < layers; ++i) {
      scale[i] = edge[i] * 0x1p-53;
      scale[layers + i] = -scale[i];
      auto end = static_cast<std::uint64_t>(edge[i + 1] / edge[i] * 0x1p53);
      while (end > 0 && static_cast<double>(end - 1) * scale[i] >= edge[i + 1]) --end;
      while (static_cast<double>(end) * scale[i] < edge[i + 1]) ++end;
      inside[i] = inside[layers + i] = end << 11;
    }
  }
};
inline constexpr ZigguratTables ziggurat;

}  // namespace detail

/// Random numbers that are the same for a seed on every compiler, library and set of flags.
///
/// The generator is xoshiro256++ (Blackman and Vigna, "Scrambled linear pseudorandom number
/// generators", 2021), seeded by SplitMix64. It satisfies std::uniform_random_bit_generator.
class Rng {
 public:
  using result_type = std::uint64_t;

  explicit constexpr Rng(std::uint64_t seed) : key_(seed) {
    for (auto& word : state_) word = split_mix(seed);
  }

  /// A generator of its own for each id, which depends on this one's seed and not on how many
  /// numbers this one has given: one for each sample, worker or trial.
  constexpr Rng stream(std::uint64_t id) const {
    std::uint64_t mixed = key_ ^ 0x6a09e667f3bcc909;
    std::uint64_t key = split_mix(mixed) ^ id;
    return Rng(split_mix(key));
  }

  static constexpr result_type min() { return 0; }
  static constexpr result_type max() { return std::numeric_limits<result_type>::max(); }

  /// 64 random bits.
  constexpr result_type operator()() {
    const std::uint64_t result = rotate(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = rotate(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1), each a multiple of the type's rounding unit.
  template <std::floating_point T = double>
  constexpr T uniform() {
    constexpr int digits = std::numeric_limits<T>::digits;
    static_assert(digits <= 53);
    constexpr T unit = T(1) / static_cast<T>(std::uint64_t{1} << digits);
    return static_cast<T>((*this)() >> (64 - digits)) * unit;
  }

  /// Uniform in [low, high), and low where both are equal.
  /// @throws ValueError unless low <= high and their distance is finite.
  double uniform(double low, double high) {
    const double width = high - low;
    if (!(width >= 0 && width <= std::numeric_limits<double>::max())) {
      throw ValueError("Rng::uniform: expected low <= high, got ", low, " and ", high);
    }
    return detail::below_end(std::fma(width, uniform(), low), low, high);
  }

  /// Uniform in [0, bound), without bias. @throws ValueError unless bound is positive.
  constexpr Index below(Index bound) {
    if (bound <= 0) throw ValueError("Rng::below: expected a positive bound, got ", bound);
    return static_cast<Index>(below_unsigned(static_cast<std::uint64_t>(bound)));
  }

  /// Standard normal, by the ziggurat of Marsaglia and Tsang (2000) as revised by Doornik (2005).
  double normal() {
    const std::uint64_t bits = (*this)();
    const std::size_t slot = bits & 0x1ff;
    const double x =
        static_cast<double>(static_cast<std::int64_t>(bits >> 11)) * detail::ziggurat.scale[slot];
    return bits < detail::ziggurat.inside[slot] ? x : normal_at_edge(bits, x);
  }

  /// Normal with the given mean and standard deviation.
  double normal(double mean, double deviation) { return std::fma(deviation, normal(), mean); }

  /// Puts the values in random order (Fisher and Yates).
  template <class Range>
  constexpr void shuffle(Range& values) {
    for (auto i = static_cast<Index>(std::size(values)); i > 1; --i) {
      std::swap(values[static_cast<std::size_t>(i - 1)],
                values[static_cast<std::size_t>(below(i))]);
    }
  }

 private:
  template <std::integral T>
  friend Tensor<T> random_integers(const Shape& shape, Rng& rng, std::type_identity_t<T> low,
                                   std::type_identity_t<T> high);

  /// As below, for a bound of up to 2^64 - 1.
  constexpr std::uint64_t below_unsigned(std::uint64_t bound) {
    const std::uint64_t biased = -bound % bound;  // 2^64 mod bound values would come too often
    std::uint64_t bits = (*this)();
    while (bits < biased) bits = (*this)();
    return bits % bound;
  }

  static constexpr std::uint64_t rotate(std::uint64_t x, int bits) {
    return (x << bits) | (x >> (64 - bits));
  }

  static constexpr std::uint64_t split_mix(std::uint64_t& counter) {
    std::uint64_t z = (counter += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

  /// Goes on where x lies in the part of its layer that the density does not fill.
  double normal_at_edge(std::uint64_t bits, double x) {
    using detail::ziggurat;
    const std::size_t layer = bits & 0xff;
    if (layer == 0) return std::copysign(normal_tail(), x);
    const double low = ziggurat.height[layer];
    const double high = ziggurat.height[layer + 1];
    const double edge = ziggurat.edge[layer + 1];
    const double y = std::fma(high - low, uniform(), low);
    // The density is high exp(-fall), so between high (1 - fall) and high (1 - fall + fall^2 / 2).
    const double fall = std::fma(x, x, -edge * edge) / 2;
    if (y < high * (1 - fall)) return x;
    if (y > high * std::fma(fall, fall / 2 - 1, 1)) return normal();
    return y < detail::portable_exp(-x * x / 2) ? x : normal();
  }

  double normal_tail() {
    while (true) {
      const double x = -detail::portable_log(1 - uniform()) / detail::ZigguratTables::tail;
      const double y = -detail::portable_log(1 - uniform());
      if (2 * y > x * x) return detail::ZigguratTables::tail + x;
    }
  }

  std::uint64_t key_;
  std::array<std::uint64_t, 4> state_{};
};

/// A tensor of the given shape with standard normal entries times `deviation`.
template <std::floating_point T>
Tensor<T> random_normal(const Shape& shape, Rng& rng, double deviation = 1) {
  auto tensor = Tensor<T>::uninitialized(shape);
  for (T& value : tensor) value = static_cast<T>(deviation * rng.normal());
  return tensor;
}
DLFS_REFUSED("the type of the elements is written: random_normal<float>({2, 3}, rng)")
Tensor<double> random_normal(const Shape&, Rng&, double = 0, double = 0);
template <class T>
DLFS_REFUSED("a variable of type Rng follows the shape: random_normal<float>({2, 3}, rng)")
Tensor<T> random_normal(const Shape&);
template <class T, std::integral Extent, class... Others>
DLFS_REFUSED("the extents stand in braces: random_normal<float>({2, 3}, rng)")
Tensor<T> random_normal(Extent, const Others&...);

/// A tensor of the given shape with entries uniform in [low, high).
template <std::floating_point T>
Tensor<T> random_uniform(const Shape& shape, Rng& rng, double low = 0, double high = 1) {
  auto tensor = Tensor<T>::uninitialized(shape);
  for (T& value : tensor) {
    const T rounded = static_cast<T>(rng.uniform(low, high));
    value = detail::below_end(rounded, static_cast<T>(low), static_cast<T>(high));
  }
  return tensor;
}
DLFS_REFUSED("the type of the elements is written: random_uniform<float>({2, 3}, rng)")
Tensor<double> random_uniform(const Shape&, Rng&, double = 0, double = 0);
template <class T>
DLFS_REFUSED("a variable of type Rng follows the shape: random_uniform<float>({2, 3}, rng)")
Tensor<T> random_uniform(const Shape&);
template <class T, std::integral Extent, class... Others>
DLFS_REFUSED("the extents stand in braces: random_uniform<float>({2, 3}, rng)")
Tensor<T> random_uniform(Extent, const Others&...);

/// A tensor of whole numbers uniform in [low, high). @throws ValueError unless low < high.
template <std::integral T>
Tensor<T> random_integers(const Shape& shape, Rng& rng, std::type_identity_t<T> low,
                          std::type_identity_t<T> high) {
  if (!(low < high)) {
    throw ValueError("random_integers: expected low < high, got ", low, " and ", high);
  }
  auto tensor = Tensor<T>::uninitialized(shape);
  // Unsigned numbers hold the distance of any two integers, and wrap around.
  const auto first = static_cast<std::uint64_t>(low);
  const std::uint64_t width = static_cast<std::uint64_t>(high) - first;
  for (T& value : tensor) value = static_cast<T>(first + rng.below_unsigned(width));
  return tensor;
}

/// 0, 1, ... count - 1 in random order. @throws ShapeError for a negative count.
inline Tensor<Index> permutation(Index count, Rng& rng) {
  auto order = Tensor<Index>::uninitialized({count});
  for (Index i = 0; i < count; ++i) order.data()[i] = i;
  std::span<Index> numbers(order.begin(), order.end());
  rng.shuffle(numbers);
  return order;
}

/// `count` of the numbers 0, 1, ... population - 1, drawn with replacement or without: NumPy's
/// choice. To draw from other things, `take` them at these places.
/// @throws ValueError for an empty population, or for more than it has without replacement.
inline Tensor<Index> choice(Index population, Index count, Rng& rng, bool replacement = true) {
  if (replacement) return random_integers<Index>({count}, rng, 0, population);
  if (count > population) {
    throw ValueError("choice: ", count, " out of ", population, " without replacement");
  }
  const Tensor<Index> order = permutation(population, rng);
  return {{count}, std::span<const Index>(order.begin(), static_cast<std::size_t>(count))};
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
