#include "dlfs/io/load_onnx.hpp"  // first: proves the header self-contained

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/io/save_onnx.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"
#include "support/onnx_networks.hpp"

// Files of PyTorch's exporters are read in tests/peers.

namespace dlfs::test::onnx_reader {
namespace {

namespace onnx = detail::onnx;
using detail::ProtobufMessage;
using test::error_of;

template <class T>
Graph<T> written_and_read(const test::OnnxNetwork<T>& each) {
  const test::TemporaryFolder folder;
  const std::vector<Shape> samples = each.samples();
  save_onnx(folder.path() / "f.onnx", *each.network, std::span<const Shape>(samples));
  return load_onnx<T>(folder.path() / "f.onnx");
}

template <class T>
void expect_round_trip(const std::vector<test::OnnxNetwork<T>>& networks) {
  for (const auto& each : networks) {
    if (!each.is_read) {
      EXPECT_THROW(written_and_read(each), FormatError) << each.name;
      continue;
    }
    try {
      const Graph<T> read = written_and_read(each);
      EXPECT_LE(read.parameters().size(), each.network->parameters().size() + 1) << each.name;
      const auto expected = test::predict_all(*each.network, each.inputs);
      const auto found = test::predict_all<T>(read, each.inputs);
      ASSERT_EQ(expected.size(), found.size()) << each.name;
      for (std::size_t i = 0; i < expected.size(); ++i) {
        ASSERT_EQ(expected[i].shape(), found[i].shape()) << each.name;
        // Attributes such as epsilon are floats.
        EXPECT_TRUE(allclose(found[i], expected[i], {.rtol = 2e-6, .atol = 2e-6})) << each.name;
      }
    } catch (const Error& error) {
      ADD_FAILURE() << each.name << ": " << error.what();
    }
  }
}

TEST(LoadOnnx, ReadsEveryLayerThatIsWritten) { expect_round_trip(test::onnx_layers<float>()); }
TEST(LoadOnnx, ReadsEveryLayerOfDouble) { expect_round_trip(test::onnx_layers<double>()); }
TEST(LoadOnnx, ReadsTheModels) { expect_round_trip(test::onnx_models<float>()); }
TEST(LoadOnnx, ReadsRandomGraphs) { expect_round_trip(test::onnx_graphs<float>(200)); }

TEST(LoadOnnx, NamesAreThoseOfTheFile) {
  Rng rng(1);
  const auto network = std::make_shared<Sequential<float>>(Sequential<float>{
      {"conv", Convolution<float>({.in = 1, .filters = 2}, He{}, rng)},
      {"block", Residual<float>({{"norm", BatchNormalization<float>({.features = 2})}})},
      {"relu", Relu<float>()}});
  const Graph<float> read = written_and_read<float>({"", network, {Tensor<float>({1, 1, 4, 4})}});
  ASSERT_EQ(read.parameters().size(), 4U);
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_EQ(read.parameters()[k]->name, std::as_const(*network).parameters()[k]->name);
  }
  EXPECT_EQ(read.layer_name(0), "conv");
  EXPECT_EQ(read.layer_name(3), "relu");
}

TEST(LoadOnnx, ASharedLayerStaysShared) {
  Rng rng(1);
  const auto network = std::make_shared<Graph<float>>(std::vector<std::string>{"x"});
  network->add("first", Lstm<float>({.in = 4, .hidden = 4}, rng), {"x"});
  network->add_shared("second", "first", {"first"});
  const Graph<float> read =
      written_and_read<float>({"", network, {random_normal<float>({2, 3, 4}, rng)}});
  EXPECT_EQ(read.layer_count(), 2);
  EXPECT_EQ(read.parameters().size(), 4U);
}

TEST(LoadOnnx, WhatItReadsTrainsOn) {
  Rng rng(1);
  const auto network = std::make_shared<Sequential<float>>(
      Sequential<float>{{"affine1", Affine<float>({.in = 3, .out = 8}, He{}, rng)},
                        {"norm", BatchNormalization<float>({.features = 8})},
                        {"tanh", Tanh<float>()},
                        {"affine2", Affine<float>({.in = 8, .out = 2}, He{}, rng)}});
  const auto x = random_normal<float>({6, 3}, rng);
  Graph<float> read = written_and_read<float>({"", network, {x}});
  SoftmaxCrossEntropy<float> loss;
  const Labels labels({6}, {0, 1, 1, 0, 1, 0});
  Sgd<float> optimizer({.learning_rate = 0.1F});
  double first = 0, last = 0;
  for (int step = 0; step < 30; ++step) {
    const Tensor<float>& y = read.forward(x);
    last = static_cast<double>(loss.forward(y, labels));
    if (step == 0) first = last;
    read.backward(loss.backward());
    optimizer.step(read.parameters());
  }
  EXPECT_LT(last, 0.7 * first);
}

// Files that are written by hand.

struct Node {
  std::string op;
  std::vector<std::string> inputs, outputs;
};

ProtobufMessage tensor(const std::string& name, const std::vector<std::int64_t>& extents,
                       std::int64_t type = 1) {
  ProtobufMessage message;
  for (const std::int64_t extent : extents) message.integer(onnx::tensor_field::dims, extent);
  message.integer(onnx::tensor_field::data_type, type);
  message.text(onnx::tensor_field::name, name);
  return message;
}

ProtobufMessage value(const std::string& name, const std::vector<std::int64_t>& extents) {
  ProtobufMessage shape, sized, type, value;
  for (const std::int64_t extent : extents) {
    ProtobufMessage dim;
    if (extent >= 0) dim.integer(onnx::type_field::dim_value, extent);
    shape.message(onnx::type_field::dim, dim);
  }
  sized.message(onnx::type_field::shape, shape);
  type.message(onnx::type_field::tensor_type, sized);
  value.text(onnx::value_field::name, name);
  value.message(onnx::value_field::type, type);
  return value;
}

/// A model of x (N, 3) that gives y.
test::Bytes model(const std::vector<Node>& nodes, const std::vector<ProtobufMessage>& tensors = {},
                  const std::vector<std::int64_t>& x = {-1, 3}) {
  ProtobufMessage graph, version, whole;
  for (const Node& each : nodes) {
    ProtobufMessage node;
    for (const auto& input : each.inputs) node.text(onnx::node_field::input, input);
    for (const auto& output : each.outputs) node.text(onnx::node_field::output, output);
    node.text(onnx::node_field::name, "the node");
    node.text(onnx::node_field::op_type, each.op);
    graph.message(onnx::graph_field::node, node);
  }
  for (const auto& each : tensors) graph.message(onnx::graph_field::initializer, each);
  graph.message(onnx::graph_field::input, value("x", x));
  graph.message(onnx::graph_field::output, value("y", {}));
  version.integer(onnx::opset_field::version, 17);
  whole.message(onnx::model_field::opset_import, version);
  whole.message(onnx::model_field::graph, graph);
  test::Bytes bytes;
  for (const detail::ByteSpan part : whole.parts()) detail::append_bytes(bytes, part);
  return bytes;
}

std::string error(const test::Bytes& bytes) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", bytes);
  const std::string text = error_of<FormatError>([&] { load_onnx<float>(path); });
  const std::string beginning = "load_onnx: " + path + ": ";
  return text.starts_with(beginning) ? text.substr(beginning.size()) : text;
}

TEST(LoadOnnx, AnUnknownOperatorIsNamedWithItsNode) {
  EXPECT_EQ(error(model({{"Einsum", {"x"}, {"y"}}})),
            "node 'the node' (Einsum): there is no layer for this operator");
  EXPECT_EQ(error(model({{"Gemm", {"x", "x"}, {"y"}}})),
            "node 'the node' (Gemm): expected 'x' to be a constant");
}

TEST(LoadOnnx, OpenExtentsHaveToBeGiven) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", model({{"Relu", {"x"}, {"y"}}}, {}, {-1, -1}));
  EXPECT_THROW(load_onnx<float>(path), FormatError);
  const Graph<float> network = load_onnx<float>(path, {.samples = {{5}}});
  EXPECT_EQ(network.output_shape({2, 5}), (Shape{2, 5}));
}

TEST(LoadOnnx, SizesThatThereCannotBeTakeNoMemory) {
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const std::vector<std::int64_t>& extents :
       {std::vector<std::int64_t>{most, 3}, {most, 0}, {-1, 3}, {1 << 30, 1 << 30}, {4, 3}}) {
    EXPECT_NE(error(model({{"MatMul", {"x", "w"}, {"y"}}}, {tensor("w", extents)})), "not thrown");
  }
  EXPECT_NE(error(model({{"Relu", {"x"}, {"y"}}}, {}, {-1, most, most})), "not thrown");
  EXPECT_NE(error(model({{"Relu", {"x"}, {"y"}}}, {}, std::vector<std::int64_t>(100, 1))),
            "not thrown");
}

TEST(LoadOnnx, WeightsInOtherFilesAreThoseOfTheFolder) {
  const test::TemporaryFolder folder;
  folder.write("weights", test::Bytes(4 + 3 * 4));
  const auto attempt = [&](const std::string& location, const std::string& offset) {
    ProtobufMessage w = tensor("w", {3, 1});
    w.integer(onnx::tensor_field::data_location, 1);
    const std::pair<std::string, std::string> entries[] = {{"location", location},
                                                           {"offset", offset}};
    for (const auto& [key, text] : entries) {
      ProtobufMessage entry;
      entry.text(onnx::entry_field::key, key);
      entry.text(onnx::entry_field::value, text);
      w.message(onnx::tensor_field::external_data, entry);
    }
    return load_onnx<float>(folder.write("f", model({{"MatMul", {"x", "w"}, {"y"}}}, {w})));
  };
  EXPECT_EQ(attempt("weights", "4").layer_count(), 1);
  EXPECT_THROW(attempt("weights", "8"), FormatError);
  EXPECT_THROW(attempt("weights", "18446744073709551615"), FormatError);
  EXPECT_THROW(attempt("weights", "four"), FormatError);
  EXPECT_THROW(attempt("other", "0"), FormatError);
  EXPECT_THROW(attempt("../" + folder.path().filename().string() + "/weights", "4"), FormatError);
  EXPECT_THROW(attempt((folder.path() / "weights").string(), "4"), FormatError);
  EXPECT_THROW(attempt("..", "0"), FormatError);
  std::filesystem::create_symlink(folder.path() / "weights", folder.path() / "link");
  EXPECT_THROW(attempt("link", "4"), FormatError);
}

/// Every byte changed, and cut off at every byte.
TEST(LoadOnnx, HostileFilesAreFormatErrors) {
  Rng rng(1);
  Graph<float> network({"x"},
                       {{"conv", Convolution<float>({.in = 1, .filters = 2}, He{}, rng), {"x"}},
                        {"norm", BatchNormalization<float>({.features = 2}), {"conv"}},
                        {"pool", MaxPooling<float>({.kernel = 2, .stride = 2}), {"norm"}},
                        {"steps", Reshape<float>({2, 2}), {"pool"}},
                        {"gru", Gru<float>({.in = 2, .hidden = 1}, rng), {"steps"}},
                        {"last", LastStep<float>(), {"gru"}},
                        {"gelu", Gelu<float>(), {"last"}}});
  const test::TemporaryFolder folder;
  save_onnx(folder.path() / "f.onnx", network, {1, 4, 6});
  const test::Bytes whole = test::read_bytes((folder.path() / "f.onnx").string());
  int read = 0;
  const auto attempt = [&](const test::Bytes& bytes) {
    const auto path = folder.write("f", bytes);
    try {
      load_onnx<float>(path);
      ++read;
    } catch (const FormatError&) {
    }
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    attempt({whole.begin(), whole.begin() + std::ptrdiff_t(i)});
    for (const int flip : {0x01, 0x80, 0xff}) {
      test::Bytes changed = whole;
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ flip);
      attempt(changed);
    }
  }
  EXPECT_GT(read, 0);
}

}  // namespace
}  // namespace dlfs::test::onnx_reader
