#include "dlfs/nn/layers/convolution3d.hpp"

#include <gtest/gtest.h>

#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(LayerWithParameters<Convolution3d<float>> && LayerWithFlops<Convolution3d<double>>);

/// The formula, number by number.
Tensor<double> by_hand(const Convolution3dOptions& o, const Tensor<double>& x,
                       const Tensor<double>& weight, const Tensor<double>& bias, const Shape& y_) {
  Tensor<double> y(y_);
  const Index in = o.in / o.groups, out = o.filters / o.groups;
  for (Index n = 0; n < y.extent(0); ++n) {
    for (Index f = 0; f < o.filters; ++f) {
      for (Index d = 0; d < y.extent(2); ++d) {
        for (Index h = 0; h < y.extent(3); ++h) {
          for (Index w = 0; w < y.extent(4); ++w) {
            double sum = bias(f);
            for (Index c = 0; c < in; ++c) {
              for (Index i = 0; i < o.kernel.depth; ++i) {
                for (Index j = 0; j < o.kernel.height; ++j) {
                  for (Index k = 0; k < o.kernel.width; ++k) {
                    const Index a = d * o.stride.depth - o.padding.depth + i * o.dilation.depth;
                    const Index b = h * o.stride.height - o.padding.height + j * o.dilation.height;
                    const Index e = w * o.stride.width - o.padding.width + k * o.dilation.width;
                    if (a < 0 || a >= x.extent(2) || b < 0 || b >= x.extent(3) || e < 0 ||
                        e >= x.extent(4)) {
                      continue;
                    }
                    sum += x(n, f / out * in + c, a, b, e) * weight(f, c, i, j, k);
                  }
                }
              }
            }
            y(n, f, d, h, w) = sum;
          }
        }
      }
    }
  }
  return y;
}

const std::vector<Convolution3dOptions> cases{
    {.in = 4, .filters = 6, .kernel = 1},
    {.in = 4, .filters = 3, .kernel = {3, 2, 1}, .padding = {1, 0, 1}},
    {.in = 4, .filters = 6, .kernel = {2, 3, 2}, .stride = {2, 1, 2}, .padding = 1, .groups = 2},
    {.in = 4, .filters = 4, .kernel = 2, .dilation = {2, 1, 2}, .groups = 4},
};

TEST(Convolution3d, IsTheFormula) {
  Rng rng(1);
  const auto x = random_normal<double>({2, 4, 5, 4, 6}, rng);
  for (const Convolution3dOptions& options : cases) {
    Convolution3d<double> layer(options, He{}, rng);
    layer.parameters()[1]->value = random_normal<double>({options.filters}, rng);
    test::Bench bench(layer, x);
    bench.forward();
    test::expect_close(bench.y,
                       by_hand(options, x, layer.parameters()[0]->value,
                               layer.parameters()[1]->value, bench.y.shape()),
                       1e-13);
  }
}

TEST(Convolution3d, GradientsAgreeWithCentralDifferences) {
  Rng rng(1);
  for (Convolution3dOptions options : cases) {
    for (const bool bias : {true, false}) {
      options.bias = bias;
      test::expect_right_gradients(Convolution3d<double>(options, He{}, rng),
                                   random_normal<double>({2, 4, 4, 3, 5}, rng));
    }
  }
}

TEST(Convolution3d, ErrorsSayWhatIsWrong) {
  Rng rng(1);
  const Convolution3d<float> layer({.in = 2, .filters = 3}, He{}, rng);
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              layer.output_shape({1, 2, 5, 5});
            }),
            "convolution 3d: expected x of shape (N, C, D, H, W), got (1, 2, 5, 5)");
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              layer.output_shape({1, 3, 5, 5, 5});
            }),
            "convolution 3d: expected x of 2 channels, got (1, 3, 5, 5, 5)");
  EXPECT_THROW(layer.output_shape({1, 2, 2, 5, 5}), ShapeError);
  EXPECT_EQ(layer.flops({2, 2, 5, 5, 5}), 2 * 3 * 27 * 2 * (2 * 27));
}

}  // namespace
}  // namespace dlfs
