#include "dlfs/train/trainer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/allocation_counter.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

/// Three classes of 12x12 images: a bright patch at one of three places, and noise.
template <class T>
Dataset<T> patches(Index count, std::uint64_t seed) {
  Rng rng(seed);
  Dataset<T> dataset{random_normal<T>({count, 1, 12, 12}, rng, 0.3), Labels({count})};
  for (Index n = 0; n < count; ++n) {
    const auto label = static_cast<std::int32_t>(rng.below(3));
    dataset.targets(n) = label;
    for (Index i = 0; i < 4; ++i) {
      for (Index j = 0; j < 4; ++j) dataset.inputs(n, 0, 4 * label + i, 4 * label + j) += T(1);
    }
  }
  return dataset;
}

template <class T>
Sequential<T> convnet(std::uint64_t seed) {
  Rng rng(seed);
  return {{"conv1", Convolution<T>({.in = 1, .filters = 6, .kernel = 3}, He{}, rng)},
          {"relu1", Relu<T>()},
          {"pool1", MaxPooling<T>({.kernel = 2, .stride = 2})},
          {"affine1", Affine<T>({.in = 6 * 5 * 5, .out = 10}, He{}, rng)},
          {"relu2", Relu<T>()},
          {"affine2", Affine<T>({.in = 10, .out = 3}, He{}, rng)}};
}

History train(std::uint64_t seed, Index count = 250) {
  auto network = convnet<float>(seed);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>({.learning_rate = 0.005}),
                  {.epochs = 3, .batch_size = 40, .seed = seed});
  return trainer.fit(patches<float>(count, 1), patches<float>(100, 2));
}

TEST(Trainer, LearnsToTellPatchesApart) {
  const History history = train(1);
  EXPECT_EQ(history.epochs.size(), 3u);
  EXPECT_GE(history.epochs.back().test_accuracy, 0.98);
  EXPECT_LT(history.epochs.back().train_loss, history.epochs.front().train_loss);
}

TEST(Trainer, TheLastBatchMayBeShort) {
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 1, .batch_size = 40});
  std::vector<Index> samples;
  double loss_sum = 0;
  trainer.on_step([&](const StepRecord& step) {
    samples.push_back(step.samples);
    loss_sum += step.loss * static_cast<double>(step.samples);
    EXPECT_EQ(step.steps_per_epoch, 3);
    EXPECT_EQ(step.step, static_cast<Index>(samples.size()));
  });
  const History& history = trainer.fit(patches<float>(95, 1), patches<float>(10, 2));
  EXPECT_EQ(samples, (std::vector<Index>{40, 40, 15}));
  EXPECT_NEAR(history.epochs.back().train_loss, loss_sum / 95, 1e-12);
}

TEST(Trainer, TheSameSeedGivesTheSameLossesBitByBitForAnyNumberOfThreads) {
  const int before = thread_count();
  std::vector<double> first;
  for (int threads : {1, 1, 2, 3}) {
    set_thread_count(threads);
    const std::vector<double> losses = train(5).step_losses;
    if (first.empty()) first = losses;
    EXPECT_EQ(losses, first) << threads << " threads";
  }
  set_thread_count(before);
  EXPECT_NE(train(6).step_losses, first);
}

TEST(Trainer, AStepAfterTheFirstAllocatesNothing) {
  const int before = thread_count();
  for (int threads : {1, 2}) {
    set_thread_count(threads);
    auto network = convnet<float>(1);
    Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>());
    const auto batch = patches<float>(200, 1);
    trainer.step(batch);
    const test::AllocationCounter counter;
    for (int i = 0; i < 5; ++i) trainer.step(batch);
    EXPECT_EQ(counter.count(), 0) << threads << " threads";
  }
  set_thread_count(before);
}

TEST(Trainer, ASecondFitGoesOnWhereTheFirstEnded) {
  const auto data = patches<float>(120, 1);
  const auto test = patches<float>(30, 2);
  auto once = convnet<float>(1);
  Trainer four(once, SoftmaxCrossEntropy<float>(), Adam<float>(), {.epochs = 4, .batch_size = 50});
  four.fit(data, test);
  auto twice = convnet<float>(1);
  Trainer two(twice, SoftmaxCrossEntropy<float>(), Adam<float>(), {.epochs = 2, .batch_size = 50});
  two.fit(data, test);
  two.fit(data, test);
  EXPECT_EQ(two.history().step_losses, four.history().step_losses);
  EXPECT_EQ(two.history().epochs.back().epoch, 4);
}

TEST(Trainer, AugmentChangesTheBatchesAndNothingElse) {
  const auto data = patches<float>(60, 1);
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 2, .batch_size = 20});
  std::vector<std::uint64_t> firsts;  // random numbers of each batch's generator
  trainer.augment([&](TensorView<float> x, std::span<const Index> samples, const Rng& rng) {
    ASSERT_EQ(std::ssize(samples), x.extent(0));
    for (Index n = 0; n < x.extent(0); ++n) {
      ASSERT_EQ(x(n, 0, 1, 1), data.inputs(samples[static_cast<std::size_t>(n)], 0, 1, 1));
    }
    firsts.push_back(Rng(rng)());
    for (float& pixel : std::span(x.data(), static_cast<std::size_t>(x.size()))) pixel = 0;
  });
  const auto untouched = data.inputs;
  trainer.fit(data, patches<float>(10, 2));
  test::expect_equal(data.inputs, untouched);
  // Black images teach the first layer nothing.
  const auto untrained = convnet<float>(1);
  test::expect_equal(network.parameters()[0]->value, untrained.parameters()[0]->value);
  ASSERT_EQ(firsts.size(), 6u);
  EXPECT_EQ(firsts[0], firsts[2]);  // of one epoch
  EXPECT_NE(firsts[0], firsts[3]);
}

TEST(Trainer, StopEndsTheTraining) {
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 10, .batch_size = 20});
  trainer.on_epoch([&](const EpochRecord& epoch) {
    if (epoch.epoch == 2) trainer.stop();
  });
  EXPECT_EQ(trainer.fit(patches<float>(60, 1), patches<float>(10, 2)).epochs.size(), 2u);
}

TEST(Trainer, StopWithinAnEpochLeavesTheRestToTheNextFit) {
  const auto data = patches<float>(60, 1);
  const auto test = patches<float>(10, 2);
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 1, .batch_size = 20});
  Index steps = 0;
  trainer.on_step([&](const StepRecord&) {
    if (++steps == 2) trainer.stop();
  });
  EXPECT_EQ(trainer.fit(data, test).epochs.size(), 0u);
  EXPECT_EQ(trainer.fit(data, test).epochs.size(), 1u);
  EXPECT_EQ(steps, 3);
  EXPECT_EQ(trainer.history().step_losses, [&] {
    auto same = convnet<float>(1);
    Trainer whole(same, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 1, .batch_size = 20});
    return whole.fit(data, test).step_losses;
  }());
}

TEST(Trainer, ALossThatIsNotFiniteEndsTheTraining) {
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 1, .batch_size = 20});
  trainer.on_step([&](const StepRecord&) { network.parameters()[2]->value.fill(1e38f); });
  const std::string text =
      test::error_of<Error>([&] { trainer.fit(patches<float>(100, 1), patches<float>(10, 2)); });
  EXPECT_TRUE(text.starts_with("trainer: the loss is ")) << text;
  EXPECT_TRUE(
      text.ends_with("at epoch 1, step 2; the first layer whose output is not finite is "
                     "affine1; a lower learning rate may help"))
      << text;
}

TEST(Trainer, AnInfiniteLossEndsTheTraining) {
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 1, .batch_size = 20});
  auto data = patches<float>(20, 1);
  data.targets.fill(1);
  network.parameters()[5]->value = array<float>({3e38f, -3e38f, 0});
  EXPECT_EQ(test::error_of<Error>([&] { trainer.fit(data, data); }),
            "trainer: the loss is inf at epoch 1, step 1; every layer's output was finite; a lower "
            "learning rate may help");
}

TEST(Trainer, PatienceEndsTheTrainingAndTheBestWeightsComeBack) {
  const auto test_data = patches<float>(60, 2);
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>({.learning_rate = 0.02}),
                  {.epochs = 40, .batch_size = 20, .patience = 3, .restore_best = true});
  // After the second epoch the weights are spoiled, so that no later epoch is as good.
  double best = 0;
  trainer.on_epoch([&](const EpochRecord& epoch) {
    if (epoch.epoch <= 2) best = std::max(best, epoch.test_accuracy);
    if (epoch.epoch == 2) network.parameters()[4]->value.fill(0);
    if (epoch.epoch >= 2) network.parameters()[5]->value.fill(0);
  });
  const History& history = trainer.fit(patches<float>(200, 1), test_data);
  EXPECT_LE(history.epochs.size(), 5u);
  EXPECT_GT(best, 0.5);
  EXPECT_EQ(accuracy(network, test_data), best);
}

TEST(Trainer, PatienceBeginsWithTheFirstOfEquallyGoodEpochs) {
  const auto data = patches<float>(20, 1);
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>({.learning_rate = 0}),
                  {.epochs = 10, .batch_size = 20, .patience = 2});
  EXPECT_EQ(trainer.fit(data, data).epochs.size(), 3u);
  EXPECT_EQ(trainer.state().best.epoch, 1);
  EXPECT_TRUE(trainer.state().best.values.empty());
}

TEST(Trainer, WithoutAnEpochTheWeightsStay) {
  const auto data = patches<float>(20, 1);
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 0, .restore_best = true});
  const auto before = network;
  trainer.fit(data, data);
  test::expect_equal(network.parameters()[0]->value, before.parameters()[0]->value);
}

TEST(Trainer, EvaluatesAsManySamplesAsItIsTold) {
  const auto train = patches<float>(40, 1);
  const auto test = patches<float>(12, 2);
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>({.learning_rate = 0}),
                  {.epochs = 1, .batch_size = 20, .evaluation_samples = 13});
  trainer.on_epoch([&](const EpochRecord& epoch) {
    EXPECT_EQ(epoch.train_accuracy, accuracy(network, train, 13));
    EXPECT_EQ(epoch.test_accuracy, accuracy(network, test, 12));
    EXPECT_NE(epoch.train_accuracy, accuracy(network, train));
    EXPECT_NE(epoch.train_accuracy, epoch.test_accuracy);
  });
  trainer.fit(train, test);
}

TEST(Trainer, LeavesNoForwardPassBehind) {
  const auto data = patches<float>(20, 1);
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(), {.batch_size = 20});
  trainer.step(data);
  EXPECT_THROW(network.backward(Tensor<float>({20, 3})), ValueError);
}

TEST(Trainer, TheScheduleSetsTheRateOfEveryUpdate) {
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 2, .batch_size = 20, .clip_norm = 0.1});
  std::vector<double> rates;
  trainer.schedule([](Index update) { return 0.1 / static_cast<double>(update + 1); });
  trainer.on_step([&](const StepRecord&) {
    rates.push_back(trainer.optimizer().options().learning_rate);
    double squares = 0;
    for (const Parameter<float>* parameter : network.parameters()) {
      for (float gradient : parameter->gradient) squares += gradient * gradient;
    }
    EXPECT_LT(std::sqrt(squares), 0.1001);
  });
  trainer.fit(patches<float>(40, 1), patches<float>(10, 2));
  EXPECT_EQ(rates, (std::vector{0.1, 0.1 / 2, 0.1 / 3, 0.1 / 4}));
}

TEST(Trainer, RefusesDataThatDoesNotFit) {
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(), {.epochs = 1});
  const auto good = patches<float>(10, 1);
  auto fewer_labels = good;
  fewer_labels.targets = Labels({9});
  EXPECT_EQ(test::error_of<Error>([&] { trainer.fit(fewer_labels, good); }),
            "trainer: training data: expected one target for each input, got inputs (10, 1, 12, "
            "12) and targets (9,)");
  EXPECT_EQ(test::error_of<Error>([&] { trainer.fit(good, fewer_labels); }),
            "trainer: test data: expected one target for each input, got inputs (10, 1, 12, 12) "
            "and targets (9,)");
  EXPECT_THROW(trainer.on_step({}), ValueError);
  EXPECT_THROW(trainer.on_epoch({}), ValueError);
  auto bad_label = good;
  bad_label.targets(3) = 3;
  EXPECT_EQ(test::error_of<Error>([&] { trainer.step(bad_label); }),
            "softmax cross entropy: label 3 of sample 3 is not in 0..2");
  EXPECT_TRUE(test::error_of<Error>([&] {
                trainer.fit(Dataset<float>(), good);
              }).starts_with("BatchSampler"));
  EXPECT_EQ(test::error_of<Error>([&] {
              Trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(), {.batch_size = 0});
            }),
            "trainer: expected batch_size of at least 1, got 0");
}

TEST(Trainer, NamesTheSampleOfTheDataset) {
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 1, .batch_size = 10});
  const auto good = patches<float>(50, 1);
  auto bad_label = good;
  bad_label.targets(43) = 3;
  EXPECT_EQ(test::error_of<ValueError>([&] { trainer.fit(bad_label, good); }),
            "trainer: training data: label 3 of sample 43 is not in 0..2");
  EXPECT_EQ(test::error_of<ValueError>([&] { trainer.fit(good, bad_label); }),
            "trainer: test data: label 3 of sample 43 is not in 0..2");
  auto with_nan = good;
  with_nan.inputs(43, 0, 1, 2) = std::numeric_limits<float>::quiet_NaN();
  const std::string text = test::error_of<ValueError>([&] { trainer.fit(with_nan, good); });
  EXPECT_TRUE(text.ends_with("; number 14 of sample 43 of the training data is nan")) << text;
  trainer.augment([](TensorView<float> x, std::span<const Index>, const Rng&) {
    x(0, 0, 0, 0) = std::numeric_limits<float>::infinity();
  });
  const std::string augmented = test::error_of<ValueError>([&] { trainer.fit(good, good); });
  EXPECT_TRUE(augmented.ends_with("of the training data is inf after the augmentation"))
      << augmented;
}

TEST(Trainer, RefusesTestDataBeforeItTrains) {
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(), {.epochs = 1});
  trainer.on_step([](const StepRecord&) { ADD_FAILURE() << "has trained"; });
  const auto good = patches<float>(10, 1);
  EXPECT_EQ(test::error_of<ValueError>([&] { trainer.fit(good, slice(good, 0, 0)); }),
            "trainer: test data: there is no sample");
  EXPECT_THROW(trainer.fit(good, {Tensor<float>({10, 1, 14, 12}), good.targets}), ShapeError);
}

TEST(Trainer, RefusesStatesWhosePartsDoNotBelongTogether) {
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(), {.epochs = 1});
  trainer.fit(patches<float>(10, 1), patches<float>(10, 2));
  Trainer with_adam_w(network, SoftmaxCrossEntropy<float>(), AdamW<float>());
  EXPECT_EQ(
      test::error_of<ShapeError>([&] { with_adam_w.restore(trainer.state()); }),
      "trainer: the training to go on with had another optimizer: adam in the place of adamw");
  auto state = trainer.state();
  state.values[0].name = "conv9.weight";
  EXPECT_EQ(test::error_of<ShapeError>([&] { trainer.restore(state); }),
            "trainer: expected the weights of conv1.weight to go on with, got those of "
            "conv9.weight");
  state = trainer.state();
  state.updates = -1;
  EXPECT_THROW(trainer.restore(state), ValueError);
  state = trainer.state();
  state.best.epoch = 2;  // of one
  EXPECT_THROW(trainer.restore(state), ValueError);
  state = trainer.state();
  state.best.values = {state.values[0].value};
  EXPECT_THROW(trainer.restore(state), ShapeError);
  state = trainer.state();
  state.loss_kind = "hinge";
  EXPECT_EQ(test::error_of<ShapeError>([&] { trainer.restore(state); }),
            "trainer: the training to go on with had another loss: hinge in the place of softmax "
            "cross entropy");
  state = trainer.state();
  state.progress.steps = 7;  // of an epoch of one
  trainer.restore(state);
  EXPECT_EQ(test::error_of<ValueError>(
                [&] { trainer.fit(patches<float>(10, 1), patches<float>(10, 2)); }),
            "trainer: the running epoch has done 7 steps, but these training data make 1");
}

TEST(Trainer, RefusesCallsFromItsCallbacks) {
  const auto data = patches<float>(10, 1);
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(), {.epochs = 1});
  int calls = 0;
  const auto expect_refusals = [&] {
    ++calls;
    const auto expect_refusal = [](const char* function, const auto& call) {
      EXPECT_EQ(test::error_of<ValueError>(call),
                str_cat("trainer: ", function, " from a callback: fit is running"));
    };
    expect_refusal("fit", [&] { trainer.fit(data, data); });
    expect_refusal("restore", [&] { trainer.restore(trainer.state()); });
    expect_refusal("on_step", [&] { trainer.on_step([](const StepRecord&) {}); });
    expect_refusal("on_epoch", [&] { trainer.on_epoch([](const EpochRecord&) {}); });
  };
  trainer.on_step([&](const StepRecord&) {
    expect_refusals();
    trainer.step(data);  // which it may
    expect_refusals();
  });
  trainer.on_epoch([&](const EpochRecord&) { expect_refusals(); });
  trainer.fit(data, data);
  EXPECT_EQ(calls, 3);
  EXPECT_NO_THROW(trainer.restore(trainer.state()));
}

TEST(Trainer, BeginsItsOptimizerAgainWithAStateBeforeTheFirstStep) {
  const auto data = patches<float>(10, 1);
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(), {.epochs = 1});
  const auto fresh = trainer.state();
  const auto first = trainer.fit(data, data).epochs;
  const auto weights = network.parameters()[0]->value;
  trainer.restore(fresh);
  trainer.fit(data, data);
  test::expect_equal(network.parameters()[0]->value, weights);
}

TEST(Trainer, AStateBringsTheBestEpochBack) {
  const auto data = patches<float>(20, 1);
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 1, .batch_size = 20, .patience = 2, .restore_best = true});
  auto state = trainer.state();
  state.history.epochs = {{.epoch = 1}};
  state.best = {1, 2.0, {}};  // better than any epoch to come
  for (const auto& tensor : state.values) {
    state.best.values.push_back(full<float>(tensor.value.shape(), 0.5f));
  }
  trainer.restore(state);
  EXPECT_EQ(trainer.state().best.epoch, 1);
  trainer.fit(data, data);
  for (const auto* parameter : network.parameters()) {
    test::expect_equal(parameter->value, full<float>(parameter->value.shape(), 0.5f));
  }
}

TEST(Trainer, GoesOnFromAStateOfItsOwn) {
  const auto data = patches<float>(10, 1);
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(), {.epochs = 1});
  trainer.fit(data, data);
  auto state = trainer.state();
  state.progress.seconds = 100;  // of the next epoch, so far
  trainer.restore(state);
  EXPECT_GE(trainer.fit(data, data).epochs.back().seconds, 100);
}

}  // namespace
}  // namespace dlfs
