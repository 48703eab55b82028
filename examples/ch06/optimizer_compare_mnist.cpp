// Section 6.1.8: four optimizers train the same network on the same mini-batches.
// Book:    ch06/optimizer_compare_mnist.py (784-100x4-10, batch 128, 2000 steps)
// Run:     optimizer_compare_mnist [--data DIR] [--steps N] [--hidden-size N] [--seed N]
//          [--out DIR]
// Expect:  optimizer_compare_mnist.png: SGD learns slowest, AdaGrad and Adam fastest
#include "ch06/comparison.hpp"

using namespace dlfs;

template <class O>
static ch06::Contestant contestant(std::string name, O optimizer,
                                   const examples::Options& options) {
  const auto step = [optimizer](auto parameters) mutable { optimizer.step(parameters); };
  return {std::move(name), ch06::five_layer_net(He{}, options), step};
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "Section 6.1.8: optimizers compared on MNIST",
                                .steps = 2000,
                                .batch_size = 128,
                                .whole = {ch06::hidden_size}},
                               [](const examples::Options& options) {
                                 const auto train = examples::load_digits<float>(options).train;
                                 std::vector contestants{
                                     contestant("SGD", Sgd<float>(), options),
                                     contestant("Momentum", Momentum<float>(), options),
                                     contestant("AdaGrad", AdaGrad<float>(), options),
                                     contestant("Adam", Adam<float>(), options)};
                                 ch06::compare(contestants, train, options);
                                 using enum examples::Marker;
                                 ch06::show_losses(contestants, {circle, cross, square, diamond}, 1,
                                                   options, "optimizer_compare_mnist");
                               });
}
