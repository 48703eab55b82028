// Layers, by themselves and in networks, with the gradients of their input and parameters; losses.
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "peers/groups.hpp"
#include "support/templates.hpp"

namespace dlfs::peers {
namespace {

Size2d size(const Case& c, const char* name, Index otherwise) {
  const auto both = c.option<std::vector<Index>>(name, {otherwise, otherwise});
  return {both.at(0), both.at(1)};
}

Window2d window(const Case& c) {
  return {.kernel = size(c, "kernel", 1),
          .stride = size(c, "stride", 1),
          .padding = size(c, "padding", 0),
          .dilation = size(c, "dilation", 1)};
}

Window1d window1d(const Case& c) {
  return {.kernel = c.option<Index>("kernel", 1),
          .stride = c.option<Index>("stride", 1),
          .padding = c.option<Index>("padding", 0),
          .dilation = c.option<Index>("dilation", 1)};
}

/// Puts the case's parameters into a network, runs it as one trains and predicts, and compares.
template <class T>
void run_network(Case& c, Sequential<T> net) {
  const auto mode = c.option<bool>("trains", true) ? PassMode::train : PassMode::evaluate;
  for (Parameter<T>* parameter : net.parameters()) parameter->value = c.get<T>(parameter->name);
  for (NamedTensor<T>* buffer : net.buffers()) {
    if (c.has<T>(buffer->name)) buffer->value = c.get<T>(buffer->name);
  }
  const Tensor<T>& x = c.get<T>("x");
  if (c.has<T>("prediction before")) c.check("prediction before", net.predict(x));
  c.check("y", net.forward(x, mode));
  c.check("dx", net.backward_to_input(c.get<T>("dy")));
  for (const Parameter<T>* parameter : net.parameters()) {
    c.check(parameter->name + " gradient", parameter->gradient);
  }
  for (const NamedTensor<T>* buffer : net.buffers()) {
    c.check(buffer->name + " after", buffer->value);
  }
  if (c.has<T>("prediction")) c.check("prediction", net.predict(x));
}

/// A kind of layers, from a function that makes one of a case's options.
template <class T, class Make>
void add_layer(Handlers& handlers, const std::string& kind, const Make& make) {
  handlers.add<T>(kind, [make](Case& c) {
    Rng rng(1);
    run_network<T>(c, Sequential<T>{{"layer", make(c, rng)}});
  });
}

/// Layers that move or pool pixels, and those of sequences.
template <class T>
void add_layers_of_shapes(Handlers& handlers) {
  add_layer<T>(handlers, "Reshape", [](const Case& c, Rng&) {
    return Reshape<T>(Shape(std::span<const Index>(c.option<std::vector<Index>>("shape"))));
  });
  add_layer<T>(handlers, "Permute", [](const Case& c, Rng&) {
    return c.option<bool>("last") ? Permute<T>({0, 2, 3, 1}) : Permute<T>({0, 3, 1, 2});
  });
  add_layer<T>(handlers, "SliceAxis", [](const Case& c, Rng&) {
    return SliceAxis<T>(c.option<int>("axis"), {.start = c.option<Index>("start"),
                                                .stop = c.option<Index>("stop"),
                                                .step = c.option<Index>("step")});
  });
  add_layer<T>(handlers, "PixelShuffle",
               [](const Case& c, Rng&) { return PixelShuffle<T>(c.option<Index>("factor")); });
  add_layer<T>(handlers, "Upsampling", [](const Case& c, Rng&) {
    return Upsampling<T>({.factor = size(c, "factor", 2),
                          .interpolation = c.option<bool>("bilinear") ? Interpolation::bilinear
                                                                      : Interpolation::nearest});
  });
  add_layer<T>(handlers, "AdaptiveAveragePooling",
               [](const Case& c, Rng&) { return AdaptiveAveragePooling<T>(size(c, "size", 1)); });
  add_layer<T>(handlers, "MaxPooling1d",
               [](const Case& c, Rng&) { return MaxPooling1d<T>(window1d(c)); });
  add_layer<T>(handlers, "AveragePooling1d",
               [](const Case& c, Rng&) { return AveragePooling1d<T>(window1d(c)); });
  add_layer<T>(handlers, "Convolution1d", [](const Case& c, Rng& rng) {
    const Window1d window = window1d(c);
    return Convolution1d<T>({.in = c.option<Index>("in"),
                             .filters = c.option<Index>("filters"),
                             .kernel = window.kernel,
                             .stride = window.stride,
                             .padding = window.padding,
                             .dilation = window.dilation,
                             .groups = c.option<Index>("groups", 1),
                             .bias = c.option<bool>("bias", true),
                             .causal = c.option<bool>("causal", false)},
                            Normal{}, rng);
  });
  const auto size3d = [](const Case& c, const char* name) {
    const auto extents = c.option<std::vector<Index>>(name);
    return Size3d(extents[0], extents[1], extents[2]);
  };
  const auto window3d = [size3d](const Case& c) {
    return Window3d{size3d(c, "kernel"), size3d(c, "stride"), size3d(c, "padding"),
                    size3d(c, "dilation")};
  };
  add_layer<T>(handlers, "MaxPooling3d",
               [window3d](const Case& c, Rng&) { return MaxPooling3d<T>(window3d(c)); });
  add_layer<T>(handlers, "AveragePooling3d",
               [window3d](const Case& c, Rng&) { return AveragePooling3d<T>(window3d(c)); });
  add_layer<T>(handlers, "Convolution3d", [window3d](const Case& c, Rng& rng) {
    const Window3d window = window3d(c);
    return Convolution3d<T>({.in = c.option<Index>("in"),
                             .filters = c.option<Index>("filters"),
                             .kernel = window.kernel,
                             .stride = window.stride,
                             .padding = window.padding,
                             .dilation = window.dilation,
                             .groups = c.option<Index>("groups", 1),
                             .bias = c.option<bool>("bias", true)},
                            Normal{}, rng);
  });
  add_layer<T>(handlers, "GroupNormalization", [](const Case& c, Rng&) {
    return GroupNormalization<T>({.groups = c.option<Index>("groups"),
                                  .features = c.option<Index>("features"),
                                  .epsilon = c.option<double>("epsilon")});
  });
  add_layer<T>(handlers, "InstanceNormalization", [](const Case& c, Rng&) {
    return InstanceNormalization<T>(
        {.features = c.option<Index>("features"), .epsilon = c.option<double>("epsilon")});
  });
}

template <class T>
void add_layers(Handlers& handlers) {
  add_layers_of_shapes<T>(handlers);
  const Normal draw{};  // the case has the weights
  add_layer<T>(handlers, "Affine", [=](const Case& c, Rng& rng) {
    return Affine<T>({.in = c.option<Index>("in"), .out = c.option<Index>("out")}, draw, rng);
  });
  add_layer<T>(handlers, "Convolution", [=](const Case& c, Rng& rng) {
    return Convolution<T>({.in = c.option<Index>("in"),
                           .filters = c.option<Index>("filters"),
                           .kernel = size(c, "kernel", 1),
                           .stride = size(c, "stride", 1),
                           .padding = size(c, "padding", 0),
                           .dilation = size(c, "dilation", 1),
                           .groups = c.option<Index>("groups", 1),
                           .bias = c.option<bool>("bias", true)},
                          draw, rng);
  });
  add_layer<T>(handlers, "TransposedConvolution", [=](const Case& c, Rng& rng) {
    return TransposedConvolution<T>({.in = c.option<Index>("in"),
                                     .filters = c.option<Index>("filters"),
                                     .kernel = size(c, "kernel", 1),
                                     .stride = size(c, "stride", 1),
                                     .padding = size(c, "padding", 0),
                                     .output_padding = size(c, "output_padding", 0),
                                     .dilation = size(c, "dilation", 1),
                                     .groups = c.option<Index>("groups", 1)},
                                    draw, rng);
  });
  add_layer<T>(handlers, "BatchNormalization", [](const Case& c, Rng&) {
    return BatchNormalization<T>({.features = c.option<Index>("features"),
                                  .momentum = c.option<double>("momentum", 0.9),
                                  .epsilon = c.option<double>("epsilon", 1e-5)});
  });
  add_layer<T>(handlers, "LayerNormalization", [](const Case& c, Rng&) {
    return LayerNormalization<T>(
        {.features = c.option<Index>("features"), .epsilon = c.option<double>("epsilon", 1e-5)});
  });
  add_layer<T>(handlers, "Lstm", [](const Case& c, Rng& rng) {
    return Lstm<T>({.in = c.option<Index>("in"),
                    .hidden = c.option<Index>("hidden"),
                    .reverse = c.option<bool>("reverse", false)},
                   rng);
  });
  add_layer<T>(handlers, "Gru", [](const Case& c, Rng& rng) {
    return Gru<T>({.in = c.option<Index>("in"),
                   .hidden = c.option<Index>("hidden"),
                   .reverse = c.option<bool>("reverse", false)},
                  rng);
  });
  add_layer<T>(handlers, "Rnn", [](const Case& c, Rng& rng) {
    return Rnn<T>(
        {.in = c.option<Index>("in"),
         .hidden = c.option<Index>("hidden"),
         .activation = c.option<std::string>("activation") == "relu" ? RnnActivation::relu
                                                                     : RnnActivation::tanh,
         .reverse = c.option<bool>("reverse", false)},
        rng);
  });
  add_layer<T>(handlers, "LastStep", [](const Case& c, Rng&) {
    return LastStep<T>({.reverse = c.option<bool>("reverse", false)});
  });
  add_layer<T>(handlers, "RmsNormalization", [](const Case& c, Rng&) {
    return RmsNormalization<T>(
        {.features = c.option<Index>("features"), .epsilon = c.option<double>("epsilon")});
  });
  add_layer<T>(handlers, "Linear", [=](const Case& c, Rng& rng) {
    return Linear<T>({.in = c.option<Index>("in"), .out = c.option<Index>("out")}, draw, rng);
  });
  add_layer<T>(handlers, "Embedding", [=](const Case& c, Rng& rng) {
    const Index padding_index = c.option<Index>("padding_index");
    EmbeddingOptions options{.count = c.option<Index>("count"),
                             .features = c.option<Index>("features")};
    if (padding_index >= 0) options.padding_index = padding_index;
    return Embedding<T>(options, draw, rng);
  });
  add_layer<T>(handlers, "LearnedPositionalEncoding", [=](const Case& c, Rng& rng) {
    return LearnedPositionalEncoding<T>(
        {.length = c.option<Index>("length"), .features = c.option<Index>("features")}, draw, rng);
  });
  add_layer<T>(handlers, "PositionalEncoding", [](const Case& c, Rng&) {
    return PositionalEncoding<T>(
        {.length = c.option<Index>("length"), .features = c.option<Index>("features")});
  });
  add_layer<T>(handlers, "MultiHeadAttention", [](const Case& c, Rng& rng) {
    return MultiHeadAttention<T>({.features = c.option<Index>("features"),
                                  .heads = c.option<Index>("heads"),
                                  .causal = c.option<bool>("causal")},
                                 rng);
  });
  add_layer<T>(handlers, "MaxPooling",
               [](const Case& c, Rng&) { return MaxPooling<T>(window(c)); });
  add_layer<T>(handlers, "AveragePooling",
               [](const Case& c, Rng&) { return AveragePooling<T>(window(c)); });
  add_layer<T>(handlers, "MaxPooling", [](const Case& c, Rng&) {
    return MaxPooling<T>(window(c), {.ceil_mode = c.option<bool>("ceil_mode", false)});
  });
  add_layer<T>(handlers, "AveragePooling", [](const Case& c, Rng&) {
    return AveragePooling<T>(window(c),
                             {.ceil_mode = c.option<bool>("ceil_mode", false),
                              .count_include_pad = c.option<bool>("count_include_pad", true)});
  });
  add_layer<T>(handlers, "GlobalAveragePooling",
               [](const Case&, Rng&) { return GlobalAveragePooling<T>(); });
  add_layer<T>(handlers, "Flatten", [](const Case&, Rng&) { return Flatten<T>(); });
  add_layer<T>(handlers, "Identity", [](const Case&, Rng&) { return Identity<T>(); });
  add_layer<T>(handlers, "PadChannels", [](const Case& c, Rng&) {
    return PadChannels<T>({.channels = c.option<Index>("channels")});
  });
  add_layer<T>(handlers, "Relu", [](const Case&, Rng&) { return Relu<T>(); });
  add_layer<T>(handlers, "LeakyRelu", [](const Case& c, Rng&) {
    return LeakyRelu<T>(static_cast<T>(c.option<double>("negative_slope", 0.01)));
  });
  add_layer<T>(handlers, "Elu", [](const Case& c, Rng&) {
    return Elu<T>(static_cast<T>(c.option<double>("alpha", 1.0)));
  });
  add_layer<T>(handlers, "Gelu", [](const Case&, Rng&) { return Gelu<T>(); });
  add_layer<T>(handlers, "GeluByTanh",
               [](const Case&, Rng&) { return Gelu<T>({.approximate = GeluApproximation::tanh}); });
  add_layer<T>(handlers, "Sigmoid", [](const Case&, Rng&) { return Sigmoid<T>(); });
  add_layer<T>(handlers, "Softplus", [](const Case&, Rng&) { return Softplus<T>(); });
  add_layer<T>(handlers, "Swish", [](const Case&, Rng&) { return Swish<T>(); });
  add_layer<T>(handlers, "HardSigmoid", [](const Case&, Rng&) { return HardSigmoid<T>(); });
  add_layer<T>(handlers, "HardSwish", [](const Case&, Rng&) { return HardSwish<T>(); });
  add_layer<T>(handlers, "HardTanh", [](const Case& c, Rng&) {
    return HardTanh<T>({.min = c.option<double>("min", -1.0), .max = c.option<double>("max", 1.0)});
  });
  add_layer<T>(handlers, "Softmax", [](const Case&, Rng&) { return Softmax<T>(); });
  add_layer<T>(handlers, "LogSoftmax", [](const Case&, Rng&) { return LogSoftmax<T>(); });
  add_layer<T>(handlers, "PRelu", [](const Case& c, Rng&) {
    return PRelu<T>({.slopes = c.option<Index>("slopes", 1)});
  });
  add_layer<T>(handlers, "Tanh", [](const Case&, Rng&) { return Tanh<T>(); });
}

/// What training keeps of x is scaled as PyTorch scales it; in how many places is left to chance.
template <class T>
void run_dropout(Case& c) {
  const double ratio = c.option<double>("ratio");
  const auto scaling =
      c.option<bool>("in_training") ? DropoutScaling::in_training : DropoutScaling::in_evaluation;
  Rng rng(2);
  Sequential<T> net{{"dropout", Dropout<T>({.ratio = ratio, .scaling = scaling}, rng)}};
  const Tensor<T>& x = c.get<T>("x");
  c.check("prediction", net.predict(x));
  const Tensor<T> y = net.forward(x);
  const Tensor<T> dx = net.backward_to_input(c.get<T>("dy"));
  const auto kept = cast<T>(not_equal(y, T(0)));
  c.check("y", where(equal(kept, T(0)), c.get<T>("y"), y));
  c.check("dx", where(equal(kept, T(0)), c.get<T>("dx"), dx));
  c.check_that(array_equal(equal(y, T(0)), equal(dx, T(0))), "y and dx differ in what they keep");
  const auto n = static_cast<double>(x.size());
  const double share = static_cast<double>(sum(kept)) / n;
  c.check_that(std::abs(share - (1 - ratio)) <= 6 * std::sqrt(ratio * (1 - ratio) / n),
               str_cat("keeps a share of ", share));
}

/// What a loss, made from the case, gives.
template <class T, class Make>
void add_loss(Handlers& handlers, const std::string& kind, const Make& make) {
  handlers.add<T>(kind, [make](Case& c) {
    auto loss = make(c);
    c.check("loss", loss.forward(c.get<T>("logits"), c.get<T>("targets")));
    c.check("gradient", loss.backward());
  });
}

template <class T>
void add_losses(Handlers& handlers) {
  const auto weights_of = [](const Case& c) {
    return c.has<T>("weights") ? c.get<T>("weights") : Tensor<T>();
  };
  handlers.add<T>("SoftmaxCrossEntropy", [weights_of](Case& c) {
    SoftmaxCrossEntropyOptions<T> options{.label_smoothing = c.option<double>("label_smoothing", 0),
                                          .class_weights = weights_of(c)};
    if (c.options().contains("ignore_index")) {
      options.ignore_index = c.option<std::int32_t>("ignore_index");
    }
    SoftmaxCrossEntropy<T> loss(options);
    const Tensor<T>& logits = c.get<T>("logits");
    c.check("loss", c.has<T>("targets") ? loss.forward(logits, c.get<T>("targets"))
                                        : loss.forward(logits, c.get<std::int32_t>("labels")));
    c.check("gradient", loss.backward());
  });
  add_loss<T>(handlers, "MeanAbsoluteError", [](const Case&) { return MeanAbsoluteError<T>(); });
  add_loss<T>(handlers, "Huber",
              [](const Case& c) { return Huber<T>({.delta = c.option<double>("delta")}); });
  add_loss<T>(handlers, "BinaryCrossEntropy", [weights_of](const Case& c) {
    return BinaryCrossEntropy<T>({.pos_weight = weights_of(c)});
  });
  add_loss<T>(handlers, "SigmoidFocal", [](const Case& c) {
    const double alpha = c.option<double>("alpha");
    return SigmoidFocal<T>({.alpha = alpha < 0 ? std::nullopt : std::optional(alpha),
                            .gamma = c.option<double>("gamma")});
  });
  add_loss<T>(handlers, "KullbackLeibler", [](const Case&) { return KullbackLeibler<T>(); });
  handlers.add<T>("MeanSquaredError", [](Case& c) {
    MeanSquaredError<T> loss;
    c.check("loss", loss.forward(c.get<T>("y"), c.get<T>("t")));
    c.check("gradient", loss.backward());
  });
}

}  // namespace

Handlers layers() {
  Handlers handlers;
  add_layers<double>(handlers);
  add_layers<float>(handlers);
  handlers.add<double>("Dropout", run_dropout<double>);
  handlers.add<float>("Dropout", run_dropout<float>);
  add_losses<double>(handlers);
  add_losses<float>(handlers);
  return handlers;
}

}  // namespace dlfs::peers
