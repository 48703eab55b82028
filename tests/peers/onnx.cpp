// onnx save DIRECTORY: writes networks as ONNX files, each with inputs and what dlfs predicts, for
// onnx_files.py to compare with onnxruntime. onnx load DIRECTORY: reads the files that
// onnx_exports.py has had PyTorch and Keras write, compares, and trains on.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "ch03/sample_network.hpp"
#include "ch05/two_layer_net_library.hpp"
#include "ch07/simple_convnet.hpp"
#include "ch08/awesome_net.hpp"
#include "ch08/deep_convnet.hpp"
#include "dlfs/dlfs.hpp"
#include "dlfs/io/load_onnx.hpp"
#include "dlfs/io/npz.hpp"
#include "dlfs/io/save_onnx.hpp"
#include "sequence/filters.hpp"
#include "support/onnx_networks.hpp"

namespace dlfs {
namespace {

/// The networks of the programs in examples/.
std::vector<test::OnnxNetwork<float>> examples() {
  std::vector<test::OnnxNetwork<float>> all;
  Rng rng(4);
  const auto add = [&](const std::string& name, Sequential<float> net, const Shape& sample,
                       Index classes = 0) {
    test::draw_all<float>(net, rng);
    auto x = random_normal<float>(detail::batch_of_one(sample).with(0, 2), rng);
    if (classes > 0) {
      for (float& each : x) each = static_cast<float>(rng() % static_cast<unsigned>(classes));
    }
    all.push_back({name, std::make_shared<Sequential<float>>(std::move(net)), {std::move(x)}});
  };
  add("ch03", ch03::sample_network(), {784});
  add("ch05", ch05::two_layer_net<float>(784, 50, 10, rng), {784});
  add("ch07", simple_convnet<float>(rng), {1, 28, 28});
  add("ch08 deep", deep_convnet<float>(rng), {1, 28, 28});
  add("ch08 awesome", awesome_net<float>(rng), {1, 28, 28});
  add("regression",
      {{"inputs", Standardization<float>({.features = 10})},
       {"affine1", Affine<float>({.in = 10, .out = 64}, He{}, rng)},
       {"swish1", Swish<float>()},
       {"affine3", Affine<float>({.in = 64, .out = 1}, He{}, rng)},
       {"targets", Standardization<float>({.features = 1, .inverse = true})}},
      {10});
  add("gru filter", sequence::gru(rng), {40, 1});
  add("tcn filter", sequence::tcn(rng), {40, 1});
  add("addition",
      {{"embedding", Embedding<float>({.count = 13, .features = 16}, Normal{1}, rng)},
       {"encoder", Lstm<float>({.in = 16, .hidden = 20, .reverse = true}, rng)},
       {"code", LastStep<float>({.reverse = true})},
       {"steps", Linear<float>({.in = 20, .out = 80}, Xavier{}, rng)},
       {"tanh", Tanh<float>()},
       {"answer", Reshape<float>({4, 20})},
       {"decoder", Lstm<float>({.in = 20, .hidden = 20}, rng)},
       {"linear", Linear<float>({.in = 20, .out = 13}, Xavier{}, rng)},
       {"classes", Permute<float>({0, 2, 1})}},
      {7}, 13);
  const auto look = [&] {
    return Residual<float>(
        {{"norm", LayerNormalization<float>({.features = 8})},
         {"attention", MultiHeadAttention<float>({.features = 8, .heads = 4}, rng)}});
  };
  const auto think = [&] {
    return Residual<float>({{"norm", LayerNormalization<float>({.features = 8})},
                            {"wide", Linear<float>({.in = 8, .out = 16}, He{}, rng)},
                            {"gelu", Gelu<float>()},
                            {"narrow", Linear<float>({.in = 16, .out = 8}, Xavier{}, rng)}});
  };
  add("transformer",
      {{"embedding", Embedding<float>({.count = 9, .features = 8}, Normal{1}, rng)},
       {"positions", PositionalEncoding<float>({.length = 12, .features = 8})},
       {"block1_look", look()},
       {"block1_think", think()},
       {"block2_look", look()},
       {"block2_think", think()},
       {"norm", LayerNormalization<float>({.features = 8})},
       {"linear", Linear<float>({.in = 8, .out = 9}, Xavier{}, rng)},
       {"classes", Permute<float>({0, 2, 1})}},
      {12}, 9);
  return all;
}

template <class T>
void save(const std::filesystem::path& directory, const std::string& group,
          const std::vector<test::OnnxNetwork<T>>& networks) {
  std::ofstream list(directory / "networks.txt", std::ios::app);
  std::size_t number = 0;
  for (const auto& each : networks) {
    const std::string file = str_cat(group, '_', number++);
    list << file << '\t' << each.name << '\n';
    const std::vector<Shape> samples = each.samples();
    save_onnx(directory / (file + ".onnx"), *each.network, std::span<const Shape>(samples));
    std::vector<NamedView<T>> arrays;
    const auto y = test::predict_all(*each.network, each.inputs);
    for (std::size_t i = 0; i < each.inputs.size(); ++i) {
      arrays.emplace_back(str_cat("x", i), each.inputs[i]);
    }
    for (std::size_t i = 0; i < y.size(); ++i) arrays.emplace_back(str_cat("y", i), y[i]);
    write_npz<T>(directory / (file + ".npz"), arrays);
  }
}

/// Largest difference of two tensors of one shape.
double distance(const Tensor<float>& a, const Tensor<float>& b) {
  if (a.shape() != b.shape()) throw ShapeError("expected ", b.shape(), ", got ", a.shape());
  double most = 0;
  for (Index i = 0; i < a.size(); ++i) {
    most = std::max(most,
                    std::abs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i])));
  }
  return most;
}

/// Reads a file of another library's, compares what it predicts, and goes on with its training.
void check_file(const std::filesystem::path& path, double& worst) {
  Graph<float> network = load_onnx<float>(path);
  Tensor<float> x, y;
  for (auto& [name, value] :
       read_npz<float>(std::filesystem::path(path).replace_extension(".npz"))) {
    (name == "x0" ? x : y) = std::move(value);
  }
  const double error = distance(network.predict(x), y);
  worst = std::max(worst, error);
  if (!(error <= 1e-5)) throw ValueError("off by ", error);
  // Towards halves of the numbers that it gives.
  const Tensor<float> target = y * 0.5F;
  MeanSquaredError<float> loss;
  Sgd<float> optimizer({.learning_rate = 0.01F});
  std::vector<double> losses;
  for (int step = 0; step < 20; ++step) {
    losses.push_back(static_cast<double>(loss.forward(network.forward(x), target)));
    network.backward(loss.backward());
    optimizer.step(network.parameters());
  }
  const bool has_learned = losses.back() < losses.front();
  if (network.parameters().empty() || !has_learned) {
    throw ValueError("it does not learn: from ", losses.front(), " to ", losses.back());
  }
}

int load(const std::filesystem::path& directory) {
  int files = 0, failed = 0;
  double worst = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".onnx") continue;
    ++files;
    try {
      check_file(entry.path(), worst);
    } catch (const Error& error) {
      ++failed;
      std::printf("%s: FAILED: %s\n", entry.path().filename().c_str(), error.what());
    }
  }
  std::printf("%d files of PyTorch's and Keras', %d failed; off by at most %.1e\n", files, failed,
              worst);
  return files == 0 || failed > 0 ? 1 : 0;
}

int run(const std::vector<std::string>& arguments) {
  if (arguments.size() != 2 || (arguments[0] != "save" && arguments[0] != "load")) {
    std::fprintf(stderr, "usage: onnx save|load DIRECTORY\n");
    return 2;
  }
  const std::filesystem::path directory = arguments[1];
  if (arguments[0] == "load") return load(directory);
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  save(directory, "layer", test::onnx_layers<float>());
  save(directory, "double", test::onnx_layers<double>());
  save(directory, "model", test::onnx_models<float>());
  save(directory, "example", examples());
  save(directory, "graph", test::onnx_graphs<float>(200));
  return 0;
}

}  // namespace
}  // namespace dlfs

int main(int argc, char** argv) {
  try {
    return dlfs::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "onnx: %s\n", error.what());
    return 1;
  }
}
