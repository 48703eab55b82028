// Section 6.3.2: batch normalisation speeds up learning.
// Book:    ch06/batch_norm_test.py (1000 images, 784-100x5-10, SGD 0.01, batch 100, 20 epochs,
//          initial weights of standard deviation 0.0858)
// Run:     batch_norm_test [--weight-init-std X] [--hidden-size N] [--data DIR] [--epochs N]
//          [--out DIR]
// Expect:  batch_norm_test.png: about 0.9 after 20 epochs with batch normalisation, 0.2 without
#include "ch06/batch_norm_comparison.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.3.2: batch normalisation speeds up learning",
       .epochs = 20,
       .batch_size = 100,
       .learning_rate = 0.01,
       .whole = {ch06::hidden_size},
       .real = {{.name = "--weight-init-std",
                 .help = "Standard deviation of the initial weights",
                 .value = ch06::weight_scale(4)}}},
      [](const examples::Options& options) {
        const auto train = slice(examples::load_digits<float>(options).train, 0, 1000);
        const auto accuracies =
            ch06::compare_batch_norm(train, options.real.at("--weight-init-std"), options);
        auto plot = ch06::accuracy_plot("Training Accuracy", accuracies);
        plot.x_limits = examples::Limits{0, static_cast<double>(options.epochs)};
        examples::show(plot, options.out, "batch_norm_test");
      });
}
