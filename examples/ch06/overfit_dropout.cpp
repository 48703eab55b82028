// Section 6.4.3: dropout against overfitting.
// Book:    ch06/overfit_dropout.py (as overfit.py, with dropout 0.2, 301 epochs)
// Run:     overfit_dropout [--data DIR] [--dropout-ratio X] [--epochs N] [--out DIR]
// Expect:  both accuracies lower than in overfit, and closer to each other
#include "ch06/overfitting.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "Section 6.4.3: dropout against overfitting",
                                .epochs = 301,
                                .batch_size = 100,
                                .learning_rate = 0.01,
                                .whole = {ch06::hidden_size},
                                .real = {{.name = "--dropout-ratio",
                                          .help = "Ratio of units that are left out",
                                          .value = 0.2,
                                          .most = 0.99}},
                                .has_python_lines = true},
                               [](const auto& options) {
                                 ch06::train_on_few({.dropout = options.real.at("--dropout-ratio")},
                                                    options, "overfit_dropout");
                               });
}
