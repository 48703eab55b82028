#pragma once

#include <concepts>
#include <functional>
#include <string_view>
#include <utility>

#include "dlfs/core/rng.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/parameter.hpp"

// Layers that are made before their sizes are known: see NeuralNetwork::initialize.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// An initializer of any type, until a layer's sizes are known.
template <std::floating_point T>
using AnyInitializer = std::function<void(Tensor<T>&, Fans, Rng&)>;

/// Draws a weight of shape (D, M), or (M, D / groups, ...) of a convolution, by the initializer
/// that waited for it, once. `in` and `out` are the fans of one tap of a kernel.
/// @throws ShapeError or std::bad_alloc for a shape that is too large.
template <std::floating_point T>
void draw(AnyInitializer<T>& initializer, Tensor<T>& weight, const Shape& shape, const Fans& fans,
          Rng& rng) {
  weight = Tensor<T>::uninitialized(shape);
  const Index taps = shape.axes(2, shape.rank()).size();
  std::exchange(initializer, {})(weight, {.in = fans.in * taps, .out = fans.out * taps}, rng);
}

/// Checks all options but `in`, if that is to be found, and returns them.
template <class Options>
Options checked_but_in(const Options& options) {
  Options known = options;
  if (known.in == 0) {
    known.in = 1;
    if constexpr (requires { known.groups; }) known.in = known.groups;
  }
  known.check();
  return options;
}

/// Checks the options of a layer with given weights, from which `in` follows if it is 0.
template <class Options>
Options checked_with_in(Options options, Index in_of_weight) {
  if (options.in == 0) options.in = in_of_weight;
  options.check();
  return options;
}

/// A size that a layer was given, or else finds in its input. @throws ShapeError, naming the size,
/// if both differ or it is not positive.
[[gnu::noinline]] inline Index found_size(std::string_view kind, std::string_view name, Index given,
                                          Index found) {
  if (found > 0 && (given == 0 || given == found)) return found;
  if (given == 0) throw ShapeError(kind, ": expected ", name, " of at least 1, got ", found);
  throw ShapeError(kind, ": expected x with ", name, " of ", given, ", got ", found);
}

/// @throws ShapeError unless x has this many axes at least.
[[gnu::noinline]] inline void expect_rank(std::string_view kind, const Shape& x, int rank) {
  if (x.rank() >= rank) return;
  throw ShapeError(kind, ": expected x with at least ", rank, " axes, got ", x);
}

/// @throws ValueError if the layer waits for its sizes.
[[gnu::noinline]] inline void expect_initialized(std::string_view kind, bool is_deferred) {
  if (!is_deferred) return;
  throw ValueError(kind,
                   ": its sizes are not known yet; the network finds them, given the shape of ",
                   "its input: see NeuralNetwork::initialize");
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
