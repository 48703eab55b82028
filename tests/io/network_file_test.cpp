#include "dlfs/io/network_file.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "dlfs/io/weights.hpp"
#include "io/files.hpp"
#include "support/each_layer.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"
#include "support/random_graph.hpp"

namespace dlfs {
namespace {

template <class T>
void expect_same_predictions(const NeuralNetwork<T>& a, const NeuralNetwork<T>& b,
                             const std::vector<Tensor<T>>& x) {
  const auto expected = detail::predict_outputs(a, x), got = detail::predict_outputs(b, x);
  ASSERT_EQ(expected.size(), got.size());
  for (std::size_t k = 0; k < got.size(); ++k) test::expect_equal(got[k], expected[k]);
}

template <class T>
void expect_round_trip(NeuralNetwork<T>& network, const std::vector<Tensor<T>>& x) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "network.safetensors";
  save_network<T>(path, network, x);
  NeuralNetwork<T> loaded = load_network<T>(path);
  expect_same_predictions(network, loaded, x);
  ASSERT_EQ(loaded.parameters().size(), network.parameters().size());
  for (std::size_t k = 0; k < network.parameters().size(); ++k) {
    EXPECT_EQ(loaded.parameters()[k]->name, network.parameters()[k]->name);
    test::expect_equal(loaded.parameters()[k]->value, network.parameters()[k]->value);
  }
  ASSERT_EQ(loaded.buffers().size(), network.buffers().size());
  EXPECT_EQ(detail::json_of<T>(loaded.traits().kind, loaded.composition()),
            detail::json_of<T>(network.traits().kind, network.composition()));
}

/// A few training steps by Adam, which counts decays and rates.
template <class T>
void train(NeuralNetwork<T>& network, const std::vector<Tensor<T>>& x) {
  AdamW<T> optimizer({.learning_rate = 0.1, .weight_decay = 0.1});
  const std::vector<TensorView<const T>> views(x.begin(), x.end());
  for (int step = 0; step < 3; ++step) {
    const Tensor<T>& y = x.size() == 1 ? network.forward(x[0]) : network.forward({x[0], x[1]});
    network.backward(Tensor<T>(y));
    optimizer.step(network.parameters());
  }
}

/// Both go on training with the same bits.
template <class T>
void expect_same_training(NeuralNetwork<T>& network, const std::vector<Tensor<T>>& x) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "network.safetensors";
  save_network<T>(path, network);
  NeuralNetwork<T> loaded = load_network<T>(path);
  train(network, x);
  train(loaded, x);
  EXPECT_EQ(loaded.step(), network.step());
  const auto expected = detail::tensors_of(network), got = detail::tensors_of(loaded);
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t k = 0; k < got.size(); ++k) {
    SCOPED_TRACE(got[k]->name);
    test::expect_equal(got[k]->value, expected[k]->value);
  }
}

TEST(NetworkFile, KeepsEachLayer) {
  std::set<std::string> kinds;
  for (const test::LayerEntry& entry : test::all_layers()) {
    SCOPED_TRACE(entry.header);
    Rng rng(1);
    std::vector<std::string> names;
    std::vector<Tensor<float>> x;
    for (const Shape& shape : test::batches(entry, 2)) {
      names.push_back(str_cat("x", names.size()));
      x.push_back(abs(random_normal<float>(shape, rng)));
      if (entry.header == "embedding") x.back().fill(1);
    }
    Graph<float> network(names);
    network.add("layer", entry.make(rng), names);
    kinds.emplace(network.layer(0).traits().kind);
    expect_round_trip<float>(network, x);
  }
  std::set<std::string> makers;
  for (const auto& [kind, maker] : layer_makers<float>()) makers.insert(kind);
  EXPECT_EQ(makers, kinds);
}

TEST(NetworkFile, KeepsRandomGraphs) {
  for (unsigned seed = 0; seed < test::random_graphs; ++seed) {
    test::RandomGraph<double> random(seed);
    SCOPED_TRACE(seed);
    const auto x = random.inputs(3);
    expect_round_trip<double>(random.net(), x);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(NetworkFile, RandomGraphsGoOnTraining) {
  for (unsigned seed = 0; seed < test::random_graphs; ++seed) {
    test::RandomGraph<double> random(seed);
    SCOPED_TRACE(seed);
    Graph<double>& network = random.net();
    const auto x = random.inputs(3);
    Rng rng(seed);
    for (Index i = 0; i < network.layer_count(); ++i) {
      if (rng.below(4) == 0) network.freeze(network.layer_name(i));
    }
    for (Parameter<double>* parameter : network.parameters()) {
      if (rng.below(4) == 0) parameter->rate_scale = rng.uniform();
      if (rng.below(4) == 0) parameter->decay_scale = rng.uniform();
    }
    network.set_step(rng.below(1000));
    expect_same_training<double>(network, x);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(NetworkFile, KeepsWhatIsFrozen) {
  Rng rng(1);
  Sequential<float> block{{"conv", Convolution<float>({.filters = 3, .padding = 1}, He{})},
                          {"norm", BatchNormalization<float>({})}};
  block.freeze("norm");
  Sequential<float> network({3, 4, 4}, rng,
                            {{"block", block},
                             {"norm1", BatchNormalization<float>({})},
                             {"norm2", BatchNormalization<float>({})},
                             {"affine", Affine<float>({.out = 4}, He{})}});
  network.freeze("norm1");
  network.set_mode("norm2", PassMode::evaluate);
  network.parameters().back()->rate_scale = 0;
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "network.safetensors";
  save_network<float>(path, network);
  const NeuralNetwork<float> loaded = load_network<float>(path);
  std::set<std::string> frozen;
  for (const auto* parameter : loaded.parameters()) {
    if (parameter->is_frozen()) frozen.insert(parameter->name);
  }
  EXPECT_EQ(frozen, (std::set<std::string>{"block.norm.gamma", "block.norm.beta", "norm1.gamma",
                                           "norm1.beta", "affine.bias"}));
  expect_same_training<float>(network, {random_normal<float>({5, 3, 4, 4}, rng)});
}

TEST(NetworkFile, KeepsTheSeedsOfDropout) {
  Rng rng(1);
  Sequential<float> network({6}, rng,
                            {{"affine", Affine<float>({.out = 6}, He{})},
                             {"drop1", Dropout<float>({})},
                             {"drop2", Dropout<float>({}, ~std::uint64_t{0})}});
  const auto x = random_normal<float>({5, 6}, rng);
  for (int step = 0; step < 3; ++step) expect_same_training<float>(network, {x});
}

TEST(NetworkFile, ADropoutWithoutASeedGetsOneLater) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "network.safetensors";
  save_network<float>(path, Sequential<float>{{"drop", Dropout<float>({})}});
  const auto kept = [&](std::uint64_t seed) {
    NeuralNetwork<float> network = load_network<float>(path);
    Rng rng(seed);
    network.initialize({1, 64}, rng);
    return Tensor<float>(network.forward(ones<float>({1, 64})));
  };
  test::expect_equal(kept(1), kept(1));
  EXPECT_FALSE(array_equal(kept(1), kept(2)));
}

TEST(NetworkFile, KeepsNestedNetworksAndLearnedStatistics) {
  Rng rng(1);
  Sequential<float> network(
      {3, 8, 8}, rng,
      {{"block", Residual<float>({{"conv", Convolution<float>({.filters = 3, .padding = 1}, He{})},
                                  {"norm", BatchNormalization<float>({})}})},
       {"parallel",
        Parallel<float>{{"a", {{"conv", Convolution<float>({.filters = 2, .kernel = 1}, He{})}}},
                        {"b", {{"relu", Relu<float>()}}}}},
       {"affine", Affine<float>({.out = 4}, He{})}});
  const auto x = random_normal<float>({5, 3, 8, 8}, rng);
  for (int step = 0; step < 3; ++step) network.forward(x);  // collects statistics
  expect_round_trip<float>(network, {x});
}

/// A file of save_network that stays as it is: its format is read for ever.
TEST(NetworkFile, ReadsTheFirstVersion) {
  const NeuralNetwork<float> network = load_network<float>(test::fixture("network.safetensors"));
  std::vector<std::string> kinds;
  for (Index i = 0; i < network.layer_count(); ++i) {
    kinds.emplace_back(network.layer(i).traits().kind);
  }
  EXPECT_EQ(kinds, (std::vector<std::string>{"convolution", "residual", "reshape", "gru", "permute",
                                             "affine"}));
}

TEST(NetworkFile, HasWeightsForANetworkThatIsThere) {
  Rng rng(1);
  const Sequential<float> network({4}, rng, {{"affine", Affine<float>({.out = 3}, He{})}});
  Sequential<float> other({4}, rng, {{"affine", Affine<float>({.out = 3}, He{})}});
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "network.safetensors";
  save_network<float>(path, network, {random_normal<float>({2, 4}, rng)});
  load_weights(path, other);
  test::expect_equal(other.parameters()[0]->value, network.parameters()[0]->value);
}

TEST(NetworkFile, LoadsInAnotherElementType) {
  Rng rng(1);
  const Sequential<double> network({4}, rng, {{"affine", Affine<double>({.out = 3}, He{})}});
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "network.safetensors";
  const auto x = random_normal<double>({2, 4}, rng);
  save_network<double>(path, network, {x});
  const auto y = load_network<float>(path).predict(cast<float>(x));
  const auto expected = network.predict(x);
  for (Index i = 0; i < y.size(); ++i) EXPECT_NEAR(y.data()[i], expected.data()[i], 1e-6);
}

/// y = s x: an own layer that shows its options.
struct Scale {
  using Scalar = float;
  static LayerTraits traits() { return {.kind = "scale"}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<float>& pass) const { assign(pass.y, pass.x * factor); }
  void backward(const BackwardPass<float>& pass) const { assign(pass.dx, pass.dy * factor); }
  void visit_options(OptionVisitor& visit) const { visit("factor", factor, 1); }
  float factor = 1;
};

/// The same, but it keeps it to itself.
struct SecretScale {
  using Scalar = float;
  static LayerTraits traits() { return {.kind = "secret scale"}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<float>& pass) const { assign(pass.y, pass.x * factor); }
  void backward(const BackwardPass<float>& pass) const { assign(pass.dx, pass.dy * factor); }
  float factor = 1;
};

TEST(NetworkFile, KeepsOwnLayersThatShowTheirOptions) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "network.safetensors";
  save_network<float>(path, Sequential<float>{{"scale", Scale{3}}}, {ones<float>({1, 2})});
  auto makers = layer_makers<float>();
  makers["scale"] = [](const StoredOptions& options) {
    return Scale{static_cast<float>(options.number("factor"))};
  };
  EXPECT_EQ(load_network<float>(path, makers).predict(ones<float>({1, 1}))(0, 0), 3);
  EXPECT_EQ(test::error_of<FormatError>([&] { load_network<float>(path); }),
            str_cat("load_network: ", path.string(),
                    ": layer 1 (scale): there is no kind of layer 'scale'"));
  EXPECT_EQ(
      test::error_of<ValueError>([&] {
        save_network<float>(path, Sequential<float>{{"secret", SecretScale{3}}});
      }),
      "layer 1 (secret): save_network: the layer 'secret scale' does not show its options; it "
      "needs a visit_options");
}

/// A file with this architecture and these tensors.
std::string file_of(const test::TemporaryFolder& folder, const std::string& architecture,
                    const std::vector<NamedView<float>>& tensors) {
  const auto path = folder.path() / "network.safetensors";
  write_safetensors<float>(path, tensors, {{"dlfs.architecture", architecture}});
  return path.string();
}

std::string affine(const std::string& options) {
  return R"({"version":1,"network":{"kind":"sequential","inputs":["x"],"layers":[)"
         R"({"name":"a","kind":"affine","options":)" +
         options + R"(,"inputs":[0]}],"outputs":[1]}})";
}

TEST(NetworkFile, RefusesANameThatIsNoUtf8) {
  const test::TemporaryFolder folder;
  const Sequential<float> network{{"r\xff", Relu<float>()}};
  EXPECT_EQ(test::error_of<ValueError>(
                [&] { save_network(folder.path() / "network.safetensors", network); }),
            "save_network: a name of a layer or an input is no UTF-8");
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(NetworkFile, SaysWhatDoesNotFit) {
  const test::TemporaryFolder folder;
  const auto W = ones<float>({2, 3}), b = zeros<float>({3}), x = ones<float>({1, 2});
  const auto error = [&](const std::string& architecture,
                         const std::vector<NamedView<float>>& tensors) {
    const auto path = file_of(folder, architecture, tensors);
    const std::string message = test::error_of<FormatError>([&] { load_network<float>(path); });
    return message.substr(message.find("safetensors: ") + 13);
  };
  const std::vector<NamedView<float>> both{{"a.weight", W}, {"a.bias", b}};
  const auto path = file_of(folder, affine(R"({"in":2,"out":3})"), both);
  EXPECT_EQ(load_network<float>(path).predict(x)(0, 2), 2);

  EXPECT_EQ(error("", both), "the architecture is no object of JSON");
  EXPECT_EQ(error("{\"version\":2}", both), "expected version 1 of the architecture, got 2");
  EXPECT_EQ(error("{\"version\":1}", both), "the architecture has no 'kind'");
  EXPECT_EQ(error(affine(R"({"in":2,"out":3})"), {{"a.weight", W}}),
            "the tensor a.bias is missing");
  EXPECT_EQ(error(affine(R"({"in":3,"out":2})"), both),
            "expected a.weight of shape (3, 2), got (2, 3)");
  EXPECT_EQ(error(affine(R"({"in":2,"out":3})"), {{"a.weight", W}, {"a.bias", b}, {"c", b}}),
            "no layer has the tensor c");
  EXPECT_EQ(error(affine(R"({"in":2,"out":3,"depth":1})"), both),
            "layer 1 (a): there is no option 'depth'");
  EXPECT_EQ(error(affine(R"({"in":2})"), both), "layer 1 (a): the option 'out' is missing");
  EXPECT_EQ(error(affine(R"({"in":2,"out":"3"})"), both),
            "layer 1 (a): expected a whole number for the option 'out'");
  EXPECT_EQ(error(affine(R"({"in":2,"out":4000000000})"), both),
            "layer 1 (a): expected a size of at most the file's elements for the option 'out'");
  EXPECT_EQ(error(affine(R"({"in":2,"out":18446744073709551615})"), both),
            "layer 1 (a): expected a number of 63 bits for the option 'out'");
  EXPECT_EQ(
      error(affine(R"({"in":9,"out":9})"), both),
      "layer 1 (a): options: a weight of shape (9, 9) is larger than all tensors of the file");
  EXPECT_EQ(error(affine(R"({"in":2,"out":3})"), {{"a.weight", W},
                                                  {"a.bias", b},
                                                  {"dlfs.test.input.0", x},
                                                  {"dlfs.test.output.0", ones<float>({1, 3})}}),
            "its test gives 2 in place of 1");
  const auto whole = [&](const std::string& more) {
    return affine(R"({"in":2,"out":3})").insert(1, more + ",");
  };
  EXPECT_EQ(load_network<float>(file_of(folder, whole(R"("step":7)"), both)).step(), 7);
  EXPECT_EQ(error(whole(R"("step":-1)"), both), "expected the number of steps, got -1");
  EXPECT_EQ(error(whole(R"("step":9223372036854775808)"), both),
            "expected the number of steps, got 9223372036854775808");
  EXPECT_EQ(error(whole(R"("parameters":3)"), both), "expected an object of parameters");
  EXPECT_EQ(error(whole(R"("parameters":{"c":{}})"), both), "no layer has the parameter c");
  EXPECT_EQ(error(whole(R"("parameters":{"a.bias":0})"), both),
            "a.bias: expected an object of factors");
  EXPECT_EQ(error(whole(R"("parameters":{"a.bias":{"rate_scale":"0"}})"), both),
            "a.bias: expected a number for rate_scale");
  EXPECT_EQ(error(whole(R"("parameters":{"a.bias":{"decay_scale":-1}})"), both),
            "a.bias: expected decay_scale of at least 0, got -1");
  EXPECT_EQ(error(affine(R"({"in":2,"out":3},"mode":"train")"), both),
            "layer 1 (a): there is no mode \"train\"");
  EXPECT_EQ(error(affine(R"({"in":2,"out":3},"seed":-1)"), both),
            "layer 1 (a): expected a seed of 64 bits, got -1");
  const auto plain = folder.path() / "plain.safetensors";
  write_safetensors<float>(plain, both);
  EXPECT_TRUE(test::error_of<FormatError>([&] {
                load_network<float>(plain);
              }).ends_with("it has tensors, but no architecture; see load_weights"));
}

TEST(NetworkFile, GivesFormatErrorsAtMost) {
  const test::TemporaryFolder folder;
  Rng rng(1);
  const Sequential<float> network(
      {1, 4, 4}, rng,
      {{"conv", Convolution<float>({.filters = 2, .kernel = 3, .stride = 2, .padding = 1}, He{})},
       {"block", Residual<float>({{"gelu", Gelu<float>()}})},
       {"lstm_like", Reshape<float>({2, 4})},
       {"gru", Gru<float>({.hidden = 2})},
       {"up", Permute<float>({0, 2, 1})},
       {"affine", Affine<float>({.out = 2}, He{})}});
  const auto path = folder.path() / "network.safetensors";
  save_network<float>(path, network, {random_normal<float>({1, 1, 4, 4}, rng)});
  const auto whole = test::read_bytes(path.string());
  const auto attempt = [&](const test::Bytes& bytes) {
    const auto changed = folder.write("changed", bytes);
    try {
      load_network<float>(changed);
    } catch (const FormatError&) {
    }
  };
  for (std::size_t i = 0; i < whole.size(); ++i) {
    for (const int flip : {0x01, 0x02, 0x10, 0xff}) {
      auto changed = whole;
      changed[i] = static_cast<std::uint8_t>(changed[i] ^ flip);
      attempt(changed);
    }
    if (i % 7 == 0) attempt(test::Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(i)));
  }
}

}  // namespace
}  // namespace dlfs
