#pragma once

#include <algorithm>
#include <concepts>

#include "dlfs/core/option.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of PadChannels.
struct PadChannelsOptions {
  Index channels = 1;  ///< channels of the output

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("pad channels", "channels", channels, detail::at_least(1));
  }
};

/// Appends channels of zeros to those of x: x (N, C, ...) -> y (N, channels, ...). It is a shortcut
/// without parameters to a layer with more channels.
/// Source: He, Zhang, Ren, Sun, "Deep residual learning for image recognition" (2016), section 4.2.
template <std::floating_point T>
class PadChannels {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError unless `channels` is positive.
  explicit PadChannels(const PadChannelsOptions& options) : options_(detail::checked(options)) {}

  /// Shows its options.
  void visit_options(OptionVisitor& visit) const { visit("channels", options_.channels); }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() { return {.kind = "pad channels"}; }

  /// @throws ShapeError unless x is (N, C, ...) with C <= channels.
  Shape output_shape(const Shape& x) const {
    if (x.rank() < 2 || x[1] > options_.channels) {
      throw ShapeError(traits().kind, ": expected x of shape (N, C, ...) with at most ",
                       options_.channels, " channels, got ", x);
    }
    return x.with(1, options_.channels);
  }

  /// @throws ValueError for steps along axis 1.
  int step_axis(const Shape&, int axis) const {
    return detail::steps_not_along(traits().kind, 1, axis);
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    if (pass.y.empty()) return;
    for (Index n = 0; n < pass.x.extent(0); ++n) {
      const auto x = pass.x[n];
      const auto y = pass.y[n];
      std::fill(std::copy_n(x.data(), x.size(), y.data()), y.data() + y.size(), T(0));
    }
  }

  /// Writes pass.dx.
  void backward(const BackwardPass<T>& pass) const {
    if (pass.dx.empty()) return;
    for (Index n = 0; n < pass.dx.extent(0); ++n) {
      const auto dx = pass.dx[n];
      std::copy_n(pass.dy[n].data(), dx.size(), dx.data());
    }
  }

 private:
  PadChannelsOptions options_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
