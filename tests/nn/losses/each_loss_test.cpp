// What is asked of every loss of the library.
#include "nn/losses/each_loss.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/nn/loss.hpp"
#include "dlfs/tools/check_gradients.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

using test::error_of;
using test::for_each_loss;

template <class T>
constexpr T nan_of = std::numeric_limits<T>::quiet_NaN();

template <class X>
Tensor<X> sample_of(const Tensor<X>& batch, Index n) {
  const auto row = batch.rows(n, n + 1);
  return {row.shape(), {row.data(), static_cast<std::size_t>(row.size())}};
}

template <class T>
bool is_finite(const Tensor<T>& x) {
  return std::all_of(x.begin(), x.end(), [](T value) { return std::isfinite(value); });
}

template <class T>
class EachLoss : public testing::Test {};
using FloatAndDouble = testing::Types<float, double>;
TYPED_TEST_SUITE(EachLoss, FloatAndDouble);

TEST(EachLoss, IsInTheList) {
  std::set<std::string> headers;
  const std::filesystem::path folder = DLFS_INCLUDE_DIRECTORY "/dlfs/nn/losses";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    headers.insert(entry.path().stem().string());
  }
  std::set<std::string> listed;
  for_each_loss<float>({2, 3},
                       [&](const char* header, const auto& loss, const auto& targets, auto) {
                         using L = std::remove_cvref_t<decltype(loss)>;
                         using Targets = std::remove_cvref_t<decltype(targets)>;
                         static_assert(Loss<L, Targets>);
                         static_assert(!Loss<L, Tensor<double>> && !Loss<L, std::vector<int>>);
                         listed.insert(header);
                       });
  EXPECT_EQ(listed, headers);
}

TEST(EachLoss, GradientAgreesWithCentralDifferences) {
  for (const Shape& shape : {Shape{1, 1}, Shape{1, 2}, Shape{7, 3}, Shape{3, 5, 2, 3}}) {
    Rng rng(2);
    const auto y = random_normal<double>(shape, rng, 2);
    for_each_loss<double>(shape, [&](const char*, const auto& loss, const auto& targets, auto) {
      SCOPED_TRACE(str_cat(loss.kind, ' ', shape));
      const auto report = check_gradients(loss, y, targets);
      // Where there is one class, softmax is 1 and its gradient 0.
      const bool is_zero = shape[1] == 1 && report.tensors[0].all_zero && report.worst.error == 0;
      EXPECT_TRUE(is_zero || report.passes(1e-7)) << to_string(report);
    });
  }
}

TYPED_TEST(EachLoss, WithSampleWeightsIsTheWeightedMeanOfItsSamples) {
  using T = TypeParam;
  for (const Shape& shape : {Shape{7, 3}, Shape{3, 4, 33, 31}}) {
    Rng rng(3);
    const auto y = random_normal<T>(shape, rng, 2);
    const auto weights = random_uniform<T>({shape[0]}, rng, 0, 3);
    for_each_loss<T>(shape, [&](const char*, auto loss, const auto& targets, const auto& share_of) {
      SCOPED_TRACE(str_cat(loss.kind, ' ', shape));
      double sum = 0, shares = 0;
      Tensor<T> gradient(shape);
      for (Index n = 0; n < shape[0]; ++n) shares += share_of(sample_of(targets, n));
      for (Index n = 0; n < shape[0]; ++n) {
        const double share =
            share_of(sample_of(targets, n)) / shares * static_cast<double>(weights(n));
        sum += share * static_cast<double>(loss.forward(sample_of(y, n), sample_of(targets, n)));
        const Tensor<T>& of_sample = loss.backward();
        for (Index i = 0; i < of_sample.size(); ++i) {
          gradient.data()[n * of_sample.size() + i] = static_cast<T>(share) * of_sample.data()[i];
        }
      }
      const double tolerance = std::is_same_v<T, float> ? 1e-6 : 1e-13;
      EXPECT_NEAR(loss.forward(y, targets, weights), sum, tolerance * std::abs(sum));
      test::expect_close(loss.backward(), gradient, tolerance);

      const T unweighted = loss.forward(y, targets);
      const Tensor<T> unweighted_gradient = loss.backward();
      EXPECT_EQ(loss.forward(y, targets, ones<T>({shape[0]})), unweighted);
      test::expect_equal(loss.backward(), unweighted_gradient);
    });
  }
}

TYPED_TEST(EachLoss, SampleOfWeightZeroDoesNotCountWhateverItHolds) {
  using T = TypeParam;
  Rng rng(4);
  auto y = random_normal<T>({3, 4, 5}, rng);
  std::fill_n(y.data() + 20, 20, nan_of<T>);
  const auto weights = array<T>({1, 0, 2});
  for_each_loss<T>(y.shape(), [&](const char*, auto loss, const auto& targets, auto) {
    SCOPED_TRACE(loss.kind);
    EXPECT_TRUE(std::isfinite(loss.forward(y, targets, weights)));
    EXPECT_TRUE(is_finite(loss.backward()));
    test::expect_equal(sample_of(loss.backward(), 1), zeros<T>({1, 4, 5}));
    EXPECT_TRUE(std::isnan(loss.forward(y, targets)));
  });
}

TYPED_TEST(EachLoss, IsFiniteForExtremeOutputs) {
  using T = TypeParam;
  for (const Shape& shape : {Shape{1, 1}, Shape{5, 3}, Shape{2, 3, 4}}) {
    Rng rng(5);
    for (const double scale : {1e4, 1e-30, 0.0}) {
      auto y = random_uniform<T>(shape, rng, -1, 1);
      for (T& value : y) value = static_cast<T>(value < 0 ? -scale : scale);
      for_each_loss<T>(shape, [&](const char*, auto loss, const auto& targets, auto) {
        SCOPED_TRACE(str_cat(loss.kind, ' ', shape, ' ', scale));
        EXPECT_TRUE(std::isfinite(loss.forward(y, targets)));
        EXPECT_TRUE(is_finite(loss.backward()));
      });
    }
  }
}

TYPED_TEST(EachLoss, GradientIsOfTheLastForward) {
  using T = TypeParam;
  Rng rng(6);
  const auto large = random_normal<T>({40, 3}, rng);
  const auto small = random_normal<T>({2, 3}, rng);
  for_each_loss<T>(large.shape(), [&](const char*, auto loss, const auto& targets, auto) {
    loss.forward(large, targets);
    EXPECT_EQ(loss.backward().shape(), large.shape()) << loss.kind;
  });
  for_each_loss<T>(small.shape(), [&](const char*, auto loss, const auto& targets, auto) {
    auto used = loss;
    used.forward(full<T>({2, 3}, 7), targets);
    EXPECT_EQ(used.forward(small, targets), loss.forward(small, targets)) << loss.kind;
    test::expect_equal(used.backward(), loss.backward());
  });
}

TEST(EachLoss, RefusesByNameWhatDoesNotFit) {
  const auto weights_of = [](Index count) { return ones<float>({count}); };
  for_each_loss<float>({2, 3}, [&](const char*, auto loss, const auto& targets, auto) {
    SCOPED_TRACE(loss.kind);
    const auto refused = [&](const Shape& y, const auto& given) {
      const std::string said = error_of<ShapeError>([&] { loss.forward(Tensor<float>(y), given); });
      EXPECT_EQ(said, error_of<ShapeError>([&] { loss.check(y, given); }));
      EXPECT_TRUE(said.starts_with(str_cat(loss.kind, ": expected "))) << said;
      EXPECT_NE(said.find(to_string(y)), std::string::npos) << said;
    };
    loss.check({2, 3}, targets);
    refused({3, 3}, targets);
    refused({2, 3, 2}, targets);
    refused({}, targets);
    const std::string said = error_of<ShapeError>([&] {
      loss.forward(Tensor<float>({2, 3}), targets, weights_of(3));
    });
    EXPECT_TRUE(said.starts_with(str_cat(loss.kind, ": expected one weight"))) << said;
    auto empty = targets;
    for (const Shape& y : {Shape{0, 3}, Shape{2, 0}}) {
      Shape shape = y;
      if (targets.rank() == 1) shape = y.axes(0, 1);
      empty.resize(shape);
      refused(y, empty);
    }
  });
}

}  // namespace
}  // namespace dlfs
