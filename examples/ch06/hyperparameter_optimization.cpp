// Section 6.5: learning rate and weight decay by random search.
// Book:    ch06/hyperparameter_optimization.py (500 shuffled images: 400 to train, 100 to validate;
//          784-100x6-10, 50 epochs, 100 trials; decay 10^-8 to 10^-4, rate 10^-6 to 10^-2)
// Run:     hyperparameter_optimization [--trials N] [--hidden-size N] [--data DIR] [--epochs N]
//          [--out DIR]
// Expect:  rates from 0.001 to 0.01 are best; hyperparameter_optimization.png with the best 20
#include <algorithm>
#include <cstdio>
#include <numeric>
#include <vector>

#include "ch06/hidden_size.hpp"
#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

/// The samples in random order.
static Dataset<float> shuffled(const Dataset<float>& digits, Rng rng) {
  std::vector<Index> order(static_cast<std::size_t>(digits.size()));
  std::iota(order.begin(), order.end(), 0);
  rng.shuffle(order);
  Dataset<float> result;
  digits.take(order, result);
  return result;
}

/// The accuracies of one trial after its first step and after each epoch.
static History run(const Trial& trial, const Dataset<float>& train,
                   const Dataset<float>& validation, const examples::Options& options) {
  Rng rng(trial.seed);
  auto network = multi_layer_net<float>({.hidden = ch06::hidden_sizes(6, options)}, He{}, rng);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(),
                  Sgd<float>({.learning_rate = trial["lr"], .weight_decay = trial["weight decay"]}),
                  {.epochs = options.epochs,
                   .batch_size = options.batch_size,
                   .seed = trial.seed,
                   .sampling = BatchSampler::Sampling::with_replacement,
                   .evaluate_first_step = true});
  return trainer.fit(train, validation);
}

static examples::Plot panel(std::size_t rank, const History& history) {
  examples::Plot plot{.title = str_cat("Best-", rank),
                      .y_limits = examples::Limits{0, 1},
                      .x_ticks = false,
                      .y_ticks = rank % 5 == 1};
  examples::Series validation, train{.line = examples::Line::dashed};
  for (const EpochRecord& epoch : history.epochs) {
    validation.y.push_back(epoch.validation("accuracy"));
    train.y.push_back(epoch.train("accuracy"));
  }
  plot.series = {validation, train};
  return plot;
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.5: hyperparameters by random search",
       .epochs = 50,
       .batch_size = 100,
       .whole = {{.name = "--trials", .help = "Trials; at most 10 with --quick", .value = 100},
                 ch06::hidden_size}},
      [](const examples::Options& options) {
        const auto digits = shuffled(slice(examples::load_digits<float>(options).train, 0, 500),
                                     Rng(options.seed).stream(0));
        const auto validation = slice(digits, 0, 100);
        const auto train = slice(digits, 100, 500);
        const Index trials_given = options.whole.at("--trials");
        const Index trial_count = options.quick ? std::min<Index>(trials_given, 10) : trials_given;

        std::vector<History> histories(static_cast<std::size_t>(trial_count));
        const auto trials =
            random_search({{"lr", 1e-6, 1e-2, SearchRange::Scale::logarithmic},
                           {"weight decay", 1e-8, 1e-4, SearchRange::Scale::logarithmic}},
                          {.trials = trial_count, .seed = options.seed}, [&](const Trial& trial) {
                            History& history = histories[static_cast<std::size_t>(trial.number)];
                            history = run(trial, train, validation, options);
                            const double score = history.epochs.back().validation("accuracy");
                            std::printf("val acc:%g | lr:%g, weight decay:%g\n", score, trial["lr"],
                                        trial["weight decay"]);
                            return score;
                          });

        std::printf("=========== Hyper-Parameter Optimization Result ===========\n");
        std::vector<examples::Plot> panels;
        for (const Trial& trial : trials) {
          if (panels.size() == 20) break;
          panels.push_back(
              panel(panels.size() + 1, histories[static_cast<std::size_t>(trial.number)]));
          std::printf("Best-%zu(val acc:%g) | lr:%g, weight decay:%g\n", panels.size(), trial.score,
                      trial["lr"], trial["weight decay"]);
        }
        examples::show(panels, 5, options.out, "hyperparameter_optimization");
      });
}
