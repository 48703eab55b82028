#include "dlfs/tools/check_gradients.hpp"

#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/nn/labels.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "dlfs/nn/layers/identity.hpp"
#include "dlfs/nn/layers/relu.hpp"
#include "dlfs/nn/layers/tanh.hpp"
#include "dlfs/nn/losses/mean_squared_error.hpp"
#include "dlfs/nn/losses/softmax_cross_entropy.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// Entries of both signs, away from 0.
Tensor<double> inputs() { return array<double>({{0.5, -1.5, 2, -0.7}, {-0.3, 0.9, -2.5, 1.1}}); }

Affine<double> some_affine() {
  Rng rng(1);
  return {{.in = 4, .out = 3}, He{}, rng};
}

// Layers that are broken on purpose, each in one line.

struct ReluWithoutMask : Relu<double> {
  void backward(const BackwardPass<double>& pass) const { assign(pass.dx, pass.dy); }
};

struct AffineThatMissesASampleInTheBias : Affine<double> {
  void backward(const BackwardPass<double>& pass) const {
    Affine<double>::backward(pass);
    if (pass.needs_gradient(1)) as_array(pass.gradients[1]) -= as_array(pass.dy[0]);
  }
};

struct AffineWithTransposedWeight : Affine<double> {
  void backward(const BackwardPass<double>& pass) const {
    Affine<double>::backward(pass);
    if (pass.needs_gradient(0)) std::swap(pass.gradients[0](0, 1), pass.gradients[0](1, 0));
  }
};

struct TanhOffByAHundredThousandth : Tanh<double> {
  void backward(const BackwardPass<double>& pass) const {
    Tanh<double>::backward(pass);
    as_array(pass.dx) *= 1 + 1e-5;
  }
};

struct IdentityWithoutGradient : Identity<double> {
  void backward(const BackwardPass<double>& pass) const { as_array(pass.dx) = 0; }
};

struct IdentityWithNan : Identity<double> {
  explicit IdentityWithNan(Index where_) : where(where_) {}
  void backward(const BackwardPass<double>& pass) const {
    Identity<double>::backward(pass);
    pass.dx.data()[where] = nan;
  }
  Index where;
};

TEST(CheckGradients, AcceptsRightLayers) {
  EXPECT_TRUE(check_gradients(Relu<double>(), inputs()).passes(1e-7));
  EXPECT_TRUE(check_gradients(Tanh<double>(), inputs()).passes(1e-7));
  EXPECT_TRUE(check_gradients(Identity<double>(), inputs()).passes(1e-7));
}

TEST(CheckGradients, CoversTheInputAndEveryParameter) {
  const GradientReport report = check_gradients(some_affine(), inputs());
  ASSERT_EQ(report.tensors.size(), 3u);
  EXPECT_EQ(report.tensors[0].tensor, "x");
  EXPECT_EQ(report.tensors[1].tensor, "layer.weight");
  EXPECT_EQ(report.tensors[2].tensor, "layer.bias");
  EXPECT_TRUE(report.passes(1e-7)) << to_string(report);
}

TEST(CheckGradients, RejectsAReluThatForgetsItsMask) {
  const auto x = inputs();
  const GradientReport report = check_gradients(ReluWithoutMask{}, x);
  EXPECT_FALSE(report.passes(1e-7));
  EXPECT_EQ(report.worst.tensor, "x");
  EXPECT_LT(x.data()[report.worst.index], 0);
  EXPECT_EQ(report.worst.numeric, 0);
  EXPECT_EQ(report.worst.error, 1);
}

TEST(CheckGradients, RejectsABiasGradientThatMissesASample) {
  const GradientReport report =
      check_gradients(AffineThatMissesASampleInTheBias{some_affine()}, inputs());
  EXPECT_FALSE(report.passes(1e-7));
  EXPECT_EQ(report.worst.tensor, "layer.bias");
  EXPECT_LT(report.tensors[0].worst_error, 1e-7);
  EXPECT_LT(report.tensors[1].worst_error, 1e-7);
  EXPECT_GT(report.tensors[2].worst_error, 0.1);
}

TEST(CheckGradients, RejectsTwoEntriesOfAWeightThatChangedPlaces) {
  const GradientReport report =
      check_gradients(AffineWithTransposedWeight{some_affine()}, inputs());
  EXPECT_FALSE(report.passes(1e-7));
  EXPECT_EQ(report.worst.tensor, "layer.weight");
}

TEST(CheckGradients, RejectsAGradientThatIsOffByAHundredThousandth) {
  const GradientReport report = check_gradients(TanhOffByAHundredThousandth{}, inputs());
  EXPECT_FALSE(report.passes(1e-7));
  EXPECT_NEAR(report.worst.error, 1e-5, 1e-7);
  EXPECT_TRUE(report.passes(1e-4));
}

TEST(CheckGradients, RejectsANanWhereverItStands) {
  for (const Index where : {0, 3, 7}) {
    const GradientReport report = check_gradients(IdentityWithNan(where), inputs());
    EXPECT_FALSE(report.passes(1e300)) << where;
    EXPECT_TRUE(std::isnan(report.tensors[0].worst_error)) << where;
    EXPECT_TRUE(std::isnan(report.worst.error)) << where;
    EXPECT_EQ(report.worst.index, where);
  }
}

TEST(CheckGradients, RejectsANanOfAnEarlierTensor) {
  const Sequential<double> network{{"broken", IdentityWithNan(0)}, {"affine", some_affine()}};
  const GradientReport report = check_gradients(network, inputs());
  EXPECT_FALSE(report.passes(1e300));
  EXPECT_EQ(report.worst.tensor, "x");
  EXPECT_EQ(report.worst.index, 0);
}

TEST(CheckGradients, RejectsAGradientOfZero) {
  EXPECT_FALSE(check_gradients(IdentityWithoutGradient{}, inputs()).passes(1e-7));
}

// All inputs are negative: the gradient is rightly zero, which proves nothing about the layer.
TEST(CheckGradients, RejectsZeroComparedWithZero) {
  const GradientReport report = check_gradients(Relu<double>(), full<double>({2, 2}, -1));
  EXPECT_EQ(report.worst.error, 0);
  EXPECT_FALSE(report.passes(1e-7));
  EXPECT_EQ(to_string(report),
            "worst x[0]: analytic 0, numeric 0, relative error 0; x has a gradient of zero");
}

// A batch normalisation takes a bias away again: its gradient is 0, of which rounding makes 1e-17,
// and 1e-10 of the difference. With a large input, rounding makes more of both.
TEST(CheckGradients, TakesRoundingForZero) {
  for (const double offset : {0.0, 1000.0}) {
    Rng rng(3);
    const auto x = random_normal<double>({8, 6}, rng) + offset;
    Sequential<double> network{{"affine1", Affine<double>({.in = 6, .out = 5}, He{}, rng)},
                               {"norm", BatchNormalization<double>({.features = 5})},
                               {"tanh", Tanh<double>()},
                               {"affine2", Affine<double>({.in = 5, .out = 3}, He{}, rng)}};
    const double tolerance = offset == 0 ? 1e-7 : 1e-6;  // rounding in f grows with x
    const GradientReport report = check_gradients(network, x);
    EXPECT_TRUE(report.passes(tolerance)) << to_string(report);
    EXPECT_EQ(report.tensors[2].tensor, "affine1.bias");
    EXPECT_EQ(report.tensors[2].worst_error, 0);
    EXPECT_FALSE(report.tensors[2].all_zero);
    const GradientReport with_loss =
        check_gradients(network, SoftmaxCrossEntropy<double>(), x, Labels({8}));
    EXPECT_TRUE(with_loss.passes(tolerance)) << to_string(with_loss);
    EXPECT_EQ(with_loss.tensors[1].worst_error, 0);
  }
}

/// y = 1 + slope x, with a gradient that is twice too large.
struct SlightSlope : Identity<double> {
  explicit SlightSlope(double slope_) : slope(slope_) {}
  void forward(const ForwardPass<double>& pass) const {
    as_array(pass.y) = 1 + slope * as_array(pass.x);
  }
  void backward(const BackwardPass<double>& pass) const {
    as_array(pass.dx) = 2 * slope * as_array(pass.dy);
  }
  double slope;
};

TEST(CheckGradients, RejectsASmallGradientThatIsWrong) {
  for (const double slope : {1e-3, 1e-6, 1e-9}) {
    const GradientReport report = check_gradients(SlightSlope(slope), inputs());
    EXPECT_FALSE(report.passes(1e-7)) << slope;
    EXPECT_GT(report.worst.error, 0.1) << slope;
  }
}

/// A gradient of rounding where there should be one.
struct IdentityWithRounding : Identity<double> {
  void backward(const BackwardPass<double>& pass) const {
    as_array(pass.dx) = 1e-16 * as_array(pass.dy);
  }
};

TEST(CheckGradients, RejectsRoundingInPlaceOfAGradient) {
  const GradientReport report = check_gradients(IdentityWithRounding{}, inputs());
  EXPECT_FALSE(report.passes(1e-7));
  EXPECT_NEAR(report.worst.error, 1, 1e-9);
}

TEST(CheckGradients, RejectsAReportOfNothing) { EXPECT_FALSE(GradientReport{}.passes(1)); }

TEST(CheckGradients, RejectsAReportWithAFault) {
  auto report = check_gradients(Tanh<double>(), inputs());
  ASSERT_TRUE(report.passes(1e-7));
  report.faults.push_back("tanh: backward ignores store");
  EXPECT_FALSE(report.passes(1e-7));
}

TEST(CheckGradients, TextNamesTheWorstEntryAndWhatIsZero) {
  GradientReport report;
  report.worst = {
      .tensor = "conv1.weight", .index = 3, .analytic = 0.25, .numeric = 0.5, .error = 0.5};
  report.tensors = {{.tensor = "conv1.weight", .worst_error = 0.5, .all_zero = false}};
  EXPECT_EQ(to_string(report),
            "worst conv1.weight[3]: analytic 0.25, numeric 0.5, relative error 0.5");
  report.tensors.push_back({.tensor = "conv1.bias"});
  report.tensors.push_back({.tensor = "affine1.bias"});
  EXPECT_EQ(to_string(report),
            "worst conv1.weight[3]: analytic 0.25, numeric 0.5, relative error 0.5; conv1.bias has "
            "a gradient of zero; affine1.bias has a gradient of zero");
}

TEST(CheckGradients, LeavesInputAndNetworkAsTheyWere) {
  Sequential<double> network{{"affine", some_affine()}};
  const Tensor<double> weight = network.parameters()[0]->value;
  check_gradients(network, inputs());
  EXPECT_TRUE(network.parameters()[0]->gradient.empty());
  check_gradients(network, MeanSquaredError<double>(), inputs(), ones<double>({2, 3}));
  test::expect_equal(network.parameters()[0]->value, weight);
}

// The network of section 5.7.3, with the loss; the book's limit is 1e-9 for every mean difference.
TEST(CheckGradients, AcceptsTheBooksTwoLayerNet) {
  Rng rng(1);
  Sequential<double> network{{"affine1", Affine<double>({.in = 50, .out = 20}, Normal{.1}, rng)},
                             {"relu1", Relu<double>()},
                             {"affine2", Affine<double>({.in = 20, .out = 10}, Normal{.1}, rng)}};
  const auto x = random_uniform<double>({3, 50}, rng);
  const auto report =
      check_gradients(network, SoftmaxCrossEntropy<double>(), x, array<std::int32_t>({5, 0, 4}));
  ASSERT_EQ(report.tensors.size(), 4u);
  EXPECT_TRUE(report.passes(1e-7)) << to_string(report);
  for (const auto& tensor : report.tensors) EXPECT_LT(tensor.mean_difference, 2e-10);
}

TEST(CheckGradients, RejectsANetworkWithABrokenLayer) {
  Rng rng(1);
  Sequential<double> network{{"affine1", Affine<double>({.in = 4, .out = 5}, He{}, rng)},
                             {"relu1", ReluWithoutMask{}},
                             {"affine2", Affine<double>({.in = 5, .out = 3}, He{}, rng)}};
  const GradientReport report =
      check_gradients(network, MeanSquaredError<double>(), inputs(), ones<double>({2, 3}));
  EXPECT_FALSE(report.passes(1e-7));
  EXPECT_TRUE(report.worst.tensor.starts_with("affine1.")) << report.worst.tensor;
}

struct LossThatForgetsTheMean : MeanSquaredError<double> {
  double forward(const Tensor<double>& y, const Tensor<double>& t) {
    size = static_cast<double>(y.size());
    return MeanSquaredError<double>::forward(y, t);
  }
  const Tensor<double>& backward() {
    dy = MeanSquaredError<double>::backward();
    as_array(dy) *= size;
    return dy;
  }
  double size = 0;
  Tensor<double> dy;
};

TEST(CheckGradients, RejectsALossThatForgetsTheMean) {
  const auto t = ones<double>({2, 4});
  EXPECT_TRUE(check_gradients(MeanSquaredError<double>(), inputs(), t).passes(1e-7));
  const GradientReport report = check_gradients(LossThatForgetsTheMean{}, inputs(), t);
  EXPECT_FALSE(report.passes(1e-7));
  EXPECT_EQ(report.worst.tensor, "y");
}

struct LossWithASmallGradient : MeanSquaredError<double> {
  const Tensor<double>& backward() const { return dy; }
  Tensor<double> dy{{1}};
};

TEST(CheckGradients, ShapeErrorNamesTheGradientAndBothShapes) {
  EXPECT_EQ(test::error_of<ShapeError>([] {
              check_gradients(LossWithASmallGradient{}, inputs(), ones<double>({2, 4}));
            }),
            "check_gradients: expected a gradient of shape (2, 4) for y, got (1,)");
}

}  // namespace
}  // namespace dlfs
