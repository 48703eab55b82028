// im2col and col2im of one image: 30 channels of 24x24 under a 3x3 window with padding 1, so that
// each row of the columns is one copied run per image row. Bytes are those of the columns. The
// baseline of im2col asks for each tap whether it is inside of the image.
#include "dlfs/conv/im2col.hpp"

#include <benchmark/benchmark.h>

#include "dlfs/conv/reference/pixel.hpp"
#include "dlfs/core/rng.hpp"

namespace {

using namespace dlfs;

const Shape image_shape{30, 24, 24};

Window2d window_of_stride(const benchmark::State& state) {
  return {.kernel = 3, .stride = state.range(0), .padding = 1};
}

void report(benchmark::State& state, const Tensor<float>& columns) {
  state.SetBytesProcessed(state.iterations() * columns.size() *
                          static_cast<std::int64_t>(sizeof(float)));
}

void Im2col(benchmark::State& state) {
  const Window2d window = window_of_stride(state);
  Rng rng(1);
  const auto image = random_normal<float>(image_shape, rng);
  Tensor<float> columns(columns_shape(image_shape, window, "benchmark"));
  for (auto _ : state) {
    im2col(image, window, columns);
    benchmark::ClobberMemory();
  }
  report(state, columns);
}
BENCHMARK(Im2col)->ArgName("stride")->Arg(1)->Arg(2);

void Im2colReference(benchmark::State& state) {
  const Window2d window = window_of_stride(state);
  Rng rng(1);
  const auto image = random_normal<float>(image_shape, rng);
  const Size2d size{image_shape[1], image_shape[2]};
  const Size2d out = window.output_size(size, "benchmark");
  Tensor<float> columns(columns_shape(image_shape, window, "benchmark"));
  for (auto _ : state) {
    float* entry = columns.data();
    for (Index c = 0; c < image_shape[0]; ++c) {
      for (Index tap = 0; tap < 9; ++tap) {
        for (Index i = 0; i < out.height; ++i) {
          for (Index j = 0; j < out.width; ++j) {
            const auto pixel = reference::pixel_under_tap(window, i, j, tap / 3, tap % 3);
            *entry++ = pixel.is_inside(size) ? image(c, pixel.row, pixel.column) : 0;
          }
        }
      }
    }
    benchmark::ClobberMemory();
  }
  report(state, columns);
}
BENCHMARK(Im2colReference)->ArgName("stride")->Arg(1)->Arg(2);

void Col2im(benchmark::State& state) {
  const Window2d window = window_of_stride(state);
  Rng rng(1);
  const auto columns = random_normal<float>(columns_shape(image_shape, window, "benchmark"), rng);
  Tensor<float> image(image_shape);
  for (auto _ : state) {
    col2im(columns, window, image);
    benchmark::ClobberMemory();
  }
  report(state, columns);
}
BENCHMARK(Col2im)->ArgName("stride")->Arg(1)->Arg(2);

}  // namespace
