#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "dlfs/io/cpp_functions.hpp"
#include "dlfs/io/file.hpp"
#include "dlfs/io/layer_makers.hpp"
#include "dlfs/io/network_file.hpp"
#include "dlfs/net/arena.hpp"

// A network as one C++ file that predicts, without this library.

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Whether a text is a name in C++.
inline bool is_cpp_name(std::string_view text) {
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto fits = [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); };
  return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), fits);
}

/// Whether a name in C++ has another meaning.
inline bool is_taken_in_cpp(std::string_view name) {
  constexpr std::string_view taken =
      " alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t "
      "char16_t char32_t class compl concept const consteval constexpr constinit const_cast "
      "continue co_await co_return co_yield decltype default delete do double dynamic_cast else "
      "enum explicit export extern false float for friend goto if inline int long main mutable "
      "namespace new noexcept not not_eq nullptr operator or or_eq private protected public "
      "register reinterpret_cast requires return short signed sizeof static static_assert "
      "static_cast std struct switch template this thread_local throw true try typedef typeid "
      "typename union unsigned using virtual void volatile wchar_t while xor xor_eq ";
  return taken.find(str_cat(' ', name, ' ')) != std::string_view::npos;
}

/// A name in C++ that resembles a text.
inline std::string to_cpp_name(std::string text) {
  for (char& c : text) {
    if (!is_cpp_name(std::string("_") + c)) c = '_';
  }
  return text;
}

/// Writes a network as C++: one call of a function for each layer. The numbers of all values lie in
/// one block of memory, where each takes the place of earlier ones that nobody reads any more.
template <std::floating_point T>
class CppWriter {
 public:
  CppWriter(const NeuralNetwork<T>& network, std::span<const Shape> samples, std::string name)
      : name_(std::move(name)) {
    const Composition<T> composition = network.composition();
    if (samples.size() != composition.inputs.size()) {
      throw ShapeError("write_cpp: expected the shapes of ", composition.inputs.size(),
                       " inputs, got ", samples.size());
    }
    std::vector<Index> inputs;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      inputs.push_back(std::ssize(values_));
      values_.push_back({.shape = batch_of_one(samples[i]), .text = str_cat("x", i)});
    }
    inputs_ = inputs;
    outputs_ = add_network(composition, inputs);
  }

  std::string text() {
    const Index numbers = place_values();
    std::string body;
    for (const Step& step : steps_) body += step.text(*this);
    for (std::size_t k = 0; k < outputs_.size(); ++k) {
      const Index size = size_of(outputs_[k]);
      body += str_cat("  for (int i = 0; i < ", size, "; ++i) y", k, "[i] = ", at(outputs_[k]),
                      "[i];\n");
    }
    std::string text = str_cat(
        "// A network that predicts: C++17, without exceptions, without memory of its own.\n"
        "// Written by dlfs (write_cpp).\n#pragma once\n\n#include <cmath>\n#include "
        "<cstring>\n#include <limits>\n\n"
        "namespace ",
        name_, " {\n\nusing real = ", std::same_as<T, float> ? "float" : "double", ";\n\n");
    text += sizes("input_size", inputs_) + sizes("output_size", outputs_);
    text += str_cat(
        "/// What predict writes while it runs. Calls at the same time need one each.\n"
        "struct Memory {\n  real numbers[",
        std::max<Index>(numbers, 1), "];\n};\n\nnamespace detail {\n\n");
    for (const CppFunction& function : cpp_functions) {
      if (functions_.contains(function.name) && !function.text.empty()) {
        text += str_cat(function.text, '\n');
      }
    }
    text += constants_;
    text += "}  // namespace detail\n\n/// For one sample.";
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      text += str_cat(" x", i, ' ', to_string(sample(inputs_[i])));
    }
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      text += str_cat(" y", i, ' ', to_string(sample(outputs_[i])));
    }
    text += "\ninline void predict(";
    for (std::size_t i = 0; i < inputs_.size(); ++i) text += str_cat("const real* x", i, ", ");
    for (std::size_t i = 0; i < outputs_.size(); ++i) text += str_cat("real* y", i, ", ");
    text += "Memory& memory) {\n  using namespace detail;\n  real* const m = memory.numbers;\n";
    if (body.find("m + ") == std::string::npos) text += "  (void)m;\n";
    return text + body + str_cat("}\n\n}  // namespace ", name_, '\n');
  }

 private:
  /// A value of the network: an input, or the output of a layer.
  struct Value {
    Shape shape{};           // of one sample, (1, ...)
    std::string text{};      // where it is, for an input
    Index same_as = -1;      // a value with the same numbers
    Index offset = 0;        // in the memory
    std::size_t last_use{};  // the last step that reads it
  };

  struct Step {
    std::vector<Index> inputs;
    Index output;
    Index scratch = 0;  // numbers that it needs besides
    std::function<std::string(const CppWriter&)> text;
    Index scratch_offset = 0;
  };

  using Inputs = const std::vector<Index>&;

  // The network.

  std::vector<Index> add_network(const Composition<T>& composition, std::vector<Index> values) {
    for (std::size_t i = 0; i < composition.parts.size(); ++i) {
      const auto& part = composition.parts[i];
      std::vector<Index> inputs;
      for (const Index input : part.inputs) {
        inputs.push_back(values[static_cast<std::size_t>(input)]);
      }
      with_layer_name(static_cast<Index>(i), part.name, [&] {
        const Composition<T> inner = part.layer->composition();
        values.push_back(inner.parts.empty() ? add_layer(*part.layer, inputs)
                                             : add_network(inner, inputs).front());
      });
    }
    std::vector<Index> outputs;
    for (const Index output : composition.outputs) {
      outputs.push_back(values[static_cast<std::size_t>(output)]);
    }
    return outputs;
  }

  Index add_layer(const AnyLayer<T>& layer, Inputs inputs) {
    std::vector<Shape> shapes;
    shapes.reserve(inputs.size());
    for (const Index input : inputs) shapes.push_back(shape_of(input));
    const Shape y = layer.output_shape(shapes);
    JsonOptions visitor;
    layer.visit_options(visitor);
    const nlohmann::json json = visitor.options;
    const StoredOptions options(json, std::numeric_limits<Index>::max());
    const Index output = std::ssize(values_);
    values_.push_back({.shape = y});
    write_layer(layer, std::string(layer.traits().kind), options, inputs, output);
    return output;
  }

  const Shape& shape_of(Index value) const {
    return values_[static_cast<std::size_t>(value)].shape;
  }
  Shape sample(Index value) const { return shape_of(value).axes(1, shape_of(value).rank()); }
  Index size_of(Index value) const { return shape_of(value).size(); }

  // Places.

  Index root(Index value) const {
    while (values_[static_cast<std::size_t>(value)].same_as >= 0) {
      value = values_[static_cast<std::size_t>(value)].same_as;
    }
    return value;
  }

  /// Returns how many numbers the memory has.
  Index place_values() {
    const auto bytes = [](Index numbers) {
      return checked_product("write_cpp", numbers, static_cast<Index>(sizeof(T)));
    };
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      for (const Index input : steps_[s].inputs) value_at(root(input)).last_use = s;
    }
    for (const Index output : outputs_) value_at(root(output)).last_use = steps_.size();
    Arena arena;
    for (std::size_t s = 0; s < steps_.size(); ++s) {
      Step& step = steps_[s];
      Value& y = value_at(step.output);
      y.offset = arena.take(bytes(y.shape.size())) / bytes(1);
      step.scratch_offset = arena.take(bytes(step.scratch)) / bytes(1);
      arena.release(bytes(step.scratch_offset), bytes(step.scratch));
      std::set<Index> released;
      for (const Index input : step.inputs) {
        const Value& x = value_at(root(input));
        if (x.text.empty() && x.last_use == s && released.insert(root(input)).second) {
          arena.release(bytes(x.offset), bytes(x.shape.size()));
        }
      }
    }
    return arena.bytes() / bytes(1);
  }
  Value& value_at(Index value) { return values_[static_cast<std::size_t>(value)]; }

  /// Where a value begins.
  std::string at(Index value) const {
    const Value& place = values_[static_cast<std::size_t>(root(value))];
    return place.text.empty() ? str_cat("(m + ", place.offset, ')') : place.text;
  }

  // Text.

  std::string sizes(std::string_view name, const std::vector<Index>& values) const {
    std::string text;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string number = values.size() > 1 ? str_cat(i) : "";
      text += str_cat("constexpr int ", name, number, " = ", size_of(values[i]), ";\n");
    }
    return text + '\n';
  }

  static std::string number(T value) {
    if (!is_finite(value)) throw ValueError("write_cpp: a weight is infinite or no number");
    std::string number = nlohmann::json(static_cast<double>(value)).dump();  // in any locale
    if (number.find_first_of(".e") == std::string::npos) number += ".0";
    return std::same_as<T, float> ? number + 'f' : number;
  }

  std::string constant(std::string_view name, std::span<const T> numbers) {
    std::string unique = str_cat(to_cpp_name(std::string(name)), '_', constant_count_++);
    constants_ += str_cat("inline constexpr real ", unique, "[] = {");
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      constants_ += str_cat(i == 0 ? "" : ",", i % 8 == 0 ? "\n    " : " ", number(numbers[i]));
    }
    constants_ += "};\n\n";
    return unique;
  }
  /// A tensor of the network's, once for all layers that share it.
  std::string constant(const NamedTensor<T>& tensor) {
    std::string& name = written_[&tensor];
    if (name.empty()) {
      name = constant(tensor.name,
                      {tensor.value.data(), static_cast<std::size_t>(tensor.value.size())});
    }
    return name;
  }

  /// The weight of a convolution, (filters, channels, kernel), as (groups, channels, kernel,
  /// filters of a group).
  std::string constant_with_filters_last(const NamedTensor<T>& weight, Index groups) {
    std::string& name = written_[&weight];
    if (name.empty()) {
      const Index filters = weight.value.extent(0);
      const auto rows =
          weight.value.reshape({groups, filters / groups, weight.value.size() / filters});
      const Tensor<T> ordered = copy(rows.transpose({0, 2, 1}));
      name = constant(weight.name, {ordered.data(), static_cast<std::size_t>(ordered.size())});
    }
    return name;
  }

  void use(std::string_view name) {
    const auto* const function =
        std::find_if(std::begin(cpp_functions), std::end(cpp_functions),
                     [&](const CppFunction& each) { return each.name == name; });
    if (!functions_.insert(function->name).second) return;
    std::string_view needs = function->needs;
    while (!needs.empty()) {
      const std::size_t end = std::min(needs.find(' '), needs.size());
      use(needs.substr(0, end));
      needs.remove_prefix(std::min(end + 1, needs.size()));
    }
  }

  /// A call of a function whose arguments are texts, and numbers.
  void call(std::string_view function, Inputs inputs, Index output,
            std::function<std::string(const CppWriter&)> arguments, Index scratch = 0) {
    use(function);
    std::string name(function);
    steps_.push_back({inputs, output, scratch, [name, arguments](const CppWriter& self) {
                        return str_cat("  ", name, '(', arguments(self), ");\n");
                      }});
  }

  /// y[i] = formula for all i.
  void loop(Inputs inputs, Index output, std::function<std::string(const CppWriter&)> formula) {
    const Index count = size_of(output);
    steps_.push_back({inputs, output, 0, [=](const CppWriter& self) {
                        return str_cat("  for (int i = 0; i < ", count, "; ++i) ", self.at(output),
                                       "[i] = ", formula(self), ";\n");
                      }});
  }

  /// An activation; `more` are its other arguments.
  void activate(std::string_view function, Inputs inputs, Index output, std::string more = "") {
    if (function != "std::tanh") use(function);
    const std::string name(function);
    const Index x = inputs.front();
    loop(inputs, output,
         [=](const CppWriter& self) { return str_cat(name, '(', self.at(x), "[i]", more, ')'); });
  }

  static std::string image(const Shape& shape) {
    if (shape.rank() == 3) return str_cat('{', shape[1], ", 1, ", shape[2], '}');
    return str_cat('{', shape[1], ", ", shape[2], ", ", shape[3], '}');
  }
  static std::string window(const Window2d& w) {
    const auto both = [](Size2d size) { return str_cat('{', size.height, ", ", size.width, '}'); };
    return str_cat("{", both(w.kernel), ", ", both(w.stride), ", ", both(w.padding), ", ",
                   both(w.dilation), "}");
  }

  void copy_strided(Inputs inputs, Index output, std::vector<Index> extents,
                    std::vector<Index> strides, Index offset = 0) {
    std::string counts, distances;
    for (std::size_t i = 6 - extents.size(); i > 0; --i) {
      counts += "1, ";
      distances += "0, ";
    }
    for (std::size_t i = 0; i < extents.size(); ++i) {
      counts += str_cat(i == 0 ? "" : ", ", extents[i]);
      distances += str_cat(i == 0 ? "" : ", ", strides[i]);
    }
    const Index x = inputs.front();
    call("copy_strided", inputs, output, [=](const CppWriter& self) {
      return str_cat(self.at(x), " + ", offset, ", ", self.at(output), ", {", counts, "}, {",
                     distances, '}');
    });
  }

  // Layers.

  void write_layer(const AnyLayer<T>& layer, const std::string& kind, const StoredOptions& options,
                   Inputs inputs, Index output);
  void write_norm(const AnyLayer<T>& layer, Inputs inputs, Index output, Index groups,
                  Index channels, Index size, bool shares_gamma, double epsilon);
  void write_scale(std::string_view name, std::span<const T> mean, std::span<const T> scale,
                   std::span<const T> shift, Inputs inputs, Index output);
  void write_convolution(const AnyLayer<T>& layer, const Window2d& window, Index groups,
                         Inputs inputs, Index output);

  std::string name_;
  std::vector<Value> values_;
  std::vector<Index> inputs_;
  std::vector<Index> outputs_;
  std::vector<Step> steps_;
  std::set<std::string_view> functions_;  // their names in the table
  std::string constants_;
  int constant_count_ = 0;
  std::map<const NamedTensor<T>*, std::string> written_;  // the constants of tensors
};

template <std::floating_point T>
void CppWriter<T>::write_norm(const AnyLayer<T>& layer, Inputs inputs, Index output, Index groups,
                              Index channels, Index size, bool shares_gamma, double epsilon) {
  const auto parameters = layer.parameters();
  const std::string gamma = constant(*parameters[0]);
  const std::string beta = parameters.size() > 1 ? constant(*parameters[1]) : "nullptr";
  const Index x = inputs.front();
  call("normalize", inputs, output, [=](const CppWriter& self) {
    return str_cat(self.at(x), ", ", gamma, ", ", beta, ", ", self.at(output), ", ", groups, ", ",
                   channels, ", ", size, ", ", shares_gamma ? "true" : "false", ", ",
                   number(static_cast<T>(epsilon)));
  });
}

template <std::floating_point T>
void CppWriter<T>::write_scale(std::string_view name, std::span<const T> mean,
                               std::span<const T> scale, std::span<const T> shift, Inputs inputs,
                               Index output) {
  const std::string arguments = str_cat(constant(str_cat(name, "_mean"), mean), ", ",
                                        constant(str_cat(name, "_scale"), scale), ", ",
                                        constant(str_cat(name, "_shift"), shift));
  const Index x = inputs.front(), channels = shape_of(x)[1];
  const Index size = size_of(x) / channels;
  call("scale_channels", inputs, output, [=](const CppWriter& self) {
    return str_cat(self.at(x), ", ", arguments, ", ", self.at(output), ", ", channels, ", ", size);
  });
}

template <std::floating_point T>
void CppWriter<T>::write_convolution(const AnyLayer<T>& layer, const Window2d& window_2d,
                                     Index groups, Inputs inputs, Index output) {
  const auto parameters = layer.parameters();
  const bool is_transposed = layer.traits().kind == "transposed convolution";
  constexpr Index many = 32;  // filters of a group: as many as linear sums up at a time
  const Index filters = shape_of(output)[1] / groups;
  const bool is_wide = !is_transposed && filters >= many;
  const std::string W =
      is_wide ? constant_with_filters_last(*parameters[0], groups) : constant(*parameters[0]);
  const std::string b = parameters.size() > 1 ? constant(*parameters[1]) : "nullptr";
  use("sizes");
  const Index x = inputs.front();
  const std::size_t index = steps_.size();
  const auto arguments = [=](const CppWriter& self) {
    const std::string memory =
        is_wide ? str_cat(", m + ", self.steps_[index].scratch_offset) : std::string();
    return str_cat(self.at(x), ", ", image(self.shape_of(x)), ", ", W, ", ", b, ", ",
                   window(window_2d), ", ", groups, ", ", self.at(output), ", ",
                   image(self.shape_of(output)), memory);
  };
  if (is_transposed) return call("transposed_convolution", inputs, output, arguments);
  if (!is_wide) return call("convolution", inputs, output, arguments);
  const Index taps = parameters[0]->value.size() / (filters * groups);
  call("wide_convolution", inputs, output, arguments, taps + filters);
}

template <std::floating_point T>
void CppWriter<T>::write_layer(const AnyLayer<T>& layer, const std::string& kind,
                               const StoredOptions& options, Inputs inputs, Index output) {
  const Index x = inputs.front();
  const Shape& in = shape_of(x);
  const Shape& out = shape_of(output);
  const auto parameters = layer.parameters();
  const auto expect_one_input = [&] {
    if (inputs.size() > 1) throw ValueError("write_cpp: the layer '", kind, "' with a mask");
  };
  const auto pooling = [&](const Window2d& w, bool is_maximum, bool counts_padding) {
    const std::string more = is_maximum ? "" : counts_padding ? ", true" : ", false";
    call(is_maximum ? "max_pooling" : "average_pooling", inputs, output,
         [=](const CppWriter& self) {
           return str_cat(self.at(x), ", ", image(self.shape_of(x)), ", ", window(w), more, ", ",
                          self.at(output), ", ", image(self.shape_of(output)));
         });
  };
  const auto combine = [&](std::string_view operation) {
    const std::string between(operation);
    loop(inputs, output, [=](const CppWriter& self) {
      std::string sum;
      for (const Index each : inputs) {
        sum += str_cat(sum.empty() ? "" : between, self.at(each), "[i]");
      }
      return sum;
    });
  };
  const auto recurrent = [&](Index scratch, const std::string& more) {
    std::string weights;
    for (const auto* parameter : parameters) weights += constant(*parameter) + ", ";
    const Index steps = in[1], D = in[2], H = out[2];
    const std::string reverse = options.flag("reverse") ? "true" : "false";
    const std::size_t index = steps_.size();
    call(
        kind, inputs, output,
        [=](const CppWriter& self) {
          const std::string last =
              scratch > 0 ? str_cat("m + ", self.steps_[index].scratch_offset) : more;
          return str_cat(self.at(x), ", ", weights, self.at(output), ", ", steps, ", ", D, ", ", H,
                         ", ", reverse, ", ", last);
        },
        scratch * H);
  };

  if (kind == "identity" || kind == "flatten" || kind == "reshape") {
    value_at(output).same_as = x;
  } else if (kind == "dropout") {
    if (options.word("scaling",
                     {std::pair("in_training", true), std::pair("in_evaluation", false)})) {
      value_at(output).same_as = x;
    } else {
      const std::string factor = number(static_cast<T>(1 - options.number("ratio")));
      loop(inputs, output,
           [=](const CppWriter& self) { return str_cat(factor, " * ", self.at(x), "[i]"); });
    }
  } else if (kind == "relu" || kind == "sigmoid" || kind == "swish" || kind == "softplus") {
    activate(kind, inputs, output);
  } else if (kind == "gelu") {
    activate(
        options.word("approximate", {std::pair("none", "gelu"), std::pair("tanh", "gelu_tanh")}),
        inputs, output);
  } else if (kind == "hard sigmoid" || kind == "hard swish") {
    activate(to_cpp_name(kind), inputs, output);
  } else if (kind == "hard tanh") {
    activate("hard_tanh", inputs, output,
             str_cat(", ", number(static_cast<T>(options.number("min"))), ", ",
                     number(static_cast<T>(options.number("max")))));
  } else if (kind == "tanh") {
    activate("std::tanh", inputs, output);
  } else if (kind == "elu") {
    activate("elu", inputs, output, str_cat(", ", number(static_cast<T>(options.number("alpha")))));
  } else if (kind == "leaky_relu") {
    activate("leaky_relu", inputs, output,
             str_cat(", ", number(static_cast<T>(options.number("negative_slope")))));
  } else if (kind == "prelu") {
    const std::string slopes = constant(*parameters[0]);
    const Index size = size_of(x) / parameters[0]->value.size();
    use("leaky_relu");
    loop(inputs, output, [=](const CppWriter& self) {
      return str_cat("leaky_relu(", self.at(x), "[i], ", slopes, "[i / ", size, "])");
    });
  } else if (kind == "add") {
    combine(" + ");
  } else if (kind == "multiply") {
    combine(" * ");
  } else if (kind == "affine" || kind == "linear") {
    const std::string W = constant(*parameters[0]), b = constant(*parameters[1]);
    const Index D = parameters[0]->value.extent(0), M = parameters[0]->value.extent(1);
    const Index rows = out.size() / M;
    call("linear", inputs, output, [=](const CppWriter& self) {
      return str_cat(self.at(x), ", ", W, ", ", b, ", ", self.at(output), ", ", rows, ", ", D, ", ",
                     M);
    });
  } else if (kind == "convolution" || kind == "transposed convolution") {
    write_convolution(layer, stored_window<Window2d>(options), options.integer("groups"), inputs,
                      output);
  } else if (kind == "convolution 1d") {
    auto w = stored_window<Window1d>(options);
    if (options.flag("causal")) w.padding = (w.kernel - 1) * w.dilation;
    write_convolution(layer, w.in_image(), options.integer("groups"), inputs, output);
  } else if (kind == "max pooling") {
    pooling(stored_window<Window2d>(options), true, false);
  } else if (kind == "max pooling 1d") {
    pooling(stored_window<Window1d>(options).in_image(), true, false);
  } else if (kind == "average pooling") {
    pooling(stored_window<Window2d>(options), false, options.flag("count_include_pad"));
  } else if (kind == "average pooling 1d") {
    pooling(stored_window<Window1d>(options).in_image(), false, true);
  } else if (kind == "adaptive average pooling" || kind == "global average pooling") {
    const Shape to = kind == "global average pooling" ? Shape{1, out[1], 1, 1} : out;
    const Index height = in.rank() == 4 ? in[2] : 1;
    const Shape from{1, in[1], height, size_of(x) / in[1] / height};
    call("adaptive_pooling", inputs, output, [=](const CppWriter& self) {
      return str_cat(self.at(x), ", ", image(from), ", ", self.at(output), ", ", image(to));
    });
  } else if (kind == "upsampling") {
    const auto factor = options.extents<Size2d>("factor");
    if (options.word("interpolation", {std::pair("nearest", false), std::pair("bilinear", true)})) {
      call("upsampling_bilinear", inputs, output, [=](const CppWriter& self) {
        return str_cat(self.at(x), ", ", image(self.shape_of(x)), ", ", self.at(output), ", ",
                       image(self.shape_of(output)));
      });
    } else {
      copy_strided(inputs, output, {in[1], in[2], factor.height, in[3], factor.width},
                   {in[2] * in[3], in[3], 0, 1, 0});
    }
  } else if (kind == "pixel shuffle") {
    const Index r = options.integer("factor"), plane = in[2] * in[3];
    copy_strided(inputs, output, {out[1], in[2], r, in[3], r},
                 {r * r * plane, in[3], r * plane, 1, plane});
  } else if (kind == "permute") {
    const Strides strides = Layout::dense(in).strides;
    std::vector<Index> extents, distances;
    for (const int axis : stored_axes(options)) {
      if (axis == 0) continue;
      extents.push_back(in[axis]);
      distances.push_back(strides[static_cast<std::size_t>(axis)]);
    }
    if (extents.size() > 6) throw ValueError("write_cpp: a permutation of more than 6 axes");
    copy_strided(inputs, output, extents, distances);
  } else if (kind == "slice axis") {
    const int axis = in.normalize_axis(stored_axis(options));
    const auto positions = positions_of(stored_slice(options), in[axis]);
    const Index inner = in.axes(axis + 1, in.rank()).size();
    copy_strided(inputs, output, {in.axes(1, axis).size(), positions.count, inner},
                 {in[axis] * inner, positions.step * inner, 1}, positions.first * inner);
  } else if (kind == "pad channels") {
    const Index filled = in.size();
    loop(inputs, output, [=](const CppWriter& self) {
      return str_cat("i < ", filled, " ? ", self.at(x), "[i] : real(0)");
    });
  } else if (kind == "concatenate") {
    const int axis = static_cast<int>(options.integer("axis"));
    const Index outer = out.axes(1, axis).size(), row = out.axes(axis, out.rank()).size();
    steps_.push_back({inputs, output, 0, [=](const CppWriter& self) {
                        std::string text;
                        Index place = 0;
                        for (const Index each : inputs) {
                          const Index part = self.size_of(each) / outer;
                          text += str_cat("  for (int i = 0; i < ", self.size_of(each), "; ++i) ",
                                          self.at(output), "[i / ", part, " * ", row, " + i % ",
                                          part, " + ", place, "] = ", self.at(each), "[i];\n");
                          place += part;
                        }
                        return text;
                      }});
  } else if (kind == "last step") {
    expect_one_input();
    const Index first = options.flag("reverse") ? 0 : (in[1] - 1) * out.size();
    loop(inputs, output,
         [=](const CppWriter& self) { return str_cat(self.at(x), "[i + ", first, ']'); });
  } else if (kind == "batch normalization") {
    const auto buffers = layer.buffers();
    const Index features = parameters[0]->value.size();
    std::vector<T> scale;
    for (Index c = 0; c < features; ++c) {
      scale.push_back(static_cast<T>(
          static_cast<double>(parameters[0]->value.data()[c]) /
          std::sqrt(static_cast<double>(buffers[1]->value.data()[c]) + options.number("epsilon"))));
    }
    const auto size = static_cast<std::size_t>(features);
    write_scale(parameters[0]->name, {buffers[0]->value.data(), size}, scale,
                {parameters[1]->value.data(), size}, inputs, output);
  } else if (kind == "standardization") {
    const auto buffers = layer.buffers();
    const auto size = static_cast<std::size_t>(buffers[0]->value.size());
    const std::span<const T> mean(buffers[0]->value.data(), size);
    const std::vector<T> zeros(size, T(0));
    std::vector<T> scale(buffers[1]->value.begin(), buffers[1]->value.end());
    if (options.flag("inverse")) {
      write_scale(buffers[0]->name, zeros, scale, mean, inputs, output);
    } else {
      for (T& each : scale) each = 1 / each;
      write_scale(buffers[0]->name, mean, scale, zeros, inputs, output);
    }
  } else if (kind == "layer normalization" || kind == "rms normalization") {
    const Index features = parameters[0]->value.size();
    write_norm(layer, inputs, output, in.size() / features, features, 1, true,
               options.number("epsilon"));
  } else if (kind == "group normalization" || kind == "instance normalization") {
    const Index groups = kind == "instance normalization" ? in[1] : options.integer("groups");
    write_norm(layer, inputs, output, groups, in[1] / groups, in.size() / in[1], false,
               options.number("epsilon"));
  } else if (kind == "softmax" || kind == "log softmax") {
    const std::string logarithm = kind == "log softmax" ? "true" : "false";
    const Index classes = in[1], size = in.size() / classes;
    call("softmax", inputs, output, [=](const CppWriter& self) {
      return str_cat(self.at(x), ", ", self.at(output), ", ", classes, ", ", size, ", ", logarithm);
    });
  } else if (kind == "embedding") {
    const std::string table = constant(*parameters[0]);
    const Index features = parameters[0]->value.extent(1);
    loop(inputs, output, [=](const CppWriter& self) {
      return str_cat(table, "[int(", self.at(x), "[i / ", features, "]) * ", features, " + i % ",
                     features, ']');
    });
  } else if (kind == "positional encoding" || kind == "learned positional encoding") {
    const Tensor<T> zeros(in);
    Tensor<T> table(out);
    layer.forward({.x = zeros, .y = table});
    const std::string steps =
        constant("positions", {table.data(), static_cast<std::size_t>(table.size())});
    loop(inputs, output,
         [=](const CppWriter& self) { return str_cat(self.at(x), "[i] + ", steps, "[i]"); });
  } else if (kind == "lstm") {
    recurrent(5, "");
  } else if (kind == "gru") {
    recurrent(6, "");
  } else if (kind == "rnn") {
    recurrent(0,
              options.word("activation", {std::pair("tanh", "false"), std::pair("relu", "true")}));
  } else if (kind == "multi-head attention") {
    expect_one_input();
    std::string weights;
    for (const auto* parameter : parameters) weights += constant(*parameter) + ", ";
    const Index steps = in[1], features = in[2], heads = options.integer("heads");
    const std::string causal = options.flag("causal") ? "true" : "false";
    const std::size_t index = steps_.size();
    call(
        "attention", inputs, output,
        [=](const CppWriter& self) {
          return str_cat(self.at(x), ", ", weights, self.at(output), ", ", steps, ", ", features,
                         ", ", heads, ", ", causal, ", m + ", self.steps_[index].scratch_offset);
        },
        checked_product("write_cpp", steps, 4 * features + 1));
  } else {
    throw ValueError("write_cpp: there is no C++ for the layer '", kind, "'");
  }
}

}  // namespace detail

/// Options of write_cpp.
struct CppOptions {
  std::string name = "network";  ///< the namespace of the written file
};

///@{
/// Writes a network as one C++ file that predicts: C++17, without exceptions, without memory from
/// the heap. It needs the standard library's mathematics alone, neither this library nor Eigen.
///
///   write_cpp("digits.hpp", network, {1, 28, 28}, {.name = "digits"});
///
/// A program includes it, and predicts one sample at a time:
///
///   static digits::Memory memory;  // what predict writes while it runs
///   digits::predict(pixels, scores, memory);
///
/// The shapes are those of one sample of each input, without N. Results are those of `predict`, but
/// for rounding. An embedding does not check its inputs.
/// @throws ValueError for a name that is none in C++, for a weight that is not finite, or, naming
/// the layer, for one that has no C++: volumes, masks, own layers; ShapeError if a shape does not
/// fit; IoError if the file cannot be written.
template <std::floating_point T>
void write_cpp(const std::filesystem::path& path, const NeuralNetwork<T>& network,
               std::span<const Shape> samples, const CppOptions& options = {}) {
  if (!detail::is_cpp_name(options.name) || detail::is_taken_in_cpp(options.name)) {
    throw ValueError("write_cpp: '", options.name, "' is no name of a namespace");
  }
  detail::CppWriter<T> writer(network, samples, options.name);
  detail::write_file(path, writer.text());
}
template <std::floating_point T>
void write_cpp(const std::filesystem::path& path, const NeuralNetwork<T>& network,
               const Shape& sample, const CppOptions& options = {}) {
  write_cpp(path, network, std::span(&sample, 1), options);
}
///@}

}  // namespace dlfs
DLFS_STRICT_MATH_END
