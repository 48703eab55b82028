// Networks of random layers, sizes and batches: train some steps with 1 and with 3 threads,
// predict, save and load; all results are equal, bit by bit. The gradients of small ones are
// checked.
#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "dlfs/dlfs.hpp"
#include "dlfs/io/weights.hpp"
#include "fuzz/input.hpp"
#include "fuzz/reader.hpp"

using namespace dlfs;
using fuzz::expect;
using fuzz::Input;

namespace {

struct RandomNetwork {
  Sequential<double> layers;
  Shape sample;           // of the input
  bool is_smooth = true;  // so that differences tell the gradient
};

/// The shape of a batch of samples.
Shape batch_of(Index count, const Shape& sample) {
  Shape shape{count};
  for (const Index extent : sample) shape.push_back(extent);
  return shape;
}

RandomNetwork random_network(Input& input) {
  RandomNetwork random;
  Rng rng(1 + input.number(256));
  Shape shape;  // of a sample, as it is after the layers so far
  if (input.yes()) {
    shape = {input.between(1, 3), input.between(1, 9), input.between(1, 9)};
  } else {
    shape = {input.between(1, 12)};
  }
  random.sample = shape;
  auto& layers = random.layers;
  bool has_layer_normalization = false;
  const auto add = [&](AnyLayer<double> layer) {
    layers.add("layer" + std::to_string(layers.layer_count()), std::move(layer));
    const Shape batch = layers.output_shape(batch_of(1, random.sample));
    shape = batch.axes(1, batch.rank());
  };
  for (auto count = input.number(6); count > 0; --count) {
    const bool is_image = shape.rank() == 3;
    switch (input.number(10)) {
      case 0:
        random.is_smooth = false;
        add(Relu<double>());
        break;
      case 1:
        add(Sigmoid<double>());
        break;
      case 2:
        add(Tanh<double>());
        break;
      case 3:
        add(Dropout<double>({.ratio = 0.25}, rng));
        break;
      case 4:
        random.is_smooth = false;  // what is added before it has the gradient 0
        add(BatchNormalization<double>({.features = shape[0]}));
        break;
      case 5:
        // One after the other multiplies a difference in a row of equal numbers by 100,000.
        random.is_smooth = random.is_smooth && !std::exchange(has_layer_normalization, true);
        add(LayerNormalization<double>({.features = shape.size()}));
        break;
      case 6:
      case 7: {
        if (!is_image) break;
        const Index padding = input.between(0, 2);
        const Index largest = std::min(shape[1], shape[2]) + 2 * padding;
        const Index kernel = input.between(1, std::min<Index>(3, largest));
        if (input.yes()) {
          add(Convolution<double>({.in = shape[0],
                                   .filters = input.between(1, 5),
                                   .kernel = kernel,
                                   .stride = input.between(1, 2),
                                   .padding = padding},
                                  He{}, rng));
        } else {
          random.is_smooth = false;
          const Index window = std::min<Index>(2, std::min(shape[1], shape[2]));
          add(MaxPooling<double>({.kernel = window, .stride = input.between(1, 2)}));
        }
        break;
      }
      default:
        add(Affine<double>({.in = shape.size(), .out = input.between(1, 12)}, He{}, rng));
    }
  }
  add(Affine<double>({.in = shape.size(), .out = input.between(2, 4)}, Xavier{}, rng));
  return random;
}

std::vector<double> values_of(const Sequential<double>& network) {
  std::vector<double> values;
  for (const auto* parameter : network.parameters()) {
    values.insert(values.end(), parameter->value.begin(), parameter->value.end());
  }
  for (const auto* buffer : network.buffers()) {
    values.insert(values.end(), buffer->value.begin(), buffer->value.end());
  }
  return values;
}

bool same_bits(std::span<const double> a, std::span<const double> b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size_bytes()) == 0;
}

std::span<const double> elements(const Tensor<double>& x) { return {x.begin(), x.end()}; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const RandomNetwork random = random_network(input);
  const Sequential<double>& network = random.layers;
  const Index batch = input.between(2, 9);
  const Shape shape = batch_of(batch, random.sample);
  const Index classes = network.output_shape(shape)[1];
  Rng rng(input.number(256));
  const auto x = random_normal<double>(shape, rng);
  Labels labels({batch});
  for (auto& label : labels) label = static_cast<Labels::value_type>(input.between(0, classes - 1));

  if (random.is_smooth && x.size() < 40) {
    auto checked = network;
    const auto report = check_gradients(checked, SoftmaxCrossEntropy<double>(), x, labels);
    for (const auto& tensor : report.tensors) {
      constexpr double relative = 1e-4, absolute = 1e-8;  // rounding takes a part of small ones
      expect(tensor.worst_error <= relative || tensor.mean_difference <= absolute);
    }
  }

  // Trains a copy with `threads` threads.
  const auto train = [&](int threads) {
    set_thread_count(threads);
    auto trained = network;
    SoftmaxCrossEntropy<double> loss;
    Momentum<double> optimizer({.learning_rate = 0.01, .momentum = 0.9});
    for (int step = 0; step < 3; ++step) {
      loss.forward(trained.forward(x), labels);
      trained.backward(loss.backward());
      optimizer.step(trained.parameters());
    }
    return trained;
  };
  const auto trained = train(1);
  const auto again = train(3);
  expect(same_bits(values_of(trained), values_of(again)));

  const auto y = trained.predict(x);
  auto evaluated = trained;
  expect(same_bits(elements(evaluated.forward(x, PassMode::evaluate)), elements(y)));
  set_thread_count(1);
  expect(same_bits(elements(trained.predict(x)), elements(y)));

  static const auto path = "/dev/shm/dlfs-fuzz-" + std::to_string(getpid()) + ".npz";
  save_weights(path, trained);
  auto loaded = network;
  load_weights(path, loaded);
  unlink(path.c_str());
  expect(same_bits(values_of(trained), values_of(loaded)));
  expect(same_bits(elements(loaded.predict(x)), elements(y)));
  return 0;
}
