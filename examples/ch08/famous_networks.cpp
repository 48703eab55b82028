// Section 8.2: VGG, GoogLeNet and ResNet, each small enough for MNIST.
// Book:    section 8.2 (text only)
// Run:     famous_networks [--network vgg|googlenet|resnet] [--data DIR] [--epochs N] [--out DIR]
// Expect:  the layers with their shapes and parameters, 0.977 to 0.992 test accuracy on MNIST, and
//          the network's graph for Graphviz, NAME.dot
#include <cstdio>

#include "support/digits.hpp"
#include "support/program.hpp"
#include "support/training.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

/// Three blocks of two convolutions each.
static Sequential<float> small_vgg(Rng& rng) {
  return vgg<float>({.blocks = {{2, 16}, {2, 32}, {2, 64}}, .hidden = {64}}, rng);
}

/// A stem, two Inception blocks with a quarter of GoogLeNet's channels, and global pooling.
static Sequential<float> small_googlenet(Rng& rng) {
  return {{"conv", Convolution<float>({.in = 1, .filters = 24, .padding = 1}, He{}, rng)},
          {"relu", Relu<float>()},
          {"pool1", MaxPooling<float>({.kernel = 2, .stride = 2})},
          {"inception3a", inception<float>({24, 16, 24, 32, 4, 8, 8}, rng)},
          {"inception3b", inception<float>({64, 32, 32, 48, 8, 24, 16}, rng)},
          {"pool2", MaxPooling<float>({.kernel = 2, .stride = 2})},
          {"inception4a", inception<float>({120, 48, 24, 52, 4, 12, 16}, rng)},
          {"pool3", GlobalAveragePooling<float>()},
          {"affine", Affine<float>({.in = 128, .out = 10}, He{}, rng)}};
}

static Sequential<float> network_named(const std::string& name, Rng& rng) {
  if (name == "vgg") return small_vgg(rng);
  if (name == "googlenet") return small_googlenet(rng);
  return resnet<float>({.filters = {8, 16, 32}}, rng);
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 8.2: VGG, GoogLeNet and ResNet, each small enough for MNIST",
       .epochs = 3,
       .batch_size = 100,
       .learning_rate = 0.001,
       .choices = {{"--network", "Network to train", {"vgg", "googlenet", "resnet"}}}},
      [](const examples::Options& options) {
        const auto digits = examples::load_digits<float>(options);
        const std::string name = options.choices.at("--network");
        Rng rng(options.seed);
        auto network = network_named(name, rng);
        std::printf("%s\n", to_string(summary(network, {1, 1, 28, 28})).c_str());

        const auto file = options.out / (name + ".dot");
        examples::write_text(file, to_dot(network, {1, 1, 28, 28}));
        std::printf("wrote %s\n", file.c_str());

        examples::train_on_digits(network, digits, options);
        std::printf("test accuracy: %.4f\n", accuracy(network, digits.test));
      });
}
