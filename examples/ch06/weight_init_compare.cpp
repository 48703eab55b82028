// Section 6.2.4: three kinds of initial weights for the same network and mini-batches.
// Book:    ch06/weight_init_compare.py (784-100x4-10, SGD 0.01, batch 128, 2000 steps)
// Run:     weight_init_compare [--weight-init-std X] [--hidden-size N] [--data DIR] [--steps N]
//          [--out DIR]
// Expect:  weight_init_compare.png: std 0.01 learns nothing, He learns most
#include "ch06/comparison.hpp"

using namespace dlfs;

template <class I>
static ch06::Contestant contestant(std::string name, const I& initializer,
                                   const examples::Options& options) {
  Sgd<float> sgd({.learning_rate = options.learning_rate});
  return {std::move(name), ch06::five_layer_net(initializer, options),
          [sgd](auto parameters) mutable { sgd.step(parameters); }};
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.2.4: initial weights compared on MNIST",
       .steps = 2000,
       .batch_size = 128,
       .learning_rate = 0.01,
       .whole = {ch06::hidden_size},
       .real = {{.name = "--weight-init-std",
                 .help = "Standard deviation of the first network's weights",
                 .value = 0.01}}},
      [](const examples::Options& options) {
        const auto train = examples::load_digits<float>(options).train;
        const double std = options.real.at("--weight-init-std");
        std::vector<ch06::Contestant> contestants{
            contestant(str_cat("std=", std), Normal{std}, options),
            contestant("Xavier", Xavier{}, options), contestant("He", He{}, options)};
        ch06::compare(contestants, train, options);
        using enum examples::Marker;
        ch06::show_losses(contestants, {circle, square, diamond}, 2.5, options,
                          "weight_init_compare");
      });
}
