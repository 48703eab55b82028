// Section 6.4.3: dropout against overfitting.
// Book:    ch06/overfit_dropout.py (as overfit.py, with dropout 0.2, 301 epochs)
// Run:     overfit_dropout [--data DIR] [--epochs N] [--seed N] [--out DIR]
// Expect:  both accuracies lower than in overfit, and closer to each other
#include "ch06/overfitting.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "Section 6.4.3: dropout against overfitting",
                                .epochs = 301,
                                .batch_size = 100,
                                .learning_rate = 0.01},
                               [](const examples::Options& options) {
                                 ch06::train_on_few({.dropout = 0.2}, options, "overfit_dropout");
                               });
}
