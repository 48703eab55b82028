#include "dlfs/nn/layer.hpp"

#include <array>
#include <memory>

#include <gtest/gtest.h>

namespace dlfs {
namespace {

/// A layer with nothing but what the concept asks for.
template <class T>
struct Minimal {
  using Scalar = T;
  LayerTraits traits() const { return {.kind = "minimal"}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<T>&) const {}
  void backward(const BackwardPass<T>&) const {}
};
static_assert(Layer<Minimal<float>> && Layer<Minimal<double>>);
static_assert(!LayerWithParameters<Minimal<float>> && !LayerWithSavedBytes<Minimal<float>>);

static_assert(!Layer<Minimal<int>>);
static_assert(!Layer<int> && !Layer<Tensor<float>>);

struct WithoutBackward {
  using Scalar = float;
  LayerTraits traits() const { return {.kind = "without backward"}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<float>&) const {}
};
static_assert(!Layer<WithoutBackward>);

struct RemembersABatch : Minimal<float> {
  void forward(const ForwardPass<float>&) {}
};
static_assert(!Layer<RemembersABatch>, "forward must be const");

struct CannotBeCopied : Minimal<float> {
  std::unique_ptr<int> owned;
};
static_assert(!Layer<CannotBeCopied>);

struct WithParameters : Minimal<float> {
  std::array<Parameter<float>*, 1> parameters() { return {&weight}; }
  Parameter<float> weight{"weight", Tensor<float>()};
};
static_assert(LayerWithParameters<WithParameters>);

struct WithParametersOfAnotherType : Minimal<double> {
  std::array<Parameter<float>*, 1> parameters() { return {nullptr}; }
};
static_assert(!LayerWithParameters<WithParametersOfAnotherType>);

struct WithSavedBytes : Minimal<float> {
  Index saved_bytes(const Shape&) const { return 0; }
};
static_assert(LayerWithSavedBytes<WithSavedBytes>);

TEST(Layer, TraitsAskForNothingByDefault) {
  constexpr LayerTraits traits{.kind = "minimal"};
  EXPECT_FALSE(traits.keeps_input);
  EXPECT_FALSE(traits.keeps_output);
  EXPECT_FALSE(traits.whole_batch);
}

TEST(Layer, BackwardPassKnowsWhetherSomebodyWantsDx) {
  Tensor<float> dx({2, 3});
  BackwardPass<float> pass;
  EXPECT_FALSE(pass.needs_dx());
  pass.dx = dx;
  EXPECT_TRUE(pass.needs_dx());
}

}  // namespace
}  // namespace dlfs
