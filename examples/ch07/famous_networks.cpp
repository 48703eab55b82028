// Section 7.7: LeNet-5, the first convolutional network, and AlexNet, which started the deep
// learning boom.
// Book:    section 7.7 (text only)
// Run:     famous_networks [--network lenet5|alexnet] [--data DIR] [--epochs N]
// Expect:  the layers with their shapes and parameters, and about 0.98 test accuracy on MNIST
#include <cstdio>

#include "support/digits.hpp"
#include "support/program.hpp"
#include "support/training.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

/// AlexNet with a quarter of its filters and a sixteenth of its units, which is enough for digits.
static Sequential<float> small_alexnet(Rng& rng) {
  return alexnet<float>({.filters = {24, 64, 96, 96, 64}, .hidden = 256}, rng);
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 7.7: LeNet-5 and a small AlexNet, trained on MNIST",
       .epochs = 3,
       .batch_size = 100,
       .learning_rate = 0.001,
       .choices = {{"--network", "Network to train", {"lenet5", "alexnet"}}}},
      [](const examples::Options& options) {
        const auto digits = examples::load_digits<float>(options);
        Rng rng(options.seed);
        const bool is_lenet = options.choices.at("--network") == "lenet5";
        auto network = is_lenet ? lenet5<float>({}, rng) : small_alexnet(rng);
        std::printf("%s\n", to_string(summary(network, {1, 1, 28, 28})).c_str());
        examples::train_on_digits(network, digits, options);
        std::printf("test accuracy: %.4f\n", accuracy(network, digits.test));
      });
}
