// Section 7.6.1: the filters of the first layer, before and after training.
// Book:    ch07/visualize_filter.py
// Run:     visualize_filter [--weights FILE] [--seed N] [--out DIR]
// Expect:  filters_before.png shows noise, filters_after.png edges and blobs
#include "ch07/simple_convnet.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

/// A picture of each filter of the first layer, eight in a row; large weights are dark.
static void show_filters(const Sequential<float>& network, const examples::Options& options,
                         std::string_view name) {
  const Tensor<float>& filters = network.parameters()[0]->value;
  std::vector<examples::Plot> tiles;
  for (Index f = 0; f < filters.extent(0); ++f)
    tiles.push_back({.image = -cast<double>(filters[f][0])});
  examples::show(tiles, 8, options.out, name);
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "Section 7.6.1: filters before and after training",
                                .seed = 0,
                                .weights = examples::in_examples("ch07/params.npz"),
                                .writes_files = true},
                               [](const examples::Options& options) {
                                 Rng rng(options.seed);
                                 auto network = simple_convnet<float>(rng, {}, Normal{0.01});
                                 show_filters(network, options, "filters_before");
                                 load_weights(options.weights, network);
                                 show_filters(network, options, "filters_after");
                               });
}
