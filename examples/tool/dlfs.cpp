// What is in a file of weights or a network, what the network says of pictures, and other formats.
// Run:     dlfs summary FILE | dlfs predict FILE PICTURE... | dlfs convert FROM TO
// Expect:  tables of layers or tensors; the classes of pictures; a new file
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <dlfs/dlfs.hpp>
#include <dlfs/io.hpp>
#include <dlfs/io/cpp_file.hpp>
#include <dlfs/io/load_onnx.hpp>
#include <dlfs/io/network_file.hpp>
#include <dlfs/io/save_onnx.hpp>

using namespace dlfs;
namespace fs = std::filesystem;

/// The tensors of a file, whose contents or ending say how it is written.
static std::vector<NamedTensor<float>> read_tensors(const fs::path& path) {
  const std::string ending = path.extension().string();
  if (ending == ".safetensors") return read_safetensors<float>(path);
  if (ending == ".npz") return read_npz<float>(path);
  if (ending == ".pt" || ending == ".pth") return read_pytorch<float>(path);
  if (ending == ".pkl") return read_pickle<float>(path);
  if (ending == ".onnx") {
    NeuralNetwork<float> network = load_onnx<float>(path);
    std::vector<NamedTensor<float>> tensors;
    for (auto* tensor : detail::tensors_of(network)) tensors.push_back(std::move(*tensor));
    return tensors;
  }
  throw ValueError(path.string(), ": expected .safetensors, .npz, .onnx, .pt, .pth or .pkl");
}

static bool is_onnx(const fs::path& path) { return path.extension() == ".onnx"; }

static bool is_network(const fs::path& path) {
  if (is_onnx(path)) return true;
  return path.extension() == ".safetensors" &&
         read_safetensors_metadata(path).contains(std::string(detail::architecture_name));
}

static NeuralNetwork<float> read_network(const fs::path& path) {
  if (is_onnx(path)) return load_onnx<float>(path);
  return load_network<float>(path);
}

/// The shapes of the inputs, one sample of each: those of the test in a file of save_network.
static std::vector<Shape> samples_of(const fs::path& path) {
  if (is_onnx(path)) return detail::onnx::samples_of_inputs(path);
  std::vector<Shape> samples;
  for (const auto& tensor : read_safetensors<float>(path)) {
    if (!tensor.name.starts_with(detail::test_input_name)) continue;
    const Shape& shape = tensor.value.shape();
    samples.push_back(shape.axes(1, shape.rank()));
  }
  if (samples.empty()) {
    throw ValueError(path.string(), ": it has no example, so the shape of an input is not known");
  }
  return samples;
}

static void print_summary(const fs::path& path) {
  if (is_network(path)) {
    std::vector<Shape> batches;
    for (const Shape& sample : samples_of(path)) batches.push_back(detail::batch_of_one(sample));
    std::printf("%s", to_string(summary(read_network(path), batches)).c_str());
    return;
  }
  Index numbers = 0;
  for (const auto& tensor : read_tensors(path)) {
    std::printf("%-40s %s\n", tensor.name.c_str(), to_string(tensor.value.shape()).c_str());
    numbers += tensor.value.size();
  }
  std::printf("%td numbers\n", numbers);
}

/// A picture as (1, C, H, W), or in the shape of a sample with as many numbers.
static Tensor<float> read_picture(const fs::path& path, const Shape& sample) {
  const bool is_image = sample.rank() == 3;
  const auto side = static_cast<Index>(std::sqrt(static_cast<double>(sample.size())));
  const Shape image = is_image ? sample : Shape{1, side, side};
  if (image.size() != sample.size() || (image[0] != 1 && image[0] != 3)) {
    throw ShapeError("the network's input ", sample, " is no picture, in grey or colour");
  }
  auto batch = Tensor<float>::uninitialized(detail::batch_of_one(sample));
  detail::decode_picture<float>(path, batch.reshape(image));
  return batch;
}

static void predict_pictures(const fs::path& path, const std::vector<std::string>& pictures) {
  const NeuralNetwork<float> network = read_network(path);
  const Shape sample = samples_of(path).front();
  for (const std::string& picture : pictures) {
    const Tensor<float> probabilities =
        predict_probabilities(network, read_picture(picture, sample));
    std::vector<Index> classes(static_cast<std::size_t>(probabilities.size()));
    std::iota(classes.begin(), classes.end(), Index{0});
    const std::size_t shown = std::min<std::size_t>(classes.size(), 3);
    std::partial_sort(
        classes.begin(), classes.begin() + static_cast<std::ptrdiff_t>(shown), classes.end(),
        [&](Index a, Index b) { return probabilities.data()[a] > probabilities.data()[b]; });
    std::printf("%s:", picture.c_str());
    for (std::size_t i = 0; i < shown; ++i) {
      std::printf(" class %td %.3f", classes[i],
                  static_cast<double>(probabilities.data()[classes[i]]));
    }
    std::printf("\n");
  }
}

/// Writes a network with an example of zeros and ones, which suit inputs of any kind.
static void write_network(const fs::path& to, const NeuralNetwork<float>& network,
                          const std::vector<Shape>& samples) {
  Rng rng(0);
  std::vector<Tensor<float>> example;
  for (const Shape& sample : samples) {
    example.push_back(cast<float>(random_integers<Index>(detail::batch_of_one(sample), rng, 0, 2)));
  }
  save_network<float>(to, network, example);
}

static void convert(const fs::path& from, const fs::path& to) {
  const std::string ending = to.extension().string();
  if (ending == ".hpp") {
    return write_cpp(to, read_network(from), samples_of(from),
                     {.name = detail::to_cpp_name(to.stem().string())});
  }
  if (ending == ".onnx") return save_onnx(to, read_network(from), samples_of(from));
  if (ending == ".safetensors" && is_onnx(from)) {
    return write_network(to, read_network(from), samples_of(from));
  }
  std::vector<NamedTensor<float>> tensors = read_tensors(from);
  std::erase_if(tensors,
                [](const auto& tensor) { return tensor.name.starts_with(detail::test_prefix); });
  std::vector<NamedView<float>> views;
  for (const auto& tensor : tensors) views.emplace_back(tensor.name, tensor.value);
  if (ending == ".npz") return write_npz<float>(to, views);
  if (ending == ".safetensors") return write_safetensors<float>(to, views);
  throw ValueError(to.string(), ": expected .npz, .safetensors, .onnx or .hpp");
}

int main(int argc, char** argv) {
  CLI::App app(
      "What is in a file of weights or a network, what the network says of pictures, and "
      "other formats.");
  app.name("dlfs");
  app.require_subcommand(1);
  std::string file, other;
  std::vector<std::string> pictures;
  CLI::App* const summary_of =
      app.add_subcommand("summary", "The layers of a network, or the tensors of a file of weights");
  summary_of->add_option("FILE", file, ".safetensors, .onnx, .npz, .pt, .pth or .pkl")->required();
  CLI::App* const prediction =
      app.add_subcommand("predict", "The three likeliest classes of each picture");
  prediction
      ->add_option("FILE", file, "a network: .onnx, or what save_network wrote with an example")
      ->required();
  prediction->add_option("PICTURE", pictures, ".png or .jpg")->required();
  CLI::App* const conversion = app.add_subcommand(
      "convert",
      "Another format: weights to .npz or .safetensors, a network to .onnx or C++ (.hpp), and an "
      ".onnx to .safetensors");
  conversion->add_option("FROM", file, ".safetensors, .onnx, .npz, .pt, .pth or .pkl")->required();
  conversion->add_option("TO", other, ".npz, .safetensors, .onnx or .hpp")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    if (*summary_of) print_summary(file);
    if (*prediction) predict_pictures(file, pictures);
    if (*conversion) convert(file, other);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "dlfs: %s\n", error.what());
    return 1;
  }
  return 0;
}
