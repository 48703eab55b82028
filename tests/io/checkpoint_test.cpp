#include "dlfs/io/checkpoint.hpp"

#include <chrono>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

/// With all that has a state: running statistics and random numbers.
Sequential<float> network(Index hidden = 6) {
  Rng rng(1);
  return {{"affine1", Affine<float>({.in = 784, .out = hidden}, He{}, rng)},
          {"batch_norm1", BatchNormalization<float>({.features = hidden})},
          {"relu1", Relu<float>()},
          {"dropout1", Dropout<float>({.ratio = 0.2}, rng)},
          {"affine2", Affine<float>({.in = hidden, .out = 10}, He{}, rng)}};
}

const Dataset<float>& digits() {
  static const auto digits = generated_digits<float>(130, Rng(1));
  return digits;
}

TrainerOptions options(Index epochs) {
  return {.epochs = epochs, .batch_size = 20, .seed = 5, .restore_best = true};
}

using TestTrainer = Trainer<float, SoftmaxCrossEntropy<float>, Adam<float>>;

TestTrainer trainer_of(Sequential<float>& network, Index epochs) {
  TestTrainer trainer(network, {}, Adam<float>(), options(epochs));
  trainer.augment(Augmentation({.shift = 1}));
  trainer.schedule([](Index updates) { return 0.01 / static_cast<double>(updates + 1); });
  return trainer;
}

std::vector<float> values_of(const Sequential<float>& network) {
  std::vector<float> values;
  const auto append = [&](const auto& x) { values.insert(values.end(), x.begin(), x.end()); };
  for (const auto* parameter : network.parameters()) append(parameter->value);
  for (const auto* buffer : network.buffers()) append(buffer->value);
  return values;
}

class Checkpoint : public testing::Test {
 protected:
  /// Trains three epochs of seven steps. Stops after `steps` steps, and resumes from the file.
  void train_interrupted(Index steps) {
    {
      auto first = network();
      auto trainer = trainer_of(first, 3);
      Index done = 0;
      trainer.on_step([&](const StepRecord&) {
        if (++done < steps) return;
        save_checkpoint(path_, trainer.state());
        trainer.stop();
      });
      trainer.fit(digits(), digits());
    }
    const auto state = load_checkpoint<float>(path_);
    auto trainer = trainer_of(network_, 3);
    trainer.restore(state);
    history_ = trainer.fit(digits(), digits());
  }

  const test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "checkpoint.npz";
  Sequential<float> network_ = network();
  History history_;
};

TEST_F(Checkpoint, TrainingGoesOnAsIfItHadNeverStopped) {
  auto uninterrupted = network();
  auto trainer = trainer_of(uninterrupted, 3);
  const History& history = trainer.fit(digits(), digits());
  for (Index steps : {1, 7, 10, 14, 20}) {
    train_interrupted(steps);
    EXPECT_EQ(values_of(network_), values_of(uninterrupted)) << steps;
    EXPECT_EQ(history_.step_losses, history.step_losses) << steps;
    ASSERT_EQ(history_.epochs.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(history_.epochs[i].epoch, history.epochs[i].epoch) << steps;
      EXPECT_EQ(history_.epochs[i].train_loss, history.epochs[i].train_loss) << steps;
      EXPECT_EQ(history_.epochs[i].validation("accuracy"), history.epochs[i].validation("accuracy"))
          << steps;
    }
  }
}

TEST_F(Checkpoint, HasEachCountAndNumberInItsPlace) {
  auto trained = network();
  auto trainer = trainer_of(trained, 1);
  trainer.fit(digits(), digits());
  auto state = trainer.state();
  state.accumulate = 4;
  state.epochs_before_fit = 8;
  state.network_steps = 11;
  state.optimizer.steps = 10;
  state.updates = 9;
  state.progress = {.steps = 3, .samples = 60, .loss_sum = 1.5, .seconds = 2.5};
  state.best.value = 0.75;
  save_checkpoint(path_, state);

  std::map<std::string, std::vector<double>> arrays;
  for (const auto& [name, value] : read_npz<double>(path_)) {
    arrays[name].assign(value.begin(), value.end());
  }
  EXPECT_EQ(arrays["state.seed"], std::vector<double>{5});
  EXPECT_EQ(arrays["state.counts"], (std::vector<double>{20, 4, 11, 10, 9, 8, 3, 60, 1}));
  EXPECT_EQ(arrays["state.numbers"], (std::vector<double>{1.5, 2.5, 0.75}));
  const EpochRecord& epoch = state.history.epochs[0];
  EXPECT_EQ(arrays["state.epochs"],
            (std::vector<double>{1, epoch.train_loss, epoch.validation_loss, epoch.seconds,
                                 epoch.train("accuracy"), epoch.validation("accuracy")}));

  const auto loaded = load_checkpoint<float>(path_);
  EXPECT_EQ(loaded.batch_size, 20);
  EXPECT_EQ(loaded.accumulate, 4);
  EXPECT_EQ(loaded.epochs_before_fit, 8);
  EXPECT_EQ(loaded.network_steps, 11);
  EXPECT_EQ(loaded.optimizer.steps, 10);
  EXPECT_EQ(loaded.updates, 9);
  EXPECT_EQ(loaded.progress.steps, 3);
  EXPECT_EQ(loaded.progress.samples, 60);
  EXPECT_EQ(loaded.progress.loss_sum, 1.5);
  EXPECT_EQ(loaded.progress.seconds, 2.5);
  EXPECT_EQ(loaded.best.epoch, 1);
  EXPECT_EQ(loaded.best.value, 0.75);
  ASSERT_EQ(loaded.best.values.size(), state.best.values.size());
  for (std::size_t i = 0; i < state.best.values.size(); ++i) {
    EXPECT_TRUE(array_equal(loaded.best.values[i], state.best.values[i])) << i;
  }
}

TEST_F(Checkpoint, BeforeTheFirstStepIsOneToo) {
  auto fresh = network();
  save_checkpoint(path_, trainer_of(fresh, 1).state());
  auto restored = trainer_of(network_, 1);
  restored.restore(load_checkpoint<float>(path_));
  EXPECT_EQ(restored.fit(digits(), digits()).epochs.size(), 1u);
}

TEST_F(Checkpoint, ThatOfAnotherTrainingIsRefusedAndChangesNothing) {
  auto trained = network();
  auto trainer = trainer_of(trained, 1);
  trainer.fit(digits(), digits());
  const auto state = trainer.state();
  save_checkpoint(path_, state);

  auto wider = network(7);
  const auto before = values_of(wider);
  auto other = trainer_of(wider, 1);
  EXPECT_EQ(error_of<ShapeError>([&] { other.restore(state); }),
            "trainer: the weights to go on with are of another network");
  EXPECT_EQ(values_of(wider), before);

  TestTrainer with_seed(network_, {}, Adam<float>(), {.batch_size = 20, .seed = 6});
  EXPECT_EQ(
      error_of<ValueError>([&] { with_seed.restore(state); }),
      "trainer: expected a training with seed 6 and batch size 20 x 1 to go on with, got 5 and "
      "20 x 1");
  Trainer sgd(network_, SoftmaxCrossEntropy<float>(), Sgd<float>(), options(1));
  EXPECT_EQ(error_of<ShapeError>([&] { sgd.restore(state); }),
            "trainer: the training to go on with had another optimizer");

  auto without_a_moment = state;
  without_a_moment.optimizer.moments[1].pop_back();
  auto same = trainer_of(network_, 1);
  EXPECT_EQ(error_of<ShapeError>([&] { same.restore(without_a_moment); }),
            "trainer: the optimizer's moments to go on with are of another network");
}

TEST_F(Checkpoint, ACountThatNoTrainingHasIsAFormatError) {
  auto fresh = network();
  const auto state = trainer_of(fresh, 1).state();
  auto changed = state;
  const auto counts = detail::counts_of(changed);
  constexpr Index largest = std::numeric_limits<Index>::max();
  for (Index* count : counts) {
    for (const Index wrong : {Index{-1}, (Index{1} << 53) + 1, largest - 1, largest}) {
      const Index right = *count;
      *count = wrong;
      save_checkpoint(path_, changed);
      EXPECT_EQ(error_of<FormatError>([&] { load_checkpoint<float>(path_); }),
                str_cat("load_checkpoint: ", path_.string(), ": a count of ", wrong));
      *count = right;
    }
  }
}

TEST_F(Checkpoint, ADamagedFileIsAFormatError) {
  const auto two = ones<float>({2});
  write_npz<float>(path_, {{"network.affine1.weight", two}});
  EXPECT_EQ(error_of<FormatError>([&] { load_checkpoint<float>(path_); }),
            str_cat("load_checkpoint: ", path_.string(), ": there is no array 'state.seed'"));
  const auto seed = ones<std::uint64_t>({1, 1});
  write_npz<std::uint64_t>(path_, {{"state.seed", seed}});
  EXPECT_EQ(error_of<FormatError>([&] { load_checkpoint<float>(path_); }),
            str_cat("load_checkpoint: ", path_.string(),
                    ": array 'state.seed' is of the shape (1, 1), which is none of a checkpoint"));

  auto trained = network();
  save_checkpoint(path_, trainer_of(trained, 1).state());
  const auto whole = test::read_bytes(path_.string());
  for (std::size_t size = 0; size < whole.size(); size += whole.size() / 50) {
    const auto part =
        folder_.write("part.npz", {whole.begin(), whole.begin() + static_cast<Index>(size)});
    EXPECT_THROW(load_checkpoint<float>(part), FormatError) << size;
  }
}

TEST_F(Checkpoint, AKeptOneMakesAProgramGoOnByItself) {
  struct PowerCut {};
  // What a program does each time it starts; returns whether it came to its end.
  const auto run = [&](Sequential<float>& network, Index steps_until_cut) {
    TrainerOptions options{
        .epochs = 3, .batch_size = 20, .seed = 5, .patience = 2, .restore_best = true};
    Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(), options);
    trainer.schedule(ReduceOnPlateau({.rate = 0.01, .factor = 0.5, .patience = 0}));
    if (steps_until_cut > 0) keep_checkpoint(trainer, path_, std::chrono::seconds(0));
    Index steps = 0;
    trainer.on_step([&](const StepRecord&) {
      if (++steps == steps_until_cut) throw PowerCut();
    });
    try {
      return trainer.fit(digits(), digits());
    } catch (const PowerCut&) {
      return History{};
    }
  };
  auto uninterrupted = network();
  const History expected = run(uninterrupted, 0);
  for (const Index steps : {5, 7}) {  // of 21: within epochs, and at their ends
    std::filesystem::remove(path_);
    int starts = 0;
    History history;
    auto last = network();
    while (history.epochs.empty() && ++starts < 10) {
      last = network();
      history = run(last, steps);
    }
    EXPECT_EQ(starts, steps == 5 ? 5 : 4);
    EXPECT_EQ(values_of(last), values_of(uninterrupted));
    EXPECT_EQ(history.step_losses, expected.step_losses);
    // What is complete is not trained again.
    auto again = network();
    EXPECT_EQ(run(again, steps).step_losses, expected.step_losses);
    EXPECT_EQ(values_of(again), values_of(uninterrupted));
  }
}

TEST_F(Checkpoint, ANewOneOfEachEpochNeedsTheFile) {
  auto trained = network();
  auto trainer = trainer_of(trained, 1);
  keep_checkpoint(trainer, path_, std::chrono::hours(1));
  trainer.fit(digits(), digits());
  EXPECT_EQ(load_checkpoint<float>(path_).epochs_done(), 1);
  auto other = network();
  auto in_no_folder = trainer_of(other, 1);
  keep_checkpoint(in_no_folder, folder_.path() / "none" / "training.npz");
  EXPECT_THROW(in_no_folder.fit(digits(), digits()), IoError);
}

TEST_F(Checkpoint, AKeptOneNeedsANameAndAnInterval) {
  auto trained = network();
  auto trainer = trainer_of(trained, 1);
  EXPECT_THROW(keep_checkpoint(trainer, folder_.path() / std::string(5000, 'a')), IoError);
  EXPECT_THROW(keep_checkpoint(trainer, folder_.path()), IoError);
  for (const double seconds : {-1.0, std::numeric_limits<double>::quiet_NaN()}) {
    const std::chrono::duration<double> interval(seconds);
    EXPECT_THROW(keep_checkpoint(trainer, path_, interval), ValueError) << seconds;
  }
}

}  // namespace
}  // namespace dlfs
