#include "dlfs/io/save_onnx.hpp"  // first: proves the header self-contained

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"
#include "support/onnx_networks.hpp"

// What the files mean is compared with onnxruntime, in tests/peers.

namespace dlfs::test::onnx_writer {
namespace {

namespace onnx = detail::onnx;
using test::error_of;

/// What a test looks at in a file.
struct Contents {
  std::vector<std::string> operators, initializers, inputs, outputs;
};

Contents contents_of(const test::Bytes& bytes) {
  Contents contents;
  const auto name_in = [](detail::ProtobufReader message, int number) {
    while (const auto field = message.next()) {
      if (field->number == static_cast<std::uint64_t>(number)) {
        return std::string(detail::as_text(field->bytes));
      }
    }
    return std::string();
  };
  detail::ProtobufReader model(detail::ByteReader(bytes, "file"));
  while (const auto part = model.next()) {
    if (part->number != onnx::model_field::graph) continue;
    detail::ProtobufReader graph(part->bytes, model);
    while (const auto field = graph.next()) {
      const detail::ProtobufReader message(field->bytes, graph);
      switch (field->number) {
        case onnx::graph_field::node:
          contents.operators.push_back(name_in(message, onnx::node_field::op_type));
          break;
        case onnx::graph_field::initializer:
          contents.initializers.push_back(name_in(message, onnx::tensor_field::name));
          break;
        case onnx::graph_field::input:
          contents.inputs.push_back(name_in(message, onnx::value_field::name));
          break;
        case onnx::graph_field::output:
          contents.outputs.push_back(name_in(message, onnx::value_field::name));
          break;
        default:
          break;
      }
    }
  }
  return contents;
}

template <class T>
Contents saved(const NeuralNetwork<T>& network, const std::vector<Shape>& samples) {
  const test::TemporaryFolder folder;
  save_onnx(folder.path() / "f.onnx", network, std::span<const Shape>(samples));
  return contents_of(test::read_bytes((folder.path() / "f.onnx").string()));
}

/// A layer of a user's.
struct Snake {
  using Scalar = float;
  static constexpr LayerTraits traits() { return {.kind = "snake"}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<float>&) const {}
  void backward(const BackwardPass<float>&) const {}
};

using Names = std::vector<std::string>;

TEST(SaveOnnx, NamesAreThoseOfTheNetwork) {
  Rng rng(1);
  const Sequential<float> network(
      {1, 8, 8}, rng,
      {{"conv", Convolution<float>({.filters = 2, .bias = false}, He{})},
       {"block", Residual<float>({{"norm", BatchNormalization<float>({.features = 2})}})},
       {"scores", Affine<float>({.out = 3}, He{})}});
  const Contents file = saved(network, {{1, 8, 8}});
  EXPECT_EQ(file.operators, (Names{"Conv", "BatchNormalization", "Add", "Flatten", "Gemm"}));
  EXPECT_EQ(file.initializers,
            (Names{"conv.weight", "block.body.norm.gamma", "block.body.norm.beta",
                   "block.body.norm.running_mean", "block.body.norm.running_variance",
                   "scores.weight", "scores.bias"}));
  EXPECT_EQ(file.inputs, Names{"x"});
  EXPECT_EQ(file.outputs, Names{"scores"});
}

TEST(SaveOnnx, ASharedLayerHasItsWeightsOnce) {
  Rng rng(1);
  Graph<float> network({"x"}, {{"first", Lstm<float>({.in = 4, .hidden = 4}, rng), {"x"}}});
  network.add_shared("second", "first", {"first"});
  const Contents file = saved(network, {{5, 4}});
  EXPECT_EQ(file.operators, (Names{"Transpose", "LSTM", "Squeeze", "Transpose", "Transpose", "LSTM",
                                   "Squeeze", "Transpose"}));
  EXPECT_EQ(file.initializers, (Names{"first.W", "first.R", "first.B", "first.direction"}));
}

TEST(SaveOnnx, EveryLayerHasAForm) {
  for (const auto& each : test::onnx_layers<float>()) {
    EXPECT_NO_THROW(saved(*each.network, each.samples())) << each.name;
  }
}

TEST(SaveOnnx, ALayerOfTheUsersIsRefusedByName) {
  const Sequential<float> network{{"block", Residual<float>({{"snake1", Snake()}})}};
  EXPECT_EQ(error_of<ValueError>([&] { saved(network, {{3}}); }),
            "layer 1 (block): layer 1 (body): layer 1 (snake1): save_onnx: layer "
            "'block.body.snake1' of the kind 'snake' has no form in ONNX");
}

/// A layer of a user's that says it is one of the library's.
struct Impostor : Snake {
  explicit Impostor(std::string_view own_kind) : kind(own_kind) {}
  LayerTraits traits() const { return {.kind = kind}; }
  void visit_options(OptionVisitor& visit) const { visit("alpha", Index{1}); }
  std::string_view kind;
};

TEST(SaveOnnx, ALayerOfTheUsersWithAKindOfTheLibraryIsRefused) {
  for (const char* kind :
       {"elu", "affine", "batch normalization", "max pooling", "prelu", "lstm"}) {
    const Sequential<float> network{{"own", Impostor(kind)}};
    EXPECT_THROW(saved(network, {{3, 4, 5}}), ValueError) << kind;
  }
}

TEST(SaveOnnx, RefusesWhatDoesNotFit) {
  Rng rng(1);
  const Sequential<float> network{{"affine1", Affine<float>({.in = 3, .out = 2}, He{}, rng)}};
  EXPECT_EQ(
      error_of<ShapeError>([&] { saved(network, {{4}}); }),
      "layer 1 (affine1): affine: expected x of shape (N, 3) for the weight (3, 2), got (1, 4)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              saved(network, {{3}, {3}});
            }),
            "save_onnx: expected the shapes of 1 inputs, got 2");
  EXPECT_EQ(error_of<ValueError>([&] { saved(Sequential<float>(), {{3}}); }),
            "save_onnx: the network has no layers");
  const Sequential<float> unreadable{{"r\xff", Relu<float>()}};
  EXPECT_EQ(error_of<ValueError>([&] { saved(unreadable, {{3}}); }),
            "layer 1 (r\xff): save_onnx: the name 'r\xff' is no UTF-8");
}

TEST(SaveOnnx, ValuesThatWouldHaveOneNameGetNumbers) {
  Rng rng(1);
  const Sequential<float> network{{"x", Affine<float>({.in = 3, .out = 3}, He{}, rng)},
                                  {"x.weight", Relu<float>()}};
  const Contents file = saved(network, {{3}});
  EXPECT_EQ(file.inputs, Names{"x"});
  EXPECT_EQ(file.initializers, (Names{"x.weight", "x.bias"}));
  EXPECT_EQ(file.outputs, Names{"x.weight_2"});
}

TEST(SaveOnnx, TheOptionsNameTheAxisOfTheSamples) {
  const test::TemporaryFolder folder;
  const Sequential<float> network{{"relu", Relu<float>()}};
  save_onnx(folder.path() / "f", network, {3}, {.batch = "batch size", .name = "a graph"});
  const test::Bytes file = test::read_bytes((folder.path() / "f").string());
  const std::string text(file.begin(), file.end());
  EXPECT_NE(text.find("batch size"), std::string::npos);
  EXPECT_NE(text.find("a graph"), std::string::npos);
}

}  // namespace
}  // namespace dlfs::test::onnx_writer
