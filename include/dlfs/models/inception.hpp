#pragma once

#include <concepts>

#include "dlfs/core/option.hpp"
#include "dlfs/net/parallel.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layers/convolution.hpp"
#include "dlfs/nn/layers/max_pooling.hpp"
#include "dlfs/nn/layers/relu.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The channels of an Inception block; the defaults are those of GoogLeNet's first block, "3a".
struct InceptionOptions {
  Index in = 192;           ///< channels of the input
  Index filters_1x1 = 64;   ///< of the branch of 1x1
  Index reduced_3x3 = 96;   ///< filters of the 1x1 convolution before the 3x3 one
  Index filters_3x3 = 128;  ///< of the branch of 3x3
  Index reduced_5x5 = 16;   ///< by a convolution of 1x1 before that of 5x5
  Index filters_5x5 = 32;   ///< of the branch of 5x5
  Index filters_pool = 32;  ///< filters of the 1x1 convolution after pooling

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("inception", "in", in, detail::at_least(1));
    detail::expect_option("inception", "filters_1x1", filters_1x1, detail::at_least(1));
    detail::expect_option("inception", "reduced_3x3", reduced_3x3, detail::at_least(1));
    detail::expect_option("inception", "filters_3x3", filters_3x3, detail::at_least(1));
    detail::expect_option("inception", "reduced_5x5", reduced_5x5, detail::at_least(1));
    detail::expect_option("inception", "filters_5x5", filters_5x5, detail::at_least(1));
    detail::expect_option("inception", "filters_pool", filters_pool, detail::at_least(1));
  }
};

/// Convolutions of several window sizes side by side, each made cheap by a 1x1 one before it.
///
///   x (N, in, H, W) -> y (N, filters_1x1 + filters_3x3 + filters_5x5 + filters_pool, H, W)
///
/// Source: Szegedy et al., "Going deeper with convolutions" (2015), figure 2b and table 1; Saitoh,
/// "Deep Learning from Scratch" vol. 1, section 8.2.3.
template <std::floating_point T>
Parallel<T> inception(const InceptionOptions& options, Rng& rng) {
  options.check();
  const auto convolution = [&rng](Index in, Index filters, Index kernel) {
    return Convolution<T>({.in = in, .filters = filters, .kernel = kernel, .padding = kernel / 2},
                          He{}, rng);
  };
  return {{"branch1x1",
           {{"conv", convolution(options.in, options.filters_1x1, 1)}, {"relu", Relu<T>()}}},
          {"branch3x3",
           {{"reduce", convolution(options.in, options.reduced_3x3, 1)},
            {"relu1", Relu<T>()},
            {"conv", convolution(options.reduced_3x3, options.filters_3x3, 3)},
            {"relu2", Relu<T>()}}},
          {"branch5x5",
           {{"reduce", convolution(options.in, options.reduced_5x5, 1)},
            {"relu1", Relu<T>()},
            {"conv", convolution(options.reduced_5x5, options.filters_5x5, 5)},
            {"relu2", Relu<T>()}}},
          {"pool",
           {{"pool", MaxPooling<T>({.kernel = 3, .padding = 1})},
            {"conv", convolution(options.in, options.filters_pool, 1)},
            {"relu", Relu<T>()}}}};
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
