#pragma once

#include <algorithm>
#include <concepts>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dlfs/core/option.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/nn/parameter.hpp"
#include "dlfs/simd/kernels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Updates parameters from their gradients; each call of `step` updates all of them once. The
/// options may change between steps, above all the learning rate; see schedules.hpp.
template <class O>
concept Optimizer = requires(O& optimizer,
                             std::span<Parameter<typename O::Scalar>* const> parameters) {
  optimizer.step(parameters);
  { optimizer.options().learning_rate } -> std::same_as<double&>;
};

/// The state of an optimizer between steps: the number of steps, the names of the parameters, and
/// the moments. Each moment has a tensor for each parameter, of the parameter's shape.
template <std::floating_point T>
struct OptimizerState {
  Index steps = 0;                              ///< calls of `step` so far
  std::vector<std::string> names{};             ///< names of the parameters
  std::vector<std::vector<Tensor<T>>> moments;  ///< for each moment a tensor for each parameter

  /// Before the first step.
  explicit OptimizerState(std::size_t moment_count) : moments(moment_count) {}

  /// Counts a step of an optimizer with `moment_count` moments. Checks all parameters first, so
  /// that a step is done as a whole or not at all. The first step creates the moments as zeros.
  /// @throws ShapeError if a parameter has no gradient, or differs from that of the first step.
  void begin_step(std::size_t moment_count, std::span<Parameter<T>* const> parameters) {
    for (const Parameter<T>* parameter : parameters) expect_gradient(*parameter);
    if (steps == 0) begin(moment_count, parameters);
    if (moments.size() != moment_count) {
      throw ShapeError("optimizer: expected ", moment_count, " moments in its state, got ",
                       moments.size());
    }
    for (const auto& moment : moments) expect_match(moment, parameters);
    ++steps;
  }

 private:
  static void expect_gradient(const Parameter<T>& parameter) {
    detail::expect_option(parameter.name, "rate_scale", parameter.rate_scale, detail::at_least(0));
    detail::expect_option(parameter.name, "decay_scale", parameter.decay_scale,
                          detail::at_least(0));
    if (parameter.is_frozen() || parameter.gradient.shape() == parameter.value.shape()) return;
    throw ShapeError("optimizer: parameter ", parameter.name, " of shape ", parameter.value.shape(),
                     " has a gradient of shape ", parameter.gradient.shape(),
                     "; has there been a backward pass?");
  }

  void begin(std::size_t moment_count, std::span<Parameter<T>* const> parameters) {
    names.clear();
    moments = std::vector<std::vector<Tensor<T>>>(moment_count);
    for (const Parameter<T>* parameter : parameters) {
      names.push_back(parameter->name);
      for (auto& moment : moments) moment.emplace_back(parameter->value.shape());
    }
  }

  void expect_match(const std::vector<Tensor<T>>& moment,
                    std::span<Parameter<T>* const> parameters) const {
    if (moment.size() != parameters.size() || names.size() != parameters.size()) {
      throw ShapeError("optimizer: expected the ", moment.size(),
                       " parameters of its first step, got ", parameters.size());
    }
    for (std::size_t slot = 0; slot < moment.size(); ++slot) {
      const Parameter<T>& parameter = *parameters[slot];
      if (moment[slot].shape() != parameter.value.shape()) {
        throw ShapeError("optimizer: parameter ", parameter.name, " was of shape ",
                         moment[slot].shape(), " and is now ", parameter.value.shape());
      }
      if (names[slot] != parameter.name) {
        throw ShapeError("optimizer: expected parameter ", names[slot], " of its first step, got ",
                         parameter.name);
      }
    }
  }
};

namespace detail {

/// Calls `formula(w, dw, moment...)` for each element of a parameter, its gradient and its moments,
/// in one pass over memory and in parallel; see simd::map. dw includes the gradient of the L2
/// penalty, which is decay / 2 times the sum of w^2.
template <class Formula, class T, class... Moments>
void update(const Formula& formula, Parameter<T>& parameter, double weight_decay,
            Moments&... moments) {
  constexpr Index piece_elements = 32 * 1024;
  const T decay = static_cast<T>(weight_decay * parameter.decay_scale);
  const Index size = parameter.value.size();
  const T* const gradient = parameter.gradient.data();
  parallel_for((size + piece_elements - 1) / piece_elements, [&](Index piece) {
    const Index first = piece * piece_elements;
    simd::map(
        [=]<class V>(V& w, const V& gradient_of_w, auto&... moment) {
          V dw;
          simd::multiply_add(w, decay, gradient_of_w, dw);
          formula(w, dw, moment...);
        },
        std::min(piece_elements, size - first), parameter.value.data() + first, gradient + first,
        moments.data() + first...);
  });
}

/// The learning rate times the parameter's own factor.
template <class T>
T scaled_rate(double learning_rate, const Parameter<T>& parameter) {
  return static_cast<T>(rounded(learning_rate * parameter.rate_scale));
}

/// A step of an optimizer with `moments` moments: calls `formula(rate, w, dw, moment...)` for each
/// element of each parameter; see update.
template <std::size_t moments, class Options, class T, class Formula>
void step(const Options& options, OptimizerState<T>& state,
          std::span<Parameter<T>* const> parameters, const Formula& formula) {
  options.check();
  state.begin_step(moments, parameters);
  for (std::size_t slot = 0; slot < parameters.size(); ++slot) {
    Parameter<T>& parameter = *parameters[slot];
    if (parameter.is_frozen()) continue;
    const T rate = scaled_rate(options.learning_rate, parameter);
    const auto update_with_moments = [&]<std::size_t... m>(std::index_sequence<m...>) {
      update([=]<class V>(V& w, const V& dw, auto&... moment) { formula(rate, w, dw, moment...); },
             parameter, options.weight_decay, state.moments[m][slot]...);
    };
    update_with_moments(std::make_index_sequence<moments>{});
  }
}

}  // namespace detail

}  // namespace dlfs
DLFS_STRICT_MATH_END
