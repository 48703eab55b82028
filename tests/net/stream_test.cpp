#include "dlfs/net/stream.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/allocation_counter.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"
#include "support/levels.hpp"

namespace dlfs {
namespace {

static_assert(LayerWithStepper<Lstm<float>> && LayerWithStepper<Gru<double>>);
static_assert(LayerWithStepper<Convolution1d<float>> && LayerWithStepper<Linear<float>>);
static_assert(LayerWithSteps<Softmax<float>> && !LayerWithStepper<Softmax<float>>);
static_assert(!LayerWithSteps<Relu<float>> && !LayerWithSteps<Flatten<float>>);
static_assert(std::copyable<StreamState<float>> && std::copyable<AnyStepper<float>>);
static_assert(!std::is_constructible_v<AnyStepper<float>, Relu<float>>);

Rng& generator() {
  static Rng rng(5);
  return rng;
}

/// A stack with parameters and buffers that are all random.
template <class T>
Sequential<T> scattered(Sequential<T> network) {
  for (Parameter<T>* parameter : network.parameters()) {
    parameter->value = random_uniform<T>(parameter->value.shape(), generator(), -0.5, 0.5);
  }
  for (NamedTensor<T>* buffer : network.buffers()) {
    buffer->value = random_uniform<T>(buffer->value.shape(), generator(), 0.5, 1.5);
  }
  return network;
}

/// One entry along an axis, which stays.
template <class T>
Tensor<T> step_of(const Tensor<T>& x, int axis, Index t) {
  return copy(x.slice(axis, {.start = t, .stop = t + 1}));
}

/// Expects what `predict` gives for x whose steps lie along `axis` and y whose steps lie along
/// `y_axis`; for no_step_axis, for the sequence so far. With a tolerance of 0, the same bits.
template <class T>
void expect_stream(const Sequential<T>& network, const Tensor<T>& x, int axis, int y_axis,
                   T tolerance = std::is_same_v<T, float> ? T(1e-6) : T(1e-13)) {
  StreamState<T> state = initial_state(network, x.shape().with(axis, 1));
  const Tensor<T> whole = network.predict(x);
  for (int turn = 0; turn < 2; ++turn) {
    for (Index t = 0; t < x.extent(axis); ++t) {
      const Tensor<T>& y = predict_step(step_of(x, axis, t), state);
      const Tensor<T> expected =
          y_axis == no_step_axis ? network.predict(copy(x.slice(axis, {.start = 0, .stop = t + 1})))
                                 : step_of(whole, y_axis, t);
      ASSERT_EQ(y.shape(), expected.shape());
      const T scale = std::max(T(1), max(abs(expected)));
      ASSERT_LE(max(abs(y - expected)), tolerance * scale) << "turn " << turn << ", step " << t;
    }
    state.reset();
  }
}

/// A kind of layer that runs step by step, in a sequence x.
struct Streaming {
  std::string header;
  AnyLayer<float> layer;
  Shape x;
  int axis;
  int y_axis;
};

/// A layer of two inputs, of what a recurrent layer and a product make of one.
Graph<float> of_two(const AnyLayer<float>& layer) {
  Rng& rng = generator();
  return {{"x"},
          {{"gru", Gru<float>({.in = 6, .hidden = 6}, rng), {"x"}},
           {"linear", Linear<float>({.in = 6, .out = 6}, He{}, rng), {"x"}},
           {"joint", layer, {"gru", "linear"}}}};
}

std::vector<Streaming> streaming_layers() {
  Rng& rng = generator();
  const Shape rows{2, 7, 6};      // (N, T, D)
  const Shape channels{2, 6, 7};  // (N, C, L)
  return {
      {"batch_normalization", BatchNormalization<float>({.features = 6}), channels, 2, 2},
      {"convolution1d",
       Convolution1d<float>({.in = 6, .filters = 9, .kernel = 3, .dilation = 2, .causal = true},
                            He{}, rng),
       channels, 2, 2},
      {"convolution1d",
       Convolution1d<float>({.in = 6, .filters = 4, .kernel = 5, .groups = 2, .causal = true}, He{},
                            rng),
       channels, 2, 2},
      {"convolution1d",
       Convolution1d<float>({.in = 6, .filters = 33, .kernel = 1, .bias = false}, He{}, rng),
       channels, 2, 2},
      {"dropout", Dropout<float>({.scaling = DropoutScaling::in_evaluation}, rng), rows, 1, 1},
      {"elu", Elu<float>(), channels, 2, 2},
      {"embedding", Embedding<float>({.count = 2, .features = 5}, He{}, rng), {2, 7}, 1, 1},
      {"gelu", Gelu<float>({.approximate = GeluApproximation::tanh}), rows, 1, 1},
      {"gru", Gru<float>({.in = 6, .hidden = 5}, rng), rows, 1, 1},
      {"gru", Gru<float>({.in = 6, .hidden = 16}, rng), rows, 1, 1},
      {"hard_sigmoid", HardSigmoid<float>(), rows, 1, 1},
      {"hard_swish", HardSwish<float>(), rows, 1, 1},
      {"hard_tanh", HardTanh<float>(), rows, 1, 1},
      {"identity", Identity<float>(), rows, 1, 1},
      {"last_step", LastStep<float>(), rows, 1, no_step_axis},
      {"layer_normalization", LayerNormalization<float>({.features = 6}), rows, 1, 1},
      {"leaky_relu", LeakyRelu<float>(), rows, 1, 1},
      {"linear", Linear<float>({.in = 6, .out = 3}, He{}, rng), rows, 1, 1},
      {"linear", Linear<float>({.in = 6, .out = 3}, He{}, rng), {2, 7, 4, 6}, 1, 1},
      {"log_softmax", LogSoftmax<float>(), channels, 2, 2},
      {"lstm", Lstm<float>({.in = 6, .hidden = 20}, rng), rows, 1, 1},
      {"lstm", Lstm<float>({.in = 6, .hidden = 1}, rng), rows, 1, 1},
      {"pad_channels", PadChannels<float>({.channels = 8}), channels, 2, 2},
      {"permute", Permute<float>({0, 2, 1}), channels, 2, 1},
      {"positional_encoding", PositionalEncoding<float>({.length = 7, .features = 6}), rows, 1, 1},
      {"positional_encoding",
       LearnedPositionalEncoding<float>({.length = 9, .features = 6}, He{}, rng), rows, 1, 1},
      {"prelu", PRelu<float>(), rows, 1, 1},
      {"prelu", PRelu<float>({.slopes = 6}), channels, 2, 2},
      {"relu", Relu<float>(), rows, 1, 1},
      {"rms_normalization", RmsNormalization<float>({.features = 6}), rows, 1, 1},
      {"rnn", Rnn<float>({.in = 6, .hidden = 5}, rng), rows, 1, 1},
      {"rnn", Rnn<float>({.in = 6, .hidden = 40, .activation = RnnActivation::relu}, rng), rows, 1,
       1},
      {"sigmoid", Sigmoid<float>(), rows, 1, 1},
      {"slice_axis", SliceAxis<float>(2, {.start = 1, .stop = 4}), rows, 1, 1},
      {"softmax", Softmax<float>(), channels, 2, 2},
      {"softplus", Softplus<float>(), rows, 1, 1},
      {"standardization", Standardization<float>({.features = 6}), channels, 2, 2},
      {"swish", Swish<float>(), rows, 1, 1},
      {"tanh", Tanh<float>(), rows, 1, 1},
      {"add", of_two(Add<float>()), rows, 1, 1},
      {"multiply", of_two(Multiply<float>()), rows, 1, 1},
      {"concatenate", of_two(Concatenate<float>({.axis = 2})), rows, 1, 1},
  };
}

/// A layer that does not run step by step, and what it says about steps of shape x.
struct Refused {
  std::string header;
  AnyLayer<float> layer;
  Shape step;
  std::string message;
};

std::vector<Refused> refused_layers() {
  Rng& rng = generator();
  const Shape row{1, 1, 6}, channel{1, 6, 1}, image{1, 6, 1, 4};
  const auto does_not = [](const std::string& kind) {
    return kind + ": does not run step by step";
  };
  return {
      {"adaptive_average_pooling", AdaptiveAveragePooling<float>(1), image,
       does_not("adaptive average pooling")},
      {"affine", Affine<float>({.in = 6, .out = 2}, He{}, rng), row, does_not("affine")},
      {"average_pooling", AveragePooling<float>({.kernel = 1}), image, does_not("average pooling")},
      {"average_pooling1d", AveragePooling1d<float>({.kernel = 2}), channel,
       does_not("average pooling 1d")},
      {"batch_normalization", BatchNormalization<float>({.features = 24}), image,
       "batch normalization: does not run step by step with 24 features of x of shape (1, 6, 1, "
       "4)"},
      {"convolution", Convolution<float>({.in = 6, .filters = 2, .kernel = 1}, He{}, rng), image,
       does_not("convolution")},
      {"convolution1d", Convolution1d<float>({.in = 6, .kernel = 3, .padding = 1}, He{}, rng),
       channel, "convolution 1d: runs step by step if it is causal"},
      {"convolution1d", Convolution1d<float>({.in = 6, .stride = 2, .causal = true}, He{}, rng),
       channel, "convolution 1d: does not run step by step with a stride of 2"},
      {"convolution1d", Convolution1d<float>({.in = 1, .causal = true}, He{}, rng), row,
       "convolution 1d: runs step by step along axis 2, not along axis 1"},
      {"convolution3d",
       Convolution3d<float>({.in = 6, .kernel = 1}, He{}, rng),
       {1, 6, 1, 2, 2},
       does_not("convolution 3d")},
      {"average_pooling3d",
       AveragePooling3d<float>({.kernel = 1}),
       {1, 6, 1, 2, 2},
       does_not("average pooling 3d")},
      {"max_pooling3d",
       MaxPooling3d<float>({.kernel = 1}),
       {1, 6, 1, 2, 2},
       does_not("max pooling 3d")},
      {"flatten", Flatten<float>(), row, does_not("flatten")},
      {"global_average_pooling", GlobalAveragePooling<float>(), image,
       does_not("global average pooling")},
      {"group_normalization", GroupNormalization<float>({.groups = 2, .features = 6}), channel,
       does_not("group normalization")},
      {"instance_normalization", InstanceNormalization<float>({.features = 6}), channel,
       does_not("instance normalization")},
      {"last_step", LastStep<float>({.reverse = true}), row,
       "last step: does not run step by step with `reverse`"},
      {"layer_normalization", LayerNormalization<float>({.features = 6}), channel,
       "layer normalization: does not run step by step along axis 2, whose numbers it takes "
       "together"},
      {"lstm", Lstm<float>({.in = 6, .hidden = 2, .reverse = true}, rng), row,
       "lstm: with `reverse`, the first step depends on the last one"},
      {"gru", Gru<float>({.in = 1, .hidden = 2}, rng), channel,
       "gru: runs step by step along axis 1, not along axis 2"},
      {"max_pooling", MaxPooling<float>({.kernel = 1}), image, does_not("max pooling")},
      {"max_pooling1d", MaxPooling1d<float>({.kernel = 2}), channel, does_not("max pooling 1d")},
      {"multi_head_attention",
       MultiHeadAttention<float>({.features = 6, .heads = 2, .causal = true}, rng), row,
       does_not("multi-head attention")},
      {"pixel_shuffle", PixelShuffle<float>(1), image, does_not("pixel shuffle")},
      {"reshape", Reshape<float>({6}), row, does_not("reshape")},
      {"softmax", Softmax<float>(), row,
       "softmax: does not run step by step along axis 1, whose numbers it takes together"},
      {"transposed_convolution",
       TransposedConvolution<float>({.in = 6, .filters = 2, .kernel = 1}, He{}, rng), image,
       does_not("transposed convolution")},
      {"upsampling", Upsampling<float>({.factor = 2}), image, does_not("upsampling")},
  };
}

TEST(Stream, EachLayerIsHere) {
  std::set<std::string> here;
  for (const Streaming& each : streaming_layers()) here.insert(each.header);
  for (const Refused& each : refused_layers()) here.insert(each.header);
  const auto folder = std::filesystem::path(DLFS_INCLUDE_DIRECTORY) / "dlfs/nn/layers";
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string header = entry.path().stem().string();
    EXPECT_TRUE(here.contains(header)) << header << " is in neither list of this file";
  }
}

TEST(Stream, EachLayerGivesWhatItGivesForTheWholeSequence) {
  test::at_every_level([] {
    for (const Streaming& each : streaming_layers()) {
      SCOPED_TRACE(each.header);
      Sequential<float> network;
      network.add("layer", each.layer);
      network = scattered(std::move(network));
      auto x = random_normal<float>(each.x, generator(), 1);
      if (each.header == "embedding") x = cast<float>(x > 0.0f);
      const bool has_products = each.header != "positional_encoding" &&
                                (!each.layer.stepper(each.x.with(each.axis, 1)).is_empty() ||
                                 !each.layer.composition().parts.empty());
      expect_stream(network, x, each.axis, each.y_axis, has_products ? 1e-6f : 0.0f);
    }
  });
}

TEST(Stream, RefusesALayerByName) {
  for (const Refused& each : refused_layers()) {
    Sequential<float> network;
    network.add("first", Identity<float>()).add("it", each.layer);
    EXPECT_EQ(test::error_of<ValueError>([&] { initial_state(network, each.step); }),
              "layer 2 (it): " + each.message);
  }
}

TEST(Stream, LongSumsKeepTheirPrecision) {
  test::at_every_level([] {
    Rng& rng = generator();
    expect_stream(Sequential<float>{{"lstm", Lstm<float>({.in = 1600, .hidden = 3}, rng)},
                                    {"gru", Gru<float>({.in = 3, .hidden = 800}, rng)},
                                    {"linear", Linear<float>({800, 2}, Xavier{}, rng)}},
                  random_normal<float>({1, 3, 1600}, rng, 0.1), 1, 1);
    const Convolution1dOptions wide{.in = 900, .filters = 5, .kernel = 1};
    const Convolution1dOptions deep{.in = 5, .filters = 2, .kernel = 400, .causal = true};
    expect_stream(Sequential<float>{{"wide", Convolution1d<float>(wide, Xavier{}, rng)},
                                    {"deep", Convolution1d<float>(deep, Xavier{}, rng)}},
                  random_normal<float>({1, 900, 5}, rng, 1), 2, 2);
  });
}

/// Some layers for x (N, T, D), or (N, C, L), that keep the shape.
AnyLayer<double> random_layer(bool channels_first, Index D) {
  Rng& rng = generator();
  const auto choice = rng() % 10;
  if (choice == 0) return Tanh<double>();
  if (choice == 1) return Gelu<double>();
  if (choice == 2) return Dropout<double>({}, rng);
  if (channels_first) {
    if (choice == 3) return BatchNormalization<double>({.features = D});
    if (choice == 4) return Softmax<double>();
    if (choice == 5) {
      return Residual<double>(
          {{"conv", Convolution1d<double>({.in = D, .filters = D, .causal = true}, He{}, rng)},
           {"tanh", Tanh<double>()}});
    }
    if (choice == 6) {
      const Convolution1dOptions half{.in = D, .filters = D / 2, .kernel = 1};
      const Convolution1dOptions other{
          .in = D, .filters = D - D / 2, .kernel = 2, .dilation = 3, .causal = true};
      return Parallel<double>{{"left", {{"conv", Convolution1d<double>(half, He{}, rng)}}},
                              {"right", {{"conv", Convolution1d<double>(other, He{}, rng)}}}};
    }
    return Convolution1d<double>({.in = D,
                                  .filters = D,
                                  .kernel = 1 + static_cast<Index>(rng() % 4),
                                  .dilation = 1 + static_cast<Index>(rng() % 4),
                                  .causal = true},
                                 He{}, rng);
  }
  if (choice == 3) return LayerNormalization<double>({.features = D});
  if (choice == 4) return Rnn<double>({.in = D, .hidden = D}, rng);
  if (choice == 5) {
    return Residual<double>({{"gru", Gru<double>({.in = D, .hidden = D}, rng)}},
                            {{"linear", Linear<double>({D, D}, He{}, rng)}});
  }
  if (choice == 6) {
    return Sequential<double>{{"norm", RmsNormalization<double>({.features = D})},
                              {"linear", Linear<double>({D, D}, He{}, rng)}};
  }
  if (choice == 7) return Gru<double>({.in = D, .hidden = D}, rng);
  return Lstm<double>({.in = D, .hidden = D}, rng);
}

TEST(Stream, RandomStacksGiveWhatTheyGiveForTheWholeSequence) {
  for (int trial = 0; trial < 40; ++trial) {
    const Index D = 2 + static_cast<Index>(generator()() % 9);
    const bool begins_with_channels = generator()() % 2 == 0;
    const bool turns = generator()() % 2 == 0;
    Sequential<double> network;
    std::string kinds;
    const auto add_some = [&](bool channels_first) {
      for (std::uint64_t i = generator()() % 4 + 1; i > 0; --i) {
        AnyLayer<double> layer = random_layer(channels_first, D);
        kinds += str_cat(layer.traits().kind, ", ");
        network.add(str_cat("layer", network.layer_count()), std::move(layer));
      }
    };
    add_some(begins_with_channels);
    bool ends_with_channels = begins_with_channels;
    if (turns) {
      network.add("permute", Permute<double>({0, 2, 1}));
      ends_with_channels = !begins_with_channels;
      add_some(ends_with_channels);
    }
    SCOPED_TRACE(kinds);
    const Index samples = 1 + static_cast<Index>(generator()() % 3);
    const Shape x = begins_with_channels ? Shape{samples, D, 9} : Shape{samples, 9, D};
    expect_stream(scattered(std::move(network)), random_normal<double>(x, generator(), 1),
                  begins_with_channels ? 2 : 1, ends_with_channels ? 2 : 1);
  }
}

Sequential<float> classifier() {
  Rng rng(3);
  return {{"lstm", Lstm<float>({.in = 2, .hidden = 5}, rng)},
          {"last", LastStep<float>()},
          {"flatten", Flatten<float>()},
          {"affine", Affine<float>({.in = 5, .out = 3}, He{}, rng)},
          {"softmax", Softmax<float>()}};
}

TEST(Stream, AfterTheLastStepAnyLayerRuns) {
  expect_stream(classifier(), random_normal<float>({2, 6, 2}, generator(), 1), 1, no_step_axis);
}

Sequential<float> sound_effect() {
  Rng rng(4);
  return {{"lstm", Lstm<float>({.in = 1, .hidden = 16}, rng)},
          {"out", Linear<float>({.in = 16, .out = 1}, He{}, rng)}};
}

TEST(Stream, TakesOneNumberForOne) {
  const Sequential<float> network = sound_effect();
  const auto x = random_normal<float>({1, 20, 1}, generator(), 1);
  const Tensor<float> y = network.predict(x);
  StreamState<float> state = initial_state(network);
  EXPECT_EQ(state.input_shape(), (Shape{1, 1, 1}));
  EXPECT_EQ(state.output_shape(), (Shape{1, 1, 1}));
  for (Index t = 0; t < 20; ++t) EXPECT_NEAR(predict_step(x(0, t, 0), state), y(0, t, 0), 1e-6);
  StreamState<float> wide = initial_state(classifier());
  EXPECT_EQ(test::error_of<ShapeError>([&] { predict_step(1.0f, wide); }),
            "predict_step: expected one number in and out, got shapes (1, 1, 2) and (1, 3)");
}

TEST(Stream, TwoAtATimeDoNotDisturbEachOther) {
  const Sequential<float> network = sound_effect();
  const auto x = random_normal<float>({2, 20, 1}, generator(), 1);
  const Tensor<float> y = network.predict(x);
  StreamState<float> one = initial_state(network);
  StreamState<float> other = one;
  for (Index t = 0; t < 20; ++t) {
    EXPECT_NEAR(predict_step(x(0, t, 0), one), y(0, t, 0), 1e-6);
    EXPECT_NEAR(predict_step(x(1, t, 0), other), y(1, t, 0), 1e-6);
  }
}

TEST(Stream, ACopyContinuesFromHere) {
  StreamState<float> state = initial_state(sound_effect());
  predict_step(1.0f, state);
  StreamState<float> copy = state;
  const float next = predict_step(0.5f, state);
  predict_step(2.0f, state);
  EXPECT_EQ(predict_step(0.5f, copy), next);
  state = initial_state(sound_effect());
  predict_step(1.0f, state);
  EXPECT_EQ(predict_step(0.5f, state), next);
}

TEST(Stream, TakesItsOwnOutputAsInput) {
  const auto expect_the_same = [](const Sequential<float>& network, const Shape& step) {
    StreamState<float> state = initial_state(network, step);
    StreamState<float> other = state;
    const auto x = random_normal<float>(step, generator(), 1);
    const Tensor<float>* y = &predict_step(x, state);
    for (int t = 0; t < 3; ++t) {
      const Tensor<float> copy = predict_step(t == 0 ? x : Tensor<float>(*y), other);
      if (t > 0) y = &predict_step(*y, state);
      test::expect_equal(*y, copy);
    }
  };
  Rng rng(1);
  const Linear<float> linear({.in = 4, .out = 4}, He{}, rng);
  expect_the_same({{"linear", linear}}, {3, 1, 4});
  expect_the_same({{"residual", Residual<float>({{"linear", linear}})}}, {1, 1, 4});
  expect_the_same({{"lstm", Lstm<float>({.in = 4, .hidden = 4}, rng)}}, {2, 1, 4});
  const Convolution1d<float> convolution(
      {.in = 4, .filters = 4, .kernel = 3, .dilation = 2, .causal = true}, He{}, rng);
  expect_the_same({{"convolution", convolution}}, {2, 4, 1});
  expect_the_same({{"residual", Residual<float>({{"convolution", convolution}})}}, {2, 4, 1});
}

TEST(Stream, AStateThatWasMovedFromIsRefused) {
  const Tensor<float> x({1, 1, 1});
  StreamState<float> state = initial_state(sound_effect());
  StreamState<float> other = std::move(state);
  state.reset();
  EXPECT_EQ(test::error_of<ValueError>([&] { predict_step(x, state); }),
            "predict_step: the state was moved away");
  EXPECT_THROW(predict_step(1.0f, state), Error);
  state = other;
  EXPECT_EQ(predict_step(1.0f, state), predict_step(1.0f, other));
}

TEST(Stream, KeepsTheLevelAtWhichItWasMade) {
  const simd::Level before = simd::level();
  test::at_every_level([&] {
    StreamState<float> state = initial_state(sound_effect());
    const float y = predict_step(1.0f, state);
    state.reset();
    simd::set_level(before);
    EXPECT_EQ(predict_step(1.0f, state), y);
  });
}

TEST(Stream, OutlivesItsNetworkAndDoesNotSeeItsChanges) {
  Sequential<float> network = sound_effect();
  StreamState<float> before = initial_state(network);
  const float y = predict_step(1.0f, before);
  StreamState<float> state = initial_state(network);
  for (Parameter<float>* parameter : network.parameters()) parameter->value.fill(0);
  network = {};
  EXPECT_EQ(predict_step(1.0f, state), y);
}

TEST(Stream, DoesNotAllocateOnAnyThread) {
  Rng& rng = generator();
  std::vector<Sequential<float>> networks{sound_effect(), classifier()};
  for (const Streaming& each : streaming_layers()) {
    networks.emplace_back();
    networks.back().add("layer", each.layer);
  }
  networks.push_back(
      {{"block", Residual<float>({{"conv", Convolution1d<float>(
                                               {.in = 3, .filters = 3, .causal = true}, He{}, rng)},
                                  {"norm", BatchNormalization<float>({.features = 3})}})},
       {"both", Parallel<float>{{"one", {{"softmax", Softmax<float>()}}},
                                {"other", {{"tanh", Tanh<float>()}}}}}});
  for (std::size_t i = 0; i < networks.size(); ++i) {
    const std::vector<Streaming> layers = streaming_layers();
    const bool is_listed = i >= 2 && i - 2 < layers.size();
    const Shape step = is_listed ? layers[i - 2].x.with(layers[i - 2].axis, 1)
                                 : initial_state(networks[i]).input_shape();
    SCOPED_TRACE(is_listed ? layers[i - 2].header : "a network");
    StreamState<float> state = initial_state(networks[i], step);
    StreamState<float> copy = state;
    const Tensor<float> x(step);
    std::int64_t allocations = -1;
    std::thread([&] {
      const test::AllocationCounter counter;
      for (int t = 0; t < 5; ++t) predict_step(x, state);
      state.reset();
      for (int t = 0; t < 5; ++t) predict_step(x, copy);
      predict_step(x, state);
      allocations = counter.count();
    }).join();
    EXPECT_EQ(allocations, 0);
  }
}

TEST(Stream, KnowsTheShapeOfOneStep) {
  Rng& rng = generator();
  const Sequential<float> network{
      {"dropout", Dropout<float>({}, rng)},
      {"block",
       Residual<float>(
           {{"conv", Convolution1d<float>({.in = 3, .filters = 3, .causal = true}, He{}, rng)}})}};
  EXPECT_EQ(initial_state(network).input_shape(), (Shape{1, 3, 1}));
  EXPECT_EQ(test::error_of<ValueError>([] {
              initial_state(Sequential<float>{{"r", Relu<float>()}});
            }),
            "initial_state: the first layer does not know the shape of a step; give it, such as "
            "{1, 1, 8}");
}

TEST(Stream, RefusesWhatDoesNotFit) {
  Rng& rng = generator();
  const Sequential<float> network = sound_effect();
  EXPECT_EQ(test::error_of<ValueError>([] {
              initial_state(Sequential<float>(), {1, 1, 1});
            }),
            "initial_state: the network has no layers");
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              initial_state(network, {0, 1, 1});
            }),
            "initial_state: expected a step with numbers, got shape (0, 1, 1)");
  EXPECT_EQ(test::error_of<ValueError>([&] {
              initial_state(network, {1, 2, 1});
            }),
            "layer 1 (lstm): lstm: runs step by step along axis 1, not along axis 2");
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              initial_state(network, {1, 2, 3});
            }),
            "initial_state: expected the shape of one step, with an axis of extent 1 after the "
            "first axis, got (1, 2, 3)");
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              initial_state(network, {1, 1, 3});
            }),
            "layer 1 (lstm): lstm: expected x of shape (N, T, 1), got (1, 1, 3)");
  const Sequential<float> nested{
      {"block", Residual<float>({{"tanh", Tanh<float>()}, {"flatten", Flatten<float>()}})}};
  EXPECT_EQ(
      test::error_of<ValueError>([&] {
        initial_state(nested, {1, 1, 3});
      }),
      "layer 1 (block): layer 1 (body): layer 2 (flatten): flatten: does not run step by step");
  const Sequential<float> mixed{
      {"both", Parallel<float>{{"lstm", {{"lstm", Lstm<float>({1, 2}, rng)}}},
                               {"tanh", {{"tanh", Tanh<float>()}}}}}};
  EXPECT_EQ(test::error_of<ValueError>([&] {
              initial_state(mixed, {1, 1, 1});
            }),
            "layer 1 (both): layer 3 (concatenation): concatenate: does not run step by step along "
            "axis 1, whose "
            "numbers it takes together");

  StreamState<float> state = initial_state(network);
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              predict_step(Tensor<float>({1, 2, 1}), state);
            }),
            "predict_step: expected x of shape (1, 1, 1), got (1, 2, 1)");
  StreamState<float> encoding = initial_state(
      Sequential<float>{{"time", PositionalEncoding<float>({.length = 2, .features = 1})}});
  for (int t = 0; t < 2; ++t) predict_step(0.0f, encoding);
  EXPECT_EQ(test::error_of<ShapeError>([&] { predict_step(0.0f, encoding); }),
            "positional encoding: the stream has more steps than the table (2, 1)");
}

}  // namespace
}  // namespace dlfs
