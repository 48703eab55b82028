#pragma once

#include <algorithm>
#include <concepts>
#include <span>
#include <vector>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/math/simd/kernels.hpp"
#include "dlfs/nn/parameter.hpp"

namespace dlfs {

/// Changes parameters by their gradients: once for all of them in each call of `step`.
template <class O>
concept Optimizer = requires(O& optimizer,
                             std::span<Parameter<typename O::Scalar>* const> parameters) {
  optimizer.step(parameters);
};

namespace detail {

/// Zeros shaped like each parameter, made at the first step: an optimizer's memory, by slot.
/// @throws ShapeError if later steps bring other parameters.
template <class T>
void match_state(std::vector<Tensor<T>>& state, std::span<Parameter<T>* const> parameters) {
  if (state.empty()) {
    for (const Parameter<T>* parameter : parameters) state.emplace_back(parameter->value.shape());
  }
  if (state.size() != parameters.size()) {
    throw ShapeError(concat("optimizer: expected the ", state.size(),
                            " parameters of its first step, got ", parameters.size()));
  }
  for (std::size_t slot = 0; slot < state.size(); ++slot) {
    if (state[slot].shape() == parameters[slot]->value.shape()) continue;
    throw ShapeError(concat("optimizer: parameter ", parameters[slot]->name, " was of shape ",
                            state[slot].shape(), " and is now ", parameters[slot]->value.shape()));
  }
}

/// Called before anything is changed, so that a step is done as a whole or not at all.
/// @throws ShapeError if a parameter has no gradient, since no backward pass has been.
template <class T>
void expect_gradients(std::span<Parameter<T>* const> parameters) {
  for (const Parameter<T>* parameter : parameters) {
    if (parameter->gradient.shape() == parameter->value.shape()) continue;
    throw ShapeError(concat("optimizer: parameter ", parameter->name, " of shape ",
                            parameter->value.shape(), " has a gradient of shape ",
                            parameter->gradient.shape(), "; has there been a backward pass?"));
  }
}

/// Calls `formula(w, dw, state...)` for each element of a parameter, of its gradient and of what an
/// optimizer remembers of it, in one pass over memory and in parallel; see simd::map.
template <class Formula, class T, class... States>
void update(const Formula& formula, Parameter<T>& parameter, States&... states) {
  constexpr Index piece_elements = 32 * 1024;
  const Index size = parameter.value.size();
  const T* const gradient = parameter.gradient.data();
  parallel_for((size + piece_elements - 1) / piece_elements, [&](Index piece) {
    const Index first = piece * piece_elements;
    simd::map(formula, std::min(piece_elements, size - first), parameter.value.data() + first,
              gradient + first, states.data() + first...);
  });
}

}  // namespace detail

}  // namespace dlfs
