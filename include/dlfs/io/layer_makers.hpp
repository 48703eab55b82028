#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "dlfs/conv/window3d.hpp"
#include "dlfs/core/slice.hpp"
#include "dlfs/net/any_layer.hpp"
#include "dlfs/nn/layers/adaptive_average_pooling.hpp"
#include "dlfs/nn/layers/add.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/average_pooling.hpp"
#include "dlfs/nn/layers/average_pooling1d.hpp"
#include "dlfs/nn/layers/average_pooling3d.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "dlfs/nn/layers/concatenate.hpp"
#include "dlfs/nn/layers/convolution.hpp"
#include "dlfs/nn/layers/convolution1d.hpp"
#include "dlfs/nn/layers/convolution3d.hpp"
#include "dlfs/nn/layers/dropout.hpp"
#include "dlfs/nn/layers/elu.hpp"
#include "dlfs/nn/layers/embedding.hpp"
#include "dlfs/nn/layers/flatten.hpp"
#include "dlfs/nn/layers/gelu.hpp"
#include "dlfs/nn/layers/global_average_pooling.hpp"
#include "dlfs/nn/layers/group_normalization.hpp"
#include "dlfs/nn/layers/gru.hpp"
#include "dlfs/nn/layers/hard_sigmoid.hpp"
#include "dlfs/nn/layers/hard_swish.hpp"
#include "dlfs/nn/layers/hard_tanh.hpp"
#include "dlfs/nn/layers/identity.hpp"
#include "dlfs/nn/layers/instance_normalization.hpp"
#include "dlfs/nn/layers/last_step.hpp"
#include "dlfs/nn/layers/layer_normalization.hpp"
#include "dlfs/nn/layers/leaky_relu.hpp"
#include "dlfs/nn/layers/linear.hpp"
#include "dlfs/nn/layers/log_softmax.hpp"
#include "dlfs/nn/layers/lstm.hpp"
#include "dlfs/nn/layers/max_pooling.hpp"
#include "dlfs/nn/layers/max_pooling1d.hpp"
#include "dlfs/nn/layers/max_pooling3d.hpp"
#include "dlfs/nn/layers/multi_head_attention.hpp"
#include "dlfs/nn/layers/multiply.hpp"
#include "dlfs/nn/layers/pad_channels.hpp"
#include "dlfs/nn/layers/permute.hpp"
#include "dlfs/nn/layers/pixel_shuffle.hpp"
#include "dlfs/nn/layers/positional_encoding.hpp"
#include "dlfs/nn/layers/prelu.hpp"
#include "dlfs/nn/layers/relu.hpp"
#include "dlfs/nn/layers/reshape.hpp"
#include "dlfs/nn/layers/rms_normalization.hpp"
#include "dlfs/nn/layers/rnn.hpp"
#include "dlfs/nn/layers/sigmoid.hpp"
#include "dlfs/nn/layers/slice_axis.hpp"
#include "dlfs/nn/layers/softmax.hpp"
#include "dlfs/nn/layers/softplus.hpp"
#include "dlfs/nn/layers/standardization.hpp"
#include "dlfs/nn/layers/swish.hpp"
#include "dlfs/nn/layers/tanh.hpp"
#include "dlfs/nn/layers/transposed_convolution.hpp"
#include "dlfs/nn/layers/upsampling.hpp"

// How a file makes layers: from a kind and options, as visit_options shows them.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The options of a layer that a file describes, by their names. Functions throw FormatError for an
/// option that is missing, or one of another type.
class StoredOptions {
 public:
  /// An object of JSON. `most_elements` is the number of elements of all tensors of the file, which
  /// no size can exceed. `seed` is that of a layer that has one.
  StoredOptions(const nlohmann::json& options, Index most_elements,
                std::optional<std::uint64_t> seed = {})
      : options_(&options), most_elements_(most_elements), seed_(seed) {}

  /// A size: a positive number, of which a layer may have as many elements.
  Index size(const std::string& name) const {
    const Index value = integer(name);
    if (value < 1 || value > most_elements_) fail(name, "a size of at most the file's elements");
    return value;
  }
  /// A whole number.
  Index integer(const std::string& name) const { return as_integer(name, of(name)); }
  /// A real number.
  double number(const std::string& name) const {
    if (!of(name).is_number()) fail(name, "a number");
    return of(name).get<double>();
  }
  /// True or false.
  bool flag(const std::string& name) const {
    if (!of(name).is_boolean()) fail(name, "true or false");
    return of(name).get<bool>();
  }
  /// One of some words: `word("activation", {{"tanh", RnnActivation::tanh}, ...})`.
  template <class Value>
  Value word(const std::string& name,
             std::initializer_list<std::pair<const char*, Value>> words) const {
    for (const auto& [word, value] : words) {
      if (of(name) == word) return value;
    }
    fail(name, "one of the words that it knows");
  }
  /// A list of whole numbers; a single number is a list of one.
  std::vector<Index> integers(const std::string& name) const {
    if (!of(name).is_array()) return {integer(name)};
    std::vector<Index> values;
    for (const nlohmann::json& each : of(name)) values.push_back(as_integer(name, each));
    return values;
  }
  /// An Index, Size2d or Size3d: one number if all extents are equal.
  template <class Size>
  Size extents(const std::string& name) const {
    const std::vector<Index> values = integers(name);
    if (values.size() == 1) return values[0];
    if constexpr (std::same_as<Size, Size2d>) {
      if (values.size() == 2) return {values[0], values[1]};
    } else if constexpr (std::same_as<Size, Size3d>) {
      if (values.size() == 3) return {values[0], values[1], values[2]};
    }
    fail(name, "one number, or one for each direction");
  }
  /// Whether the file has the option.
  bool has(const std::string& name) const { return options_->contains(name); }
  /// The seed, if the file has one.
  std::optional<std::uint64_t> seed() const { return seed_; }

  /// What draws the weights of a layer that gets them from the file: zeros.
  /// @throws FormatError for more than the file has, before it touches their memory.
  auto zeros() const {
    return [most = most_elements_](auto& weight, Fans, Rng&) {
      if (weight.size() > most) {
        throw FormatError("options: a weight of shape ", weight.shape(),
                          " is larger than all tensors of the file");
      }
      weight.fill(0);
    };
  }

  /// @throws FormatError for an option that was not read: the layer does not know it.
  void expect_all_read() const {
    for (const auto& [name, value] : options_->items()) {
      if (!read_.contains(name)) throw FormatError("there is no option '", name, "'");
    }
  }

 private:
  const nlohmann::json& of(const std::string& name) const {
    if (!has(name)) throw FormatError("the option '", name, "' is missing");
    read_.insert(name);
    return (*options_)[name];
  }
  Index as_integer(const std::string& name, const nlohmann::json& value) const {
    if (!value.is_number_integer()) fail(name, "a whole number");
    if (value.is_number_unsigned() && value.get<std::uint64_t>() > INT64_MAX) {
      fail(name, "a number of 63 bits");
    }
    return value.get<Index>();
  }
  [[noreturn]] static void fail(const std::string& name, std::string_view expected) {
    throw FormatError("expected ", expected, " for the option '", name, "'");
  }

  const nlohmann::json* options_;
  Index most_elements_;
  std::optional<std::uint64_t> seed_;
  mutable std::set<std::string> read_{};
};

/// Functions that make layers of the kinds by which they are listed. An own layer that shows its
/// options (visit_options) can join: see load_network.
template <std::floating_point T>
using LayerMakers = std::map<std::string, std::function<AnyLayer<T>(const StoredOptions&)>>;

namespace detail {

/// Kernel, stride, padding and dilation: a window, or the options of a convolution.
template <class Window>
void read_window(const StoredOptions& options, Window& window) {
  using Size = decltype(window.kernel);
  window.kernel = options.extents<Size>("kernel");
  window.stride = options.extents<Size>("stride");
  window.padding = options.extents<Size>("padding");
  window.dilation = options.extents<Size>("dilation");
}

template <class Window>
Window stored_window(const StoredOptions& options) {
  Window window;
  read_window(options, window);
  return window;
}

/// What the options of all convolutions have.
template <class Options>
Options stored_convolution(const StoredOptions& stored) {
  Options options{.in = stored.size("in"), .filters = stored.size("filters")};
  read_window(stored, options);
  options.groups = stored.integer("groups");
  if constexpr (requires { options.bias; }) options.bias = stored.flag("bias");
  return options;
}

/// A layer without options.
template <class L>
auto make_plain() {
  return [](const StoredOptions&) { return L(); };
}

inline Slice stored_slice(const StoredOptions& options) {
  Slice slice{.start = {}, .stop = {}, .step = options.integer("step")};
  if (options.has("start")) slice.start = options.integer("start");
  if (options.has("stop")) slice.stop = options.integer("stop");
  return slice;
}

inline std::vector<int> stored_axes(const StoredOptions& options) {
  std::vector<int> axes;
  for (const Index axis : options.integers("order")) {
    axes.push_back(axis >= 0 && axis < max_rank ? static_cast<int>(axis) : -1);
  }
  return axes;
}

inline int stored_axis(const StoredOptions& options) {
  const Index axis = options.integer("axis");
  if (axis < -max_rank || axis >= max_rank) throw FormatError("there is no axis ", axis);
  return static_cast<int>(axis);
}

inline PositionalEncodingOptions stored_encoding(const StoredOptions& options) {
  const Index length = options.integer("length"), features = options.integer("features");
  constexpr double most = 1 << 28;  // elements of the table, which is not in the file
  if (static_cast<double>(length) * static_cast<double>(features) > most) {
    throw FormatError("a table of ", length, " x ", features, " is too large");
  }
  return {.length = length, .features = features, .base = options.number("base")};
}

}  // namespace detail

/// The layers of the library.
template <std::floating_point T>
LayerMakers<T> layer_makers() {
  using Options = const StoredOptions&;
  using detail::make_plain;
  using std::pair;
  return {
      {"adaptive average pooling",
       [](Options o) { return AdaptiveAveragePooling<T>(o.extents<Size2d>("size")); }},
      {"add", make_plain<Add<T>>()},
      {"affine",
       [](Options o) {
         Rng rng(0);
         return Affine<T>({.in = o.size("in"), .out = o.size("out")}, o.zeros(), rng);
       }},
      {"average pooling",
       [](Options o) {
         return AveragePooling<T>(
             detail::stored_window<Window2d>(o),
             {.ceil_mode = o.flag("ceil_mode"), .count_include_pad = o.flag("count_include_pad")});
       }},
      {"average pooling 1d",
       [](Options o) { return AveragePooling1d<T>(detail::stored_window<Window1d>(o)); }},
      {"average pooling 3d",
       [](Options o) { return AveragePooling3d<T>(detail::stored_window<Window3d>(o)); }},
      {"batch normalization",
       [](Options o) {
         return BatchNormalization<T>(
             {.features = o.size("features"),
              .momentum = o.number("momentum"),
              .epsilon = o.number("epsilon"),
              .unbiased_running_variance = o.flag("unbiased_running_variance")});
       }},
      {"concatenate", [](Options o) { return Concatenate<T>({.axis = o.integer("axis")}); }},
      {"convolution",
       [](Options o) {
         auto options = detail::stored_convolution<ConvolutionOptions>(o);
         options.algorithm =
             o.word("algorithm", {pair("automatic", ConvolutionAlgorithm::automatic),
                                  pair("direct", ConvolutionAlgorithm::direct)});
         Rng rng(0);
         return Convolution<T>(options, o.zeros(), rng);
       }},
      {"convolution 1d",
       [](Options o) {
         auto options = detail::stored_convolution<Convolution1dOptions>(o);
         options.causal = o.flag("causal");
         Rng rng(0);
         return Convolution1d<T>(options, o.zeros(), rng);
       }},
      {"convolution 3d",
       [](Options o) {
         Rng rng(0);
         return Convolution3d<T>(detail::stored_convolution<Convolution3dOptions>(o), o.zeros(),
                                 rng);
       }},
      {"dropout",
       [](Options o) {
         const DropoutOptions options{
             .ratio = o.number("ratio"),
             .scaling = o.word("scaling", {pair("in_training", DropoutScaling::in_training),
                                           pair("in_evaluation", DropoutScaling::in_evaluation)})};
         return o.seed() ? Dropout<T>(options, *o.seed()) : Dropout<T>(options);
       }},
      {"elu", [](Options o) { return Elu<T>(static_cast<T>(o.number("alpha"))); }},
      {"embedding",
       [](Options o) {
         EmbeddingOptions options{.count = o.size("count"), .features = o.size("features")};
         const Index padding = o.integer("padding_index");
         if (padding != -1) options.padding_index = padding;
         Rng rng(0);
         return Embedding<T>(options, o.zeros(), rng);
       }},
      {"flatten", make_plain<Flatten<T>>()},
      {"gelu",
       [](Options o) {
         return Gelu<T>(
             {.approximate = o.word("approximate", {pair("none", GeluApproximation::none),
                                                    pair("tanh", GeluApproximation::tanh)})});
       }},
      {"global average pooling", make_plain<GlobalAveragePooling<T>>()},
      {"group normalization",
       [](Options o) {
         return GroupNormalization<T>({.groups = o.integer("groups"),
                                       .features = o.size("features"),
                                       .epsilon = o.number("epsilon")});
       }},
      {"gru",
       [](Options o) {
         Rng rng(0);
         return Gru<T>(
             {.in = o.size("in"), .hidden = o.size("hidden"), .reverse = o.flag("reverse")},
             o.zeros(), rng);
       }},
      {"hard sigmoid", make_plain<HardSigmoid<T>>()},
      {"hard swish", make_plain<HardSwish<T>>()},
      {"hard tanh",
       [](Options o) { return HardTanh<T>({.min = o.number("min"), .max = o.number("max")}); }},
      {"identity", make_plain<Identity<T>>()},
      {"instance normalization",
       [](Options o) {
         return InstanceNormalization<T>(
             {.features = o.size("features"), .epsilon = o.number("epsilon")});
       }},
      {"last step", [](Options o) { return LastStep<T>({.reverse = o.flag("reverse")}); }},
      {"layer normalization",
       [](Options o) {
         return LayerNormalization<T>(
             {.features = o.size("features"), .epsilon = o.number("epsilon")});
       }},
      {"leaky_relu",
       [](Options o) { return LeakyRelu<T>(static_cast<T>(o.number("negative_slope"))); }},
      {"learned positional encoding",
       [](Options o) {
         Rng rng(0);
         return LearnedPositionalEncoding<T>(
             {.length = o.size("length"), .features = o.size("features")}, o.zeros(), rng);
       }},
      {"linear",
       [](Options o) {
         Rng rng(0);
         return Linear<T>({.in = o.size("in"), .out = o.size("out")}, o.zeros(), rng);
       }},
      {"log softmax", make_plain<LogSoftmax<T>>()},
      {"lstm",
       [](Options o) {
         Rng rng(0);
         return Lstm<T>(
             {.in = o.size("in"), .hidden = o.size("hidden"), .reverse = o.flag("reverse")},
             o.zeros(), rng);
       }},
      {"max pooling",
       [](Options o) {
         return MaxPooling<T>(detail::stored_window<Window2d>(o),
                              {.ceil_mode = o.flag("ceil_mode")});
       }},
      {"max pooling 1d",
       [](Options o) { return MaxPooling1d<T>(detail::stored_window<Window1d>(o)); }},
      {"max pooling 3d",
       [](Options o) { return MaxPooling3d<T>(detail::stored_window<Window3d>(o)); }},
      {"multi-head attention",
       [](Options o) {
         Rng rng(0);
         return MultiHeadAttention<T>({.features = o.size("features"),
                                       .heads = o.integer("heads"),
                                       .causal = o.flag("causal")},
                                      o.zeros(), rng);
       }},
      {"multiply", make_plain<Multiply<T>>()},
      {"pad channels",
       [](Options o) { return PadChannels<T>({.channels = o.integer("channels")}); }},
      {"permute",
       [](Options o) {
         const std::vector<int> axes = detail::stored_axes(o);
         return Permute<T>(std::span<const int>(axes));
       }},
      {"pixel shuffle", [](Options o) { return PixelShuffle<T>(o.integer("factor")); }},
      {"positional encoding",
       [](Options o) { return PositionalEncoding<T>(detail::stored_encoding(o)); }},
      {"prelu",
       [](Options o) {
         return PRelu<T>({.slopes = o.size("slopes"), .slope = o.number("slope")});
       }},
      {"relu", make_plain<Relu<T>>()},
      {"reshape",
       [](Options o) { return Reshape<T>(Shape(std::span<const Index>(o.integers("sample")))); }},
      {"rms normalization",
       [](Options o) {
         return RmsNormalization<T>(
             {.features = o.size("features"), .epsilon = o.number("epsilon")});
       }},
      {"rnn",
       [](Options o) {
         Rng rng(0);
         return Rnn<T>({.in = o.size("in"),
                        .hidden = o.size("hidden"),
                        .activation = o.word("activation", {pair("tanh", RnnActivation::tanh),
                                                            pair("relu", RnnActivation::relu)}),
                        .reverse = o.flag("reverse")},
                       o.zeros(), rng);
       }},
      {"sigmoid", make_plain<Sigmoid<T>>()},
      {"slice axis",
       [](Options o) { return SliceAxis<T>(detail::stored_axis(o), detail::stored_slice(o)); }},
      {"softmax", make_plain<Softmax<T>>()},
      {"softplus", make_plain<Softplus<T>>()},
      {"standardization",
       [](Options o) {
         return Standardization<T>({.features = o.size("features"), .inverse = o.flag("inverse")});
       }},
      {"swish", make_plain<Swish<T>>()},
      {"tanh", make_plain<Tanh<T>>()},
      {"transposed convolution",
       [](Options o) {
         auto options = detail::stored_convolution<TransposedConvolutionOptions>(o);
         options.output_padding = o.extents<Size2d>("output_padding");
         Rng rng(0);
         return TransposedConvolution<T>(options, o.zeros(), rng);
       }},
      {"upsampling",
       [](Options o) {
         return Upsampling<T>({.factor = o.extents<Size2d>("factor"),
                               .interpolation = o.word(
                                   "interpolation", {pair("nearest", Interpolation::nearest),
                                                     pair("bilinear", Interpolation::bilinear)})});
       }},
  };
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
