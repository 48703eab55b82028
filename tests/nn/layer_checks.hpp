#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/net/sequential.hpp"
#include "dlfs/tensor/elementwise.hpp"
#include "dlfs/tools/check_gradients.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

// What is asked of every layer.

namespace dlfs::test {

/// Whether `Class<T>` exists: not for a T that its constraints refuse.
template <template <class> class Class, class T>
concept Instantiable = requires {
  typename Class<T>;
};

/// Random entries of magnitude 0.1 to 1: away from the kink of ReLU.
inline Tensor<double> random_off_zero(const Shape& shape, std::uint64_t seed = 1) {
  Rng rng(seed);
  auto x = random_uniform<double>(shape, rng, -0.9, 0.9);
  for (double& value : x) value += value < 0 ? -0.1 : 0.1;
  return x;
}

/// Entries that differ from each other by at least 0.01, in random order: no maximum is close.
inline Tensor<double> random_distinct(const Shape& shape, std::uint64_t seed = 1) {
  Rng rng(seed);
  std::vector<double> values(static_cast<std::size_t>(shape.size()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = 0.01 * static_cast<double>(i) - 0.5;
  rng.shuffle(values);
  return {shape, values};
}

/// The numbers of the acceptance: double, the input and every parameter.
template <Layer L>
void expect_right_gradients(const L& layer, const Tensor<double>& x,
                            PassMode mode = PassMode::train) {
  const GradientReport report = check_gradients(layer, x, {}, mode);
  EXPECT_TRUE(report.passes(1e-7)) << "x " << to_string(x.shape()) << ": " << to_string(report);
}

/// A layer and one batch, with memory as a network would lend it, but filled with NaN before each
/// pass. What a layer fails to write shows; what it reads but does not name in its traits, crashes.
template <Layer L>
class Bench {
 public:
  using T = typename L::Scalar;

  Bench(L layer, Tensor<T> x_, PassMode mode = PassMode::train)
      : x(std::move(x_)),
        y(layer.output_shape(x.shape())),
        dx(x.shape()),
        layer_(std::move(layer)),
        mode_(mode) {
    if constexpr (LayerWithParameters<L>) {
      for (Parameter<T>* parameter : layer_.parameters()) {
        gradients.emplace_back(parameter->value.shape());
      }
    }
    saved_.resize({AnyLayer<T>(layer_).saved_bytes(x.shape())});
  }

  void forward(bool with_backward = true) {
    y.fill(nan);
    layer_.forward(ForwardPass<T>{
        .x = x, .y = y, .saved = with_backward ? saved_.data() : nullptr, .mode = mode_});
  }

  void backward(const Tensor<T>& dy, bool with_dx = true, Store store = Store::overwrite) {
    const LayerTraits traits = layer_.traits();
    dx.fill(nan);
    if (store == Store::overwrite) {
      for (Tensor<T>& gradient : gradients) gradient.fill(nan);
    }
    std::vector<TensorView<T>> views(gradients.begin(), gradients.end());
    layer_.backward(BackwardPass<T>{.x = {traits.keeps_input ? x.data() : nullptr, x.shape()},
                                    .y = {traits.keeps_output ? y.data() : nullptr, y.shape()},
                                    .dy = dy,
                                    .dx = with_dx ? dx.view() : TensorView<T>(nullptr, x.shape()),
                                    .gradients = views,
                                    .store = store,
                                    .saved = saved_.data(),
                                    .mode = mode_});
  }

  Tensor<T> x;
  Tensor<T> y;
  Tensor<T> dx;
  std::vector<Tensor<T>> gradients;  // of the parameters

 private:
  static constexpr T nan = std::numeric_limits<T>::quiet_NaN();

  L layer_;
  PassMode mode_;
  Tensor<std::byte> saved_{{0}};
};

template <class T>
bool has_nan(const Tensor<T>& x) {
  return std::any_of(x.begin(), x.end(), [](T value) { return std::isnan(value); });
}

/// Writes all that it must, and reads only x or y, as its traits say; gives the same y where there
/// will be no backward pass; overwrites gradients, or adds to them where told; does without dx.
template <Layer L>
void expect_contract(const L& layer, const Tensor<typename L::Scalar>& x,
                     PassMode mode = PassMode::train) {
  using T = typename L::Scalar;
  Rng rng(2);
  const auto dy = random_normal<T>(layer.output_shape(x.shape()), rng);

  Bench<L> bench(layer, x, mode);
  bench.forward(/*with_backward=*/false);
  const Tensor<T> y = bench.y;
  bench.forward();
  EXPECT_FALSE(has_nan(bench.y));
  expect_equal(y, bench.y);

  bench.backward(dy);
  const Tensor<T> dx = bench.dx;
  const std::vector<Tensor<T>> gradients = bench.gradients;
  EXPECT_FALSE(has_nan(dx));
  for (const Tensor<T>& gradient : gradients) EXPECT_FALSE(has_nan(gradient));
  bench.backward(dy);
  expect_equal(bench.dx, dx);
  for (std::size_t k = 0; k < gradients.size(); ++k) expect_equal(bench.gradients[k], gradients[k]);

  if constexpr (LayerWithParameters<L>) {
    bench.backward(dy, /*with_dx=*/false, Store::add);
    EXPECT_TRUE(std::isnan(*bench.dx.begin())) << "wrote a gradient that nobody wants";
    for (std::size_t k = 0; k < gradients.size(); ++k) {
      expect_close(bench.gradients[k], gradients[k] + gradients[k], 1e-6);
    }
  }
}

/// Hands on what it gets, and counts the tiles.
class TileCounter {
 public:
  using Scalar = double;

  explicit TileCounter(std::atomic<int>& tiles) : tiles_(&tiles) {}

  static constexpr LayerTraits traits() { return {.kind = "tile counter"}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<double>& pass) const {
    ++*tiles_;
    assign(pass.y, pass.x);
  }
  void backward(const BackwardPass<double>& pass) const { assign(pass.dx, pass.dy); }

 private:
  std::atomic<int>* tiles_;
};

/// A network cuts the batch x into pieces for its threads, and those into tiles for the cache: the
/// result is that of the samples one by one. x must be large enough to be cut at all.
template <Layer L>
void expect_batch_equals_its_samples(const L& layer, const Tensor<double>& x) {
  std::atomic<int> tiles = 0;
  Sequential<double> batch_net{{"layer", layer}, {"counter", TileCounter(tiles)}};
  const Tensor<double> y = batch_net.forward(x);
  if (!layer.traits().whole_batch) {
    ASSERT_GT(tiles, 16) << "expected more tiles than a batch has pieces";
  }
  Rng rng(3);
  const auto dy = random_normal<double>(y.shape(), rng);
  const Tensor<double> dx = batch_net.backward_to_input(dy);

  Sequential<double> sample_net{{"layer", layer}};
  const auto sample = [](const Tensor<double>& batch, Index n) {
    const TensorView<const double> row = batch.rows(n, n + 1);
    return Tensor<double>(row.shape(), {row.data(), static_cast<std::size_t>(row.size())});
  };
  std::vector<Tensor<double>> sums;
  for (const Parameter<double>* parameter : sample_net.parameters()) {
    sums.push_back(zeros<double>(parameter->value.shape()));
  }
  for (Index n = 0; n < x.extent(0); ++n) {
    SCOPED_TRACE(str_cat("sample ", n));
    const Tensor<double> x_n = sample(x, n);
    expect_close(sample(y, n), sample_net.forward(x_n), 1e-13);
    expect_close(sample(dx, n), sample_net.backward_to_input(sample(dy, n)), 1e-13);
    for (std::size_t k = 0; k < sums.size(); ++k) {
      sums[k] = sums[k] + sample_net.parameters()[k]->gradient;
    }
  }
  for (std::size_t k = 0; k < sums.size(); ++k) {
    SCOPED_TRACE(batch_net.parameters()[k]->name);
    expect_close(batch_net.parameters()[k]->gradient, sums[k], 1e-12);
  }
}

}  // namespace dlfs::test
