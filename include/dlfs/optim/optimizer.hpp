#pragma once

#include <algorithm>
#include <concepts>
#include <span>
#include <vector>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/parallel_for.hpp"
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

/// Calls `update(block(tensor)...)` for blocks of the same elements of each tensor, as Eigen
/// arrays short enough that several statements on one block work in cache, and in parallel.
template <class Update, class... Tensors>
void for_each_block(Update&& update, Index size, Tensors&... tensors) {
  constexpr Index block_elements = 4096;
  constexpr Index blocks_per_piece = 8;
  constexpr Index piece_elements = block_elements * blocks_per_piece;
  parallel_for((size + piece_elements - 1) / piece_elements, [&](Index piece) {
    const Index end = std::min(size, (piece + 1) * piece_elements);
    for (Index first = piece * piece_elements; first < end; first += block_elements) {
      const Index count = std::min(block_elements, end - first);
      update(as_array(tensors).segment(first, count)...);
    }
  });
}

}  // namespace detail

}  // namespace dlfs
