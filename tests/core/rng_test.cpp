#include "dlfs/core/rng.hpp"  // first: proves the header self-contained

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs {
namespace {

// The numbers and bit patterns below come from an implementation of its own, written in Python
// with exact fractions in the place of fused multiply-adds. They hold on every compiler and with
// every set of flags.

static_assert(std::uniform_random_bit_generator<Rng>);
static_assert(!std::is_convertible_v<std::uint64_t, Rng>);

constexpr std::uint64_t first_of_zero = Rng(0)();
static_assert(first_of_zero == 0x53175d61490b23df, "as rand_xoshiro's seed_from_u64(0)");

template <class Draw>
auto draws(int count, Draw draw) {
  std::vector<decltype(draw())> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(draw());
  return numbers;
}

/// FNV-1a over the bytes, least significant first.
std::uint64_t hash(const std::vector<std::uint64_t>& words) {
  std::uint64_t value = 0xcbf29ce484222325;
  for (std::uint64_t word : words) {
    for (int byte = 0; byte < 8; ++byte)
      value = (value ^ (word >> 8 * byte & 0xff)) * 0x100000001b3;
  }
  return value;
}

TEST(Rng, GivesTheWordsOfXoshiro256PlusPlus) {
  Rng rng(42);
  EXPECT_EQ(draws(6, rng), (std::vector<std::uint64_t>{0xd0764d4f4476689f, 0x519e4174576f3791,
                                                       0xfbe07cfb0c24ed8c, 0xb37d9f600cd835b8,
                                                       0xcb231c3874846a73, 0x968d9f004e50de7d}));
  Rng highest(~std::uint64_t{0});
  EXPECT_EQ(draws(3, highest), (std::vector<std::uint64_t>{0x56ccf8ce948e27b2, 0xe68588432e5a5b90,
                                                           0xe3e9b5a48119ca8b}));
  Rng long_run(42);
  EXPECT_EQ(hash(draws(10'000, long_run)), 0x25742bde241ae399);
}

TEST(Rng, UniformIsTheSameEverywhere) {
  Rng rng(42);
  const auto bits = [&] { return std::bit_cast<std::uint64_t>(rng.uniform()); };
  EXPECT_EQ(draws(4, bits), (std::vector<std::uint64_t>{0x3fea0ec9a9e88ecd, 0x3fd467905d15dbcc,
                                                        0x3fef7c0f9f61849d, 0x3fe66fb3ec019b06}));
  Rng again(42);
  const auto float_bits = [&] { return std::bit_cast<std::uint32_t>(again.uniform<float>()); };
  EXPECT_EQ(draws(4, float_bits),
            (std::vector<std::uint32_t>{0x3f50764d, 0x3ea33c82, 0x3f7be07c, 0x3f337d9f}));
}

TEST(Rng, UniformBetweenBoundsIsTheSameEverywhere) {
  Rng rng(42);
  const auto bits = [&] { return std::bit_cast<std::uint64_t>(rng.uniform(0.1, 0.7)); };
  EXPECT_EQ(draws(3, bits), (std::vector<std::uint64_t>{0x3fe2d5ac32bebc14, 0x3fd2a489d17383e1,
                                                        0x3fe6173c92d41c5e}));
}

TEST(Rng, BelowIsTheSameEverywhere) {
  Rng rng(42);
  EXPECT_EQ(draws(16, [&] { return rng.below(10); }),
            (std::vector<Index>{1, 3, 0, 4, 1, 5, 8, 0, 5, 8, 4, 9, 6, 9, 9, 6}));
  Rng again(42);
  EXPECT_EQ(draws(3, [&] { return again.below(Index{3} << 61); }),
            (std::vector<Index>{1186220554705070239, 5881210131331364753, 4314585860703317388}));
}

TEST(Rng, ShuffleIsTheSameEverywhere) {
  Rng rng(42);
  std::vector<int> values(12);
  std::iota(values.begin(), values.end(), 0);
  rng.shuffle(values);
  EXPECT_EQ(values, (std::vector{5, 4, 8, 11, 6, 2, 9, 3, 1, 10, 0, 7}));
}

TEST(Rng, NormalIsTheSameEverywhere) {
  Rng rng(42);
  const auto bits = [&] { return std::bit_cast<std::uint64_t>(rng.normal()); };
  EXPECT_EQ(draws(6, bits), (std::vector<std::uint64_t>{0x3ff14b4c09b1b997, 0xbfdcff704884f084,
                                                        0xbff6e6029aba6070, 0xbfe9e7929e94d418,
                                                        0x3ff4a0552c143306, 0x3fed47104fa1ff8a}));
  rng = Rng(42);
  EXPECT_EQ(hash(draws(200'000, bits)), 0x31a00b72f4c406ae) << "of which 52 are in the tail";
}

TEST(Rng, TensorsAreTheSameEverywhere) {
  Rng rng(42);
  const auto normal = random_normal<float>({2, 2}, rng, 0.01);
  EXPECT_EQ(normal.shape(), (Shape{2, 2}));
  EXPECT_EQ(normal(0, 0), static_cast<float>(0.01 * 1.0808830622368981));
  EXPECT_EQ(normal(1, 0), static_cast<float>(0.01 * -1.4311548275054768));
  rng = Rng(42);
  EXPECT_EQ((random_uniform<double>({2}, rng))(1), 0.3188210400616611);
}

TEST(Rng, UniformStaysBelowItsUpperBound) {
  const double after_one = std::nextafter(1.0, 2.0);
  Rng rng(1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(rng.uniform(1, after_one), 1);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(rng.uniform(3, 3), 3);
  for (float value : random_uniform<float>({100}, rng, 1, std::nextafter(1.f, 2.f))) {
    EXPECT_EQ(value, 1);
  }
}

TEST(Rng, UniformNeedsBoundsInOrder) {
  Rng rng(1);
  EXPECT_EQ(test::error_of<ValueError>([&] { return rng.uniform(2, 1); }),
            "Rng::uniform: expected low <= high, got 2 and 1");
  EXPECT_THROW(rng.uniform(std::nan(""), 1), ValueError);
  EXPECT_THROW(rng.uniform(0, std::numeric_limits<double>::infinity()), ValueError);
  EXPECT_THROW(rng.uniform(std::numeric_limits<double>::lowest(), 1e308), ValueError);
}

TEST(Rng, BelowNeedsAPositiveBound) {
  Rng rng(1);
  EXPECT_EQ(test::error_of<ValueError>([&] { return rng.below(0); }),
            "Rng::below: expected a positive bound, got 0");
  EXPECT_THROW(rng.below(std::numeric_limits<Index>::min()), ValueError);
  EXPECT_EQ(rng.below(1), 0);
}

TEST(Rng, ShuffleTakesAnyLength) {
  Rng rng(1);
  std::vector<int> none;
  rng.shuffle(none);
  std::array<int, 1> one{7};
  rng.shuffle(one);
  EXPECT_EQ(one[0], 7);
}

// Statistics. The seeds are fixed, so each of these passes always or never.

/// Whether a mean over `count` independent draws lies within five of its standard deviations.
void expect_mean(double mean, double expected, double variance, double count) {
  EXPECT_NEAR(mean, expected, 5 * std::sqrt(variance / count));
}

/// Pearson's statistic has mean `counts.size() - 1` and twice that as variance.
void expect_frequencies(const std::vector<double>& counts, const std::vector<double>& expected) {
  double statistic = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    statistic += (counts[i] - expected[i]) * (counts[i] - expected[i]) / expected[i];
  }
  const auto freedom = static_cast<double>(counts.size() - 1);
  EXPECT_NEAR(statistic, freedom, 5 * std::sqrt(2 * freedom));
}

constexpr int million = 1'000'000;

TEST(RngStatistics, UniformHasItsMomentsInItsRange) {
  Rng rng(7);
  double sum = 0;
  double sum_of_squares = 0;
  for (int i = 0; i < million; ++i) {
    const double x = rng.uniform<float>();
    ASSERT_TRUE(0 <= x && x < 1);
    sum += x;
    sum_of_squares += x * x;
  }
  expect_mean(sum / million, 1.0 / 2, 1.0 / 12, million);
  expect_mean(sum_of_squares / million, 1.0 / 3, 4.0 / 45, million);
}

TEST(RngStatistics, NormalHasItsMoments) {
  Rng rng(7);
  std::array<double, 5> moments{};
  for (int i = 0; i < million; ++i) {
    const double x = rng.normal();
    for (std::size_t k = 1; k < moments.size(); ++k) {
      moments[k] += std::pow(x, static_cast<double>(k)) / million;
    }
  }
  expect_mean(moments[1], 0, 1, million);
  expect_mean(moments[2], 1, 2, million);
  expect_mean(moments[3], 0, 15, million);
  expect_mean(moments[4], 3, 96, million);
}

TEST(RngStatistics, NormalHasItsTail) {
  Rng rng(7);
  constexpr double begin = detail::ZigguratTables::tail;
  double beyond = 0;
  double excess = 0;
  for (int i = 0; i < 4 * million; ++i) {
    const double x = std::abs(rng.normal());
    if (x <= begin) continue;
    ++beyond;
    excess += x - begin;
  }
  const double fraction = std::erfc(begin / std::sqrt(2.0));
  expect_mean(beyond / (4 * million), fraction, fraction, 4 * million);
  // E[x - t | x > t] = density(t) / P(x > t) - t, here 0.2577, with a deviation a little less.
  const double density = std::exp(-begin * begin / 2) * std::sqrt(2 / std::acos(-1.0));
  expect_mean(excess / beyond, density / fraction - begin, 0.06, beyond);
}

TEST(RngStatistics, NormalHasItsDensity) {
  Rng rng(7);
  constexpr int bins = 80;  // of width 0.1 from -4 to 4, where the last hold all beyond
  std::vector<double> counts(bins);
  for (int i = 0; i < million; ++i) {
    const double position = std::floor((rng.normal() + 4) * 10);
    ++counts[static_cast<std::size_t>(std::clamp(position, 0.0, bins - 1.0))];
  }
  const auto below = [](int edge) {
    if (edge == 0) return 0.0;
    if (edge == bins) return 1.0;
    return std::erfc((4 - edge / 10.0) / std::sqrt(2.0)) / 2;
  };
  std::vector<double> expected;
  for (int bin = 0; bin < bins; ++bin) expected.push_back(million * (below(bin + 1) - below(bin)));
  expect_frequencies(counts, expected);
}

TEST(RngStatistics, BelowHasNoBias) {
  Rng rng(7);
  std::vector<double> counts(7);
  for (int i = 0; i < million; ++i) ++counts[static_cast<std::size_t>(rng.below(7))];
  expect_frequencies(counts, std::vector<double>(7, million / 7.0));

  // A remainder alone would put 3 of 4 numbers below 2^62, instead of 2 of 3.
  double low = 0;
  for (int i = 0; i < million; ++i) low += rng.below(Index{3} << 61) < Index{1} << 62;
  expect_mean(low / million, 2.0 / 3, 2.0 / 9, million);
}

TEST(RngStatistics, ShuffleGivesEveryOrderAlike) {
  Rng rng(7);
  std::vector<double> counts(24);
  for (int i = 0; i < million / 10; ++i) {
    std::array<int, 4> values{0, 1, 2, 3};
    rng.shuffle(values);
    std::size_t rank = 0;
    for (std::size_t first = 0; first < 4; ++first) {
      std::size_t smaller = 0;
      for (std::size_t later = first + 1; later < 4; ++later) {
        smaller += values[later] < values[first];
      }
      rank = rank * (4 - first) + smaller;
    }
    ++counts[rank];
  }
  expect_frequencies(counts, std::vector<double>(24, million / 240.0));
}

TEST(RngStreams, AreTheSameEverywhere) {
  const Rng rng(42);
  EXPECT_EQ(rng.stream(0)(), 0x336ea34f2df77121);
  EXPECT_EQ(rng.stream(1)(), 0x293b1fa04dd6fdf6);
  EXPECT_EQ(rng.stream(~std::uint64_t{0})(), 0x7f224435707bed2b);
  EXPECT_EQ(rng.stream(1).stream(1)(), 0x3c5eaa73a3c94c31);
}

TEST(RngStreams, DoNotDependOnThePosition) {
  Rng rng(42);
  const std::uint64_t expected = rng.stream(3)();
  for (int i = 0; i < 100; ++i) rng();
  EXPECT_EQ(rng.stream(3)(), expected);
}

TEST(RngStreams, DifferFromEachOtherAndFromTheirOrigin) {
  std::set<std::uint64_t> seen;
  std::size_t drawn = 0;
  const auto see = [&](Rng rng) {
    for (int i = 0; i < 4; ++i, ++drawn) seen.insert(rng());
  };
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const Rng rng(seed);
    see(rng);
    for (std::uint64_t id = 0; id < 100; ++id) see(rng.stream(id));
  }
  EXPECT_EQ(seen.size(), drawn);
}

TEST(RngStreams, AreNotCorrelated) {
  const Rng rng(42);
  double sum = 0;
  for (std::uint64_t id = 0; id < 100'000; ++id) {
    sum += (rng.stream(id).uniform() - 0.5) * (rng.stream(id + 1).uniform() - 0.5);
  }
  expect_mean(sum / 100'000, 0, 1.0 / 144, 100'000);
}

TEST(Ziggurat, LayersHaveTheSameAreaUnderTheDensity) {
  const auto& edge = detail::ziggurat.edge;
  const auto& height = detail::ziggurat.height;
  const auto density = [](double x) { return std::exp(-x * x / 2); };
  for (std::size_t i = 1; i < detail::ZigguratTables::layers; ++i) {
    EXPECT_NEAR(height[i], density(edge[i]), 1e-15);
    EXPECT_NEAR(edge[i] * (height[i + 1] - height[i]), detail::ZigguratTables::area, 1e-15) << i;
  }
  const double tail = std::sqrt(std::acos(0.0)) * std::erfc(edge[1] / std::sqrt(2.0));
  EXPECT_NEAR(edge[1] * height[1] + tail, detail::ZigguratTables::area, 1e-15);
  EXPECT_EQ(edge[256], 0);
}

TEST(Ziggurat, BitsAreInsideUpToTheEdgeOfTheNextLayer) {
  const detail::ZigguratTables& tables = detail::ziggurat;
  constexpr std::size_t layers = detail::ZigguratTables::layers;
  for (std::size_t slot = 0; slot < 2 * layers; ++slot) {
    const auto x = [&](std::uint64_t bits) {
      return static_cast<double>(bits >> 11) * tables.scale[slot];
    };
    const double end = tables.edge[slot % layers + 1];
    const std::uint64_t inside = tables.inside[slot];
    EXPECT_GE(std::abs(x(inside)), end) << slot;
    if (end == 0) continue;
    EXPECT_LT(std::abs(x(inside - 1)), end) << slot;
    EXPECT_EQ(std::signbit(x(inside)), slot >= layers) << slot;
  }
}

TEST(PortableMath, IsTheSameEverywhere) {
  std::vector<std::uint64_t> exponentials;
  std::vector<std::uint64_t> logarithms;
  for (int i = 0; i < 1024; ++i) {
    exponentials.push_back(std::bit_cast<std::uint64_t>(detail::portable_exp(-i / 128.0)));
    logarithms.push_back(std::bit_cast<std::uint64_t>(detail::portable_log((i + 1) / 1024.0)));
  }
  EXPECT_EQ(hash(exponentials), 0xd4942d03f39ed6b4);
  EXPECT_EQ(hash(logarithms), 0x608ed523c166b7ef);
}

TEST(PortableMath, AgreesWithTheLibrary) {
  for (int i = 0; i < 8000; ++i) {
    const double x = -i / 1000.0;
    EXPECT_NEAR(detail::portable_exp(x) / std::exp(x), 1, 2e-14) << x;
  }
  for (double x = 1; x > 1e-16; x *= 0.99) {
    EXPECT_NEAR(detail::portable_log(x), std::log(x), 1e-14) << x;
  }
}

TEST(RandomIntegers, AreUniformOverTheirRange) {
  Rng rng(1);
  Index counts[3] = {};
  for (int value : random_integers<int>({30000}, rng, -1, 2)) ++counts[value + 1];
  for (Index count : counts) EXPECT_NEAR(static_cast<double>(count), 10000, 400);
  EXPECT_EQ(test::error_of<ValueError>([&] { random_integers<int>({1}, rng, 2, 2); }),
            "random_integers: expected low < high, got 2 and 2");
}

TEST(Choice, WithoutReplacementNamesNoneTwice) {
  Rng rng(1);
  const Tensor<Index> drawn = choice(10, 7, rng, false);
  bool seen[10] = {};
  for (Index i : drawn) {
    ASSERT_TRUE(i >= 0 && i < 10);
    EXPECT_FALSE(seen[i]);
    seen[i] = true;
  }
  EXPECT_EQ(choice(10, 70, rng).size(), 70);
  EXPECT_EQ(test::error_of<ValueError>([&] { choice(3, 4, rng, false); }),
            "choice: 4 out of 3 without replacement");
}

}  // namespace
}  // namespace dlfs
