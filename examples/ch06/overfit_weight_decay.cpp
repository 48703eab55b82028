// Section 6.4.2: weight decay against overfitting.
// Book:    ch06/overfit_weight_decay.py (as overfit.py, with weight decay 0.1)
// Run:     overfit_weight_decay [--data DIR] [--weight-decay X] [--epochs N] [--out DIR]
// Expect:  less than 1.0 on the training images, and closer to the test images
#include "ch06/overfitting.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.4.2: weight decay against overfitting",
       .epochs = 201,
       .batch_size = 100,
       .learning_rate = 0.01,
       .whole = {ch06::hidden_size},
       .real = {{.name = "--weight-decay", .help = "Weight decay", .value = 0.1}}},
      [](const examples::Options& options) {
        ch06::train_on_few({.weight_decay = options.real.at("--weight-decay")}, options,
                           "overfit_weight_decay");
      });
}
