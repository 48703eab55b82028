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
  EXPECT_GE(history.epochs.back().validation("accuracy"), 0.98);
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
    if (epoch.epoch <= 2) best = std::max(best, epoch.validation("accuracy"));
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
    EXPECT_EQ(epoch.train("accuracy"), accuracy(network, train, 13));
    EXPECT_EQ(epoch.validation("accuracy"), accuracy(network, test, 12));
    EXPECT_NE(epoch.train("accuracy"), accuracy(network, train));
    EXPECT_NE(epoch.train("accuracy"), epoch.validation("accuracy"));
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
  EXPECT_EQ(
      test::error_of<Error>([&] { trainer.fit(good, fewer_labels); }),
      "trainer: validation data: expected one target for each input, got inputs (10, 1, 12, 12) "
      "and targets (9,)");
  EXPECT_THROW(trainer.on_step({}), ValueError);
  EXPECT_THROW(trainer.on_epoch({}), ValueError);
  auto bad_label = good;
  bad_label.targets(3) = 3;
  EXPECT_EQ(test::error_of<Error>([&] { trainer.step(bad_label); }),
            "softmax cross entropy: label 3 of sample 3 is not in 0..2");
  EXPECT_TRUE(test::error_of<Error>([&] {
                trainer.fit(Dataset<float>(), good);
              }).starts_with("trainer: training data: there is no sample"));
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
            "trainer: training data: softmax cross entropy: label 3 of sample 43 is not in 0..2");
  EXPECT_EQ(test::error_of<ValueError>([&] { trainer.fit(good, bad_label); }),
            "trainer: validation data: softmax cross entropy: label 3 of sample 43 is not in 0..2");
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

TEST(Trainer, NamesTheSampleOfAStream) {
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 1, .batch_size = 10});
  auto data = patches<float>(50, 1);
  const FunctionSource<float> stream(
      data.size(), [&](std::span<const Index> samples, auto& batch) { data.take(samples, batch); });
  data.targets(43) = 3;
  EXPECT_EQ(test::error_of<ValueError>([&] { trainer.fit(stream); }),
            "softmax cross entropy: label 3 of sample 43 is not in 0..2");
  data.targets(43) = 0;
  data.inputs(17, 0, 0, 5) = std::numeric_limits<float>::quiet_NaN();
  Trainer another(network, SoftmaxCrossEntropy<float>(), Sgd<float>(), {.epochs = 1});
  const std::string text = test::error_of<ValueError>([&] { another.fit(stream); });
  EXPECT_TRUE(text.ends_with("; number 5 of sample 17 of the training data is nan")) << text;
}

TEST(Trainer, RefusesTestDataBeforeItTrains) {
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(), {.epochs = 1});
  trainer.on_step([](const StepRecord&) { ADD_FAILURE() << "has trained"; });
  const auto good = patches<float>(10, 1);
  EXPECT_EQ(test::error_of<ValueError>([&] { trainer.fit(good, slice(good, 0, 0)); }),
            "trainer: validation data: there is no sample");
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
                  {.epochs = 2, .batch_size = 20, .patience = 2, .restore_best = true});
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
  state.epochs_before_fit = 1;
  state.progress.seconds = 100;  // of the next epoch, so far
  trainer.restore(state);
  EXPECT_GE(trainer.fit(data, data).epochs.back().seconds, 100);
}

using Regression = Dataset<double, Tensor<double>>;

/// y = x0 - 2 x1 + 0.5, and noise.
Regression plane(Index count, std::uint64_t seed, double noise = 0.1) {
  Rng rng(seed);
  Regression data{random_normal<double>({count, 2}, rng),
                  random_normal<double>({count, 1}, rng, noise)};
  for (Index n = 0; n < count; ++n) {
    data.targets(n, 0) += data.inputs(n, 0) - 2 * data.inputs(n, 1) + 0.5;
  }
  return data;
}

Sequential<double> line(std::uint64_t seed = 1) {
  Rng rng(seed);
  return {{"affine1", Affine<double>({.in = 2, .out = 1}, Xavier{}, rng)}};
}

std::vector<double> weights_of(const Sequential<double>& network) {
  std::vector<double> all;
  for (const auto* parameter : network.parameters()) {
    all.insert(all.end(), parameter->value.begin(), parameter->value.end());
  }
  return all;
}

/// The same samples as a source that is no dataset in memory.
FunctionSource<double, Tensor<double>> streamed(const Regression& data) {
  return {data.size(), [&data](std::span<const Index> samples, Regression& batch) {
            data.take(samples, batch);
          }};
}

TEST(Trainer, TrainsARegressionAndRecordsLossesAndMetrics) {
  auto network = line();
  Trainer trainer(network, MeanSquaredError<double>(), Adam<double>({.learning_rate = 0.05}),
                  {.epochs = 20, .batch_size = 50});
  trainer.metric("r2", r2_score<double>);
  const Regression train = plane(500, 1), validation = plane(300, 2);
  const History& history = trainer.fit(train, validation);
  EXPECT_NEAR(network.parameters()[0]->value(0, 0), 1, 0.02);
  EXPECT_NEAR(network.parameters()[0]->value(1, 0), -2, 0.02);
  const EpochRecord& last = history.epochs.back();
  EXPECT_NEAR(last.validation_loss, 0.01, 0.002);
  EXPECT_EQ(last.validation("r2"),
            r2_score(network.predict(validation.inputs), validation.targets));
  EXPECT_EQ(last.train("r2"), r2_score(network.predict(train.inputs), train.targets));
  EXPECT_EQ(test::error_of<ValueError>([&] { last.train("accuracy"); }),
            "history: there is no metric 'accuracy' among these: r2");
  const Evaluation evaluation = trainer.evaluate(validation);
  EXPECT_EQ(evaluation.loss, last.validation_loss);
  EXPECT_EQ(evaluation.metrics, std::vector{last.validation("r2")});
}

TEST(Trainer, AStreamGivesTheWeightsOfTheSameDataInMemory) {
  const Regression train = plane(503, 1), validation = plane(101, 2);
  const auto fit = [&](const auto& data, const auto& of_validation, Index threads) {
    auto network = line();
    Trainer trainer(network, MeanSquaredError<double>(), Adam<double>(),
                    {.epochs = 3, .batch_size = 50, .loader_threads = threads});
    trainer.metric("r2", r2_score<double>);
    const History& history = trainer.fit(data, of_validation);
    EXPECT_EQ(history.epochs.back().train("r2"),
              r2_score(network.predict(train.inputs), train.targets));
    EXPECT_NEAR(history.epochs.back().validation_loss, trainer.evaluate(validation).loss, 1e-12);
    return weights_of(network);
  };
  const auto expected = fit(train, validation, 0);
  EXPECT_EQ(fit(streamed(train), streamed(validation), 0), expected);
  EXPECT_EQ(fit(streamed(train), validation, 2), expected);
  EXPECT_EQ(fit(train, validation, 2), expected);
}

TEST(Trainer, NeedsNoValidationData) {
  auto network = line();
  Trainer trainer(network, MeanSquaredError<double>(), Adam<double>(), {.epochs = 2});
  trainer.metric("mae", mean_absolute_error<double>, Better::lower);
  const EpochRecord& last = trainer.fit(plane(100, 1)).epochs.back();
  EXPECT_GT(last.train("mae"), 0);
  EXPECT_NE(last.validation("mae"), last.validation("mae"));
  EXPECT_NE(last.validation_loss, last.validation_loss);
}

TEST(Trainer, EvaluatesTheTrainingDataOnlyIfItIsTold) {
  const auto data = patches<float>(50, 1);
  Index evaluations = 0;
  auto network = convnet<float>(1);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 2, .evaluate_training_data = false});
  trainer.metric("count", [&](const Tensor<float>& y, const Labels& labels) {
    EXPECT_EQ(y.shape(), (Shape{20, 3}));
    EXPECT_EQ(labels.shape(), (Shape{20}));
    return static_cast<double>(++evaluations);
  });
  const EpochRecord& last = trainer.fit(data, patches<float>(20, 2)).epochs.back();
  EXPECT_EQ(evaluations, 2);
  EXPECT_EQ(last.validation("count"), 2);
  EXPECT_NE(last.train("accuracy"), last.train("accuracy"));
}

TEST(Trainer, EvaluatesAfterTheFirstStepAsEpochZero) {
  const auto data = patches<float>(50, 1);
  const auto fit = [&](bool evaluates) {
    auto network = convnet<float>(1);
    Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                    {.epochs = 2, .batch_size = 10, .evaluate_first_step = evaluates});
    double after_first_step = -1;
    trainer.on_step([&](const StepRecord& step) {
      if (step.epoch == 1 && step.step == 1) after_first_step = accuracy(network, data);
    });
    History history = trainer.fit(data, data);
    EXPECT_EQ(history.epochs_done(), 2);
    EXPECT_EQ(history.epochs.front().epoch, evaluates ? 0 : 1);
    EXPECT_EQ(history.epochs.size(), evaluates ? 3u : 2u);
    if (evaluates) {
      EXPECT_EQ(history.epochs.front().validation("accuracy"), after_first_step);
    }
    return history.step_losses;
  };
  EXPECT_EQ(fit(true), fit(false));
}

TEST(Trainer, AccumulatedBatchesAreOneBatch) {
  const Regression data = plane(110, 1);
  const auto fit = [&](Index batch_size, Index accumulate) {
    auto network = line();
    Trainer trainer(network, MeanSquaredError<double>(), Adam<double>({.learning_rate = 0.01}),
                    {.epochs = 2, .batch_size = batch_size, .accumulate = accumulate});
    std::vector<Index> samples;
    trainer.on_step([&](const StepRecord& step) {
      EXPECT_EQ(step.steps_per_epoch, 3);
      samples.push_back(step.samples);
    });
    const History& history = trainer.fit(data);
    EXPECT_EQ(samples, (std::vector<Index>{40, 40, 30, 40, 40, 30}));
    return std::pair(history, weights_of(network));
  };
  const auto [whole_history, whole] = fit(40, 1);
  for (const auto& [batch_size, count] : {std::pair<Index, Index>{20, 2}, {10, 4}}) {
    const auto [history, parts] = fit(batch_size, count);
    for (std::size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(parts[i], whole[i], 1e-12);
    for (std::size_t i = 0; i < history.step_losses.size(); ++i) {
      EXPECT_NEAR(history.step_losses[i], whole_history.step_losses[i], 1e-12);
    }
    EXPECT_NEAR(history.epochs[1].train_loss, whole_history.epochs[1].train_loss, 1e-12);
  }
}

TEST(Trainer, AccumulationGoesOnFromAState) {
  const Regression data = plane(110, 1);
  const TrainerOptions options{.epochs = 2, .batch_size = 20, .accumulate = 2};
  auto whole = line();
  Trainer uninterrupted(whole, MeanSquaredError<double>(), Adam<double>(), options);
  uninterrupted.fit(data);
  auto first = line();
  Trainer before(first, MeanSquaredError<double>(), Adam<double>(), options);
  before.on_step([&](const StepRecord& step) {
    if (step.epoch == 1 && step.step == 2) before.stop();
  });
  before.fit(data);
  auto second = line(2);
  Trainer after(second, MeanSquaredError<double>(), Adam<double>(), options);
  after.restore(before.state());
  after.fit(data);
  EXPECT_EQ(weights_of(second), weights_of(whole));
  Trainer other(second, MeanSquaredError<double>(), Adam<double>(), {.batch_size = 20});
  EXPECT_EQ(test::error_of<ValueError>([&] { other.restore(before.state()); }),
            "trainer: expected a training with seed 1 and batch size 20 x 1 to go on with, got 1 "
            "and 20 x 2");
}

TEST(Trainer, ARestoredFitEndsWhereTheInterruptedOneWouldHave) {
  const Regression data = plane(40, 1);
  auto network = line();
  Trainer trainer(network, MeanSquaredError<double>(), Adam<double>(), {.epochs = 3});
  trainer.fit(data);
  trainer.fit(data);
  const auto done = trainer.state();
  EXPECT_EQ(done.epochs_done(), 6);
  trainer.restore(done);
  EXPECT_EQ(trainer.fit(data).epochs_done(), 6);
  EXPECT_EQ(trainer.fit(data).epochs_done(), 9);
}

TEST(Trainer, WatchesWhatTheMonitorNames) {
  const Regression data = plane(100, 1);
  // The values of five epochs; the best one, to be minimised and to be maximised.
  const std::vector<double> values{-2, 3, -5, 3, -5};
  for (const Better better : {Better::lower, Better::higher}) {
    auto network = line();
    Trainer trainer(
        network, MeanSquaredError<double>(), Adam<double>(),
        {.epochs = 5, .evaluate_training_data = false, .monitor = "mine", .restore_best = true});
    std::size_t epoch = 0;
    trainer.metric(
        "mine", [&](const auto&, const auto&) { return values[epoch++]; }, better);
    std::vector<double> best;
    trainer.on_epoch([&](const EpochRecord& record) {
      if (record.epoch == (better == Better::lower ? 3 : 2)) best = weights_of(network);
    });
    trainer.fit(data, data);
    EXPECT_EQ(weights_of(network), best);
  }
}

TEST(Trainer, PatienceWatchesTheLossOfARegression) {
  auto network = line();
  Trainer trainer(network, MeanSquaredError<double>(), Sgd<double>({.learning_rate = 1e-300}),
                  {.epochs = 10, .patience = 2});
  EXPECT_EQ(trainer.fit(plane(10, 1), plane(10, 2)).epochs_done(), 3);  // no epoch is better
}

TEST(Trainer, RefusesAMonitorThatThereIsNot) {
  const Regression data = plane(10, 1);
  auto network = line();
  Trainer trainer(network, MeanSquaredError<double>(), Adam<double>(), {.monitor = "r2"});
  EXPECT_EQ(test::error_of<ValueError>([&] { trainer.fit(data); }),
            "trainer: expected the option monitor to be one of loss; got 'r2'");
  trainer.metric("r2", r2_score<double>);
  trainer.fit(data);
  EXPECT_EQ(test::error_of<ValueError>([&] { trainer.metric("r2", r2_score<double>); }),
            "trainer: two metrics have the name 'r2'");
  EXPECT_THROW(trainer.metric("loss", r2_score<double>), ValueError);
  EXPECT_THROW(trainer.metric("", r2_score<double>), ValueError);
  EXPECT_THROW(trainer.metric("none", {}), ValueError);
  Trainer blind(network, MeanSquaredError<double>(), Adam<double>(),
                {.evaluate_training_data = false, .monitor = "r2", .patience = 1});
  blind.metric("r2", r2_score<double>);
  EXPECT_EQ(test::error_of<ValueError>([&] { blind.fit(data); }),
            "trainer: the monitor r2 needs validation data or evaluate_training_data");
}

TEST(Trainer, AScheduleOfValuesSeesEveryEpochOnce) {
  const Regression data = plane(100, 1);
  const std::vector<double> values{-1, -2, -2, -2, -2, -3, -3};
  const TrainerOptions options{.epochs = 7, .monitor = "mine"};
  std::size_t epoch = 0;
  const auto mine = [&](const auto&, const auto&) { return values[epoch]; };
  const auto rates_of = [&](auto& trainer, std::vector<double>& rates) {
    trainer.metric("mine", mine, Better::lower);
    trainer.schedule(ReduceOnPlateau({.rate = 0.5, .factor = 0.1, .patience = 1}));
    trainer.on_epoch([&](const EpochRecord&) {
      rates.push_back(trainer.optimizer().options().learning_rate);
      ++epoch;
    });
  };
  auto network = line();
  Trainer trainer(network, MeanSquaredError<double>(), Adam<double>(), options);
  std::vector<double> rates;
  rates_of(trainer, rates);
  trainer.fit(data, data);
  const std::vector<double> expected{0.5, 0.5, 0.5, 0.5, 0.05, 0.05, 0.05};
  ASSERT_EQ(rates.size(), expected.size());
  for (std::size_t i = 0; i < rates.size(); ++i) EXPECT_NEAR(rates[i], expected[i], 1e-12) << i;

  // A training that goes on shows the schedule the epochs that are done.
  epoch = 0;
  auto first = line();
  Trainer before(first, MeanSquaredError<double>(), Adam<double>(), options);
  std::vector<double> rates_before;
  rates_of(before, rates_before);
  before.on_epoch([&](const EpochRecord& record) {
    if (record.epoch == 4) before.stop();
  });
  before.fit(data, data);
  auto second = line(2);
  Trainer after(second, MeanSquaredError<double>(), Adam<double>(), options);
  rates_of(after, rates_before);
  after.restore(before.state());
  after.fit(data, data);
  EXPECT_EQ(rates_before, rates);
}

TEST(Trainer, AScheduleOfValuesMayBeAnyFunctionOfAFloatingPointNumber) {
  auto network = line();
  Trainer trainer(network, MeanSquaredError<double>(), Sgd<double>({.learning_rate = 0.125}),
                  {.epochs = 3});
  std::vector<double> seen;
  trainer.schedule([&](double loss) {
    seen.push_back(loss);
    return 0.25;
  });
  std::vector<double> rates;
  trainer.on_epoch(
      [&](const EpochRecord&) { rates.push_back(trainer.optimizer().options().learning_rate); });
  const History& history = trainer.fit(plane(20, 1), plane(20, 2));
  EXPECT_EQ(rates, (std::vector{0.125, 0.25, 0.25}));
  EXPECT_EQ(seen,
            (std::vector{history.epochs[0].validation_loss, history.epochs[1].validation_loss}));
}

TEST(Trainer, CallsItsCallbacksInOrder) {
  auto network = line();
  Trainer trainer(network, MeanSquaredError<double>(), Adam<double>(),
                  {.epochs = 2, .batch_size = 20});
  std::string calls;
  trainer.on_begin([&](const FitRecord& fit) {
    calls += str_cat("begin ", fit.first_epoch, "-", fit.last_epoch, " ", fit.steps_per_epoch, " ",
                     fit.samples, ", ");
  });
  trainer.on_step([&](const StepRecord& step) { calls += str_cat(step.step, " "); });
  trainer.on_epoch([&](const EpochRecord&) { calls += "epoch, "; });
  trainer.on_end([&](const History& history) { calls += str_cat("end ", history.epochs.size()); });
  trainer.fit(plane(40, 1));
  EXPECT_EQ(calls, "begin 1-2 2 40, 1 2 epoch, 1 2 epoch, end 2");
  calls.clear();
  trainer.fit(plane(40, 1));
  EXPECT_EQ(calls, "begin 3-4 2 40, 1 2 epoch, 1 2 epoch, end 4");
  EXPECT_THROW(trainer.on_begin({}), ValueError);
  EXPECT_THROW(trainer.on_end({}), ValueError);
}

TEST(Trainer, ABatchOfOneSampleIsRefusedWhereItCannotBeTrained) {
  Rng rng(1);
  Sequential<float> network{{"affine1", Affine<float>({.in = 2, .out = 3}, He{}, rng)},
                            {"norm1", BatchNormalization<float>({.features = 3})}};
  const Dataset<float> data{random_normal<float>({21, 2}, rng), Labels({21})};
  const auto error = [&](const TrainerOptions& options) {
    Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(), options);
    trainer.on_step([&](const StepRecord& step) {
      if (step.step == 1) trainer.stop();
    });
    return test::error_of<ValueError>([&] { trainer.fit(data); });
  };
  EXPECT_EQ(error({.batch_size = 10}),
            "trainer: 21 samples in batches of 10 make a batch of one sample: batch normalization: "
            "a batch of shape (1, 3) has no variance to train with; drop_last leaves it out");
  EXPECT_EQ(error({.batch_size = 1}),
            "trainer: 21 samples in batches of 1 make a batch of one sample: batch normalization: "
            "a batch of shape (1, 3) has no variance to train with");
  const std::string none = "not thrown";
  EXPECT_EQ(error({.batch_size = 10, .drop_last = true}), none);
  EXPECT_EQ(error({.batch_size = 20, .sampling = BatchSampler::Sampling::with_replacement}), none);
  EXPECT_EQ(error({.batch_size = 11}), none);
  EXPECT_EQ(network.step(), 3);
}

TEST(Trainer, ABatchThatFailsLeavesTheNetworkAsItWas) {
  Rng rng(1);
  Sequential<float> network{{"affine1", Affine<float>({.in = 2, .out = 3}, He{}, rng)},
                            {"norm1", BatchNormalization<float>({.features = 3})}};
  const Dataset<float> good{random_normal<float>({20, 2}, rng), Labels({20})};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(), {.batch_size = 10});
  trainer.step(good);
  const auto values = [&] {
    std::vector<float> all;
    for (const auto& tensor : trainer.state().values) {
      all.insert(all.end(), tensor.value.begin(), tensor.value.end());
    }
    return all;
  };
  const auto before = values();
  auto bad = good;
  bad.inputs(7, 1) = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(test::error_of<ValueError>([&] { trainer.step(bad); }),
            "trainer: the loss is nan; number 1 of sample 7 of the batch is nan");
  EXPECT_EQ(values(), before);
  auto bad_label = good;
  bad_label.targets(3) = 5;
  EXPECT_THROW(trainer.step(bad_label), ValueError);
  EXPECT_EQ(values(), before);
  EXPECT_EQ(network.step(), 1);
  // Also in the second of the batches that make an update.
  Trainer of_two(
      network, SoftmaxCrossEntropy<float>(), Adam<float>(),
      {.batch_size = 10, .sampling = BatchSampler::Sampling::sequential, .accumulate = 2});
  bad.inputs(7, 1) = 0;
  bad.inputs(17, 0) = std::numeric_limits<float>::infinity();
  EXPECT_EQ(test::error_of<ValueError>([&] { of_two.fit(bad); }),
            "trainer: the loss is nan at epoch 1, step 1; number 0 of sample 17 of the training "
            "data is inf");
  EXPECT_EQ(values(), before);
}

TEST(Trainer, NamesTheTargetThatIsNotFinite) {
  auto network = line();
  Trainer trainer(network, MeanSquaredError<double>(), Adam<double>(), {.batch_size = 10});
  Regression data = plane(30, 1);
  data.targets(23, 0) = std::numeric_limits<double>::quiet_NaN();
  const std::string error = test::error_of<ValueError>([&] { trainer.fit(data); });
  EXPECT_TRUE(error.ends_with("; number 0 of the target of sample 23 of the training data is nan"))
      << error;
}

TEST(Trainer, RefusesWhatDoesNotFitTheLossBeforeItTrains) {
  auto network = line();
  Trainer trainer(network, MeanSquaredError<double>(), Adam<double>());
  trainer.on_step([](const StepRecord&) { ADD_FAILURE() << "has trained"; });
  const Regression good = plane(10, 1);
  Regression wide = good;
  wide.targets = Tensor<double>({10, 2});
  for (const std::string& error :
       {test::error_of<ShapeError>([&] { trainer.fit(wide, good); }),
        test::error_of<ShapeError>([&] { trainer.fit(good, wide); }),
        test::error_of<ShapeError>([&] { trainer.fit(good, streamed(wide)); }),
        test::error_of<ShapeError>([&] { trainer.evaluate(wide); })}) {
    EXPECT_NE(error.find("data: mean squared error: expected targets"), std::string::npos) << error;
  }
}

/// Absolute error, with weights of the samples.
struct WeightedError {
  using Scalar = double;
  double forward(const Tensor<double>& y, const Tensor<double>& t) {
    return forward(y, t, ones<double>({y.extent(0)}));
  }
  double forward(const Tensor<double>& y, const Tensor<double>& t, const Tensor<double>& weights) {
    const auto w = weights.reshape({y.extent(0), 1});
    dy = sign(y - t) * w / static_cast<double>(y.extent(0));
    return mean(abs(y - t) * w);
  }
  const Tensor<double>& backward() const { return dy; }
  Tensor<double> dy;
};

/// The same without weights: a loss as short as they are.
struct OwnError {
  using Scalar = double;
  double forward(const Tensor<double>& y, const Tensor<double>& t) {
    dy = sign(y - t) / static_cast<double>(y.size());
    return mean(abs(y - t));
  }
  const Tensor<double>& backward() const { return dy; }
  Tensor<double> dy;
};

TEST(Trainer, PassesTheWeightsOfSamplesToTheLoss) {
  Regression data = plane(40, 1);
  for (Index n = 0; n < 40; ++n) {
    if (n % 2 == 0) data.targets(n, 0) = 1000;  // a sample that does not count
  }
  data.weights = Tensor<double>({40});
  for (Index n = 1; n < 40; n += 2) data.weights(n) = 2;
  auto network = line();
  Trainer trainer(network, WeightedError(), Adam<double>({.learning_rate = 0.05}), {.epochs = 100});
  const EpochRecord& last = trainer.fit(data, data).epochs.back();
  EXPECT_LT(last.train_loss, 0.2);
  EXPECT_LT(last.validation_loss, 0.2);
  Trainer without(network, OwnError(), Adam<double>());
  EXPECT_EQ(test::error_of<ValueError>([&] { without.fit(data); }),
            "trainer: training data: the samples have weights, which this loss does not take");
  data.weights = {};
  EXPECT_NO_THROW(without.fit(data));
}

}  // namespace
}  // namespace dlfs
