// Section 6.4.1: a large network memorises 300 images.
// Book:    ch06/overfit.py (300 images, 784-100x6-10, SGD 0.01, batch 100, 201 epochs)
// Run:     overfit [--data DIR] [--epochs N] [--seed N] [--out DIR]
// Expect:  1.0 on the training images, about 0.75 on the test images
#include "ch06/overfitting.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.4.1: a large network memorises 300 images",
       .epochs = 201,
       .batch_size = 100,
       .learning_rate = 0.01,
       .whole = {ch06::hidden_size}},
      [](const examples::Options& options) { ch06::train_on_few({}, options, "overfit"); });
}
