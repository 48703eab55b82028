// Section 8.1: the best network that a quarter of an hour on two cores can train.
// Book:    ch08/awesome_net.py (empty, for the reader)
// Run:     awesome_net [--data DIR] [--epochs N] [--seed N] [--out DIR] [--validate]
// Expect:  0.9965 test accuracy and more on MNIST; awesome_net_params.npz
#include <algorithm>
#include <cstdio>

#include "ch08/awesome_net.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"
#include "support/training.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

/// Keeps the last twelfth of the training images to judge by, instead of the test images.
static void hold_out(examples::Digits<float>& digits) {
  const Index count = digits.train.size();
  const Index kept = count - count / 12;
  digits.test = take(digits.train, kept, count);
  digits.train = take(digits.train, 0, kept);
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 8.1: the best network for a quarter of an hour",
       .epochs = 12,
       .batch_size = 100,
       .learning_rate = 0.004,
       .flag = examples::Flag{"--validate",
                              "Judge by training images that are held out, to choose settings"}},
      [](const examples::Options& options) {
        auto digits = examples::load_digits<float>(options);
        if (options.flag) hold_out(digits);
        Rng rng(options.seed);
        auto network = awesome_net<float>(rng);
        const Index batches = (digits.train.size() + options.batch_size - 1) / options.batch_size;

        Trainer trainer(network, SoftmaxCrossEntropy<float>(), AdamW<float>({.weight_decay = 0.01}),
                        {.epochs = options.epochs,
                         .batch_size = options.batch_size,
                         .seed = options.seed,
                         .evaluation_samples = std::min<Index>(1000, digits.test.size())});
        trainer.schedule(
            OneCycle{.peak = options.learning_rate, .steps = options.epochs * batches});
        trainer.augment(Augmentation({.shift = 2, .rotation = 10, .scale = 0.1, .elastic = 20}));
        WeightAverage<float> average(network, 0.998);
        trainer.on_step([&](const StepRecord&) { average.update(network); });
        examples::show_progress(trainer, options.epochs);
        const History& history = trainer.fit(digits.train, digits.test);

        std::filesystem::create_directories(options.out);
        const auto file = options.out / "awesome_net_params.npz";
        save_weights(file, average.network());
        std::printf("wrote %s\n", file.c_str());
        double seconds = 0;
        for (const EpochRecord& epoch : history.epochs) seconds += epoch.seconds;
        std::printf("trained for %.0f s\n", seconds);
        std::printf("%s accuracy: %.4f, of the last step's weights %.4f\n",
                    options.flag ? "validation" : "test", accuracy(average.network(), digits.test),
                    accuracy(network, digits.test));
      });
}
