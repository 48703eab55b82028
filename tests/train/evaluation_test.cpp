#include "dlfs/train/evaluation.hpp"

#include <gtest/gtest.h>

#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/losses/mean_squared_error.hpp"
#include "dlfs/tensor/creation.hpp"

namespace dlfs {
namespace {

using Targets = Tensor<double>;

TEST(Evaluation, IsTheSameInMemoryAndByBatches) {
  Rng rng(1);
  const Sequential<double> network{{"affine1", Affine<double>({.in = 3, .out = 2}, He{}, rng)}};
  const Dataset<double, Targets> data{random_normal<double>({9001, 3}, rng),
                                      random_normal<double>({9001, 2}, rng)};
  const FunctionSource<double, Targets> stream(
      data.size(), [&](std::span<const Index> samples, auto& batch) { data.take(samples, batch); });
  const std::vector<Metric<double, Targets>> metrics{
      {"sum", [](const Tensor<double>& y, const Targets& t) {
         EXPECT_EQ(y.shape(), t.shape());
         double sum = 0;
         for (Index i = 0; i < y.size(); ++i) {
           sum += y.data()[i] * t.data()[i] * static_cast<double>(i);
         }
         return sum;
       }}};
  MeanSquaredError<double> loss;
  for (const Index samples : {1, 7, 5000, 9001}) {
    const auto memory = detail::evaluate(network, loss, metrics, {data}, samples, 7);
    const auto batches = detail::evaluate(network, loss, metrics, {stream}, samples, 7);
    EXPECT_EQ(memory.metrics, batches.metrics) << samples;
    EXPECT_NEAR(memory.loss, batches.loss, 1e-13) << samples;
    const auto y = network.predict(data.inputs.rows(0, samples));
    const Targets t({samples, 2},
                    std::span(data.targets.data(), static_cast<std::size_t>(2 * samples)));
    EXPECT_NEAR(memory.loss, loss.forward(y, t), 1e-13) << samples;
  }
}

}  // namespace
}  // namespace dlfs
