#include "dlfs/io/cpp_file.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "io/files.hpp"
#include "support/each_layer.hpp"
#include "support/error_of.hpp"
#include "support/random_graph.hpp"

namespace dlfs {
namespace {

namespace fs = std::filesystem;

/// Networks that are written, compiled as one program without exceptions, and run.
class WrittenProgram {
 public:
  template <class T>
  void add(const NeuralNetwork<T>& network, const std::vector<Tensor<T>>& x) {
    const std::string name = str_cat("network", count_++);
    std::vector<Shape> samples;
    for (const Tensor<T>& each : x) samples.push_back(each.shape().axes(1, each.rank()));
    write_cpp(folder_.path() / (name + ".hpp"), network, samples, {.name = name});
    includes_ += str_cat("#include \"", name, ".hpp\"\n");
    const auto y = detail::predict_outputs(network, x);
    std::string arguments;
    main_ += str_cat("  {\n    static ", name, "::Memory memory;\n");
    for (std::size_t i = 0; i < x.size(); ++i) {
      main_ += array(str_cat("x", i), std::is_same_v<T, float> ? "float" : "double", x[i]);
      arguments += str_cat("x", i, ", ");
    }
    for (std::size_t k = 0; k < y.size(); ++k) {
      main_ += str_cat("    static ", std::is_same_v<T, float> ? "float" : "double", " y", k, "[",
                       y[k].size(), "];\n");
      arguments += str_cat("y", k, ", ");
    }
    main_ += str_cat("    ", name, "::predict(", arguments, "memory);\n");
    for (std::size_t k = 0; k < y.size(); ++k) {
      main_ += str_cat("    for (auto v : y", k, ") std::printf(\"%.17g\\n\", double(v));\n");
      for (const T each : y[k]) expected_.push_back(static_cast<double>(each));
    }
    main_ += "  }\n";
  }

  void expect_same(double tolerance) const {
    const fs::path source = folder_.path() / "main.cpp", program = folder_.path() / "main";
    const fs::path printed = folder_.path() / "printed";
    std::ofstream(source) << "#include <cstdio>\n"
                          << includes_ << "int main() {\n"
                          << main_ << "}\n";
    const std::string build =
        str_cat(DLFS_CXX, " -std=c++17 -O1 -Wall -Wextra -Wpedantic -Wshadow -Werror ",
                "-fno-exceptions -fno-rtti ", source.string(), " -o ", program.string());
    ASSERT_EQ(std::system(build.c_str()), 0) << build;
    ASSERT_EQ(std::system(str_cat(program.string(), " > ", printed.string()).c_str()), 0);
    std::ifstream stream(printed);
    for (std::size_t i = 0; i < expected_.size(); ++i) {
      double value = 0;
      ASSERT_TRUE(stream >> value) << i;
      EXPECT_NEAR(value, expected_[i], tolerance * std::max(1.0, std::abs(expected_[i]))) << i;
    }
  }

 private:
  template <class T>
  static std::string array(const std::string& name, const char* type, const Tensor<T>& x) {
    std::string text = str_cat("    static const ", type, ' ', name, "[] = {");
    char number[64];
    for (const T each : x) {
      std::snprintf(number, sizeof(number), "%.17g,", static_cast<double>(each));
      text += number;
    }
    return text + "};\n";
  }

  test::TemporaryFolder folder_;
  int count_ = 0;
  std::string includes_;
  std::string main_;
  std::vector<double> expected_;
};

TEST(WriteCpp, PredictsLikeEachLayer) {
  const std::set<std::string> refused{"convolution3d", "max_pooling3d", "average_pooling3d"};
  WrittenProgram program;
  for (const test::LayerEntry& entry : test::all_layers()) {
    SCOPED_TRACE(entry.header);
    Rng rng(1);
    std::vector<std::string> names;
    std::vector<Tensor<float>> x;
    for (const Shape& shape : test::batches(entry, 1)) {
      names.push_back(str_cat("x", names.size()));
      x.push_back(random_normal<float>(shape, rng));
      if (entry.header == "embedding") x.back().fill(1);
    }
    Graph<float> network(names);
    network.add("layer", entry.make(rng), names);
    for (auto* parameter : network.parameters()) {
      parameter->value += random_normal<float>(parameter->value.shape(), rng) * 0.3f;
    }
    for (auto* buffer : network.buffers()) {
      buffer->value = abs(random_normal<float>(buffer->value.shape(), rng)) + 0.5f;
    }
    if (refused.count(entry.header) > 0) {
      EXPECT_THROW(write_cpp("unwritten.hpp", network, x[0].shape().axes(1, x[0].rank())),
                   ValueError);
    } else {
      program.add<float>(network, x);
    }
  }
  program.expect_same(2e-6);
}

TEST(WriteCpp, PredictsLikeRandomGraphs) {
  WrittenProgram program;
  for (unsigned seed = 0; seed < 60; ++seed) {
    test::RandomGraph<double> random(seed);
    program.add<double>(random.net(), random.inputs(1));
  }
  program.expect_same(1e-12);
}

TEST(WriteCpp, PredictsLikeConvolutionsOfManyFilters) {
  Rng rng(1);
  WrittenProgram program;
  const Sequential<float> images(
      {4, 7, 6}, rng,
      {{"conv", Convolution<float>({.filters = 32, .padding = 1}, He{})},
       {"groups",
        Convolution<float>(
            {.filters = 80, .kernel = {3, 2}, .stride = {2, 1}, .padding = 2, .groups = 2}, He{})},
       {"dilated", Convolution<float>({.filters = 33, .dilation = 2, .bias = false}, He{})}});
  program.add<float>(images, {random_normal<float>({1, 4, 7, 6}, rng)});
  const Sequential<float> sequence(
      {3, 9}, rng,
      {{"causal", Convolution1d<float>({.filters = 35, .kernel = 3, .causal = true}, He{})}});
  program.add<float>(sequence, {random_normal<float>({1, 3, 9}, rng)});
  program.expect_same(2e-6);
}

TEST(WriteCpp, PredictsLikeNetworksOfManyLayers) {
  Rng rng(1);
  WrittenProgram program;
  const Sequential<float> lenet(
      {1, 28, 28}, rng,
      {{"conv1", Convolution<float>({.filters = 6, .kernel = 5, .padding = 2}, He{})},
       {"relu1", Relu<float>()},
       {"pool1", MaxPooling<float>({.kernel = 2, .stride = 2})},
       {"conv2", Convolution<float>({.filters = 16, .kernel = 5}, He{})},
       {"relu2", Relu<float>()},
       {"pool2", AveragePooling<float>({.kernel = 2, .stride = 2})},
       {"affine1", Affine<float>({.out = 120}, He{})},
       {"relu3", Relu<float>()},
       {"affine2", Affine<float>({.out = 10}, He{})}});
  program.add<float>(lenet, {random_normal<float>({1, 1, 28, 28}, rng)});
  const Sequential<float> blocks(
      {4, 8, 8}, rng,
      {{"block1", Residual<float>({{"conv", Convolution<float>({.filters = 4, .padding = 1}, He{})},
                                   {"norm", BatchNormalization<float>({})}})},
       {"parallel",
        Parallel<float>{{"a", {{"conv", Convolution<float>({.filters = 2, .kernel = 1}, He{})}}},
                        {"b", {{"identity", Identity<float>()}}}}},
       {"flatten", Flatten<float>()},
       {"affine", Affine<float>({.out = 3}, He{})},
       {"softmax", Softmax<float>()}});
  program.add<float>(blocks, {random_normal<float>({1, 4, 8, 8}, rng)});
  const Sequential<float> sequence({6, 4}, rng,
                                   {{"lstm", Lstm<float>({.hidden = 5})},
                                    {"gru", Gru<float>({.hidden = 4, .reverse = true})},
                                    {"position", PositionalEncoding<float>({.length = 10})},
                                    {"attention", MultiHeadAttention<float>({.heads = 2})},
                                    {"norm", LayerNormalization<float>({})},
                                    {"last", LastStep<float>()},
                                    {"affine", Affine<float>({.out = 2}, He{})}});
  program.add<float>(sequence, {random_normal<float>({1, 6, 4}, rng)});
  program.expect_same(2e-6);
}

TEST(WriteCpp, SaysWhatDoesNotFit) {
  Rng rng(1);
  Sequential<float> network({4}, rng, {{"affine", Affine<float>({.out = 3}, He{})}});
  EXPECT_EQ(test::error_of<ValueError>(
                [&] { write_cpp("unwritten.hpp", network, {4}, {.name = "two words"}); }),
            "write_cpp: 'two words' is no name of a namespace");
  for (const char* name : {"class", "int", "or", "std", "main"}) {
    EXPECT_THROW(write_cpp("unwritten.hpp", network, {4}, {.name = name}), ValueError) << name;
  }
  EXPECT_THROW(write_cpp("unwritten.hpp", network, {5}), ShapeError);
  EXPECT_THROW(write_cpp("unwritten.hpp", network, std::vector<Shape>{}), ShapeError);
  network.parameters()[0]->value(0, 0) = std::numeric_limits<float>::infinity();
  EXPECT_EQ(test::error_of<ValueError>([&] { write_cpp("unwritten.hpp", network, {4}); }),
            "layer 1 (affine): write_cpp: a weight is infinite or no number");
}

}  // namespace
}  // namespace dlfs
