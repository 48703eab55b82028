// Section 7.6.2: what the neurons of the first, third and sixth convolution respond to.
// Book:    section 7.6.2 (text and a figure of AlexNet); here the deep network of chapter 8
// Run:     what_neurons_see [--data DIR] [--weights FILE] [--steps N] [--lr X] [--out DIR]
// Expect:  conv1.png, conv3.png and conv6.png, a row for each filter: a synthesised picture, and
//          the patches of test images that excite it most: edges, then curves, then digits
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

#include "ch08/deep_convnet.hpp"
#include "support/digits.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include <dlfs/io.hpp>

using namespace dlfs;

constexpr Index filter_count = 8;
constexpr Index most_patches = 8;

/// The pixels that neurons see along an axis: neuron i sees `size` of them from first + i step.
struct Sight {
  Index first = 0;
  Index size = 1;
  Index step = 1;

  /// The sight of neurons that see these ones through a window.
  Sight through(Index kernel, Index stride, Index padding) const {
    return {first - padding * step, size + (kernel - 1) * step, step * stride};
  }
};

/// The network up to one of its convolutions.
struct Part {
  const char* name;
  Index layers;
  Sight sight;
};

static std::vector<Part> parts() {
  const Sight conv1 = Sight{}.through(3, 1, 1);
  const Sight conv3 = conv1.through(3, 1, 1).through(2, 2, 0).through(3, 1, 1);
  const Sight conv6 = conv3.through(3, 1, 2).through(2, 2, 0).through(3, 1, 1).through(3, 1, 1);
  return {{"conv1", 1, conv1}, {"conv3", 6, conv3}, {"conv6", 13, conv6}};
}

/// What the neuron at (row, column) sees of an image (H, W), with zeros around it.
static Tensor<float> seen(TensorView<const float> image, const Sight& sight, Index row,
                          Index column) {
  const Tensor<float> wide = pad(image, {{sight.size, sight.size}});
  const Index top = sight.size + sight.first + row * sight.step;
  const Index left = sight.size + sight.first + column * sight.step;
  return copy(wide(Slice{top, top + sight.size}, Slice{left, left + sight.size}));
}

/// Patches of images with the strongest responses of each filter, the strongest first.
struct Patches {
  Tensor<float> pixels;     // (filters, patches, size, size)
  Tensor<float> responses;  // (filters, patches)
};

/// At most one patch of each image (N, 1, H, W).
static Patches best_patches(const Sequential<float>& network, const Sight& sight,
                            const Tensor<float>& images) {
  const Index count = images.extent(0);
  const Shape out = network.output_shape(images.shape());
  Tensor<float> responses({count, out[1]});
  Tensor<Index> places({count, out[1]});
  constexpr Index block = 500;  // images; all responses at once would take half a gigabyte
  for (Index first = 0; first < count; first += block) {
    const Index last = std::min(first + block, count);
    const auto y = network.predict(images.rows(first, last)).reshape({last - first, out[1], -1});
    assign(responses.rows(first, last), max(y, 2));
    assign(places.rows(first, last), argmax(y, 2));
  }

  const Index kept = std::min(count, most_patches);
  Patches best{Tensor<float>({filter_count, kept, sight.size, sight.size}),
               Tensor<float>({filter_count, kept})};
  for (Index f = 0; f < filter_count; ++f) {
    const auto order = argsort(-responses(all, f));
    for (Index k = 0; k < kept; ++k) {
      const Index n = order(k), place = places(n, f);
      assign(best.pixels[f][k], seen(images[n][0], sight, place / out[3], place % out[3]));
      best.responses(f, k) = responses(n, f);
    }
  }
  return best;
}

/// A picture for each filter, by gradient ascent on the response of the neuron in the middle. Its
/// norm is at most that of the filter's best patch, or else the picture would be full of noise.
static Patches synthesised(Sequential<float>& network, const Sight& sight, const Patches& best,
                           const examples::Options& options) {
  const Tensor<float> norms =
      sqrt(sum(square(best.pixels(all, Slice{0, 1})), {1, 2, 3}, KeepDims::yes));
  const Index size = 2 * sight.size;  // of the pictures; the neuron sees the middle of them
  Rng rng(options.seed);
  auto x = random_uniform<float>({filter_count, 1, size, size}, rng, 0, 0.1);
  Tensor<float> dy(network.output_shape(x.shape()));
  const Index middle = dy.extent(2) / 2;
  for (Index f = 0; f < filter_count; ++f) dy(f, f, middle, middle) = 1;
  const auto rate = static_cast<float>(options.learning_rate);
  for (int step = 0; step < options.steps; ++step) {
    network.forward(x, PassMode::evaluate);
    const auto& dx = network.backward_to_input(dy);
    x += rate * dx / maximum(max(abs(dx), {1, 2, 3}, KeepDims::yes), 1e-6f);
    x = clip(x, 0.f, 1.f);
    x *= minimum(norms / sqrt(sum(square(x), {1, 2, 3}, KeepDims::yes)), 1.f);
  }

  const auto y = network.predict(x);
  Patches pictures{Tensor<float>({filter_count, 1, sight.size, sight.size}),
                   Tensor<float>({filter_count, 1})};
  for (Index f = 0; f < filter_count; ++f) {
    assign(pictures.pixels[f][0], seen(x[f][0], sight, middle, middle));
    pictures.responses(f, 0) = y(f, f, middle, middle);
  }
  return pictures;
}

/// A tile for each patch of one filter, with the response as its title.
static void add_tiles(const Patches& patches, Index filter, std::vector<examples::Plot>& tiles) {
  for (Index k = 0; k < patches.responses.extent(1); ++k) {
    tiles.push_back({.title = str_cat(std::round(10 * patches.responses(filter, k)) / 10),
                     .image = cast<double>(patches.pixels[filter][k])});
  }
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv,
      {.description = "Section 7.6.2: what neurons respond to",
       .steps = 200,
       .learning_rate = 0.05,
       .weights = examples::in_examples("ch08/deep_convnet_params.npz")},
      [](const examples::Options& options) {
        const auto images = examples::load_digits<float>(options).test.inputs;
        Rng rng(0);
        auto deep = deep_convnet<float>(rng);
        load_weights(options.weights, deep);

        for (const auto& [name, layers, sight] : parts()) {
          Sequential<float> network;
          for (Index i = 0; i < layers; ++i) network.add(deep.layer_name(i), deep.layer(i));
          const Patches best = best_patches(network, sight, images);
          const Patches pictures = synthesised(network, sight, best, options);
          std::printf(
              "%s: a neuron sees %tdx%td pixels; mean response to the best patches %.1f, to the "
              "synthesised "
              "pictures %.1f\n",
              name, sight.size, sight.size, mean(best.responses(all, 0)), mean(pictures.responses));

          if (mean(pictures.responses) <= mean(best.responses(all, 0))) {
            throw ValueError("expected pictures that excite ", name, " more than patches do");
          }

          std::vector<examples::Plot> tiles;
          for (Index f = 0; f < filter_count; ++f) {
            add_tiles(pictures, f, tiles);
            add_tiles(best, f, tiles);
          }
          examples::show(tiles, static_cast<std::size_t>(1 + best.responses.extent(1)), options.out,
                         name);
        }
      });
}
