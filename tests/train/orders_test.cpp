#include <array>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/expect_tensor.hpp"

// Every object in any order of calls: the right value, or one dlfs::Error. Operations are drawn at
// random; whatever else they throw, and what the sanitizers find, fails the test. What a network
// computes is compared with a copy that never saw the calls before.

namespace dlfs::orders_test {
namespace {

using TestTrainer = Trainer<float, SoftmaxCrossEntropy<float>, Adam<float>>;

constexpr Index classes = 3;

Sequential<float> a_network(Index hidden, std::uint64_t seed) {
  Rng rng(seed);
  return {{"affine1", Affine<float>({.in = 4, .out = hidden}, He{}, rng)},
          {"norm", BatchNormalization<float>({.features = hidden})},
          {"relu", Relu<float>()},
          {"block",
           Residual<float>({{"affine", Affine<float>({.in = hidden, .out = hidden}, He{}, rng)},
                            {"tanh", Tanh<float>()}})},
          {"dropout", Dropout<float>({.ratio = 0.25}, rng)},
          {"affine2", Affine<float>({.in = hidden, .out = classes}, He{}, rng)}};
}

Dataset<float> some_data(Index count, Rng& rng) {
  return {random_normal<float>({count, 4}, rng), random_integers<std::int32_t>({count}, rng, 0, 3)};
}

/// A network, and what is known of its last forward pass.
struct Subject {
  Sequential<float> network;
  std::optional<Sequential<float>> before;  // a copy from before the pass, unless weights changed
  PassMode mode = PassMode::train;
  const Tensor<float>* x = nullptr;
};

struct World {
  explicit World(std::uint64_t seed) : rng(seed) {
    subjects.push_back({a_network(5, 1), {}, {}, {}});
    subjects.push_back({a_network(5, 2), {}, {}, {}});
    subjects.push_back({a_network(6, 3), {}, {}, {}});
    for (Subject& one : subjects) {
      trainers.emplace_back(one.network, SoftmaxCrossEntropy<float>(), Adam<float>(),
                            TrainerOptions{.epochs = 1, .batch_size = 8, .restore_best = true});
      averages.emplace_back(one.network, 0.9);
    }
  }

  Subject& subject() { return subjects[static_cast<std::size_t>(rng.below(3))]; }
  template <class T>
  T& any(std::deque<T>& list) {
    return list[static_cast<std::size_t>(rng.below(std::ssize(list)))];
  }
  /// Lives as long as the networks, which only point to it.
  const Tensor<float>& input(Index rows, Index columns) {
    return inputs.emplace_back(random_normal<float>({rows, columns}, rng));
  }
  bool coin() { return rng.below(2) == 0; }

  Rng rng;
  std::deque<Tensor<float>> inputs;
  std::deque<Subject> subjects;
  std::deque<TestTrainer> trainers;
  std::deque<ExponentialMovingAverage<float>> averages;
  std::deque<TrainerState<float>> states;
  Sgd<float> sgd{{.learning_rate = 0.001}};
  Adam<float> adam;
  Momentum<float> momentum;
  AdaGrad<float> ada_grad;
  RmsProp<float> rms_prop;
  Nesterov<float> nesterov;
  AdamW<float> adam_w;
  SoftmaxCrossEntropy<float> loss;
  AnyLayer<float> layer{Tanh<float>()};
  BatchSampler sampler{10, 4, Rng(1)};
  Tensor<float> tensor{{2, 3}};
  std::optional<StreamState<float>> stream;
  Dataset<float> loaded = some_data(10, rng);
  Loader<float> loader{loaded, Rng(1), {.batch_size = 3, .threads = 1}};
  Index layers_added = 0;
};

std::vector<Tensor<float>> gradients_of(const Sequential<float>& network) {
  std::vector<Tensor<float>> gradients;
  for (const auto* parameter : network.parameters()) gradients.push_back(parameter->gradient);
  return gradients;
}

void forward(World& world) {
  Subject& s = world.subject();
  const PassMode mode = world.coin() ? PassMode::train : PassMode::evaluate;
  std::optional<Sequential<float>> before = s.network;
  const Tensor<float>& x = world.input(world.rng.below(5), world.rng.below(8) == 0 ? 5 : 4);
  const Tensor<float> y = s.network.forward(x, mode);  // where it throws, the last pass counts
  test::expect_equal(y, before->forward(x, mode));
  before->set_step(std::max<Index>(0, s.network.step() - (mode == PassMode::train ? 1 : 0)));
  s.x = &x;
  s.before = std::move(before);
  s.mode = mode;
}

void forward_of_own_memory(World& world) {
  Subject& s = world.subject();
  s.before.reset();
  s.network.forward(s.network.forward(world.input(2, 4)));
  ADD_FAILURE() << "took its own result";
}

void backward(World& world) {
  Subject& s = world.subject();
  const auto parameters = s.network.parameters();
  Tensor<float> dy =
      random_normal<float>({s.x == nullptr ? 2 : s.x->extent(0), classes}, world.rng);
  if (world.rng.below(8) == 0) dy = Tensor<float>({2, 2});
  if (world.rng.below(8) == 0 && !parameters.empty()) {
    s.network.backward(parameters[0]->gradient);
  } else if (world.coin()) {
    s.network.backward(dy);
    if (!s.before) return;
    Sequential<float> fresh = *s.before;
    fresh.forward(*s.x, s.mode);
    fresh.backward(dy);
    const auto expected = gradients_of(fresh);
    const auto gradients = gradients_of(s.network);
    ASSERT_EQ(gradients.size(), expected.size());
    for (std::size_t k = 0; k < expected.size(); ++k) test::expect_equal(gradients[k], expected[k]);
  } else {
    const Tensor<float>& dx = s.network.backward_to_input(dy);
    if (world.rng.below(4) == 0) s.network.backward_to_input(dx);
  }
}

template <auto optimizer>
void step(World& world) {
  Subject& s = world.subject();
  s.before.reset();
  (world.*optimizer).step(s.network.parameters());
}

template <auto optimizer>
void move_optimizer(World& world) {
  const auto taken = std::move(world.*optimizer);
  if (world.coin()) world.*optimizer = taken;
}

void add_layer(World& world) {
  Subject& s = world.subject();
  const std::string name = str_cat("added", world.layers_added++ % 4);
  const Index which = world.rng.below(4);
  if (which == 0) s.network.add(name, Sigmoid<float>());
  if (which == 1) s.network.add(name, Affine<float>({.in = 3, .out = 3}, He{}, world.rng));
  if (which == 2) s.network.add(name, world.layer);
  if (which == 3) s.network.add(name, std::move(world.layer));
  s.before.reset();
}

void use_layer(World& world) {
  if (world.coin()) world.layer = AnyLayer<float>(Tanh<float>());
  const AnyLayer<float> copy = world.layer;
  EXPECT_EQ(copy.is_empty(), world.layer.is_empty());
  if (copy.output_shape({2, 3}) != Shape{2, 3}) ADD_FAILURE();
  (void)copy.traits();
}

void assign_network(World& world) {
  Subject& to = world.subject();
  Subject& from = world.subject();
  to.network = from.network;
  to.before.reset();
}

void move_network(World& world) {
  Subject& to = world.subject();
  Subject& from = world.subject();
  to.network = std::move(from.network);
  to.before.reset();
  from.before.reset();
  if (&to != &from) {
    EXPECT_EQ(from.network.layer_count(), 0);
  }
}

void new_network(World& world) {
  Subject& s = world.subject();
  s.network = a_network(5 + world.rng.below(2), static_cast<std::uint64_t>(world.rng.below(3)));
  s.before.reset();
}

void reshape_a_parameter(World& world) {
  Subject& s = world.subject();
  const auto parameters = s.network.parameters();
  if (parameters.empty()) return;
  auto& value =
      parameters[static_cast<std::size_t>(world.rng.below(std::ssize(parameters)))]->value;
  if (world.coin()) {
    value = Tensor<float>({1 + world.rng.below(6), 1 + world.rng.below(6)});
  } else {
    const auto taken = std::move(value);
  }
  s.before.reset();
}

void reshape_a_buffer(World& world) {
  const auto buffers = world.subject().network.buffers();
  if (!buffers.empty()) buffers[0]->value = Tensor<float>({1 + world.rng.below(9)});
}

/// What `backward` then computes is compared as before: of the pass that was, or an error.
void set_mode(World& world) {
  const char* const names[] = {"norm", "dropout", "block", "nothing"};
  world.subject().network.set_mode(names[world.rng.below(4)],
                                   world.coin() ? PassMode::train : PassMode::evaluate);
}

void freeze(World& world) {
  Subject& s = world.subject();
  s.before.reset();  // without what is not computed now
  if (world.coin()) {
    s.network.freeze("affine2");
  } else {
    s.network.unfreeze("affine2");
  }
}

void stream(World& world) {
  using State = StreamState<float>;
  std::optional<State>& state = world.stream;
  if (!state) {
    const Sequential<float> network{
        {"lstm", Lstm<float>({.in = 3, .hidden = 3}, world.rng)},
        {"block",
         Residual<float>({{"linear", Linear<float>({.in = 3, .out = 3}, He{}, world.rng)}})}};
    state = initial_state(network, {2, 1, 3});
  }
  State before = *state;
  const auto x = random_normal<float>({2, 1, 3}, world.rng);
  const Index what = world.rng.below(6);
  if (what == 0) {
    const State taken = std::move(*state);
    if (world.coin()) *state = taken;
  }
  if (what == 1) state->reset();
  if (what == 2) state = std::exchange(before, *state);
  if (what == 3) state.reset();
  if (what > 3) {  // y becomes x, in place
    const Tensor<float> y = predict_step(predict_step(x, *state), *state);
    const Tensor<float> first = predict_step(x, before);
    test::expect_equal(y, predict_step(first, before));
  }
}

void load(World& world) {
  const Index what = world.rng.below(4);
  if (what == 0) world.loader.begin_epoch(world.rng.below(4) - 1, world.rng.below(6) - 1);
  if (what == 1) (void)world.loader.samples();
  const Dataset<float>& batch = world.loader.next();
  ASSERT_EQ(batch.size(), std::ssize(world.loader.samples()));
  for (Index n = 0; n < batch.size(); ++n) {
    const Index sample = world.loader.samples()[static_cast<std::size_t>(n)];
    EXPECT_EQ(batch.inputs(n, 0), world.loaded.inputs(sample, 0));
  }
}

void predict(World& world) {
  const Subject& s = world.subject();
  const auto x = random_normal<float>({3, 4}, world.rng);
  test::expect_equal(s.network.predict(x), Sequential<float>(s.network).predict(x));
  (void)summary(s.network, {2, 4});
  (void)activations(s.network, x);
  (void)s.network.layer(world.rng.below(8) - 1);
}

void set_step(World& world) {
  Subject& s = world.subject();
  s.before.reset();
  s.network.set_step(world.rng.below(5) - 2);
}

void fit(World& world) {
  TestTrainer& trainer = world.any(world.trainers);
  for (Subject& s : world.subjects) s.before.reset();
  Dataset<float> train = some_data(world.rng.below(30), world.rng);
  if (world.rng.below(6) == 0 && !train.targets.empty()) train.targets(0) = 3;
  trainer.fit(train, some_data(world.rng.below(6), world.rng));
}

void fit_with_calls_from_a_callback(World& world) {
  Subject& s = world.subject();
  s.before.reset();
  TestTrainer trainer(s.network, {}, Adam<float>(), {.epochs = 2, .batch_size = 8});
  const Index what = world.rng.below(7);
  const auto data = some_data(20, world.rng);
  const auto state = trainer.state();
  Index steps = 0;
  trainer.on_step([&](const StepRecord&) {
    ++steps;
    if (what == 0) trainer.fit(data, data);
    if (what == 1) trainer.restore(state);
    if (what == 2) trainer.on_step([](const StepRecord&) {});
    if (what == 3) trainer.on_epoch([](const EpochRecord&) {});
    if (what == 4) s.network.add("from_callback", Tanh<float>());
    if (what == 5) trainer.stop();
    if (what == 6 && steps == 2) throw ValueError("thrown by a callback");
  });
  try {
    trainer.fit(data, data);
  } catch (const ValueError&) {
    if (what == 6) {  // goes on where it was
      trainer.fit(data, data);
      EXPECT_EQ(steps, 6);
    }
    throw;
  }
  EXPECT_TRUE(what == 4 || what == 5 || what == 6) << what;
}

void empty_functions(World& world) {
  TestTrainer& trainer = world.any(world.trainers);
  trainer.schedule({});
  trainer.augment({});
  if (world.coin()) trainer.on_step({});
  trainer.on_epoch({});
  ADD_FAILURE() << "took an empty function";
}

void save(World& world) { world.states.push_back(world.any(world.trainers).state()); }

void restore(World& world) {
  if (world.states.empty()) return;
  TrainerState<float> state = world.any(world.states);
  const Index what = world.rng.below(9);
  if (what == 0 && !state.values.empty()) state.values[0].name = "another";
  if (what == 1 && !state.values.empty()) state.values.pop_back();
  if (what == 2) state.optimizer.moments.clear();
  if (what == 3) state.progress.steps = -1;
  if (what == 4) state.best.epoch = 100;
  if (what == 5) state.optimizer_kind = "adamw";
  if (what == 6 && !state.best.values.empty()) state.best.values.pop_back();
  for (Subject& s : world.subjects) s.before.reset();
  world.any(world.trainers).restore(std::move(state));
  EXPECT_FALSE(what == 3 || what == 4 || what == 5) << what;
}

void average(World& world) {
  ExponentialMovingAverage<float>& average = world.any(world.averages);
  average.update(world.subject().network);
  average.update(average.network());
}

void move_average(World& world) {
  const auto taken = std::move(world.any(world.averages));
  if (world.coin()) world.any(world.averages) = taken;
}

void use_loss(World& world) {
  const auto labels = random_integers<std::int32_t>({2}, world.rng, 0, 4);
  if (world.coin()) {
    world.loss.forward(random_normal<float>({2, 3}, world.rng), labels);
  } else {
    world.loss.forward(world.loss.backward(), labels);
    ADD_FAILURE() << "took its own gradient";
  }
}

void sample(World& world) {
  if (world.coin()) world.sampler.begin_epoch(world.rng.below(4) - 1);
  for (const Index i : world.sampler.batch(world.rng.below(5) - 1)) {
    EXPECT_TRUE(i >= 0 && i < 10);
  }
}

void move_sampler(World& world) {
  const auto taken = std::move(world.sampler);
  if (world.coin()) world.sampler = taken;
}

void use_tensor(World& world) {
  if (world.rng.below(4) == 0) {
    const auto taken = std::move(world.tensor);
  }
  if (world.coin()) {
    auto& same = world.tensor;
    world.tensor = std::move(same);
  }
  EXPECT_EQ(std::distance(world.tensor.begin(), world.tensor.end()), world.tensor.size());
  if (world.rng.below(4) == 0) world.tensor = Tensor<float>({2, 3});
  (void)world.tensor.shape().axes(static_cast<int>(world.rng.below(5)) - 1,
                                  static_cast<int>(world.rng.below(5)));
  (void)world.tensor.rows(0, 2);
  world.tensor(1, 2) = 1;
}

struct Operation {
  const char* name;
  void (*run)(World&);
};

const Operation operations[] = {
    {"forward", forward},
    {"forward", forward},
    {"forward of own memory", forward_of_own_memory},
    {"backward", backward},
    {"backward", backward},
    {"sgd", step<&World::sgd>},
    {"adam", step<&World::adam>},
    {"momentum", step<&World::momentum>},
    {"ada_grad", step<&World::ada_grad>},
    {"rms_prop", step<&World::rms_prop>},
    {"nesterov", step<&World::nesterov>},
    {"adam_w", step<&World::adam_w>},
    {"move adam", move_optimizer<&World::adam>},
    {"move momentum", move_optimizer<&World::momentum>},
    {"add layer", add_layer},
    {"use layer", use_layer},
    {"assign network", assign_network},
    {"move network", move_network},
    {"new network", new_network},
    {"new network", new_network},
    {"new network", new_network},
    {"reshape a parameter", reshape_a_parameter},
    {"reshape a buffer", reshape_a_buffer},
    {"set mode", set_mode},
    {"set mode", set_mode},
    {"freeze", freeze},
    {"stream", stream},
    {"load", load},
    {"predict", predict},
    {"set step", set_step},
    {"fit", fit},
    {"fit with calls from a callback", fit_with_calls_from_a_callback},
    {"empty functions", empty_functions},
    {"save", save},
    {"restore", restore},
    {"average", average},
    {"move average", move_average},
    {"use loss", use_loss},
    {"sample", sample},
    {"move sampler", move_sampler},
    {"use tensor", use_tensor},
};

TEST(Orders, OfAnyCallsGiveTheRightValueOrAnError) {
  std::array<Index, std::size(operations)> successes{};
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    World world(seed);
    std::string trail;
    for (int i = 0; i < 120; ++i) {
      const auto which = static_cast<std::size_t>(world.rng.below(std::ssize(operations)));
      trail += str_cat(operations[which].name, "; ");
      SCOPED_TRACE(str_cat("seed ", seed, ": ", trail));
      try {
        operations[which].run(world);
        ++successes[which];
      } catch (const Error&) {
      } catch (const std::exception& error) {
        FAIL() << error.what();
      }
      if (HasFatalFailure() || HasNonfatalFailure()) return;
    }
  }
  for (std::size_t i = 0; i < std::size(operations); ++i) {
    const bool never_right =
        operations[i].run == empty_functions || operations[i].run == forward_of_own_memory;
    EXPECT_EQ(successes[i] == 0, never_right) << operations[i].name;
  }
}

}  // namespace
}  // namespace dlfs::orders_test
