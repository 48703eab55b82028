// Section 6.4.3: dropout against overfitting.
// Book:    ch06/overfit_dropout.py (300 images, 784-100x6-10, SGD 0.01, batch 100, 301 epochs,
// dropout 0.2) Run:     overfit_dropout [--data DIR] [--epochs N] [--seed N] [--out DIR] Expect:
// both lower, and a smaller gap
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
