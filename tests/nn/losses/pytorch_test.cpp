// The losses and gradients of PyTorch.
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "nn/losses/pytorch_losses.hpp"

namespace dlfs {
namespace {

// The inputs of pytorch_losses.py.

template <class X>
Tensor<X> integers_of(const Shape& shape, Index factor, Index summand, Index modulus) {
  Tensor<X> x(shape);
  for (Index i = 0; i < x.size(); ++i) {
    x.data()[i] = static_cast<X>((i * factor + summand) % modulus);
  }
  return x;
}

template <class T>
class PyTorchLosses : public testing::Test {
 protected:
  struct Made {
    T loss;
    Tensor<T> gradient;
  };
  struct Twin {
    Shape shape;
    std::function<Made(const Tensor<T>& y)> compute;
  };

  static Tensor<T> outputs(const Shape& shape, double factor) {
    return (integers_of<T>(shape, 37, 11, 97) - T(48)) * static_cast<T>(factor / 16);
  }
  static Tensor<T> numbers(const Shape& shape) {
    return (integers_of<T>(shape, 29, 5, 83) - T(41)) / T(16);
  }
  static Tensor<T> probabilities(const Shape& shape) {
    return integers_of<T>(shape, 13, 3, 17) / T(16);
  }
  static Labels labels(Index classes, const Shape& shape) {
    return integers_of<std::int32_t>(shape, 5, 3, classes);
  }
  static Tensor<T> weights(Index count) { return (integers_of<T>({count}, 3, 1, 7) + T(1)) / T(4); }

  template <class L, class Targets>
  void add(const std::string& name, L loss, Targets targets, const Shape& shape,
           Tensor<T> sample_weights = {}) {
    twins[name] = {shape, [=](const Tensor<T>& y) mutable {
                     const T value = loss.forward(y, targets, sample_weights);
                     return Made{value, loss.backward()};
                   }};
  }

  void add_all() {
    const Shape few{5}, many{3, 7}, pixels{2, 3, 2, 4}, classes{2, 2, 4};
    using Softmax = SoftmaxCrossEntropy<T>;
    add("mean squared error", MeanSquaredError<T>(), numbers(many), many);
    add("mean squared error, weights", MeanSquaredError<T>(), numbers(many), many, weights(3));
    add("mean absolute error", MeanAbsoluteError<T>(), numbers(few), few);
    add("mean absolute error, weights", MeanAbsoluteError<T>(), numbers(pixels), pixels,
        weights(2));
    add("huber", Huber<T>(), numbers(many), many);
    add("huber, delta, weights", Huber<T>({.delta = 0.75}), numbers(pixels), pixels, weights(2));
    using Binary = BinaryCrossEntropy<T>;
    add("binary", Binary(), probabilities(few), few);
    add("binary, pos_weight", Binary({.pos_weight = weights(7)}), probabilities(many), many);
    add("binary, pos_weight, weights", Binary({.pos_weight = weights(3)}), probabilities(pixels),
        pixels, weights(2));
    add("binary, one pos_weight", Binary({.pos_weight = array<T>({2.5})}), probabilities(few), few);
    const auto zero_or_one = [](const Shape& shape) { return cast<T>(labels(2, shape)); };
    using Focal = SigmoidFocal<T>;
    add("focal", Focal(), zero_or_one(many), many);
    add("focal, no alpha", Focal({.alpha = {}, .gamma = 1.5}), probabilities(many), many);
    add("focal, gamma 0", Focal({.alpha = 0.75, .gamma = 0}), probabilities(few), few);
    add("focal, weights", Focal({.alpha = 0.5, .gamma = 0.5}), zero_or_one(pixels), pixels,
        weights(2));
    add("softmax", Softmax(), labels(7, {3}), many);
    add("softmax, class weights", Softmax({.class_weights = weights(7)}), labels(7, {3}), many);
    add("softmax, smoothing", Softmax({.label_smoothing = 0.125}), labels(7, {3}), many);
    add("softmax, ignore", Softmax({.ignore_index = 3}), labels(7, {3}), many);
    add("softmax, weights", Softmax(), labels(7, {3}), many, weights(3));
    add("softmax, class weights, smoothing, ignore",
        Softmax({.label_smoothing = 0.125, .class_weights = weights(7), .ignore_index = 3}),
        labels(7, {3}), many);
    add("softmax, pixels", Softmax(), labels(3, classes), pixels);
    add("softmax, pixels, all options",
        Softmax({.label_smoothing = 0.25, .class_weights = weights(3), .ignore_index = 1}),
        labels(3, classes), pixels, weights(2));
    add("softmax, soft", Softmax(), probabilities(many), many);
    add("softmax, soft, class weights, smoothing",
        Softmax({.label_smoothing = 0.125, .class_weights = weights(7)}), probabilities(many),
        many);
    add("softmax, soft, pixels, all options",
        Softmax({.label_smoothing = 0.25, .class_weights = weights(3)}), probabilities(pixels),
        pixels, weights(2));
    add("kullback-leibler", KullbackLeibler<T>(), probabilities(many), many);
    add("kullback-leibler, pixels, weights", KullbackLeibler<T>(), probabilities(pixels), pixels,
        weights(2));
  }

  std::map<std::string, Twin> twins;
};
using PyTorchScalars = testing::Types<float, double>;
TYPED_TEST_SUITE(PyTorchLosses, PyTorchScalars);

TYPED_TEST(PyTorchLosses, AreTheSame) {
  using T = TypeParam;
  this->add_all();
  constexpr double tolerance = std::is_same_v<T, float> ? 1e-6 : 1e-12;
  std::map<std::string, int> compared;
  for (const auto& expected : test::pytorch::loss_results) {
    const std::string name(expected.name);
    SCOPED_TRACE(str_cat(name, ", outputs * ", expected.factor));
    const auto& twin = this->twins.at(name);
    const auto made = twin.compute(this->outputs(twin.shape, expected.factor));
    EXPECT_NEAR(made.loss, expected.loss, tolerance * std::abs(expected.loss));
    ASSERT_EQ(made.gradient.size(), std::ssize(expected.gradient));
    double largest = 0;
    for (double entry : expected.gradient) largest = std::max(largest, std::abs(entry));
    for (Index i = 0; i < made.gradient.size(); ++i) {
      EXPECT_NEAR(made.gradient.data()[i], expected.gradient[static_cast<std::size_t>(i)],
                  tolerance * largest)
          << "entry " << i;
    }
    ++compared[name];
  }
  EXPECT_EQ(compared.size(), this->twins.size());
}

}  // namespace
}  // namespace dlfs
