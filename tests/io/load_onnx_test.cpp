#include "dlfs/io/load_onnx.hpp"  // first: proves the header self-contained

#include <algorithm>
#include <limits>
#include <numeric>
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
  std::string attribute{};  // of whole numbers
  std::vector<std::int64_t> numbers{};
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
    if (!each.attribute.empty()) {
      ProtobufMessage attribute;
      attribute.text(onnx::attribute_field::name, each.attribute);
      const bool is_list = each.attribute == "perm";
      for (const std::int64_t number : each.numbers) {
        attribute.integer(is_list ? onnx::attribute_field::ints : onnx::attribute_field::i, number);
      }
      node.message(onnx::node_field::attribute, attribute);
    }
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

ProtobufMessage list(const std::string& name, const std::vector<std::int64_t>& numbers) {
  ProtobufMessage message = tensor(name, {std::ssize(numbers)}, /*int64*/ 7);
  for (const std::int64_t number : numbers) {
    message.integer(onnx::tensor_field::int64_data, number);
  }
  return message;
}

/// Nodes that reorder, split, join and leave out axes of x (N, 4, 6), and what they do to it.
class Rearrangement {
 public:
  explicit Rearrangement(Rng& rng) : rng_(rng), value_({2, 4, 6}) {
    for (Index i = 0; i < value_.size(); ++i) value_.data()[i] = static_cast<float>(i);
    const int steps = 1 + draw(6);
    for (int step = 0; step < steps; ++step) add_step();
    part_samples();
    std::vector<int> order{samples_axis()};
    for (int axis = 0; axis < rank(); ++axis) {
      if (axis != order[0]) order.push_back(axis);
    }
    transpose(order);
    nodes_.push_back({"Identity", {name_}, {"y"}});
  }
  test::Bytes bytes() const { return model(nodes_, tensors_, {-1, 4, 6}); }
  const Tensor<float>& expected() const& { return value_; }

 private:
  int draw(int count) { return static_cast<int>(rng_.below(count)); }
  int rank() const { return static_cast<int>(axes_.size()); }
  int factors() const {
    int count = 0;
    for (const auto& axis : axes_) count += static_cast<int>(axis.size());
    return count;
  }
  static bool has_samples(const std::vector<int>& axis) {
    return std::find(axis.begin(), axis.end(), samples) != axis.end();
  }
  int samples_axis() const {
    const auto found = std::find_if(axes_.begin(), axes_.end(), has_samples);
    return static_cast<int>(found - axes_.begin());
  }
  std::string next(std::string op, std::vector<std::string> inputs, std::string attribute = "",
                   std::vector<std::int64_t> numbers = {}) {
    name_ = str_cat('v', nodes_.size());
    nodes_.push_back(
        {std::move(op), std::move(inputs), {name_}, std::move(attribute), std::move(numbers)});
    return name_;
  }
  std::string constant(const std::vector<std::int64_t>& numbers) {
    const std::string name = str_cat('c', tensors_.size());
    tensors_.push_back(list(name, numbers));
    return name;
  }

  void add_step() {
    switch (draw(10)) {
      case 0: {
        std::vector<int> order(axes_.size());
        std::iota(order.begin(), order.end(), 0);
        for (int i = rank(); i-- > 1;) {
          std::swap(order[static_cast<std::size_t>(i)],
                    order[static_cast<std::size_t>(draw(i + 1))]);
        }
        return transpose(order);
      }
      case 1: {  // joins two axes
        if (rank() < 2) return;
        const auto at = axes_.begin() + draw(rank() - 1);
        at->insert(at->end(), (at + 1)->begin(), (at + 1)->end());
        axes_.erase(at + 1);
        return reshape();
      }
      case 2: {  // splits an axis
        const auto at = axes_.begin() + draw(rank());
        if (at->size() > 1) return part(at, 1 + draw(static_cast<int>(at->size()) - 1));
        if (at->empty() || at->front() == samples || factors() == 5) return;
        for (const int divisor : {2, 3}) {
          if (at->front() % divisor != 0 || at->front() == divisor) continue;
          *at = {divisor, at->front() / divisor};
          return part(at, 1);
        }
        return;
      }
      case 3: {
        if (rank() == 5) return;
        const int axis = draw(rank() + 1);
        axes_.insert(axes_.begin() + axis, std::vector<int>());
        next("Unsqueeze", {name_, constant({axis})});
        value_ = copy(value_.view().reshape(shape()));
        return;
      }
      case 4: {  // one place of an axis
        const int axis = draw(rank());
        const auto& factors_of = axes_[static_cast<std::size_t>(axis)];
        if (has_samples(factors_of) || rank() < 3) return;
        const int place = draw(static_cast<int>(value_.shape()[axis]));
        value_ = copy(value_.view().slice(axis, {.start = place, .stop = place + 1}));
        const std::string before = name_;
        ProtobufMessage scalar = tensor(str_cat('c', tensors_.size()), {}, 7);
        scalar.integer(onnx::tensor_field::int64_data, place);
        const std::string name = str_cat('c', tensors_.size());
        tensors_.push_back(std::move(scalar));
        next("Gather", {before, name}, "axis", {axis});
        axes_.erase(axes_.begin() + axis);
        value_ = copy(value_.view().reshape(shape()));
        return;
      }
      case 5: {  // repeats an axis of 1
        const int axis = draw(rank());
        if (!axes_[static_cast<std::size_t>(axis)].empty() || samples_axis() != 0) return;
        if (axes_[0].size() > 1 || factors() == 5) return;
        const int times = 2 + draw(2);
        std::vector<std::int64_t> extents(axes_.size(), 1);
        extents[static_cast<std::size_t>(axis)] = times;
        next("Expand", {name_, constant(extents)});
        return repeat(axis, times);
      }
      case 6:
      case 7: {  // of several values
        const int axis = draw(rank());
        if (axes_[static_cast<std::size_t>(samples_axis())].size() > 1) return;
        if (draw(2) == 0) {
          next("Add", {name_, name_});
          value_ = value_ + value_;
          return;
        }
        auto& factors_of = axes_[static_cast<std::size_t>(axis)];
        if (has_samples(factors_of) || value_.size() > 2000) return;
        next("Concat", {name_, name_}, "axis", {axis});
        factors_of = {static_cast<int>(2 * value_.shape()[axis])};
        value_ = concatenate<float>({value_, value_}, axis);
        return;
      }
      case 8: {  // the places of an axis up to one
        const int axis = draw(rank());
        auto& factors_of = axes_[static_cast<std::size_t>(axis)];
        if (has_samples(factors_of) || value_.shape()[axis] < 2) return;
        const Index last = 1 + draw(static_cast<int>(value_.shape()[axis]) - 1);
        const std::string start = constant({0}), stop = constant({last});
        next("Slice", {name_, start, stop, constant({axis})});
        value_ = copy(value_.view().slice(axis, {.stop = last}));
        factors_of = {static_cast<int>(last)};
        return;
      }
      default: {  // a part of an axis
        const int axis = draw(rank());
        auto& factors_of = axes_[static_cast<std::size_t>(axis)];
        if (has_samples(factors_of) || value_.shape()[axis] < 3) return;
        const Index first = 1 + draw(static_cast<int>(value_.shape()[axis]) - 2);
        const Index rest = value_.shape()[axis] - first;
        const std::string sizes = constant({first, rest});
        next("Split", {name_, sizes}, "axis", {axis});
        nodes_.back().outputs.insert(nodes_.back().outputs.begin(), str_cat(name_, "_first"));
        value_ = copy(value_.view().slice(axis, {.start = first}));
        factors_of = {static_cast<int>(rest)};
        return;
      }
    }
  }
  void repeat(int axis, int times) {
    axes_[static_cast<std::size_t>(axis)] = {times};
    value_ = concatenate<float>(std::vector<Tensor<float>>(static_cast<std::size_t>(times), value_),
                                axis);
  }
  void part(std::vector<std::vector<int>>::iterator axis, int count) {
    const std::vector<int> rest(axis->begin() + count, axis->end());
    axis->resize(static_cast<std::size_t>(count));
    axes_.insert(axis + 1, rest);
    reshape();
  }
  void part_samples() {
    for (const int last : {1, 0}) {
      const auto axis = axes_.begin() + samples_axis();
      const auto place = std::find(axis->begin(), axis->end(), samples) - axis->begin();
      const auto count = static_cast<int>(last == 1 ? place + 1 : place);
      if (count > 0 && count < std::ssize(*axis)) part(axis, count);
    }
  }
  void transpose(const std::vector<int>& order) {
    const std::vector<std::vector<int>> before = axes_;
    for (std::size_t i = 0; i < order.size(); ++i) {
      axes_[i] = before[static_cast<std::size_t>(order[i])];
    }
    next("Transpose", {name_}, "perm", {order.begin(), order.end()});
    const Layout layout = value_.view().layout().transpose(order);
    value_ = copy(TensorView<const float>(value_.data(), layout.shape, layout.strides));
  }
  Shape shape() const {
    Shape shape;
    for (const auto& axis : axes_) {
      Index extent = 1;
      for (const int factor : axis) extent *= factor == samples ? 2 : factor;
      shape.push_back(extent);
    }
    return shape;
  }
  void reshape() {
    value_ = copy(value_.view().reshape(shape()));
    std::vector<std::int64_t> extents;
    for (int axis = 0; axis < rank(); ++axis) {
      extents.push_back(has_samples(axes_[static_cast<std::size_t>(axis)]) ? -1
                                                                           : value_.shape()[axis]);
    }
    next("Reshape", {name_, constant(extents)});
  }

  static constexpr int samples = 0;
  Rng& rng_;
  std::vector<std::vector<int>> axes_{{samples}, {4}, {6}};  // the factors of each axis
  Tensor<float> value_;
  std::vector<Node> nodes_;
  std::vector<ProtobufMessage> tensors_;
  std::string name_ = "x";
};

/// (4, N) -> (2 N, 2), which would take N from behind.
TEST(LoadOnnx, AnAxisThatLacksOnlyTheSamplesTakesNothingElse) {
  onnx::Value x = onnx::Value::plain("x", {1, 4});
  std::swap(x.axes[0], x.axes[1]);
  EXPECT_FALSE(onnx::reshape(x, {onnx::SamplesExtent::times(2), 2}, {}).has_value());
  EXPECT_TRUE(onnx::reshape(x, {2, onnx::SamplesExtent::times(2)}, {}).has_value());
  const onnx::Value empty = onnx::Value::plain("x", {1, 0});
  EXPECT_FALSE(onnx::reshape(empty, {onnx::SamplesExtent::times(1), -1}, {}).has_value());
}

TEST(LoadOnnx, ReadsEveryOrderOfAxes) {
  Rng rng(1);
  const test::TemporaryFolder folder;
  const auto x = arange<float>(48).reshape({2, 4, 6});
  int refused = 0;
  constexpr int count = 2000;
  for (int i = 0; i < count; ++i) {
    const Rearrangement each(rng);
    try {
      const Graph<float> network = load_onnx<float>(folder.write("f", each.bytes()));
      ASSERT_TRUE(array_equal(network.predict(x), each.expected())) << i;
    } catch (const FormatError& error) {
      ++refused;
      EXPECT_NE(std::string_view(error.what()).find("leaves out places between others"),
                std::string_view::npos)
          << i << ": " << error.what();
    }
  }
  EXPECT_LT(refused, count / 20);
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

/// Lists that name axes, of which one is none, stands twice or is missing.
TEST(LoadOnnx, ListsOfAxesThatAreNoneAreFormatErrors) {
  constexpr std::int64_t least = std::numeric_limits<std::int64_t>::min();
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const std::vector<std::int64_t> of_x{-1, 3, 1};
  const test::Bytes zeros_of_w(12);
  for (const std::vector<std::int64_t>& axes : {std::vector<std::int64_t>{5, 0, 1},
                                                {0, 1, 7},
                                                {0, 0, 1},
                                                {-1, 0, 1},
                                                {0, 1},
                                                {0, 1, 2, 3},
                                                {most, 0, 1},
                                                {least, 0, 1}}) {
    EXPECT_NE(error(model({{"Transpose", {"x"}, {"y"}, "perm", axes}}, {}, of_x)), "not thrown");
    const std::vector<ProtobufMessage> lists{list("c", axes), list("d", {1, 1, 1})};
    for (const std::string op : {"Squeeze", "ReduceMean", "ReduceMax"}) {
      EXPECT_NE(error(model({{op, {"x", "c"}, {"y"}}}, lists, of_x)), "not thrown") << op;
    }
    EXPECT_NE(error(model({{"Slice", {"x", "d", "d", "c"}, {"y"}}}, lists, of_x)), "not thrown");
    ProtobufMessage w = tensor("w", {3, 1, 1});
    w.bytes(onnx::tensor_field::raw_data, zeros_of_w);
    EXPECT_NE(error(model({{"Transpose", {"w"}, {"v"}, "perm", axes}, {"Add", {"x", "v"}, {"y"}}},
                          {w}, of_x)),
              "not thrown");
  }
}

/// Every operator with every two inputs, and with three that are drawn: what it reads is there.
TEST(LoadOnnx, OperatorsOfAnyInputsAreFormatErrorsAtMost) {
  std::vector<std::string> names{"Shape", "ConstantOfShape", "Equal", "Mod",  "Neg",     "Trilu",
                                 "Sqrt",  "Reciprocal",      "Pow",   "Less", "Greater", "Erf"};
  for (const auto& each : onnx::operators<float>()) names.emplace_back(each.name);
  const test::Bytes zeros(24);
  const auto numbers = [&](const std::string& name, const std::vector<std::int64_t>& extents) {
    ProtobufMessage message = tensor(name, extents);
    std::size_t bytes = 4;
    for (const std::int64_t extent : extents) bytes *= static_cast<std::size_t>(extent);
    message.bytes(onnx::tensor_field::raw_data, detail::ByteSpan(zeros).first(bytes));
    return message;
  };
  const std::vector<ProtobufMessage> tensors{
      list("none", {}),          list("one", {1}),
      list("three", {0, -1, 2}), numbers("scalar", {}),
      numbers("vector", {3}),    numbers("matrix", {3, 2}),
      numbers("empty", {0}),     numbers("kernel", {1, 3, 2})};
  const std::vector<std::string> inputs{"",       "x",      "none",   "one",   "three",
                                        "scalar", "vector", "matrix", "empty", "kernel"};
  const test::TemporaryFolder folder;
  Rng rng(1);
  int read = 0;
  const auto attempt = [&](const std::string& name, const std::vector<std::string>& given) {
    const auto path = folder.write("f", model({{name, given, {"y"}}}, tensors, {-1, 3, 2}));
    try {
      load_onnx<float>(path);
      ++read;
    } catch (const FormatError&) {
    }
  };
  for (const std::string& name : names) {
    attempt(name, {});
    for (const std::string& a : inputs) {
      attempt(name, {a});
      for (const std::string& b : inputs) {
        attempt(name, {a, b});
        const auto& c = inputs[static_cast<std::size_t>(rng.below(std::ssize(inputs)))];
        attempt(name, {a, b, c});
      }
    }
  }
  EXPECT_GT(read, 0);
}

TEST(LoadOnnx, AnInputOfNoPlacesIsAFormatError) {
  EXPECT_EQ(error(model({{"Relu", {"x"}, {"y"}}}, {}, {-1, 0, 2})), "input 'x' has an axis of 0");
}

/// Nodes that hand a long list on take its memory once more each.
TEST(LoadOnnx, ListsThatAreCopiedManyTimesTakeNoMemory) {
  const ProtobufMessage numbers = list("c", std::vector<std::int64_t>(20'000, 1));
  for (const std::string op : {"Identity", "Squeeze", "Neg", "Cast"}) {
    std::vector<Node> nodes;
    for (int i = 0; i < 2000; ++i) {
      nodes.push_back({op, {i == 0 ? "c" : str_cat('v', i)}, {str_cat('v', i + 1)}, "to", {7}});
    }
    nodes.push_back({"Reshape", {"x", nodes.back().outputs[0]}, {"y"}});
    EXPECT_NE(error(model(nodes, {numbers})).find("too much memory"), std::string::npos) << op;
  }
}

/// Nodes that take one large weight each with a bias of its own.
TEST(LoadOnnx, WeightsThatAreCopiedManyTimesTakeNoMemory) {
  constexpr std::int64_t width = 200;
  const test::Bytes zeros_of_w(width * width * 4), zeros_of_b(width * 4);
  ProtobufMessage w = tensor("w", {width, width});
  w.bytes(onnx::tensor_field::raw_data, zeros_of_w);
  for (const bool is_gemm : {true, false}) {
    std::vector<Node> nodes;
    std::vector<ProtobufMessage> tensors{w};
    if (!is_gemm) nodes.push_back({"MatMul", {"x", "w"}, {"v0"}});
    for (int i = 0; i < 1000; ++i) {
      const std::string b = str_cat('b', i), y = str_cat('y', i);
      tensors.push_back(tensor(b, {1}));
      tensors.back().bytes(onnx::tensor_field::raw_data, detail::ByteSpan(zeros_of_b).first(4));
      if (is_gemm) {
        nodes.push_back({"Gemm", {"x", "w", b}, {y}});
      } else {
        nodes.push_back({"Add", {"v0", b}, {y}});
      }
    }
    nodes.push_back({"Sum", {}, {"y"}});
    for (int i = 0; i < 1000; ++i) nodes.back().inputs.push_back(str_cat('y', i));
    EXPECT_NE(error(model(nodes, tensors, {-1, width})).find("too much memory"), std::string::npos);
  }
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
