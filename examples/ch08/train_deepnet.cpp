// Section 8.1.1: train the deep convolutional network on MNIST.
// Book:    ch08/train_deepnet.py (Adam 0.001, batch 100, 20 epochs, 1000 images for accuracy)
// Run:     train_deepnet [--hidden-size N] [--data DIR] [--epochs N] [--out DIR] [--restart];
//          Ctrl-C stops it with status 130, and the same command resumes it
// Expect:  0.993 to 0.995 test accuracy on MNIST; deep_convnet_params.npz
#include <algorithm>
#include <cstdio>

#include "ch08/deep_convnet.hpp"
#include "support/digits.hpp"
#include "support/interruption.hpp"
#include "support/program.hpp"
#include "support/training.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 8.1.1: train the deep convolutional network on MNIST",
       .epochs = 20,
       .batch_size = 100,
       .learning_rate = 0.001,
       .flag = examples::Flag{"--restart", "Ignore the checkpoint and start again"},
       .whole = {{.name = "--hidden-size", .help = "Units of the hidden layer", .value = 50}},
       .has_python_lines = true},
      [](const examples::Options& options) {
        const auto digits = examples::load_digit_bytes(options);
        const auto checkpoint = options.out / "deepnet_checkpoint.npz";
        TrainerState<float> before;
        const bool goes_on = std::filesystem::exists(checkpoint) && !options.flag;
        if (goes_on) before = load_checkpoint<float>(checkpoint);

        Rng rng(options.seed);
        auto network = deep_convnet<float>(rng, options.whole.at("--hidden-size"));
        Trainer trainer(network, SoftmaxCrossEntropy<float>(),
                        Adam<float>({.learning_rate = options.learning_rate}),
                        {.epochs = options.epochs,
                         .batch_size = options.batch_size,
                         .seed = options.seed,
                         .evaluation_samples = std::min<Index>(1000, digits.test.size()),
                         .evaluate_first_step = true});
        if (goes_on) {
          std::printf("going on from %s after %td epochs\n", checkpoint.c_str(),
                      before.epochs_done());
          trainer.restore(std::move(before));
        }
        examples::show_progress(trainer, options.epochs, options.verbose);
        const examples::Interruption interruption;
        trainer.on_epoch([&](const EpochRecord&) { save_checkpoint(checkpoint, trainer.state()); });
        trainer.on_step([&](const StepRecord&) {
          if (!interruption.was_requested()) return;
          trainer.stop();
          save_checkpoint(checkpoint, trainer.state());
        });
        const History& history = trainer.fit(digits.train, digits.test);
        if (interruption.was_requested()) {
          std::printf("stopped; the same command goes on\n");
          throw examples::Stopped(interruption.signal());
        }

        double seconds = 0;
        for (const EpochRecord& epoch : history.epochs) seconds += epoch.seconds;
        const auto file = options.out / "deep_convnet_params.npz";
        const double test_accuracy = accuracy(network, digits.test);
        if (options.verbose) examples::print_final_accuracy(test_accuracy);
        save_weights(file, network);
        if (options.verbose) std::puts("Saved Network Parameters!");
        std::printf("wrote %s\n", file.c_str());
        std::printf("trained for %.0f s\n", seconds);
        std::printf("test accuracy: %.4f\n", test_accuracy);
      });
}
