// Section 6.2.1: weights that begin at zero: all units of a layer stay equal.
// Book:    section 6.2.1 (text only)
// Run:     zero_weights [--hidden-size N] [--data DIR] [--steps N] [--seed N]
// Expect:  1 kind of unit after each step from zero, bit by bit, and as many kinds as units from
//          random weights, which learn more
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <set>
#include <vector>

#include "support/digits.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

/// The number of different columns, which are the weights of the units, compared bit by bit.
static std::size_t kinds_of_units(const Tensor<float>& weight) {
  std::set<std::vector<std::uint32_t>> columns;
  for (Index unit = 0; unit < weight.extent(1); ++unit) {
    std::vector<std::uint32_t> column;
    for (Index i = 0; i < weight.extent(0); ++i)
      column.push_back(std::bit_cast<std::uint32_t>(weight(i, unit)));
    columns.insert(column);
  }
  return columns.size();
}

struct Zero {
  void operator()(Tensor<float>& weight, Fans, Rng&) const { as_array(weight) = 0; }
};

static std::size_t train(const char* name, const Initializer<float> auto& initializer,
                         const examples::Digits<float>& digits, const examples::Options& options) {
  Rng rng(options.seed);
  const Index units = options.whole.at("--hidden-size");
  auto network = multi_layer_net<float>(
      {.hidden = {units, units}, .activation = MultiLayerNetOptions::Activation::sigmoid},
      initializer, rng);
  SoftmaxCrossEntropy<float> loss;
  Sgd<float> sgd({.learning_rate = options.learning_rate});
  BatchSampler sampler(digits.train.size(), options.batch_size, Rng(options.seed).stream(1),
                       {.sampling = BatchSampler::Sampling::with_replacement});
  Dataset<float> batch;
  std::size_t most_kinds[2] = {0, 0};
  for (int step = 0; step < options.steps; ++step) {
    const Index step_of_epoch = step % sampler.batch_count();
    if (step_of_epoch == 0) sampler.begin_epoch(step / sampler.batch_count());
    digits.train.take(sampler.batch(step_of_epoch), batch);
    loss.forward(network.forward(batch.inputs), batch.targets);
    network.backward(loss.backward());
    sgd.step(network.parameters());
    for (std::size_t layer : {0u, 1u}) {
      const auto& weight = network.parameters()[2 * layer]->value;
      most_kinds[layer] = std::max(most_kinds[layer], kinds_of_units(weight));
    }
  }
  std::printf("%s: at most %zu and %zu kinds of units in the hidden layers; test accuracy %.4f\n",
              name, most_kinds[0], most_kinds[1], accuracy(network, digits.test));
  return std::max(most_kinds[0], most_kinds[1]);
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.2.1: weights that begin at zero",
       .steps = 1000,
       .batch_size = 100,
       .learning_rate = 0.5,
       .whole = {{.name = "--hidden-size", .help = "Units of a hidden layer", .value = 50}}},
      [](const examples::Options& options) {
        const auto digits = examples::load_digits<float>(options);
        if (train("zero", Zero{}, digits, options) > 1) {
          throw ValueError("expected equal units from equal weights");
        }
        train("random", Normal{0.1}, digits, options);
      });
}
