#pragma once

#include <cstdio>
#include <string_view>
#include <vector>

#include "ch06/hidden_size.hpp"
#include "support/digits.hpp"
#include "support/program.hpp"
#include "support/training.hpp"
#include <dlfs/dlfs.hpp>

namespace ch06 {

/// The measures against overfitting.
struct Regularization {
  double weight_decay = 0;
  double dropout = 0;
};

/// Section 6.4: trains 784-100x6-10 on 300 images, which are too few for it. Prints and draws the
/// accuracies after each epoch.
inline void train_on_few(const Regularization& regularization,
                         const dlfs::examples::Options& options, std::string_view name) {
  using namespace dlfs;
  const auto digits = examples::load_digits<float>(options);
  const auto train = slice(digits.train, 0, 300);
  Rng rng(options.seed);
  auto network = multi_layer_net<float>({.hidden = hidden_sizes(6, options),
                                         .dropout = regularization.dropout,
                                         .dropout_scaling = DropoutScaling::in_evaluation},
                                        He{}, rng);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(),
                  Sgd<float>({.learning_rate = options.learning_rate,
                              .weight_decay = regularization.weight_decay}),
                  {.epochs = options.epochs,
                   .batch_size = options.batch_size,
                   .seed = options.seed,
                   .sampling = BatchSampler::Sampling::with_replacement,
                   .evaluate_first_step = true});
  std::vector<double> train_accuracies, test_accuracies;
  // The book's overfit_dropout.py uses its Trainer, which says more.
  const bool has_trainers_lines = options.verbose && regularization.dropout > 0;
  if (has_trainers_lines) examples::show_progress(trainer, options.epochs, true);
  trainer.on_epoch([&](const EpochRecord& record) {
    train_accuracies.push_back(record.train("accuracy"));
    test_accuracies.push_back(record.validation("accuracy"));
    if (has_trainers_lines) return;
    std::printf("epoch:%d, train acc:%.4f, test acc:%.4f\n", static_cast<int>(record.epoch),
                record.train("accuracy"), record.validation("accuracy"));
  });
  trainer.fit(train, digits.test);
  const double test_accuracy = accuracy(network, digits.test);
  if (has_trainers_lines) examples::print_final_accuracy(test_accuracy);

  examples::plot_accuracy(train_accuracies, test_accuracies, 10, options.out, name);
  std::printf("test accuracy: %.4f\n", test_accuracy);
}

}  // namespace ch06
