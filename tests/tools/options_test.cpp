#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/option.hpp"
#include "dlfs/dlfs.hpp"
#include "support/error_of.hpp"

// Every field of every options struct, the values that are refused, and who refuses them: where
// they are given, with a message that names the field. A struct or a field that is not in the
// table fails the last test.

namespace dlfs::options_test {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Field {
  std::string name;
  std::function<void(double bad)> give;  // with the other fields as they should be
  std::vector<double> bad;               // none: any value will do
};

using Table = std::map<std::string, std::vector<Field>>;

/// A value of a field's type, or of its elements'.
template <class T>
T of_number(double value) {
  if constexpr (std::is_same_v<T, std::vector<VggBlock>>) {
    return {{.convolutions = static_cast<Index>(value), .filters = 1}};
  } else if constexpr (std::is_same_v<T, Size2d>) {
    return {Size2d(static_cast<Index>(value), 1)};
  } else if constexpr (std::is_same_v<T, Size3d>) {
    return {static_cast<Index>(value), 1, 1};
  } else if constexpr (std::is_same_v<T, std::vector<Index>>) {
    return {1, static_cast<Index>(value)};
  } else if constexpr (std::is_same_v<T, std::array<Index, 5>>) {
    return {2, 2, static_cast<Index>(value), 2, 2};
  } else if constexpr (std::is_same_v<T, Tensor<double>>) {
    return full<double>({3}, value);
  } else if constexpr (std::is_same_v<T, Tensor<float>>) {
    return array<float>({1, static_cast<float>(value)});
  } else {
    return static_cast<T>(value);
  }
}

/// Collects the fields of one struct.
template <class Options>
class Rows {
 public:
  Rows(Table& table, const std::string& name, Options good, std::function<void(const Options&)> use)
      : fields_(table[name]), good_(good), use_(std::move(use)) {
    EXPECT_NO_THROW(use_(good_)) << name;
  }

  template <class T>
  Rows& field(const std::string& name, T Options::*member, std::vector<double> bad) {
    if constexpr (std::is_floating_point_v<T>) bad.insert(bad.end(), {nan, inf, -inf});
    fields_.push_back({name,
                       [good = good_, use = use_, member](double value) {
                         Options options = good;
                         options.*member = of_number<T>(value);
                         use(options);
                       },
                       std::move(bad)});
    return *this;
  }
  /// One that any value will do for.
  Rows& any(const std::string& name) {
    fields_.push_back({name, {}, {}});
    return *this;
  }

 private:
  std::vector<Field>& fields_;
  Options good_;
  std::function<void(const Options&)> use_;
};

template <class Optimizer, class Options>
void use_optimizer(const Options& options) {
  Optimizer optimizer(options);
}

template <class Initializer>
void initialize(const Initializer& initializer) {
  Rng rng(1);
  Affine<float>({.in = 3, .out = 2}, initializer, rng);
}

template <class Schedule>
void schedule(const Schedule& schedule) {
  Sequential<float> network{{"relu", Relu<float>()}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>());
  trainer.schedule(schedule);  // before it is asked for a rate
}

const std::vector<double> not_positive{0, -1, -1e18};
const std::vector<double> negative{-1, -1e18};

Rng& generator() {
  static Rng rng(1);
  return rng;
}

Table table() {
  Table t;
  Rows<AffineOptions>(t, "AffineOptions", {.in = 2, .out = 3},
                      [](const auto& options) { Affine<float>(options, He{}, generator()); })
      .field("in", &AffineOptions::in, not_positive)
      .field("out", &AffineOptions::out, not_positive);
  Rows<ConvolutionOptions>(
      t, "ConvolutionOptions", {.in = 1},
      [](const auto& options) { Convolution<float>(options, He{}, generator()); })
      .field("in", &ConvolutionOptions::in, not_positive)
      .field("filters", &ConvolutionOptions::filters, not_positive)
      .field("kernel", &ConvolutionOptions::kernel, not_positive)
      .field("stride", &ConvolutionOptions::stride, not_positive)
      .field("padding", &ConvolutionOptions::padding, negative)
      .field("dilation", &ConvolutionOptions::dilation, not_positive)
      .field("groups", &ConvolutionOptions::groups, {0, -1, 2})
      .any("bias")
      .any("algorithm");
  using Transposed = TransposedConvolutionOptions;
  Rows<Transposed>(
      t, "TransposedConvolutionOptions", {.in = 1},
      [](const auto& options) { TransposedConvolution<float>(options, He{}, generator()); })
      .field("in", &Transposed::in, not_positive)
      .field("filters", &Transposed::filters, not_positive)
      .field("kernel", &Transposed::kernel, not_positive)
      .field("stride", &Transposed::stride, not_positive)
      .field("padding", &Transposed::padding, negative)
      .field("output_padding", &Transposed::output_padding, {-1, 1})
      .field("dilation", &Transposed::dilation, not_positive)
      .field("groups", &Transposed::groups, {0, -1, 2});
  for (const bool is_maximum : {true, false}) {
    if (!is_maximum) t.erase("Window2d");
    Rows<Window2d>(t, "Window2d", {},
                   [=](const Window2d& window) {
                     if (is_maximum) MaxPooling<float>{window};
                     if (!is_maximum) AveragePooling<float>{window};
                   })
        .field("kernel", &Window2d::kernel, not_positive)
        .field("stride", &Window2d::stride, not_positive)
        .field("padding", &Window2d::padding, negative)
        .field("dilation", &Window2d::dilation, not_positive);
  }
  using One = Convolution1dOptions;
  Rows<One>(t, "Convolution1dOptions", {.in = 1},
            [](const auto& options) { Convolution1d<float>(options, He{}, generator()); })
      .field("in", &One::in, not_positive)
      .field("filters", &One::filters, not_positive)
      .field("kernel", &One::kernel, not_positive)
      .field("stride", &One::stride, not_positive)
      .field("padding", &One::padding, negative)
      .field("dilation", &One::dilation, not_positive)
      .field("groups", &One::groups, {0, -1, 2})
      .any("bias")
      .any("causal");
  Rows<MaxPoolingOptions>(t, "MaxPoolingOptions", {}, [](const auto& options) {
    MaxPooling<float>({.kernel = 2}, options);
  }).any("ceil_mode");
  Rows<AveragePoolingOptions>(
      t, "AveragePoolingOptions", {},
      [](const auto& options) { AveragePooling<float>({.kernel = 2}, options); })
      .any("ceil_mode")
      .any("count_include_pad");
  Rows<GroupNormalizationOptions>(t, "GroupNormalizationOptions", {.groups = 2, .features = 4},
                                  [](const auto& options) { GroupNormalization<float>{options}; })
      .field("groups", &GroupNormalizationOptions::groups, {0, -1, -1e18, 3})
      .field("features", &GroupNormalizationOptions::features, {-1, -1e18, 3})
      .field("epsilon", &GroupNormalizationOptions::epsilon, {0, -1, 1e-60});
  Rows<InstanceNormalizationOptions>(
      t, "InstanceNormalizationOptions", {.features = 2},
      [](const auto& options) { InstanceNormalization<float>{options}; })
      .field("features", &InstanceNormalizationOptions::features, negative)
      .field("epsilon", &InstanceNormalizationOptions::epsilon, {0, -1, 1e-60});
  Rows<PReluOptions>(t, "PReluOptions", {}, [](const auto& options) { PRelu<float>{options}; })
      .field("slopes", &PReluOptions::slopes, not_positive)
      .field("slope", &PReluOptions::slope, {-1, 1e300});
  Rows<HardTanhOptions>(t, "HardTanhOptions", {},
                        [](const auto& options) { HardTanh<float>{options}; })
      .field("min", &HardTanhOptions::min, {-1e300, 1e300})
      .field("max", &HardTanhOptions::max, {-1, 1e300});
  Rows<UpsamplingOptions>(t, "UpsamplingOptions", {},
                          [](const auto& options) { Upsampling<float>{options}; })
      .field("factor", &UpsamplingOptions::factor, not_positive)
      .any("interpolation");
  Rows<BatchNormalizationOptions>(t, "BatchNormalizationOptions", {.features = 2},
                                  [](const auto& options) { BatchNormalization<float>{options}; })
      .field("features", &BatchNormalizationOptions::features, negative)
      .field("momentum", &BatchNormalizationOptions::momentum, {-0.1, 1.1})
      .field("epsilon", &BatchNormalizationOptions::epsilon, {0, -1, 1e-60})
      .any("unbiased_running_variance");
  Rows<LayerNormalizationOptions>(t, "LayerNormalizationOptions", {.features = 2},
                                  [](const auto& options) { LayerNormalization<float>{options}; })
      .field("features", &LayerNormalizationOptions::features, negative)
      .field("epsilon", &LayerNormalizationOptions::epsilon, {0, -1, 1e-60});
  Rows<LstmOptions>(t, "LstmOptions", {.in = 2, .hidden = 3},
                    [](const auto& options) { Lstm<float>(options, generator()); })
      .field("in", &LstmOptions::in, not_positive)
      .field("hidden", &LstmOptions::hidden, not_positive)
      .any("reverse");
  Rows<GruOptions>(t, "GruOptions", {.in = 2, .hidden = 3},
                   [](const auto& options) { Gru<float>(options, generator()); })
      .field("in", &GruOptions::in, not_positive)
      .field("hidden", &GruOptions::hidden, not_positive)
      .any("reverse");
  Rows<GeluOptions>(t, "GeluOptions", {}, [](const auto& options) {
    Gelu<float>{options};
  }).any("approximate");
  Rows<RnnOptions>(t, "RnnOptions", {.in = 2, .hidden = 3},
                   [](const auto& options) { Rnn<float>(options, He{}, generator()); })
      .field("in", &RnnOptions::in, not_positive)
      .field("hidden", &RnnOptions::hidden, not_positive)
      .any("activation")
      .any("reverse");
  Rows<LastStepOptions>(t, "LastStepOptions", {}, [](const auto& options) {
    LastStep<float>{options};
  }).any("reverse");
  Rows<RmsNormalizationOptions>(t, "RmsNormalizationOptions", {.features = 2},
                                [](const auto& options) { RmsNormalization<float>{options}; })
      .field("features", &RmsNormalizationOptions::features, negative)
      .field("epsilon", &RmsNormalizationOptions::epsilon, {0, -1, 1e-60});
  Rows<EmbeddingOptions>(
      t, "EmbeddingOptions", {.count = 3, .features = 2, .padding_index = 0},
      [](const auto& options) { Embedding<float>(options, Normal{}, generator()); })
      .field("count", &EmbeddingOptions::count, not_positive)
      .field("features", &EmbeddingOptions::features, not_positive)
      .field("padding_index", &EmbeddingOptions::padding_index, {-1, 3});
  Rows<LinearOptions>(t, "LinearOptions", {.in = 2, .out = 3},
                      [](const auto& options) { Linear<float>(options, He{}, generator()); })
      .field("in", &LinearOptions::in, not_positive)
      .field("out", &LinearOptions::out, not_positive);
  Rows<PositionalEncodingOptions>(t, "PositionalEncodingOptions", {.length = 2, .features = 3},
                                  [](const auto& options) { PositionalEncoding<float>{options}; })
      .field("length", &PositionalEncodingOptions::length, not_positive)
      .field("features", &PositionalEncodingOptions::features, negative)
      .field("base", &PositionalEncodingOptions::base, {0, -1});
  using Learned = LearnedPositionalEncodingOptions;
  Rows<Learned>(
      t, "LearnedPositionalEncodingOptions", {.length = 2, .features = 3},
      [](const auto& options) { LearnedPositionalEncoding<float>(options, Normal{}, generator()); })
      .field("length", &Learned::length, not_positive)
      .field("features", &Learned::features, not_positive);
  using Attention = MultiHeadAttentionOptions;
  Rows<Attention>(t, "MultiHeadAttentionOptions", {.features = 6, .heads = 3},
                  [](const auto& options) { MultiHeadAttention<float>(options, generator()); })
      .field("features", &Attention::features, {0, -1, 7})
      .field("heads", &Attention::heads, {0, -1, 4})
      .any("causal");
  using Three = Convolution3dOptions;
  Rows<Three>(t, "Convolution3dOptions", {.in = 1},
              [](const auto& options) { Convolution3d<float>(options, He{}, generator()); })
      .field("in", &Three::in, not_positive)
      .field("filters", &Three::filters, not_positive)
      .field("kernel", &Three::kernel, not_positive)
      .field("stride", &Three::stride, not_positive)
      .field("padding", &Three::padding, negative)
      .field("dilation", &Three::dilation, not_positive)
      .field("groups", &Three::groups, {0, -1, 2})
      .any("bias");
  Rows<ConcatenateOptions>(t, "ConcatenateOptions", {}, [](const auto& options) {
    Concatenate<float>{options};
  }).field("axis", &ConcatenateOptions::axis, {0, -1, 8});
  Rows<StandardizationOptions>(t, "StandardizationOptions", {.features = 2},
                               [](const auto& options) { Standardization<float>{options}; })
      .field("features", &StandardizationOptions::features, not_positive)
      .any("inverse");
  Rows<DropoutOptions>(t, "DropoutOptions", {},
                       [](const auto& options) { Dropout<float>(options, generator()); })
      .field("ratio", &DropoutOptions::ratio, {-0.1, 1, 2})
      .any("scaling");
  Rows<PadChannelsOptions>(t, "PadChannelsOptions", {}, [](const auto& options) {
    PadChannels<float>{options};
  }).field("channels", &PadChannelsOptions::channels, not_positive);

  const std::vector<double> rates{-1, -1e-9, 1e300};
  Rows<SgdOptions>(t, "SgdOptions", {}, use_optimizer<Sgd<float>, SgdOptions>)
      .field("learning_rate", &SgdOptions::learning_rate, rates)
      .field("weight_decay", &SgdOptions::weight_decay, rates);
  Rows<MomentumOptions>(t, "MomentumOptions", {}, use_optimizer<Momentum<float>, MomentumOptions>)
      .field("learning_rate", &MomentumOptions::learning_rate, rates)
      .field("momentum", &MomentumOptions::momentum, {-0.1, 1})
      .field("weight_decay", &MomentumOptions::weight_decay, rates);
  Rows<NesterovOptions>(t, "NesterovOptions", {}, use_optimizer<Nesterov<float>, NesterovOptions>)
      .field("learning_rate", &NesterovOptions::learning_rate, rates)
      .field("momentum", &NesterovOptions::momentum, {-0.1, 1})
      .field("weight_decay", &NesterovOptions::weight_decay, rates);
  Rows<AdaGradOptions>(t, "AdaGradOptions", {}, use_optimizer<AdaGrad<float>, AdaGradOptions>)
      .field("learning_rate", &AdaGradOptions::learning_rate, rates)
      .field("epsilon", &AdaGradOptions::epsilon, {-1e-9})
      .field("weight_decay", &AdaGradOptions::weight_decay, rates);
  Rows<RmsPropOptions>(t, "RmsPropOptions", {}, use_optimizer<RmsProp<float>, RmsPropOptions>)
      .field("learning_rate", &RmsPropOptions::learning_rate, rates)
      .field("decay_rate", &RmsPropOptions::decay_rate, {-0.1, 1})
      .field("epsilon", &RmsPropOptions::epsilon, {-1e-9})
      .field("weight_decay", &RmsPropOptions::weight_decay, rates);
  Rows<AdamOptions>(t, "AdamOptions", {}, use_optimizer<Adam<float>, AdamOptions>)
      .field("learning_rate", &AdamOptions::learning_rate, rates)
      .field("beta1", &AdamOptions::beta1, {-0.1, 1})
      .field("beta2", &AdamOptions::beta2, {-0.1, 1, 2})
      .field("epsilon", &AdamOptions::epsilon, {-1e-9})
      .field("weight_decay", &AdamOptions::weight_decay, rates);
  Rows<AdamWOptions>(t, "AdamWOptions", {}, use_optimizer<AdamW<float>, AdamWOptions>)
      .field("learning_rate", &AdamWOptions::learning_rate, rates)
      .field("beta1", &AdamWOptions::beta1, {-0.1, 1})
      .field("beta2", &AdamWOptions::beta2, {-0.1, 1, 2})
      .field("epsilon", &AdamWOptions::epsilon, {-1e-9})
      .field("weight_decay", &AdamWOptions::weight_decay, rates);

  Rows<StepDecay>(t, "StepDecay", {}, schedule<StepDecay>)
      .field("rate", &StepDecay::rate, rates)
      .field("every", &StepDecay::every, not_positive)
      .field("factor", &StepDecay::factor, {-1});
  Rows<ExponentialDecay>(t, "ExponentialDecay", {}, schedule<ExponentialDecay>)
      .field("rate", &ExponentialDecay::rate, rates)
      .field("factor", &ExponentialDecay::factor, {-1});
  Rows<CosineDecay>(t, "CosineDecay", {}, schedule<CosineDecay>)
      .field("rate", &CosineDecay::rate, rates)
      .field("steps", &CosineDecay::steps, not_positive)
      .field("last_rate", &CosineDecay::last_rate, rates);
  using Warm = WarmUp<StepDecay>;
  Rows<Warm>(t, "WarmUp", {}, schedule<Warm>)
      .any("schedule")
      .field("steps", &Warm::steps, not_positive);
  Rows<OneCycle>(t, "OneCycle", {}, schedule<OneCycle>)
      .field("peak", &OneCycle::peak, rates)
      .field("steps", &OneCycle::steps, not_positive)
      .field("rising", &OneCycle::rising, {-0.1, 1.1})
      .field("first_divisor", &OneCycle::first_divisor, {0, -1})
      .field("last_divisor", &OneCycle::last_divisor, {0, -1});
  using Plateau = ReduceOnPlateauOptions;
  Rows<Plateau>(t, "ReduceOnPlateauOptions", {},
                [](const auto& options) { ReduceOnPlateau{options}; })
      .field("rate", &Plateau::rate, rates)
      .field("factor", &Plateau::factor, {-0.1, 1})
      .field("patience", &Plateau::patience, negative)
      .field("threshold", &Plateau::threshold, {-0.1, 1});

  Rows<Normal>(t, "Normal", {}, initialize<Normal>).field("std", &Normal::std, rates);
  Rows<Uniform>(t, "Uniform", {}, initialize<Uniform>).field("bound", &Uniform::bound, rates);
  Rows<Xavier>(t, "Xavier", {}, initialize<Xavier>)
      .any("fan")
      .any("distribution")
      .field("gain", &Xavier::gain, rates);
  Rows<He>(t, "He", {}, initialize<He>)
      .any("fan")
      .any("distribution")
      .field("gain", &He::gain, rates);
  Rows<Orthogonal>(t, "Orthogonal", {}, initialize<Orthogonal>)
      .field("gain", &Orthogonal::gain, rates);

  Rows<HuberOptions>(t, "HuberOptions", {}, [](const auto& options) {
    Huber<float>{options};
  }).field("delta", &HuberOptions::delta, {0, -1});
  Rows<SigmoidFocalOptions>(t, "SigmoidFocalOptions", {},
                            [](const auto& options) { SigmoidFocal<float>{options}; })
      .field("alpha", &SigmoidFocalOptions::alpha, {-0.1, 1.1, nan, inf})
      .field("gamma", &SigmoidFocalOptions::gamma, {-0.1});
  using SoftmaxOptions = SoftmaxCrossEntropyOptions<float>;
  Rows<SoftmaxOptions>(t, "SoftmaxCrossEntropyOptions", {},
                       [](const auto& options) { SoftmaxCrossEntropy<float>{options}; })
      .field("label_smoothing", &SoftmaxOptions::label_smoothing, {-0.1, 1.1})
      .field("class_weights", &SoftmaxOptions::class_weights, {-1, nan, inf})
      .any("ignore_index");
  using BinaryOptions = BinaryCrossEntropyOptions<float>;
  Rows<BinaryOptions>(t, "BinaryCrossEntropyOptions", {}, [](const auto& options) {
    BinaryCrossEntropy<float>{options};
  }).field("pos_weight", &BinaryOptions::pos_weight, {-1, nan, inf});

  Rows<TrainerOptions>(t, "TrainerOptions", {},
                       [](const TrainerOptions& options) {
                         Sequential<float> network;
                         Trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(), options);
                       })
      .field("epochs", &TrainerOptions::epochs, negative)
      .field("batch_size", &TrainerOptions::batch_size, not_positive)
      .any("seed")
      .any("sampling")
      .any("drop_last")
      .any("sampling_weights")
      .field("accumulate", &TrainerOptions::accumulate, not_positive)
      .field("loader_threads", &TrainerOptions::loader_threads, {-1, 1025})
      .any("evaluate_training_data")
      .any("evaluate_first_step")
      .any("monitor")
      .field("evaluation_samples", &TrainerOptions::evaluation_samples, negative)
      .field("patience", &TrainerOptions::patience, negative)
      .any("restore_best")
      .field("clip_norm", &TrainerOptions::clip_norm, {-1});
  const Dataset<float> data{Tensor<float>({3, 1}), Labels({3})};
  using Sampler = BatchSamplerOptions;
  Rows<Sampler>(t, "BatchSamplerOptions", {.sampling = Sampler::Sampling::with_replacement},
                [](const auto& options) { BatchSampler(3, 1, Rng(1), options); })
      .any("sampling")
      .any("drop_last")
      .field("weights", &Sampler::weights, {-1, 0, nan, inf});
  Rows<LoaderOptions>(t, "LoaderOptions", {.batch_size = 2},
                      [data](const auto& options) { Loader<float>(data, Rng(1), options); })
      .field("batch_size", &LoaderOptions::batch_size, not_positive)
      .any("sampling")
      .field("threads", &LoaderOptions::threads, {-1, 1025});
  Rows<AugmentationOptions>(t, "AugmentationOptions", {},
                            [](const auto& options) { Augmentation{options}; })
      .field("shift", &AugmentationOptions::shift, {-1})
      .field("rotation", &AugmentationOptions::rotation, {-1})
      .field("scale", &AugmentationOptions::scale, {-0.1, 1})
      .field("elastic", &AugmentationOptions::elastic, {-1})
      .field("elastic_sigma", &AugmentationOptions::elastic_sigma, {0, -1, 1001});

  Rows<RandomSearchOptions>(t, "RandomSearchOptions", {.trials = 2},
                            [](const auto& options) {
                              random_search({{"x"}}, options, [](const Trial&) { return 0.0; });
                            })
      .field("trials", &RandomSearchOptions::trials, not_positive)
      .any("seed");
  using Halving = SuccessiveHalvingOptions;
  Rows<Halving>(t, "SuccessiveHalvingOptions", {.trials = 2},
                [](const auto& options) {
                  successive_halving({{"x"}}, options, [](const Trial&, Index) { return 0.0; });
                })
      .field("trials", &Halving::trials, not_positive)
      .any("seed")
      .field("first_budget", &Halving::first_budget, not_positive)
      .field("factor", &Halving::factor, {1, 0, -3});
  Rows<ProfileOptions>(t, "ProfileOptions", {.steps = 1}, [](const auto& options) {
    profile(Sequential<float>{{"relu", Relu<float>()}}, ones<float>({1, 1}), options);
  }).field("steps", &ProfileOptions::steps, not_positive);
  Rows<GradientCheckOptions>(t, "GradientCheckOptions", {},
                             [](const auto& options) {
                               check_gradients(Tanh<double>(), ones<double>({1, 1}), options);
                             })
      .field("h", &GradientCheckOptions::h, {0, -1e-5})
      .any("seed");

  Rows<LeNet5Options>(t, "LeNet5Options", {},
                      [](const auto& options) { lenet5<float>(options, generator()); })
      .field("channels", &LeNet5Options::channels, not_positive)
      .field("image", &LeNet5Options::image, {11, 0, -28})
      .field("classes", &LeNet5Options::classes, not_positive);
  Rows<AlexNetOptions>(t, "AlexNetOptions", {.filters = {2, 2, 2, 2, 2}, .hidden = 2},
                       [](const auto& options) { alexnet<float>(options, generator()); })
      .field("channels", &AlexNetOptions::channels, not_positive)
      .field("image", &AlexNetOptions::image, {14, 0, -28})
      .field("filters", &AlexNetOptions::filters, not_positive)
      .field("hidden", &AlexNetOptions::hidden, not_positive)
      .field("classes", &AlexNetOptions::classes, not_positive);
  Rows<VggOptions>(t, "VggOptions", {.blocks = {{1, 2}, {1, 2}}, .hidden = {2}},
                   [](const auto& options) { vgg<float>(options, generator()); })
      .field("channels", &VggOptions::channels, not_positive)
      .field("image", &VggOptions::image, {3, 0, -28})
      .field("blocks", &VggOptions::blocks, not_positive)
      .any("batch_normalization")
      .field("hidden", &VggOptions::hidden, not_positive)
      .field("dropout", &VggOptions::dropout, {-0.1, 1})
      .field("classes", &VggOptions::classes, not_positive);
  Rows<ResNetOptions>(t, "ResNetOptions", {.filters = {2}, .blocks = 1},
                      [](const auto& options) { resnet<float>(options, generator()); })
      .field("channels", &ResNetOptions::channels, not_positive)
      .field("filters", &ResNetOptions::filters, not_positive)
      .field("blocks", &ResNetOptions::blocks, not_positive)
      .field("classes", &ResNetOptions::classes, not_positive);
  Rows<InceptionOptions>(t, "InceptionOptions", {},
                         [](const auto& options) { inception<float>(options, generator()); })
      .field("in", &InceptionOptions::in, not_positive)
      .field("filters_1x1", &InceptionOptions::filters_1x1, not_positive)
      .field("reduced_3x3", &InceptionOptions::reduced_3x3, not_positive)
      .field("filters_3x3", &InceptionOptions::filters_3x3, not_positive)
      .field("reduced_5x5", &InceptionOptions::reduced_5x5, not_positive)
      .field("filters_5x5", &InceptionOptions::filters_5x5, not_positive)
      .field("filters_pool", &InceptionOptions::filters_pool, not_positive);
  Rows<MultiLayerNetOptions>(
      t, "MultiLayerNetOptions", {.in = 2, .hidden = {2}},
      [](const auto& options) { multi_layer_net<float>(options, He{}, generator()); })
      .field("in", &MultiLayerNetOptions::in, not_positive)
      .field("hidden", &MultiLayerNetOptions::hidden, not_positive)
      .field("out", &MultiLayerNetOptions::out, not_positive)
      .any("activation")
      .any("batch_normalization")
      .field("dropout", &MultiLayerNetOptions::dropout, {-0.1, 1})
      .any("dropout_scaling");
  // Of the component io, which these tests do without. Its own tests have the values that it
  // refuses.
  const std::map<std::string, std::vector<std::string>> of_io{
      {"CsvOptions", {"header", "names", "separator", "missing"}},
      {"LoadWeightsOptions", {"strict", "rename", "from"}},
      {"CppOptions", {"name"}},
      {"LoadOnnxOptions", {"samples"}},
      {"SaveOnnxOptions", {"batch", "name"}},
      {"SaveWeightsOptions", {"to", "rename"}},
      {"PictureFolderOptions", {"height", "width", "channels"}},
      {"ProgressOptions", {"label", "epochs", "unit", "units_per_step"}}};
  for (const auto& [name, fields] : of_io) {
    for (const auto& field : fields) t[name].push_back({field, [](double) {}, {}});
  }
  return t;
}

TEST(Options, ABadValueIsRefusedWhereItIsGivenAndNamed) {
  for (const auto& [name, fields] : table()) {
    for (const Field& field : fields) {
      for (const double bad : field.bad) {
        SCOPED_TRACE(str_cat(name, ".", field.name, " = ", bad));
        std::string text = test::error_of<ValueError>([&] { field.give(bad); });
        std::replace(text.begin(), text.end(), ' ', '_');
        EXPECT_NE(text.find(field.name), std::string::npos) << text;
      }
    }
  }
}

TEST(Options, AMessageNamesOperationOptionRangeAndValue) {
  EXPECT_EQ(test::error_of<ValueError>([] { Sgd<float>({.learning_rate = -1}); }),
            "sgd: expected learning_rate of at least 0, got -1");
  EXPECT_EQ(test::error_of<ValueError>([] { Adam<float>({.beta2 = 1}); }),
            "adam: expected beta2 in [0, 1), got 1");
  EXPECT_EQ(test::error_of<ValueError>([] { BatchNormalization<float>({.features = -1}); }),
            "batch normalization: expected features of at least 0, got -1");
  EXPECT_EQ(test::error_of<ValueError>(
                [] { BatchNormalization<float>({.features = 1, .epsilon = nan}); }),
            "batch normalization: expected epsilon above 0, got nan");
}

TEST(Options, ThatChangeBetweenStepsAreLookedAtInTheStep) {
  Parameter<float> w("w", ones<float>({2}));
  w.gradient = ones<float>({2});
  Parameter<float>* const list[] = {&w};
  Adam<float> adam;
  adam.options().learning_rate = nan;
  EXPECT_THROW(adam.step(list), ValueError);
  EXPECT_EQ(adam.state().steps, 0);
  adam.options().learning_rate = 0.1;
  w.rate_scale = -1;
  EXPECT_THROW(adam.step(list), ValueError);
  EXPECT_EQ(w.value(0), 1);
}

TEST(Options, LimitsOfGradientsAreNotNegative) {
  Parameter<float> w("w", ones<float>({1}));
  w.gradient = ones<float>({1});
  Parameter<float>* const list[] = {&w};
  for (const double bad : {-1.0, nan, -inf}) {
    EXPECT_THROW(clip_gradient_norm<float>(list, bad), ValueError);
    EXPECT_THROW(clip_gradient_values<float>(list, bad), ValueError);
  }
  EXPECT_EQ(clip_gradient_norm<float>(list, inf), 1);
  EXPECT_EQ(w.gradient(0), 1);
}

TEST(Options, ScheduleOfOneCycleIsFiniteWhereverItsPeakStands) {
  for (const double rising : {0.0, 0.1, 0.5, 1.0}) {
    for (const Index steps : {1, 2, 10}) {
      const OneCycle cycle{.steps = steps, .rising = rising};
      for (Index step = 0; step < steps + 2; ++step) {
        EXPECT_TRUE(cycle(step) >= 0 && cycle(step) <= cycle.peak) << rising << ' ' << steps;
      }
    }
  }
}

/// The structs of the headers that are called Options or have a check(), and Window, each with its
/// fields.
std::map<std::string, std::set<std::string>> structs_of_the_headers() {
  std::map<std::string, std::set<std::string>> structs;
  const std::regex head("^struct (\\w+) \\{$");
  const std::regex member("^  (?!using )\\w[\\w:<>, ]* (\\w+)( =.*|\\{.*\\})?;( .*)?$");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(DLFS_INCLUDE_DIRECTORY)) {
    if (entry.path().extension() != ".hpp") continue;
    std::ifstream file(entry.path());
    std::string line, name;
    std::set<std::string> fields;
    bool is_wanted = false;
    while (std::getline(file, line)) {
      std::smatch match;
      if (std::regex_match(line, match, head)) {
        name = match[1];
        fields.clear();
        is_wanted = name.ends_with("Options") || name == "Window2d";
      } else if (line == "};") {
        if (is_wanted) structs[name] = fields;
        name.clear();
        is_wanted = false;
      } else if (!name.empty() && line.find("void check() const") != std::string::npos) {
        is_wanted = true;
      } else if (!name.empty() && std::regex_match(line, match, member)) {
        fields.insert(match[1]);
      }
    }
  }
  return structs;
}

TEST(Options, EveryFieldOfEveryStructIsInTheTable) {
  const Table known = table();
  const auto structs = structs_of_the_headers();
  EXPECT_GE(structs.size(), 35u);
  for (const auto& [name, fields] : structs) {
    ASSERT_TRUE(known.contains(name)) << name;
    std::set<std::string> listed;
    for (const Field& field : known.at(name)) listed.insert(field.name);
    EXPECT_EQ(listed, fields) << name;
  }
}

}  // namespace
}  // namespace dlfs::options_test
