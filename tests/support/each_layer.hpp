#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dlfs/dlfs.hpp"

namespace dlfs::test {

/// A layer of the library.
struct LayerEntry {
  std::string header;
  std::function<AnyLayer<float>(Rng&)> make;  // with all sizes
  std::vector<Shape> samples;                 // of its inputs
  std::string options;                        // all that are no defaults
  std::optional<AnyLayer<float>> deferred{};  // without sizes and numbers, where it can be so
};

/// Every layer: a new one joins.
inline std::vector<LayerEntry> all_layers() {
  const auto of = [](auto layer) { return [layer](Rng&) { return AnyLayer<float>(layer); }; };
  using F = float;
  std::vector<LayerEntry> list{
      {"adaptive_average_pooling",
       of(AdaptiveAveragePooling<F>({2, 3})),
       {{2, 7, 6}},
       "size 2 x 3"},
      {"add", of(Add<F>()), {{3}, {3}}, ""},
      {"affine",
       [](Rng& rng) { return Affine<F>({.in = 12, .out = 5}, He{}, rng); },
       {{3, 4}},
       "in 12, out 5",
       Affine<F>({.out = 5}, He{})},
      {"average_pooling",
       of(AveragePooling<F>({.kernel = 2, .stride = 2},
                            {.ceil_mode = true, .count_include_pad = false})),
       {{2, 5, 5}},
       "kernel 2, stride 2, ceil_mode true, count_include_pad false"},
      {"average_pooling1d",
       of(AveragePooling1d<F>({.kernel = 2, .stride = 2})),
       {{2, 6}},
       "kernel 2, stride 2"},
      {"batch_normalization",
       of(BatchNormalization<F>({.features = 3, .momentum = 0.5})),
       {{3, 2, 2}},
       "features 3, momentum 0.5",
       BatchNormalization<F>({.momentum = 0.5})},
      {"concatenate", of(Concatenate<F>({.axis = 2})), {{2, 3}, {2, 4}}, "axis 2"},
      {"convolution",
       [](Rng& rng) {
         return Convolution<F>({.in = 4,
                                .filters = 6,
                                .kernel = {3, 2},
                                .stride = 2,
                                .padding = 1,
                                .dilation = {1, 2},
                                .groups = 2,
                                .bias = false,
                                .algorithm = ConvolutionAlgorithm::direct},
                               Xavier{}, rng);
       },
       {{4, 7, 7}},
       "in 4, filters 6, kernel 3 x 2, stride 2, padding 1, dilation 1 x 2, groups 2, bias false, "
       "algorithm direct",
       Convolution<F>({.filters = 6,
                       .kernel = {3, 2},
                       .stride = 2,
                       .padding = 1,
                       .dilation = {1, 2},
                       .groups = 2,
                       .bias = false,
                       .algorithm = ConvolutionAlgorithm::direct},
                      Xavier{})},
      {"convolution1d",
       [](Rng& rng) {
         return Convolution1d<F>(
             {.in = 2, .filters = 4, .kernel = 3, .dilation = 2, .causal = true}, He{}, rng);
       },
       {{2, 9}},
       "in 2, filters 4, kernel 3, dilation 2, causal true",
       Convolution1d<F>({.filters = 4, .kernel = 3, .dilation = 2, .causal = true}, He{})},
      {"convolution3d",
       [](Rng& rng) {
         return Convolution3d<F>({.in = 2, .filters = 3, .kernel = {2, 3, 3}, .padding = 1}, He{},
                                 rng);
       },
       {{2, 4, 5, 6}},
       "in 2, filters 3, kernel 2 x 3 x 3, padding 1",
       Convolution3d<F>({.filters = 3, .kernel = {2, 3, 3}, .padding = 1}, He{})},
      {"average_pooling3d",
       of(AveragePooling3d<F>({.kernel = 2, .stride = {2, 1, 1}})),
       {{2, 4, 4, 4}},
       "kernel 2, stride 2 x 1 x 1"},
      {"max_pooling3d", of(MaxPooling3d<F>({.kernel = 2})), {{2, 4, 4, 4}}, "kernel 2"},
      {"dropout",
       [](Rng& rng) {
         return Dropout<F>({.ratio = 0.25, .scaling = DropoutScaling::in_evaluation}, rng);
       },
       {{9}},
       "ratio 0.25, scaling in_evaluation",
       Dropout<F>({.ratio = 0.25, .scaling = DropoutScaling::in_evaluation})},
      {"elu", of(Elu<F>(0.5f)), {{3}}, "alpha 0.5"},
      {"embedding",
       [](Rng& rng) {
         return Embedding<F>({.count = 5, .features = 3, .padding_index = 0}, Normal{.std = 1},
                             rng);
       },
       {{4}},
       "count 5, features 3, padding_index 0",
       Embedding<F>({.count = 5, .features = 3, .padding_index = 0}, Normal{.std = 1})},
      {"flatten", of(Flatten<F>()), {{2, 3}}, ""},
      {"gelu", of(Gelu<F>({.approximate = GeluApproximation::tanh})), {{3}}, "approximate tanh"},
      {"global_average_pooling", of(GlobalAveragePooling<F>()), {{2, 3, 3}}, ""},
      {"group_normalization",
       of(GroupNormalization<F>({.groups = 2, .features = 4})),
       {{4, 3}},
       "groups 2, features 4",
       GroupNormalization<F>({.groups = 2})},
      {"gru",
       [](Rng& rng) { return Gru<F>({.in = 3, .hidden = 4}, rng); },
       {{5, 3}},
       "in 3, hidden 4",
       Gru<F>({.hidden = 4})},
      {"hard_sigmoid", of(HardSigmoid<F>()), {{3}}, ""},
      {"hard_swish", of(HardSwish<F>()), {{3}}, ""},
      {"hard_tanh", of(HardTanh<F>({.min = 0, .max = 6})), {{3}}, "min 0, max 6"},
      {"identity", of(Identity<F>()), {{3}}, ""},
      {"instance_normalization",
       of(InstanceNormalization<F>({.features = 3, .epsilon = 0.5})),
       {{3, 4}},
       "features 3, epsilon 0.5",
       InstanceNormalization<F>({.epsilon = 0.5})},
      {"last_step", of(LastStep<F>({.reverse = true})), {{3, 4}}, "reverse true"},
      {"layer_normalization",
       of(LayerNormalization<F>({.features = 4})),
       {{3, 4}},
       "features 4",
       LayerNormalization<F>({})},
      {"leaky_relu", of(LeakyRelu<F>(0.5f)), {{3}}, "negative_slope 0.5"},
      {"linear",
       [](Rng& rng) { return Linear<F>({.in = 4, .out = 5}, He{}, rng); },
       {{3, 4}},
       "in 4, out 5",
       Linear<F>({.out = 5}, He{})},
      {"log_softmax", of(LogSoftmax<F>()), {{3}}, ""},
      {"lstm",
       [](Rng& rng) { return Lstm<F>({.in = 3, .hidden = 4, .reverse = true}, He{}, rng); },
       {{5, 3}},
       "in 3, hidden 4, reverse true",
       Lstm<F>({.hidden = 4, .reverse = true}, He{})},
      {"max_pooling",
       of(MaxPooling<F>({.kernel = {2, 3}, .stride = 2}, {.ceil_mode = true})),
       {{2, 6, 6}},
       "kernel 2 x 3, stride 2, ceil_mode true"},
      {"max_pooling1d",
       of(MaxPooling1d<F>({.kernel = 3, .padding = 1})),
       {{2, 6}},
       "kernel 3, padding 1"},
      {"multi_head_attention",
       [](Rng& rng) {
         return MultiHeadAttention<F>({.features = 6, .heads = 2, .causal = true}, rng);
       },
       {{4, 6}},
       "features 6, heads 2, causal true",
       MultiHeadAttention<F>({.heads = 2, .causal = true})},
      {"multiply", of(Multiply<F>()), {{3}, {3}}, ""},
      {"pad_channels", of(PadChannels<F>({.channels = 5})), {{2, 3}}, "channels 5"},
      {"permute", of(Permute<F>({0, 2, 1})), {{2, 3}}, "order 0 x 2 x 1"},
      {"pixel_shuffle", of(PixelShuffle<F>(2)), {{4, 2, 2}}, "factor 2"},
      {"positional_encoding",
       of(PositionalEncoding<F>({.length = 7, .features = 4})),
       {{5, 4}},
       "length 7, features 4",
       PositionalEncoding<F>({.length = 7})},
      {"positional_encoding",
       [](Rng& rng) {
         return LearnedPositionalEncoding<F>({.length = 7, .features = 4}, Normal{}, rng);
       },
       {{5, 4}},
       "length 7, features 4",
       LearnedPositionalEncoding<F>({.length = 7}, Normal{})},
      {"prelu", of(PRelu<F>({.slopes = 3, .slope = 0.5})), {{3, 2}}, "slopes 3, slope 0.5"},
      {"relu", of(Relu<F>()), {{3}}, ""},
      {"reshape", of(Reshape<F>({3, 2})), {{6}}, "sample 3 x 2"},
      {"rms_normalization",
       of(RmsNormalization<F>({.features = 4})),
       {{3, 4}},
       "features 4",
       RmsNormalization<F>({})},
      {"rnn",
       [](Rng& rng) {
         return Rnn<F>({.in = 3, .hidden = 4, .activation = RnnActivation::relu}, rng);
       },
       {{5, 3}},
       "in 3, hidden 4, activation relu",
       Rnn<F>({.hidden = 4, .activation = RnnActivation::relu})},
      {"sigmoid", of(Sigmoid<F>()), {{3}}, ""},
      {"slice_axis",
       of(SliceAxis<F>(1, {.start = 1, .step = 2})),
       {{5}},
       "axis 1, start 1, step 2"},
      {"softmax", of(Softmax<F>()), {{3}}, ""},
      {"softplus", of(Softplus<F>()), {{3}}, ""},
      {"standardization",
       of(Standardization<F>({.features = 3, .inverse = true})),
       {{3}},
       "features 3, inverse true"},
      {"swish", of(Swish<F>()), {{3}}, ""},
      {"tanh", of(Tanh<F>()), {{3}}, ""},
      {"transposed_convolution",
       [](Rng& rng) {
         return TransposedConvolution<F>(
             {.in = 2, .filters = 3, .kernel = 3, .stride = 2, .output_padding = 1}, He{}, rng);
       },
       {{2, 4, 4}},
       "in 2, filters 3, kernel 3, stride 2, output_padding 1",
       TransposedConvolution<F>({.filters = 3, .kernel = 3, .stride = 2, .output_padding = 1},
                                He{})},
      {"upsampling",
       of(Upsampling<F>({.factor = 3, .interpolation = Interpolation::bilinear})),
       {{2, 3, 3}},
       "factor 3, interpolation bilinear"},
  };
  return list;
}

/// The shapes of its inputs for a batch.
inline std::vector<Shape> batches(const LayerEntry& entry, Index rows) {
  std::vector<Shape> shapes;
  for (const Shape& sample : entry.samples) {
    shapes.push_back(detail::batch_of_one(sample).with(0, rows));
  }
  return shapes;
}

}  // namespace dlfs::test
