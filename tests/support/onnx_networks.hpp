#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dlfs/dlfs.hpp"
#include "support/random_graph.hpp"

namespace dlfs::test {

/// A network that is written as an ONNX file, and inputs for it.
template <class T>
struct OnnxNetwork {
  std::string name;
  std::shared_ptr<NeuralNetwork<T>> network;
  std::vector<Tensor<T>> inputs;
  /// Whether load_onnx reads what save_onnx has written of it: a mask has no operators that are
  /// layers, nor has a pooling whose padding is written beforehand.
  bool is_read = true;

  std::vector<Shape> samples() const {
    std::vector<Shape> shapes;
    for (const auto& x : inputs) shapes.push_back(x.shape().axes(1, x.rank()));
    return shapes;
  }
};

/// Predicts for one to three inputs.
template <class T>
std::vector<Tensor<T>> predict_all(const NeuralNetwork<T>& net, const std::vector<Tensor<T>>& x) {
  if (x.size() == 1) return net.predict_all({x[0]});
  if (x.size() == 2) return net.predict_all({x[0], x[1]});
  return net.predict_all({x[0], x[1], x[2]});
}

/// Numbers for parameters and buffers that are not those of a new layer.
template <class T>
void draw_all(NeuralNetwork<T>& net, Rng& rng) {
  const auto is_positive = [](const std::string& name) {
    return name.ends_with("variance") || name.ends_with("deviation");
  };
  for (Parameter<T>* each : net.parameters()) {
    if (each->value.rank() == 1) {
      each->value = random_normal<T>(each->value.shape(), rng) * T(0.5) + T(0.3);
    }
  }
  for (NamedTensor<T>* each : net.buffers()) {
    each->value = is_positive(each->name) ? random_uniform<T>(each->value.shape(), rng) + T(0.5)
                                          : random_normal<T>(each->value.shape(), rng);
  }
}

/// Every layer, with several options.
template <class T>
std::vector<OnnxNetwork<T>> onnx_layers() {
  std::vector<OnnxNetwork<T>> all;
  Rng rng(1);
  const Index N = 3;
  const auto add = [&](const std::string& name, AnyLayer<T> layer,
                       const std::vector<Shape>& samples, bool is_read = true) {
    std::vector<std::string> names;
    std::vector<Tensor<T>> inputs;
    std::vector<Shape> batches;
    for (const Shape& sample : samples) {
      names.push_back(str_cat("x", names.size()));
      const Shape batch = detail::batch_of_one(sample).with(0, N);
      batches.push_back(batch);
      inputs.push_back(random_normal<T>(batch, rng) * T(2));
    }
    const auto net = std::make_shared<Graph<T>>(names);
    net->add("layer", std::move(layer), names);
    net->initialize(batches, rng);
    draw_all<T>(*net, rng);
    all.push_back({name, net, std::move(inputs), is_read});
  };
  // Puts whole numbers in [0, end) into an input.
  const auto whole = [&](std::size_t input, Index end) {
    for (T& x : all.back().inputs[input]) x = static_cast<T>(rng() % static_cast<unsigned>(end));
  };

  const Shape image{4, 7, 8}, steps{5, 6};
  add("affine", Affine<T>({.out = 5}, He{}), {{6}});
  add("affine of images", Affine<T>({.out = 5}, He{}), {{2, 3, 4}});
  add("linear", Linear<T>({.out = 5}, He{}), {{6}});
  add("linear of steps", Linear<T>({.out = 5}, He{}), {{4, 6}});
  add("convolution", Convolution<T>({.filters = 6, .kernel = 3, .padding = 1}, He{}), {image});
  add("convolution with all options",
      Convolution<T>({.filters = 6,
                      .kernel = {3, 2},
                      .stride = {2, 1},
                      .padding = {1, 2},
                      .dilation = {1, 2},
                      .groups = 2,
                      .bias = false},
                     He{}),
      {image});
  add("convolution 1d",
      Convolution1d<T>({.filters = 4, .kernel = 3, .stride = 2, .padding = 1}, He{}), {{2, 9}});
  add("causal convolution 1d",
      Convolution1d<T>({.filters = 4, .kernel = 3, .dilation = 2, .causal = true}, He{}), {{2, 9}});
  add("convolution 3d",
      Convolution3d<T>({.filters = 4, .kernel = {2, 3, 3}, .stride = {1, 2, 1}, .padding = 1},
                       He{}),
      {{2, 4, 5, 6}});
  add("transposed convolution",
      TransposedConvolution<T>({.filters = 6,
                                .kernel = 3,
                                .stride = {2, 3},
                                .padding = 1,
                                .output_padding = {1, 2},
                                .groups = 2},
                               He{}),
      {image});
  add("transposed convolution with dilation",
      TransposedConvolution<T>({.filters = 3, .kernel = {2, 3}, .stride = 2, .dilation = 2}, He{}),
      {image});

  add("batch normalization", BatchNormalization<T>({.epsilon = 1e-3}), {{6}});
  add("batch normalization of channels", BatchNormalization<T>({.momentum = 0.8}), {image});
  add("batch normalization of every number", BatchNormalization<T>({.features = 4 * 7 * 8}),
      {image});
  add("layer normalization", LayerNormalization<T>({}), {steps});
  add("layer normalization of two axes", LayerNormalization<T>({.features = 30, .epsilon = 1e-3}),
      {{2, 5, 6}});
  add("rms normalization", RmsNormalization<T>({}), {steps});
  add("rms normalization of two axes", RmsNormalization<T>({.features = 30}), {{2, 5, 6}});
  add("group normalization", GroupNormalization<T>({.groups = 2, .epsilon = 1e-3}), {image});
  add("instance normalization", InstanceNormalization<T>({}), {image});
  add("standardization", Standardization<T>({.features = 4}), {image});
  add("standardization, inverse", Standardization<T>({.features = 6, .inverse = true}), {{6}});
  add("dropout", Dropout<T>({.ratio = 0.3}), {image});
  add("dropout as in the book",
      Dropout<T>({.ratio = 0.3, .scaling = DropoutScaling::in_evaluation}), {image});

  add("max pooling", MaxPooling<T>({.kernel = 2, .stride = 2}), {image});
  add("max pooling with all options",
      MaxPooling<T>({.kernel = {3, 2}, .stride = {2, 3}, .padding = 1, .dilation = {1, 2}}),
      {image});
  add("max pooling rounded up",
      MaxPooling<T>({.kernel = {3, 2}, .stride = {3, 3}, .padding = {1, 0}}, {.ceil_mode = true}),
      {image});
  add("max pooling 1d", MaxPooling1d<T>({.kernel = 3, .stride = 2, .padding = 1}), {{2, 9}});
  add("max pooling 3d", MaxPooling3d<T>({.kernel = {2, 3, 2}, .stride = 2, .padding = 1}),
      {{2, 4, 5, 6}});
  const Window2d window{.kernel = {3, 2}, .stride = 2, .padding = 1};
  add("average pooling", AveragePooling<T>(window), {image});
  add("average pooling without padding", AveragePooling<T>(window, {.count_include_pad = false}),
      {image});
  add("average pooling rounded up", AveragePooling<T>(window, {.ceil_mode = true}), {{4, 6, 8}},
      /*is_read=*/false);
  add("average pooling rounded up without padding",
      AveragePooling<T>(window, {.ceil_mode = true, .count_include_pad = false}), {{4, 6, 8}});
  add("average pooling with dilation",
      AveragePooling<T>({.kernel = 2, .stride = 1, .dilation = {2, 3}}), {image});
  add("average pooling 1d", AveragePooling1d<T>({.kernel = 3, .stride = 2, .padding = 1}),
      {{2, 9}});
  add("average pooling 3d", AveragePooling3d<T>({.kernel = 2, .stride = {2, 1, 1}, .padding = 1}),
      {{2, 4, 4, 4}});
  add("adaptive average pooling", AdaptiveAveragePooling<T>({3, 5}), {image});
  add("adaptive average pooling of equal parts", AdaptiveAveragePooling<T>({7, 4}), {image});
  add("adaptive average pooling to a pixel", AdaptiveAveragePooling<T>(1), {image});
  add("global average pooling", GlobalAveragePooling<T>(), {image});
  add("upsampling", Upsampling<T>({.factor = {2, 3}}), {image});
  add("bilinear upsampling",
      Upsampling<T>({.factor = {2, 3}, .interpolation = Interpolation::bilinear}), {image});
  add("pixel shuffle", PixelShuffle<T>(2), {image});

  add("lstm", Lstm<T>({.hidden = 4}), {steps});
  add("lstm, reverse", Lstm<T>({.hidden = 4, .reverse = true}), {steps});
  add("gru", Gru<T>({.hidden = 4}), {steps});
  add("gru, reverse", Gru<T>({.hidden = 4, .reverse = true}), {steps});
  add("rnn", Rnn<T>({.hidden = 4}), {steps});
  add("rnn of relu", Rnn<T>({.hidden = 4, .activation = RnnActivation::relu, .reverse = true}),
      {steps});
  add("last step", LastStep<T>(), {steps});
  add("last step, reverse", LastStep<T>({.reverse = true}), {steps});
  for (const bool reverse : {false, true}) {
    add(reverse ? "first step of a mask" : "last step of a mask", LastStep<T>({.reverse = reverse}),
        {steps, {5}}, /*is_read=*/false);
    whole(1, 2);
    for (Index t = 0; t < 5; ++t) all.back().inputs[1](1, t) = 0;  // nothing but padding
  }
  for (const bool causal : {false, true}) {
    add(causal ? "causal attention" : "attention",
        MultiHeadAttention<T>({.heads = 2, .causal = causal}), {steps});
    add(causal ? "causal attention with a mask" : "attention with a mask",
        MultiHeadAttention<T>({.heads = 2, .causal = causal}), {steps, {5}}, /*is_read=*/false);
    whole(1, 2);
    for (Index t = 0; t < 5; ++t) all.back().inputs[1](1, t) = 0;
  }
  add("embedding", Embedding<T>({.count = 7, .features = 3}, Normal{.std = 1}), {{5}});
  whole(0, 7);
  add("positional encoding", PositionalEncoding<T>({.length = 9}), {steps});
  add("learned positional encoding", LearnedPositionalEncoding<T>({.length = 9}, Normal{.std = 1}),
      {steps});

  add("relu", Relu<T>(), {image});
  add("sigmoid", Sigmoid<T>(), {image});
  add("tanh", Tanh<T>(), {image});
  add("softplus", Softplus<T>(), {image});
  add("elu", Elu<T>(T(0.5)), {image});
  add("leaky relu", LeakyRelu<T>(T(0.2)), {image});
  add("gelu", Gelu<T>(), {image});
  add("gelu by tanh", Gelu<T>({.approximate = GeluApproximation::tanh}), {image});
  add("swish", Swish<T>(), {image});
  add("hard sigmoid", HardSigmoid<T>(), {image});
  add("hard swish", HardSwish<T>(), {image});
  add("hard tanh", HardTanh<T>(), {image});
  add("relu6", HardTanh<T>({.min = 0, .max = 6}), {image});
  add("prelu", PRelu<T>(), {image});
  add("prelu of channels", PRelu<T>({.slopes = 4}), {image});
  add("softmax", Softmax<T>(), {{6}});
  add("softmax of images", Softmax<T>(), {image});
  add("log softmax", LogSoftmax<T>(), {image});

  add("identity", Identity<T>(), {image});
  add("flatten", Flatten<T>(), {image});
  add("reshape", Reshape<T>({8, 28}), {image});
  add("permute", Permute<T>({0, 3, 1, 2}), {image});
  add("slice axis", SliceAxis<T>(1, {.start = 1, .step = 2}), {image});
  add("slice axis backwards", SliceAxis<T>(-1, {.start = -2, .step = -3}), {image});
  add("slice axis to the first", SliceAxis<T>(2, {.step = -1}), {image});
  add("slice axis to a stop", SliceAxis<T>(2, {.stop = -2}), {image});
  add("pad channels", PadChannels<T>({.channels = 6}), {image});
  add("concatenate", Concatenate<T>(), {{2, 3}, {4, 3}});
  add("concatenate along steps", Concatenate<T>({.axis = 2}), {{2, 3}, {2, 4}, {2, 1}});
  add("add", Add<T>(), {image, image, image});
  add("add of one", Add<T>(), {image});
  add("multiply", Multiply<T>(), {image, image});
  add("multiply of three", Multiply<T>(), {image, image, image});
  return all;
}

/// The networks of include/dlfs/models, small where they can be.
template <class T>
std::vector<OnnxNetwork<T>> onnx_models() {
  std::vector<OnnxNetwork<T>> all;
  Rng rng(2);
  const auto add = [&](const std::string& name, Sequential<T> net, const Shape& sample) {
    draw_all<T>(net, rng);
    all.push_back({name,
                   std::make_shared<Sequential<T>>(std::move(net)),
                   {random_normal<T>(detail::batch_of_one(sample).with(0, 2), rng)}});
  };
  add("lenet5", lenet5<T>({}, rng), {1, 28, 28});
  add("alexnet", alexnet<T>({.channels = 3, .image = 32, .hidden = 16}, rng), {3, 32, 32});
  add("vgg", vgg<T>({.channels = 3, .image = 8, .blocks = {{2, 4}, {2, 8}}, .hidden = {16}}, rng),
      {3, 8, 8});
  add("resnet", resnet<T>({.channels = 3}, rng), {3, 32, 32});
  add("multi-layer net",
      multi_layer_net<T>(
          {.in = 20, .hidden = {10, 8}, .out = 5, .batch_normalization = true, .dropout = 0.2},
          He{}, rng),
      {20});
  all.push_back(
      {"inception",
       std::make_shared<Sequential<T>>(Sequential<T>{{"inception", inception<T>({.in = 8}, rng)}}),
       {random_normal<T>({2, 8, 6, 6}, rng)}});
  return all;
}

/// Shared layers, several outputs, nested networks.
template <class T>
std::vector<OnnxNetwork<T>> onnx_graphs(unsigned random_graph_count) {
  std::vector<OnnxNetwork<T>> all;
  Rng rng(3);
  const auto two = std::make_shared<Graph<T>>(std::vector<std::string>{"image", "numbers"});
  two->add("conv", Convolution<T>({.in = 3, .filters = 4}, He{}, rng), {"image"});
  two->add("again", Convolution<T>({.in = 4, .filters = 4, .padding = 1}, He{}, rng), {"conv"});
  two->add_shared("third", "again", {"again"});
  two->add("pool", GlobalAveragePooling<T>(), {"third"});
  two->add("joined", Concatenate<T>(), {"pool", "numbers"});
  two->add("scores", Affine<T>({.in = 6, .out = 5}, He{}, rng), {"joined"});
  two->add("gate", Sigmoid<T>(), {"pool"});
  two->set_outputs({"scores", "gate"});
  all.push_back({"two inputs and two outputs",
                 two,
                 {random_normal<T>({4, 3, 8, 8}, rng), random_normal<T>({4, 2}, rng)}});

  const auto nested = std::make_shared<Sequential<T>>(Sequential<T>{
      {"first",
       Residual<T>(
           Sequential<T>{{"conv", Convolution<T>({.in = 2, .filters = 4, .padding = 1}, He{}, rng)},
                         {"norm", BatchNormalization<T>({.features = 4})}},
           Sequential<T>{{"pad", PadChannels<T>({.channels = 4})}})},
      {"parallel",
       Parallel<T>{{"a", {{"relu", Relu<T>()}}},
                   {"b", {{"inner", Sequential<T>{{"tanh", Tanh<T>()}, {"swish", Swish<T>()}}}}}}},
      {"affine", Affine<T>({.in = 8 * 36, .out = 3}, He{}, rng)}});
  draw_all<T>(*nested, rng);
  all.push_back({"nested", nested, {random_normal<T>({4, 2, 6, 6}, rng)}});

  for (unsigned seed = 0; seed < random_graph_count; ++seed) {
    RandomGraph<T> graph(seed);
    draw_all<T>(graph.net(), rng);
    const auto net = std::make_shared<Graph<T>>(std::move(graph.net()));
    std::vector<Tensor<T>> inputs = graph.inputs(3);
    all.push_back({str_cat("random graph ", seed), net, std::move(inputs)});
  }
  return all;
}

}  // namespace dlfs::test
