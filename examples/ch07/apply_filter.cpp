// Section 7.6.1: the response of the trained network's first sixteen filters to a picture.
// Book:    ch07/apply_filter.py (the drawing of chapter 1 replaces its photograph)
// Run:     apply_filter [--weights FILE] [--out DIR]
// Expect:  filters.png; responses_grey.png and responses_colour.png: edges stand out; large numbers
//          are dark
#include "ch07/simple_convnet.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

constexpr Index filter_count = 16;
constexpr Index tiles_in_a_row = 4;

/// The filters' responses to each channel of a picture: x (C, H, W) -> (filters, C, OH, OW)
static Tensor<float> responses(const Tensor<float>& x, const Tensor<float>& filters) {
  const Window2d window{.kernel = {filters.extent(2), filters.extent(3)}};
  const Tensor<float> no_bias({filters.extent(0)});
  const Size2d out = window.output_size({x.extent(1), x.extent(2)}, "apply_filter");
  Tensor<float> y({x.extent(0), filters.extent(0), out.height, out.width});
  convolution(x.reshape({x.extent(0), 1, x.extent(1), x.extent(2)}), filters, no_bias, window, 1,
              y);
  return copy(swap_axes(y, 0, 1));
}

/// Pictures (N, C, H, W) on one sheet, in rows of four. Each is scaled so that its smallest number
/// becomes white and its largest black, as in the book and in the picture of the filters.
static Tensor<std::uint8_t> mosaic(const Tensor<float>& pictures) {
  const Index height = pictures.extent(2), width = pictures.extent(3);
  constexpr Index gap = 4;
  auto sheet = full<std::uint8_t>({(filter_count / tiles_in_a_row) * (height + gap) - gap,
                                   tiles_in_a_row * (width + gap) - gap, pictures.extent(1)},
                                  255);
  for (Index n = 0; n < pictures.extent(0); ++n) {
    const auto picture = pictures[n];
    const float low = min(picture), high = max(picture);
    const Index top = n / tiles_in_a_row * (height + gap);
    const Index left = n % tiles_in_a_row * (width + gap);
    auto tile = sheet(Slice{top, top + height}, Slice{left, left + width}, all);
    const auto levels = cast<std::uint8_t>(round((high - picture) * (255 / (high - low))));
    assign(tile, levels.transpose({1, 2, 0}));
  }
  return sheet;
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 7.6.1: the response of filters to a picture",
       .weights = examples::in_examples("ch07/params.npz"),
       .writes_files = true},
      [](const examples::Options& options) {
        Rng rng(0);
        auto network = simple_convnet<float>(rng);
        load_weights(options.weights, network);
        const auto filters = copy(network.parameters()[0]->value.rows(0, filter_count));

        std::vector<examples::Plot> tiles;
        for (Index f = 0; f < filter_count; ++f) {
          tiles.push_back({.image = -cast<double>(filters[f][0])});
        }
        examples::show(tiles, tiles_in_a_row, options.out, "filters");

        const auto picture = read_png(examples::in_examples("ch01/evening.png"));
        const auto colour = cast<float>(picture.transpose({2, 0, 1})) / 255.f;
        const auto grey = mean(colour, 0, KeepDims::yes);
        examples::show(mosaic(responses(grey, filters)), options.out, "responses_grey");
        examples::show(mosaic(responses(colour, filters)), options.out, "responses_colour");
      });
}
