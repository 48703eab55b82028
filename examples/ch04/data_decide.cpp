// Section 4.1: the data decide: a rule from mean images, all images as the rule, a network.
// Book:    section 4.1 (text only)
// Run:     data_decide [--hidden-size N] [--data DIR] [--epochs N] [--out DIR]
// Expect:  on MNIST 0.8203 by the nearest mean image, 0.9691 by the nearest of 60,000 images, and
//          about 0.97 by a network of 39,760 weights; mean_images.png
#include <cstdio>
#include <utility>
#include <vector>

#include "ch04/nearest.hpp"
#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include "support/training.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

static Dataset<float> flattened(Dataset<float> digits) {
  return {std::move(digits.inputs).reshape({-1, 784}), std::move(digits.targets)};
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 4.1: mean images, nearest neighbours and a network",
       .epochs = 10,
       .batch_size = 100,
       .learning_rate = 0.001,
       .whole = {{.name = "--hidden-size", .help = "Units of the hidden layer", .value = 50}}},
      [](const examples::Options& options) {
        auto digits = examples::load_digits<float>(options);
        digits.train = flattened(std::move(digits.train));
        digits.test = flattened(std::move(digits.test));
        const auto means = ch04::mean_images(digits.train);
        Rng rng(options.seed);
        auto network =
            multi_layer_net<float>({.hidden = {options.whole.at("--hidden-size")}}, He{}, rng);
        examples::train_on_digits(network, digits, options);
        Index weights = 0;
        for (const auto* parameter : network.parameters()) weights += parameter->value.size();

        const auto print = [](const char* rule, Index numbers, double accuracy) {
          std::printf("%-18s  %10td  %8.4f\n", rule, numbers, accuracy);
        };
        std::printf("classifier             numbers  accuracy\n");
        print("nearest mean image", means.inputs.size(),
              ch04::accuracy_by_nearest(means, digits.test));
        print("nearest neighbour", digits.train.inputs.size(),
              ch04::accuracy_by_nearest(digits.train, digits.test));
        print("network", weights, accuracy(network, digits.test));

        std::vector<examples::Plot> tiles;
        for (Index digit = 0; digit < 10; ++digit) {
          tiles.push_back({.title = str_cat(digit),
                           .image = cast<double>(means.inputs[digit].reshape({28, 28}))});
        }
        examples::show(tiles, 5, options.out, "mean_images");
        std::printf("test accuracy: %.4f\n", accuracy(network, digits.test));
      });
}
