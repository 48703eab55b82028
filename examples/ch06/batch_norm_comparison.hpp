#pragma once

#include <charconv>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "ch06/hidden_size.hpp"
#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

// Section 6.3.2: training accuracy with and without batch normalisation, on 1000 images.

namespace ch06 {

/// The i-th of 16 standard deviations of initial weights, from 1 down to 1e-4.
inline double weight_scale(int i) { return std::pow(10, -4.0 * i / 15); }

struct Accuracies {
  std::vector<double> plain, normalized;  // after the first step of each epoch
};

/// Trains 784-100x5-10 without and with batch normalisation, from weights of this standard
/// deviation, on the same mini-batches. Prints both accuracies.
inline Accuracies compare_batch_norm(const dlfs::Dataset<float>& train, double deviation,
                                     const dlfs::examples::Options& options) {
  using namespace dlfs;
  const auto make = [&](bool batch_normalization) {
    Rng rng(options.seed);
    auto network = multi_layer_net<float>(
        {.hidden = hidden_sizes(5, options), .batch_normalization = batch_normalization},
        Normal{deviation}, rng);
    // They start at zero, as in the book: from 1 a variance needs epochs to reach a tiny value.
    for (auto* statistics : network.buffers()) as_array(statistics->value) = 0;
    return network;
  };
  auto plain = make(false);
  auto normalized = make(true);
  SoftmaxCrossEntropy<float> loss;
  Sgd<float> sgd({.learning_rate = options.learning_rate});
  BatchSampler sampler(train.size(), options.batch_size, Rng(options.seed).stream(1),
                       {.sampling = BatchSampler::Sampling::with_replacement});
  Dataset<float> batch;
  Accuracies accuracies;
  for (int epoch = 0; epoch < options.epochs; ++epoch) {
    sampler.begin_epoch(epoch);
    for (Index i = 0; i < sampler.batch_count(); ++i) {
      train.take(sampler.batch(i), batch);
      for (auto* network : {&plain, &normalized}) {
        loss.forward(network->forward(batch.inputs), batch.targets);
        network->backward(loss.backward());
        sgd.step(network->parameters());
      }
      if (i > 0) continue;
      accuracies.plain.push_back(accuracy(plain, train));
      accuracies.normalized.push_back(accuracy(normalized, train));
      std::printf("epoch:%d | %.3f - %.3f\n", epoch, accuracies.plain.back(),
                  accuracies.normalized.back());
    }
  }
  return accuracies;
}

/// The number as Python prints it.
inline std::string python_text(double number) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof text, number, std::chars_format::general).ptr;
  return std::string(text, end) + (number == std::round(number) ? ".0" : "");
}

/// Both accuracies over the epochs.
inline dlfs::examples::Plot accuracy_plot(const std::string& title, const Accuracies& accuracies) {
  using namespace dlfs::examples;
  return {.title = title,
          .x_label = "epochs",
          .y_label = "accuracy",
          .y_limits = Limits{0, 1},
          .legend = Legend::lower_right,
          .series = {
              {.label = "Batch Normalization", .y = accuracies.normalized},
              {.label = "Normal(without BatchNorm)", .y = accuracies.plain, .line = Line::dashed}}};
}

}  // namespace ch06
