// Sections 6.2.2 and 6.2.3: initial weights, and the activations of five layers.
// Book:    ch06/weight_init_activation_histogram.py (1000 samples, 100 units per layer)
// Run:     weight_init_activation_histogram [--init 1|0.01|xavier|he]
//          [--activation sigmoid|relu|tanh] [--nodes N] [--layers N] [--seed N] [--out DIR]
// Expect:  weight_init_activation_histogram.png: only at 0 and 1 for std 1, only at 0.5 for 0.01,
//          spread in all layers for Xavier with sigmoid or tanh, and for He with ReLU
#include <algorithm>

#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>

using namespace dlfs;

static void initialize(const std::string& name, Tensor<double>& weight, Fans fans, Rng& rng) {
  if (name == "xavier") return Xavier{}(weight, fans, rng);
  if (name == "he") return He{}(weight, fans, rng);
  Normal{name == "1" ? 1.0 : 0.01}(weight, fans, rng);
}

static AnyLayer<double> activation(const std::string& name) {
  if (name == "relu") return Relu<double>();
  if (name == "tanh") return Tanh<double>();
  return Sigmoid<double>();
}

/// 30 bins from 0 to 1, as in matplotlib's hist: numbers outside are not counted.
static examples::Series histogram(const Tensor<double>& values) {
  constexpr int bins = 30;
  examples::Series series{.y = examples::Values(bins), .line = examples::Line::bars};
  for (int i = 0; i < bins; ++i) series.x.push_back((i + 0.5) / bins);
  for (const double value : values) {
    if (value < 0 || value > 1) continue;
    ++series.y[static_cast<std::size_t>(std::min(bins - 1, static_cast<int>(value * bins)))];
  }
  return series;
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 6.2.2: histograms of activations",
       .seed = 1,
       .choices = {{"--init", "Initial weights", {"1", "0.01", "xavier", "he"}},
                   {"--activation", "Activation function", {"sigmoid", "relu", "tanh"}}},
       .whole = {{.name = "--nodes", .help = "Units of a layer", .value = 100},
                 {.name = "--layers", .help = "Hidden layers", .value = 5}},
       .writes_files = true},
      [](const examples::Options& options) {
        Rng rng(options.seed);
        const Index nodes = options.whole.at("--nodes");
        const auto x = random_normal<double>({1000, nodes}, rng);
        const auto initializer = [&](Tensor<double>& weight, Fans fans, Rng& generator) {
          initialize(options.choices.at("--init"), weight, fans, generator);
        };
        Sequential<double> network;
        for (Index i = 1; i <= options.whole.at("--layers"); ++i) {
          network.add(str_cat("affine", i),
                      Affine<double>({.in = nodes, .out = nodes}, initializer, rng));
          network.add(str_cat("activation", i), activation(options.choices.at("--activation")));
        }

        std::vector<examples::Plot> panels;
        for (const auto& [name, values] : activations(network, x)) {
          if (!name.starts_with("activation")) continue;
          const auto bars = histogram(values);
          // The bar of ReLU's zeros, half of all numbers, is cut off, as in the book.
          const double highest = options.choices.at("--activation") == "relu"
                                     ? 70.0 * static_cast<double>(nodes)
                                     : 1.05 * *std::max_element(bars.y.begin(), bars.y.end());
          panels.push_back({.title = str_cat(panels.size() + 1, "-layer"),
                            .x_limits = examples::Limits{0, 1},
                            .y_limits = examples::Limits{0, highest},
                            .y_ticks = panels.size() % 5 == 0,
                            .series = {bars}});
        }
        examples::show(panels, 5, options.out, "weight_init_activation_histogram");
      });
}
