#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ch06/hidden_size.hpp"
#include "common/util.hpp"
#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>
#include <dlfs/io/progress.hpp>

namespace ch06 {

/// One of several networks that learn from the same mini-batches.
struct Contestant {
  std::string name;
  dlfs::Sequential<float> network;
  std::function<void(std::span<dlfs::Parameter<float>* const>)> update;  // an optimizer's step
  std::vector<double> losses{};  // of each mini-batch, after its update
};

/// The network of sections 6.1.8 and 6.2.4: 784 - 100 - 100 - 100 - 100 - 10 with ReLU.
dlfs::Sequential<float> five_layer_net(const dlfs::Initializer<float> auto& initializer,
                                       const dlfs::examples::Options& options) {
  dlfs::Rng rng(options.seed);
  return dlfs::multi_layer_net<float>({.hidden = hidden_sizes(4, options)}, initializer, rng);
}

/// Trains all contestants for options.steps steps. Prints their losses every 100 steps.
inline void compare(std::vector<Contestant>& contestants, const dlfs::Dataset<float>& train,
                    const dlfs::examples::Options& options) {
  using namespace dlfs;
  SoftmaxCrossEntropy<float> loss;
  BatchSampler sampler(train.size(), options.batch_size, Rng(options.seed).stream(1),
                       {.sampling = BatchSampler::Sampling::with_replacement});
  Dataset<float> batch;
  Progress progress(options.steps, {.label = "training"});
  for (int step = 0; step < options.steps; ++step) {
    const Index step_of_epoch = step % sampler.batch_count();
    if (step_of_epoch == 0) sampler.begin_epoch(step / sampler.batch_count());
    train.take(sampler.batch(step_of_epoch), batch);
    for (Contestant& one : contestants) {
      loss.forward(one.network.forward(batch.inputs), batch.targets);
      one.network.backward(loss.backward());
      one.update(one.network.parameters());
      one.losses.push_back(loss.forward(one.network.predict(batch.inputs), batch.targets));
    }
    progress.update(step + 1);
    if (step % 100 != 0) continue;
    progress.clear();
    std::printf("===========iteration:%d===========\n", step);
    for (const Contestant& one : contestants) {
      std::printf("%s:%.4f\n", one.name.c_str(), one.losses.back());
    }
  }
}

/// Draws their smoothed losses, with a marker every 100 steps.
inline void show_losses(const std::vector<Contestant>& contestants,
                        const std::vector<dlfs::examples::Marker>& markers, double highest,
                        const dlfs::examples::Options& options, std::string_view name) {
  using namespace dlfs::examples;
  Plot plot{.x_label = "iterations", .y_label = "loss", .y_limits = Limits{0, highest}};
  for (std::size_t i = 0; i < contestants.size(); ++i) {
    plot.series.push_back({.label = contestants[i].name,
                           .y = common::smooth_curve(contestants[i].losses),
                           .marker = markers[i],
                           .marker_every = 100});
  }
  show(plot, options.out, name);
}

}  // namespace ch06
