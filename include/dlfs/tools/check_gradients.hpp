#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dlfs/core/option.hpp"
#include "dlfs/core/rng.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/nn/loss.hpp"
#include "dlfs/tools/layer_contract.hpp"
#include "dlfs/tools/packed_inputs.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The differences between the gradients of a layer, a loss or a network and numerical
/// differentiation, and the layer's violations of nn/layer.hpp.
struct GradientReport {
  /// One entry of one gradient.
  struct Entry {
    std::string tensor;   ///< "x", or the parameter's name
    Index index = 0;      ///< index of the entry in row-major order
    double analytic = 0;  ///< what `backward` computes
    double numeric = 0;   ///< the central difference
    double error = 0;     ///< relative
  };

  /// One gradient as a whole.
  struct TensorError {
    std::string tensor;  ///< "x", or the parameter's name
    double mean_difference =
        0;                   ///< mean of |analytic - numeric|, like the book's gradient_check.py
    double worst_error = 0;  ///< relative
    bool all_zero = true;    ///< whether every entry of the gradient is zero
  };

  Entry worst;                        ///< the entry with the largest error
  std::vector<TensorError> tensors;   ///< for x and each parameter
  std::vector<std::string> faults{};  ///< a sentence for each, with the layer's name

  /// Whether every gradient is right within the tolerance, no gradient is zero everywhere (that
  /// would prove nothing), and no layer has a fault.
  bool passes(double tolerance) const {
    if (!faults.empty()) return false;
    for (const TensorError& tensor : tensors) {
      if (tensor.all_zero || !(tensor.worst_error <= tolerance)) return false;
    }
    return !tensors.empty();
  }
};

/// "worst conv1.weight[3]: analytic 0.25, numeric 0.26, relative error 0.04", the gradients that
/// are zero everywhere, and the faults.
inline std::string to_string(const GradientReport& report) {
  std::string text = str_cat("worst ", report.worst.tensor, '[', report.worst.index, "]: analytic ",
                             report.worst.analytic, ", numeric ", report.worst.numeric,
                             ", relative error ", report.worst.error);
  for (const auto& tensor : report.tensors) {
    if (tensor.all_zero) text += str_cat("; ", tensor.tensor, " has a gradient of zero");
  }
  if (report.tensors.empty() && !report.faults.empty()) text.clear();
  for (const std::string& fault : report.faults) text += (text.empty() ? "" : "; ") + fault;
  return text;
}

/// Options of check_gradients.
struct GradientCheckOptions {
  double h = 1e-5;         ///< step of the central difference
  std::uint64_t seed = 1;  ///< seed of the random weights that sum a layer's output to one number

  /// @throws ValueError, naming the option that is out of its range.
  void check() const { detail::expect_option("check_gradients", "h", h, detail::above(0)); }
};

namespace detail {

/// A network that repeats the same training step: random layers draw the same numbers each time,
/// and buffers are not updated.
template <std::floating_point T>
class RepeatedStep {
 public:
  RepeatedStep(NeuralNetwork<T>& network, const Tensor<T>& x, PassMode mode)
      : network_(&network),
        x_(x.view()),
        mode_(mode),
        y_(network.output_shape(x.shape())),
        saved_({network.saved_bytes(x.shape())}) {}

  const Tensor<T>& forward() {
    network_->forward(ForwardPass<T>{.x = x_, .y = y_, .saved = saved_.data(), .mode = mode_});
    return y_;
  }

  /// Computes the parameters' gradients from dy, and dx unless it is without data.
  void backward(const Tensor<T>& dy, TensorView<T> dx) {
    std::vector<TensorView<T>> gradients;
    for (Parameter<T>* parameter : network_->parameters()) {
      parameter->gradient.resize(parameter->value.shape());
      gradients.push_back(parameter->gradient);
    }
    network_->backward(BackwardPass<T>{.x = x_,
                                       .y = y_,
                                       .dy = dy,
                                       .dx = dx,
                                       .gradients = gradients,
                                       .saved = saved_.data(),
                                       .mode = mode_});
  }

 private:
  NeuralNetwork<T>* network_;
  TensorView<const T> x_;
  PassMode mode_;
  Tensor<T> y_;
  Tensor<std::byte> saved_;
};

/// What a layer makes of its inputs.
template <std::floating_point T>
Tensor<T> output_of(const AnyLayer<T>& layer, const std::vector<Tensor<T>>& x, PassMode mode) {
  std::vector<Shape> shapes;
  for (const Tensor<T>& each : x) shapes.push_back(each.shape());
  const std::vector<TensorView<const T>> views(x.begin(), x.end());
  auto y = Tensor<T>::uninitialized(layer.output_shape(shapes));
  layer.forward({.x = views.front(), .y = y, .mode = mode, .inputs = views});
  return y;
}

/// Checks a layer on its inputs against the contract in nn/layer.hpp. Returns whether a network can
/// run it at all.
template <std::floating_point T>
bool check_layer(const std::string& name, const AnyLayer<T>& layer, const std::vector<Tensor<T>>& x,
                 PassMode mode, std::uint64_t seed, std::vector<std::string>& faults) {
  if (x.size() == 1) return LayerContract<T>(name, layer, x.front(), mode, seed, faults).check();
  std::vector<Shape> shapes;
  for (const Tensor<T>& each : x) shapes.push_back(each.shape());
  const AnyLayer<T> packing = PackedInputs<T>(layer, std::move(shapes));
  const Tensor<T> all = packed<T>(x);
  return LayerContract<T>(name, packing, all, mode, seed, faults).check();
}

/// Checks every layer of a network, on the batch that reaches it, and the network as a whole.
/// Returns whether the network can run at all.
template <std::floating_point T>
bool check_layers(const NeuralNetwork<T>& network, std::vector<Tensor<T>> x, PassMode mode,
                  std::uint64_t seed, std::vector<std::string>& faults) {
  const std::vector<Tensor<T>> batch = x;
  const Composition<T> composition = network.composition();
  for (const typename Composition<T>::Part& part : composition.parts) {
    std::vector<Tensor<T>> inputs;
    for (const Index i : part.inputs) inputs.push_back(x[static_cast<std::size_t>(i)]);
    if (!check_layer(part.name, *part.layer, inputs, mode, seed, faults)) return false;
    x.push_back(output_of(*part.layer, inputs, mode));
  }
  return composition.parts.size() < 2 ||
         check_layer("network", AnyLayer<T>(network), batch, mode, seed, faults);
}

/// The effect of rounding a value's inputs on the value: the sum of |x dx|, in rounding units.
class Rounding {
 public:
  explicit Rounding(double value) : magnitude_(std::abs(value)) {}

  template <std::floating_point T>
  void add(const Tensor<T>& x, const Tensor<T>& dx) {
    if (x.shape() == dx.shape()) magnitude_ += (as_array(x) * as_array(dx)).abs().sum();
  }
  template <std::floating_point T>
  void add(const NeuralNetwork<T>& network) {
    for (const Parameter<T>* each : network.parameters()) add(each->value, each->gradient);
  }

  double value() const {
    constexpr double units = 128;  // allows several roundings in sequence
    return units * std::numeric_limits<double>::epsilon() * magnitude_;
  }

 private:
  double magnitude_;
};

/// Compares a gradient with the central difference of `f` for every entry of `x`. `f` is exact to
/// `rounding`.
///
/// An entry's error is relative to the larger of its own magnitude and the root mean square of the
/// whole gradient, because rounding in `f` affects all entries alike, even small ones. The error is
/// 0 if both the gradient and the difference are within the rounding error of 0. One example is a
/// bias before a batch normalisation, which cancels it.
template <std::floating_point T, class F>
void compare_gradient(const std::string& name, Tensor<T>& x, const Tensor<T>& analytic, double h,
                      double rounding, F&& f, GradientReport& report) {
  if (analytic.shape() != x.shape()) {
    throw ShapeError("check_gradients: expected a gradient of shape ", x.shape(), " for ", name,
                     ", got ", analytic.shape());
  }
  if (x.empty()) throw ValueError("check_gradients: ", name, " has no entries to differentiate by");
  Tensor<T> numeric(x.shape());
  for (Index i = 0; i < x.size(); ++i) {
    double& entry = x.data()[i];
    const double value = entry;
    entry = value + h;
    const double above = f();
    entry = value - h;
    const double below = f();
    entry = value;
    numeric.data()[i] = (above - below) / (2 * h);
  }
  const double scale = std::sqrt(as_array(numeric).square().mean());
  GradientReport::TensorError tensor{.tensor = name};
  for (Index i = 0; i < x.size(); ++i) {
    const double a = analytic.data()[i];
    const double n = numeric.data()[i];
    const double magnitude = std::max({std::abs(a), std::abs(n), scale});
    const bool is_zero = std::abs(a) <= rounding && std::abs(n) <= rounding / h;
    const double error = is_zero ? 0 : std::abs(a - n) / magnitude;
    tensor.mean_difference += std::abs(a - n) / static_cast<double>(x.size());
    tensor.all_zero = tensor.all_zero && a == 0;
    const auto exceeds = [error](double worst) { return detail::is_nan(error) || error > worst; };
    if (exceeds(tensor.worst_error)) tensor.worst_error = error;
    if (report.worst.tensor.empty() || exceeds(report.worst.error)) {
      report.worst = {name, i, a, n, error};
    }
  }
  report.tensors.push_back(tensor);
}

}  // namespace detail

/// Checks the gradients of a layer, or of a network, with respect to its input and every parameter.
///
/// The differentiated scalar is the sum of y times fixed random weights, so that every output
/// counts. x (N, ...) should not be near kinks (ReLU at 0, ties of a maximum). Every pass is the
/// same step, so that dropout repeats its choice.
///
/// Each layer also runs in the ways in which networks run layers: gradients that are added to, rows
/// of a larger batch, several threads, no dx, copies and all else in nn/layer.hpp. Each violation
/// is a fault in the report. If a network could not run the layer, the gradients are not checked.
template <Layer L>
  requires(std::same_as<typename L::Scalar, double>)
GradientReport check_gradients(const L& layer, Tensor<double> x,
                               const GradientCheckOptions& options = {},
                               PassMode mode = PassMode::train) {
  using T = typename L::Scalar;
  if constexpr (!std::derived_from<L, NeuralNetwork<T>>) {
    return check_gradients(Sequential<T>{{"layer", layer}}, std::move(x), options, mode);
  } else {
    options.check();
    L network = layer;
    Rng rng(options.seed);
    const auto weights = random_normal<T>(network.output_shape(x.shape()), rng);
    detail::RepeatedStep step(network, x, mode);
    const auto value = [&] { return (as_array(step.forward()) * as_array(weights)).sum(); };

    GradientReport report;
    if (!detail::check_layers<T>(layer, {x}, mode, options.seed, report.faults)) return report;
    detail::Rounding rounding(value());
    Tensor<T> dx(x.shape());
    step.backward(weights, dx);
    rounding.add(step.forward(), weights);
    rounding.add(x, dx);
    rounding.add(network);
    detail::compare_gradient("x", x, dx, options.h, rounding.value(), value, report);
    for (Parameter<T>* parameter : network.parameters()) {
      detail::compare_gradient(parameter->name, parameter->value, parameter->gradient, options.h,
                               rounding.value(), value, report);
    }
    return report;
  }
}

/// The same for a layer, or a network, of several inputs. In the report they are one tensor "x": a
/// row has those of all inputs, one behind the other.
template <MultiInputLayer L>
  requires(std::same_as<typename L::Scalar, double>)
GradientReport check_gradients(const L& layer, const std::vector<Tensor<double>>& x,
                               const GradientCheckOptions& options = {},
                               PassMode mode = PassMode::train) {
  using T = typename L::Scalar;
  std::vector<Shape> shapes;
  for (const Tensor<T>& each : x) shapes.push_back(each.shape());
  const detail::PackedInputs<T> packing(layer, std::move(shapes));
  GradientReport report = check_gradients(packing, detail::packed<T>(x), options, mode);
  if constexpr (std::derived_from<L, NeuralNetwork<T>>) {
    detail::check_layers<T>(layer, x, mode, options.seed, report.faults);
  }
  return report;
}

/// The same for a loss with respect to its input.
template <class Targets, Loss<Targets> L>
GradientReport check_gradients(L loss, Tensor<double> y, const Targets& targets,
                               const GradientCheckOptions& options = {}) {
  options.check();
  const auto value = [&] { return loss.forward(y, targets); };
  detail::Rounding rounding(value());
  const Tensor<double> dy = loss.backward();
  rounding.add(y, dy);
  GradientReport report;
  detail::compare_gradient("y", y, dy, options.h, rounding.value(), value, report);
  return report;
}

/// The same for a network and its loss, with respect to the parameters.
template <std::same_as<double> T, class Targets, Loss<Targets> L>
GradientReport check_gradients(NeuralNetwork<T>& network, L loss, const Tensor<T>& x,
                               const Targets& targets, const GradientCheckOptions& options = {}) {
  options.check();
  detail::RepeatedStep step(network, x, PassMode::train);
  const auto value = [&] { return loss.forward(step.forward(), targets); };
  GradientReport report;
  if (!detail::check_layers<T>(network, {x}, PassMode::train, options.seed, report.faults)) {
    return report;
  }
  detail::Rounding rounding(value());
  step.backward(loss.backward(), {nullptr, x.shape()});
  rounding.add(step.forward(), loss.backward());
  rounding.add(network);
  for (Parameter<T>* parameter : network.parameters()) {
    detail::compare_gradient(parameter->name, parameter->value, parameter->gradient, options.h,
                             rounding.value(), value, report);
  }
  return report;
}

/// Does not compile; the message says what to write instead.
template <detail::HasScalar L, class... Others>
  requires(!std::same_as<typename L::Scalar, double>)
DLFS_REFUSED("gradients are checked in double, as those of a Sequential<double>")
void check_gradients(const L&, const Others&...);

}  // namespace dlfs
DLFS_STRICT_MATH_END
