// Section 8.1.2: more training images, made from the existing ones.
// Book:    section 8.1.2 (text; figure 8-4)
// Run:     augmentation [--data DIR] [--seed N] [--out DIR]
// Expect:  augmentation.png: a digit, and 15 shifted, rotated, scaled and deformed copies
#include <numeric>

#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 8.1.2: augmentation of a digit",
       .seed = 1,
       .reads_digits = true,
       .writes_files = true},
      [](const examples::Options& options) {
        const auto train = examples::load_digits<double>(options).train;
        constexpr Index count = 16;
        auto images = repeat(train.inputs.rows(0, 1), count, 0);
        std::vector<Index> samples(count - 1);
        std::iota(samples.begin(), samples.end(), 1);
        const Augmentation augment({.shift = 2, .rotation = 15, .scale = 0.15, .elastic = 30});
        augment(images.rows(1, count), std::span<const Index>(samples), Rng(options.seed));

        std::vector<examples::Plot> tiles;
        for (Index n = 0; n < count; ++n) tiles.push_back({.image = copy(images[n][0])});
        examples::show(tiles, 8, options.out, "augmentation");
      });
}
