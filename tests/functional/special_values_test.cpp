// Activations, softmax, cross entropy and closeness at special values, beside their formulas in
// long double: NaN of any payload, infinities, the largest and smallest numbers and both zeros, in
// each lane and tail, at each level. numpy/values_test.cpp does so for what NumPy has, too.

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/conv/pooling.hpp"
#include "dlfs/conv/reference/pooling.hpp"
#include "dlfs/functional/activation.hpp"
#include "dlfs/functional/cross_entropy.hpp"
#include "dlfs/functional/hard_activation.hpp"
#include "dlfs/functional/prelu.hpp"
#include "dlfs/functional/softmax.hpp"
#include "dlfs/tensor/comparison.hpp"
#include "dlfs/tensor/creation.hpp"
#include "dlfs/tensor/reduce.hpp"
#include "dlfs/tensor/sorting.hpp"
#include "support/levels.hpp"

namespace dlfs {
namespace {

using Wide = long double;
using test::at_every_level;

template <class T>
class SpecialValues : public testing::Test {};
using SpecialElements = testing::Types<float, double, Eigen::half, Eigen::bfloat16>;
TYPED_TEST_SUITE(SpecialValues, SpecialElements);

/// NaNs whose payloads the constants that round could carry away, and quiet and signalling ones.
template <class T>
std::vector<T> nans() {
  if constexpr (std::same_as<T, float>) {
    return {std::bit_cast<float>(0x7fc00001u), std::bit_cast<float>(0x7f800001u),
            std::bit_cast<float>(0xffffffffu)};
  } else if constexpr (std::same_as<T, double>) {
    return {std::bit_cast<double>(0x7ff00000000007a2u), std::bit_cast<double>(0x7ff8000000000002u),
            std::bit_cast<double>(0xfff8000012345678u)};
  } else {
    return {std::numeric_limits<T>::quiet_NaN()};
  }
}

template <class T>
std::vector<T> special_values() {
  using Limits = std::numeric_limits<T>;
  std::vector<T> x = nans<T>();
  for (const T value :
       {Limits::infinity(), Limits::max(), Limits::min(), Limits::denorm_min(), T(0), T(1), T(0.5f),
        T(3), T(9.1f), T(17), T(40), T(88.8f), T(104.5f), T(710)}) {
    x.push_back(value);
    x.push_back(-value);
  }
  return x;
}

template <class T>
bool is_nan(const T& x) {
  return detail::is_nan(static_cast<double>(x));
}

/// Whether `found` is `exact` but for some rounding: of both, of an intermediate result as large as
/// `scale`.
template <class T>
testing::AssertionResult is_near(const T& found, Wide exact, Wide scale = 0) {
  const Wide epsilon = static_cast<Wide>(std::numeric_limits<T>::epsilon());
  const T rounded = static_cast<T>(std::is_same_v<T, double> ? static_cast<double>(exact)
                                                             : static_cast<float>(exact));
  if (is_nan(rounded) || is_nan(found)) {
    if (is_nan(rounded) && is_nan(found)) return testing::AssertionSuccess();
  } else if (found == rounded) {
    // The sign of a zero counts unless rounding made it.
    if (exact != 0 || std::signbit(static_cast<float>(found)) == std::signbit(exact)) {
      return testing::AssertionSuccess();
    }
  } else {
    const Wide slack = 8 * epsilon * (std::abs(exact) + scale) +
                       1024 * static_cast<Wide>(std::numeric_limits<T>::denorm_min());
    if (std::abs(static_cast<Wide>(found) - exact) <= slack) return testing::AssertionSuccess();
  }
  return testing::AssertionFailure()
         << "found " << static_cast<Wide>(found) << ", expected " << exact;
}

/// Calls run(first, size) for the pieces of `count` elements, of all sizes up to 40.
template <class Run>
void for_each_piece(Index count, const Run& run) {
  for (Index size = 1; size <= 40; ++size) {
    for (Index first = 0; first < count; first += size) run(first, std::min(size, count - first));
  }
}

/// f(x, out) beside its formula; see is_near for scale(x).
template <class T, class F, class Exact>
void expect_values(
    const char* name, const F& f, const Exact& exact,
    Wide (*scale)(Wide) = [](Wide) { return Wide(0); }) {
  const std::vector<T> x = special_values<T>();
  at_every_level([&] {
    for_each_piece(std::ssize(x), [&](Index first, Index size) {
      const TensorView<const T> piece(x.data() + first, {size});
      Tensor<T> out({size});
      f(piece, out.view());
      for (Index i = 0; i < size; ++i) {
        const Wide at = static_cast<Wide>(piece(i));
        ASSERT_TRUE(is_near(T(out(i)), exact(at), scale(at)))
            << name << "(" << at << "), element " << i << " of " << size;
      }
    });
  });
}

/// f(kept, dy, dx) beside its formula.
template <class T, class F, class Exact>
void expect_gradients(
    const char* name, const F& f, const Exact& exact,
    Wide (*scale)(Wide) = [](Wide) { return Wide(0); }, bool keeps_negative = true) {
  const std::vector<T> values = special_values<T>();
  std::vector<T> kept, dy;
  for (const T& value : values) {
    if (!keeps_negative && value < T(0)) continue;
    for (const T& gradient : {T(1), T(-2), values[0]}) {
      kept.push_back(value);
      dy.push_back(gradient);
    }
  }
  at_every_level([&] {
    for_each_piece(std::ssize(kept), [&](Index first, Index size) {
      const TensorView<const T> y(kept.data() + first, {size});
      const TensorView<const T> gradient(dy.data() + first, {size});
      Tensor<T> dx({size});
      f(y, gradient, dx.view());
      for (Index i = 0; i < size; ++i) {
        const Wide at = static_cast<Wide>(y(i));
        ASSERT_TRUE(is_near(T(dx(i)), exact(at, static_cast<Wide>(gradient(i))), scale(at)))
            << name << " at " << at << " of " << gradient(i) << ", element " << i << " of " << size;
      }
    });
  });
}

Wide logistic(Wide x) { return 1 / (1 + std::exp(-x)); }
Wide density(Wide x) { return std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi_v<Wide>); }
Wide cumulative(Wide x) { return std::erfc(-x / std::numbers::sqrt2_v<Wide>) / 2; }

/// NaN stays.
Wide clipped(Wide x, Wide low, Wide high) { return x <= low ? low : x >= high ? high : x; }

/// Of gelu_tanh, and its slope.
Wide share_by_tanh(Wide x) {
  return logistic(2 * std::sqrt(2 / std::numbers::pi_v<Wide>) * (x + 0.044715L * x * x * x));
}
Wide slope_by_tanh(Wide x) {
  const Wide share = share_by_tanh(x), bend = share * (1 - share);
  const Wide slope = 2 * std::sqrt(2 / std::numbers::pi_v<Wide>) * (1 + 0.134145L * x * x);
  return bend == 0 ? share : share + x * bend * slope;
}

TYPED_TEST(SpecialValues, ActivationsAreTheirFormulas) {
  using T = TypeParam;
  expect_values<T>(
      "relu", [](auto x, auto y) { relu(x, y); }, [](Wide x) { return x <= 0 ? 0 : x; });
  expect_values<T>(
      "leaky_relu", [](auto x, auto y) { leaky_relu(x, 0.25f, y); },
      [](Wide x) { return x <= 0 ? 0.25L * x : x; });
  expect_values<T>(
      "elu", [](auto x, auto y) { elu(x, 1.5f, y); },
      [](Wide x) { return x <= 0 ? 1.5L * std::expm1(x) : x; });
  expect_values<T>(
      "sigmoid", [](auto x, auto y) { sigmoid(x, y); }, logistic);
  expect_values<T>(
      "tanh", [](auto x, auto y) { tanh(x, y); }, [](Wide x) { return std::tanh(x); });
  expect_values<T>(
      "softplus", [](auto x, auto y) { softplus(x, y); },
      [](Wide x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); });
  expect_values<T>(
      "swish", [](auto x, auto y) { swish(x, y); }, [](Wide x) { return x * logistic(x); });
  expect_values<T>(
      "hard_sigmoid", [](auto x, auto y) { hard_sigmoid(x, y); },
      [](Wide x) { return clipped(x + 3, 0, 6) / 6; });
  expect_values<T>(
      "hard_swish", [](auto x, auto y) { hard_swish(x, y); },
      [](Wide x) { return x * (clipped(x + 3, 0, 6) / 6); });
  expect_values<T>(
      "hard_tanh", [](auto x, auto y) { hard_tanh(x, -0.5f, 9, y); },
      [](Wide x) { return clipped(x, -0.5L, 9); });
  expect_values<T>(
      "gelu", [](auto x, auto y) { gelu(x, y); }, [](Wide x) { return x * cumulative(x); },
      [](Wide x) { return std::min(std::abs(x), Wide(10)); });
  expect_values<T>(
      "gelu_tanh", [](auto x, auto y) { gelu_tanh(x, y); },
      [](Wide x) { return x * share_by_tanh(x); },
      [](Wide x) { return std::min(std::abs(x), Wide(10)); });
}

TYPED_TEST(SpecialValues, GradientsOfActivationsAreTheirFormulas) {
  using T = TypeParam;
  expect_gradients<T>(
      "relu", [](auto y, auto dy, auto dx) { relu_backward(y, dy, dx); },
      [](Wide y, Wide dy) { return y <= 0 ? 0 : dy; });
  expect_gradients<T>(
      "leaky_relu", [](auto y, auto dy, auto dx) { leaky_relu_backward(y, 0.25f, dy, dx); },
      [](Wide y, Wide dy) { return y > 0 ? dy : 0.25L * dy; });
  expect_gradients<T>(
      "elu", [](auto y, auto dy, auto dx) { elu_backward(y, 1.5f, dy, dx); },
      [](Wide y, Wide dy) { return y <= 0 ? dy * (y + 1.5L) : dy; });
  expect_gradients<T>(
      "softplus", [](auto y, auto dy, auto dx) { softplus_backward(y, dy, dx); },
      [](Wide y, Wide dy) { return -std::expm1(-y) * dy; }, [](Wide) { return Wide(0); }, false);
  expect_gradients<T>(
      "gelu", [](auto x, auto dy, auto dx) { gelu_backward(x, dy, dx); },
      [](Wide x, Wide dy) { return dy * (cumulative(x) + x * density(x)); },
      [](Wide) { return Wide(2); });
  expect_gradients<T>(
      "gelu_tanh", [](auto x, auto dy, auto dx) { gelu_tanh_backward(x, dy, dx); },
      [](Wide x, Wide dy) { return dy * slope_by_tanh(x); }, [](Wide) { return Wide(2); });
  expect_gradients<T>(
      "hard_sigmoid", [](auto y, auto dy, auto dx) { hard_sigmoid_backward(y, dy, dx); },
      [](Wide y, Wide dy) { return y > 0 && y < 1 ? dy / 6 : 0; });
  expect_gradients<T>(
      "hard_swish", [](auto x, auto dy, auto dx) { hard_swish_backward(x, dy, dx); },
      [](Wide x, Wide dy) { return x <= -3 ? 0
                                   : x < 3 ? dy * (x / 3 + 0.5L)
                                           : dy; },
      [](Wide) { return Wide(2); });
  expect_gradients<T>(
      "hard_tanh", [](auto y, auto dy, auto dx) { hard_tanh_backward(y, -0.5f, 9, dy, dx); },
      [](Wide y, Wide dy) { return y <= -0.5L || y >= 9 ? 0 : dy; });
  expect_gradients<T>(
      "swish", [](auto x, auto dy, auto dx) { swish_backward(x, dy, dx); },
      [](Wide x, Wide dy) { return dy * logistic(x) * (1 + x * (1 - logistic(x))); },
      [](Wide) { return Wide(2); });
}

// Of an output that no input has, these would overflow: y is one that the forward function gives.
TYPED_TEST(SpecialValues, GradientsOfSigmoidAndTanhAreThoseOfTheirOutputs) {
  using T = TypeParam;
  const std::vector<T> values{T(0),     T(1),         T(-1),
                              T(0.25f), nans<T>()[0], std::numeric_limits<T>::denorm_min()};
  at_every_level([&] {
    for (Index size = 1; size <= 40; ++size) {
      Tensor<T> y({size}), dx({size});
      for (Index i = 0; i < size; ++i) {
        y(i) = values[static_cast<std::size_t>(i + size) % values.size()];
      }
      const Tensor<T> dy = full<T>({size}, T(2));
      sigmoid_backward(y, dy, dx.view());
      for (Index i = 0; i < size; ++i) {
        const Wide at = static_cast<Wide>(y(i));
        ASSERT_TRUE(is_near(T(dx(i)), 2 * at * (1 - at))) << at;
      }
      tanh_backward(y, dy, dx.view());
      for (Index i = 0; i < size; ++i) {
        const Wide at = static_cast<Wide>(y(i));
        ASSERT_TRUE(is_near(T(dx(i)), 2 * (1 - at * at))) << at;
      }
    }
  });
}

// A number above 0 does not count for the slope, even if its gradient is not finite.
TYPED_TEST(SpecialValues, PReluIsItsFormula) {
  using T = TypeParam;
  if constexpr (std::floating_point<T>) {
    const T slope = T(0.25), inf = std::numeric_limits<T>::infinity();
    expect_values<T>(
        "prelu",
        [&](auto x, auto y) {
          detail::prelu<T>(x.reshape({1, 1, -1}), &slope, y.reshape({1, 1, -1}));
        },
        [](Wide x) { return x > 0 ? x : 0.25L * x; });
    at_every_level([&] {
      for (const T& special : special_values<T>()) {
        for (const T& gradient : {T(1), T(-2), inf, -inf, nans<T>()[0]}) {
          for (Index size = 1; size <= 40; ++size) {
            Tensor<T> x = full<T>({1, 1, size}, special);
            const Tensor<T> dy = full<T>({1, 1, size}, gradient);
            Tensor<T> dx(x.shape());
            T dslope = 0;
            detail::prelu_backward<T>(x, dy, &slope, &dslope, Store::overwrite, dx.view());
            const Wide at = static_cast<Wide>(special), g = static_cast<Wide>(gradient);
            const Wide of_one = at > 0 ? 0 : at * g;
            ASSERT_TRUE(is_near(dslope, of_one == 0 ? 0 : of_one * static_cast<Wide>(size)))
                << at << " of " << g << ", " << size;
            ASSERT_TRUE(is_near(dx.data()[size - 1], at > 0 ? g : 0.25L * g)) << at << " of " << g;
          }
        }
      }
    });
  }
}

/// Rows of ordinary logits among which a special value stands at one place.
template <class T, class Run>
void for_each_row_of_scores(const Run& run) {
  for (const T& special : special_values<T>()) {
    for (Index size = 1; size <= 40; ++size) {
      Tensor<T> row({size});
      for (Index i = 0; i < size; ++i) row(i) = T(static_cast<float>((7 * i + size) % 11) / 4 - 1);
      row((5 * size) % size == 0 ? size / 2 : 0) = special;
      run(row);
    }
  }
}

struct ExactSoftmax {
  Wide largest;
  Wide sum;
};
template <class T>
ExactSoftmax exact_softmax(const Tensor<T>& row) {
  Wide largest = -std::numeric_limits<Wide>::infinity();
  for (const T& x : row)
    largest = is_nan(x) || is_nan(largest) ? NAN : std::max(largest, static_cast<Wide>(x));
  Wide sum = 0;
  for (const T& x : row) sum += std::exp(static_cast<Wide>(x) - largest);
  return {largest, sum};
}

TYPED_TEST(SpecialValues, SoftmaxIsItsFormula) {
  using T = TypeParam;
  at_every_level([] {
    for_each_row_of_scores<T>([](const Tensor<T>& row) {
      const auto [largest, sum] = exact_softmax(row);
      const auto y = softmax(row);
      const auto logarithms = log_softmax(row);
      for (Index i = 0; i < row.size(); ++i) {
        const Wide x = static_cast<Wide>(row(i));
        ASSERT_TRUE(is_near(T(y(i)), std::exp(x - largest) / sum)) << x << " of " << row.size();
        ASSERT_TRUE(
            is_near(T(logarithms(i)), x - largest - std::log(sum), 1 + std::abs(x - largest)))
            << x << " of " << row.size();
      }
      const Wide exact = detail::is_finite(largest) ? largest + std::log(sum) : largest;
      ASSERT_TRUE(is_near(T(log_sum_exp(row).item()), exact, std::abs(largest))) << row(0);
    });
  });
}

TYPED_TEST(SpecialValues, CrossEntropyIsItsFormula) {
  using T = TypeParam;
  if constexpr (std::floating_point<T>) {
    at_every_level([] {
      for_each_row_of_scores<T>([](const Tensor<T>& row) {
        const auto [largest, sum] = exact_softmax(row);
        const Index classes = row.size();
        Tensor<T> gradient({1, classes});
        for (std::int32_t label : {0, static_cast<std::int32_t>(classes / 2)}) {
          const Wide chosen = static_cast<Wide>(row(label)) - largest;
          const T loss = softmax_cross_entropy(row.reshape({1, -1}), array<std::int32_t>({label}),
                                               gradient.view());
          ASSERT_TRUE(is_near(loss, std::log(sum) - chosen, 1)) << row(classes / 2);
          for (Index i = 0; i < classes; ++i) {
            const Wide p = std::exp(static_cast<Wide>(row(i)) - largest) / sum;
            ASSERT_TRUE(is_near(T(gradient(0, i)), p - (i == label ? 1 : 0), 1))
                << row(classes / 2);
          }
        }
      });
    });
  }
}

TYPED_TEST(SpecialValues, MaxPoolingIsItsReference) {
  using T = TypeParam;
  if constexpr (std::floating_point<T>) {
    const std::vector<T> values = special_values<T>();
    at_every_level([&] {
      for (Index width = 2; width <= 40; ++width) {
        Tensor<T> x({1, 1, 4, width});
        for (Index i = 0; i < x.size(); ++i) {
          x.data()[i] = values[static_cast<std::size_t>(i * i + 3 * width) % values.size()];
        }
        for (const Window2d& window : {Window2d{.kernel = 2, .stride = 2}, Window2d{.kernel = 2}}) {
          const auto expected = reference::max_pooling(x, window);
          Tensor<T> y(expected.y.shape());
          Tensor<std::uint16_t> argmax(y.shape());
          max_pooling(x, window, y.view(), argmax.data());
          ASSERT_TRUE(array_equal(argmax, expected.argmax)) << width;
          for (Index i = 0; i < y.size(); ++i) {
            ASSERT_TRUE(is_near(y.data()[i], static_cast<Wide>(expected.y.data()[i]))) << width;
          }
        }
      }
    });
  }
}

TYPED_TEST(SpecialValues, SumsOfRowsAreThose) {
  using T = TypeParam;
  at_every_level([] {
    for (const T& special : special_values<T>()) {
      Tensor<T> x({3, 21}), sums({21});
      for (Index i = 0; i < 21; ++i) x(1, i) = special;
      sum_rows(x, sums.view());
      for (const T& sum : sums)
        ASSERT_TRUE(is_near(sum, static_cast<Wide>(special) + 0)) << special;
    }
  });
}

TYPED_TEST(SpecialValues, ClosenessIsNumPys) {
  using T = TypeParam;
  const T inf = std::numeric_limits<T>::infinity();
  for (const T& not_a_number : nans<T>()) {
    const Tensor<T> x({2}, {T(1), not_a_number});
    EXPECT_FALSE(allclose(x, x));
    EXPECT_TRUE(allclose(x, x, {.equal_nan = true}));
    EXPECT_FALSE(allclose(x, full<T>({2}, T(1)), {.equal_nan = true}));
    EXPECT_FALSE(array_equal(x, x));
  }
  const auto one = [](T value) { return Tensor<T>({1}, {value}); };
  EXPECT_TRUE(allclose(one(inf), one(inf)));
  EXPECT_FALSE(allclose(one(inf), one(-inf)));
  EXPECT_FALSE(allclose(one(inf), one(std::numeric_limits<T>::max())));
  EXPECT_FALSE(allclose(one(std::numeric_limits<T>::max()), one(inf)));
  EXPECT_TRUE(allclose(one(T(0)), one(-T(0))) && array_equal(one(T(0)), one(-T(0))));
}

TEST(SpecialValues, HistogramsLeaveOutWhatLiesBeyond) {
  for (double not_a_number : nans<double>()) {
    const double inf = std::numeric_limits<double>::infinity();
    const auto counted =
        histogram(array<double>({not_a_number, -inf, inf, 0, -0.0, 1, 2}), 2, 0, 2);
    EXPECT_TRUE(array_equal(counted.counts, array<Index>({2, 2})));
  }
}

}  // namespace
}  // namespace dlfs
