// Section 8.1: the best networks that train in a quarter of an hour on two cores. Three networks
// classify together, and see each digit several times.
// Book:    ch08/awesome_net.py (empty, for the reader)
// Run:     awesome_net [--data DIR] [--epochs N] [--seed N] [--out DIR] [--validate]
// Expect:  about 0.997 test accuracy on MNIST; awesome_net_1.npz to awesome_net_3.npz
#include <algorithm>
#include <chrono>
#include <cstdio>

#include "ch08/awesome_net.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"
#include "support/training.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

constexpr int network_count = 3;
constexpr int view_count = 8;  // distorted copies of a digit to classify, besides the digit

/// The strength of the distortion: full for training, half for the views of a digit to classify.
static Augmentation distortion(double strength) {
  return Augmentation({.shift = 2 * strength,
                       .rotation = 10 * strength,
                       .scale = 0.1 * strength,
                       .elastic = 20 * strength});
}

/// Uses the last twelfth of the training images for validation, in place of the test images.
static void hold_out(examples::Digits<float>& digits) {
  const Index count = digits.train.size();
  const Index kept = count - count / 12;
  digits.test = slice(digits.train, kept, count);
  digits.train = slice(digits.train, 0, kept);
}

/// Trains one network of the ensemble, and returns it with its weights averaged over many steps.
static NeuralNetwork<float> trained_network(const examples::Digits<float>& digits,
                                            const examples::Options& options, std::uint64_t seed) {
  Rng rng(seed);
  auto network = awesome_net<float>(rng);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), AdamW<float>({.weight_decay = 0.01}),
                  {.epochs = options.epochs,
                   .batch_size = options.batch_size,
                   .seed = seed,
                   .evaluation_samples = std::min<Index>(1000, digits.test.size())});
  const Index batches = (digits.train.size() + options.batch_size - 1) / options.batch_size;
  trainer.schedule(OneCycle{.peak = options.learning_rate, .steps = options.epochs * batches});
  trainer.augment(distortion(1));
  ExponentialMovingAverage<float> average(network, 0.998);
  trainer.on_step([&](const StepRecord&) { average.update(network); });
  examples::show_progress(trainer, options.epochs);
  trainer.fit(digits.train, digits.test);
  return average.network();
}

/// The probabilities (N, 10) of the classes, summed over each image and its distorted views.
static Tensor<float> votes_of(const NeuralNetwork<float>& network, const Tensor<float>& images) {
  auto votes = softmax(network.predict(images));
  const auto numbers = arange<Index>(images.extent(0));
  const Augmentation distort = distortion(0.5);
  for (std::uint64_t view = 1; view <= view_count; ++view) {
    auto distorted = copy(images);
    distort(distorted.view(), {numbers.data(), numbers.data() + numbers.size()}, Rng(view));
    votes += softmax(network.predict(distorted));
  }
  return votes;
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 8.1: the best networks for a quarter of an hour",
       .epochs = 12,
       .batch_size = 100,
       .learning_rate = 0.006,
       .flag =
           examples::Flag{"--validate", "Measure on held-out training images, to choose settings"}},
      [](const examples::Options& options) {
        auto digits = examples::load_digits<float>(options);
        if (options.flag) hold_out(digits);
        const char* judges = options.flag ? "validation" : "test";
        const auto begin = std::chrono::steady_clock::now();

        Tensor<float> votes({digits.test.size(), 10});
        for (int i = 1; i <= network_count; ++i) {
          const std::uint64_t seed = network_count * options.seed + static_cast<std::uint64_t>(i);
          const auto network = trained_network(digits, options, seed);
          const auto file = options.out / str_cat("awesome_net_", i, ".npz");
          save_weights(file, network);
          const auto its_votes = votes_of(network, digits.test.inputs);
          votes += its_votes;
          std::printf("wrote %s, %s accuracy %.4f, of several views %.4f\n", file.c_str(), judges,
                      accuracy(network, digits.test), accuracy(its_votes, digits.test.targets));
        }
        const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
        std::printf("trained for %.0f s\n", time.count());
        std::printf("%s accuracy: %.4f\n", judges, accuracy(votes, digits.test.targets));
      });
}
