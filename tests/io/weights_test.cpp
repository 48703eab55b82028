#include "dlfs/io/weights.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/layers/batch_normalization.hpp"
#include "dlfs/nn/layers/standardization.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"
#include "support/random_graph.hpp"

namespace dlfs {
namespace {

using test::error_of;

/// Parameters affine1.weight (2, 3), affine1.bias (3), norm.gamma (3), norm.beta (3),
/// affine2.weight (3, 1) and affine2.bias (1), and the two buffers of norm.
template <class T>
Sequential<T> small_network(std::uint64_t seed) {
  Rng rng(seed);
  return {{"affine1", Affine<T>({.in = 2, .out = 3}, He{}, rng)},
          {"norm", BatchNormalization<T>({.features = 3})},
          {"affine2", Affine<T>({.in = 3, .out = 1}, He{}, rng)}};
}

template <class T>
std::vector<T> values_of(const NeuralNetwork<T>& network) {
  std::vector<T> values;
  const auto append = [&](const Tensor<T>& x) { values.insert(values.end(), x.begin(), x.end()); };
  for (const auto* parameter : network.parameters()) append(parameter->value);
  for (const auto* buffer : network.buffers()) append(buffer->value);
  return values;
}

class WeightsFile : public testing::Test {
 protected:
  void write(const std::vector<NamedView<float>>& arrays) const { write_npz(path_, arrays); }

  /// The error of loading the file, after its name; the network must be as it was.
  std::string error() const {
    auto network = small_network<float>(1);
    const auto before = values_of(network);
    const auto text = error_of<FormatError>([&] { load_weights(path_, network); });
    EXPECT_EQ(values_of(network), before);
    const std::string prefix = "load_weights: " + path_.string() + ": ";
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
  }

  const test::TemporaryFolder folder_;
  const std::filesystem::path path_ = folder_.path() / "weights";
  const Tensor<float> x23_ = full<float>({2, 3}, 23);
  const Tensor<float> x3_ = full<float>({3}, 3);
  const Tensor<float> x31_ = full<float>({3, 1}, 31);
  const Tensor<float> x1_ = full<float>({1}, 1);
};

TEST_F(WeightsFile, RoundTripsParametersAndBuffersInFloatAndDouble) {
  auto saved = small_network<float>(1);
  saved.buffers()[0]->value.fill(5);
  save_weights(path_, saved);
  auto loaded = small_network<float>(2);
  EXPECT_NE(values_of(loaded), values_of(saved));
  load_weights(path_, loaded);
  EXPECT_EQ(values_of(loaded), values_of(saved));

  auto in_double = small_network<double>(2);
  load_weights(path_, in_double);
  EXPECT_EQ(in_double.parameters()[0]->value(0, 0), saved.parameters()[0]->value(0, 0));
}

TEST_F(WeightsFile, SavesUnderTheNetworksNames) {
  save_weights(path_, small_network<float>(1));
  std::vector<std::string> names;
  for (const auto& array : read_npz<float>(path_)) names.push_back(array.name);
  EXPECT_EQ(names, (std::vector<std::string>{"affine1.weight", "affine1.bias", "norm.gamma",
                                             "norm.beta", "affine2.weight", "affine2.bias",
                                             "norm.running_mean", "norm.running_variance"}));
}

TEST_F(WeightsFile, LoadsTheBooksNamesInAnyOrderAndLeavesTheBuffers) {
  write({{"b2", x1_}, {"gamma1", x3_}, {"W2", x31_}, {"b1", x3_}, {"beta1", x3_}, {"W1", x23_}});
  auto network = small_network<float>(1);
  network.buffers()[0]->value.fill(5);
  load_weights(path_, network);
  EXPECT_EQ(network.parameters()[0]->value(1, 2), 23);
  EXPECT_EQ(network.parameters()[4]->value(2, 0), 31);
  EXPECT_EQ(network.buffers()[0]->value(0), 5);
}

TEST_F(WeightsFile, AMissingArrayIsAnErrorThatNamesItAndTheParameter) {
  write({{"W1", x23_}, {"b1", x3_}, {"gamma1", x3_}, {"beta1", x3_}, {"W2", x31_}});
  EXPECT_EQ(error(), "there is no array 'b2', expected (1,) for affine2.bias");
  write({{"affine1.weight", x23_}});
  EXPECT_EQ(error(), R"(it does not fit the network:
  there is no array 'affine1.bias', expected (3,) for affine1.bias
  there is no array 'norm.gamma', expected (3,) for norm.gamma
  there is no array 'norm.beta', expected (3,) for norm.beta
  there is no array 'affine2.weight', expected (3, 1) for affine2.weight
  there is no array 'affine2.bias', expected (1,) for affine2.bias
  there is no array 'norm.running_mean', expected (3,) for norm.running_mean
  there is no array 'norm.running_variance', expected (3,) for norm.running_variance)");
}

TEST_F(WeightsFile, ASuperfluousArrayIsAnErrorThatNamesIt) {
  write({{"W1", x23_},
         {"b1", x3_},
         {"gamma1", x3_},
         {"beta1", x3_},
         {"W2", x31_},
         {"b2", x1_},
         {"W3", x31_}});
  EXPECT_EQ(error(), "array 'W3' of shape (3, 1) belongs to no parameter");
}

TEST_F(WeightsFile, AnArrayOfAnotherShapeIsAnErrorWithBothShapes) {
  write({{"W1", x23_}, {"b1", x3_}, {"gamma1", x3_}, {"beta1", x3_}, {"W2", x3_}, {"b2", x1_}});
  EXPECT_EQ(error(), "array 'W2': expected shape (3, 1) for affine2.weight, found (3,)");
}

TEST_F(WeightsFile, AnotherFormatIsAFormatErrorAndAMissingFileAnIoError) {
  folder_.write("weights", test::bytes("text"));
  EXPECT_EQ(error(), "expected a safetensors file, one of PyTorch, an .npz archive or a pickle");
  std::filesystem::remove(path_);
  auto network = small_network<float>(1);
  EXPECT_EQ(error_of<IoError>([&] { load_weights(path_, network); }),
            "cannot open " + path_.string() + ": No such file or directory");
}

TEST_F(WeightsFile, EncodingsAndStandardizationAreSavedWithTheNetwork) {
  Rng rng(1);
  const auto x = random_normal<float>({10, 2}, rng);
  const auto network_of = [&](const Standardization<float>& inputs) {
    return Sequential<float>{{"inputs", inputs},
                             {"affine1", Affine<float>({.in = 2, .out = 3}, He{}, rng)}};
  };
  const auto saved = network_of(Standardization<float>::fit(x));
  save_weights(path_, saved, {{"town", OneHot({"Seoul", "\xC3\x85s", ""})}, {"none", OneHot()}});

  auto loaded = network_of(Standardization<float>({.features = 2}));
  std::map<std::string, OneHot> encodings{{"before", OneHot({"a"})}};
  load_weights(path_, loaded, encodings);
  EXPECT_EQ(values_of(loaded), values_of(saved));
  ASSERT_EQ(encodings.size(), 2u);
  EXPECT_EQ(encodings.at("town").categories(),
            (std::vector<std::string>{"Seoul", "\xC3\x85s", ""}));
  EXPECT_TRUE(encodings.at("none").categories().empty());

  EXPECT_EQ(error_of<FormatError>([&] { load_weights(path_, loaded); }),
            "load_weights: " + path_.string() +
                ": it does not fit the network:\n"
                "  array 'none.categories' of shape (0,) belongs to no parameter\n"
                "  array 'town.categories' of shape (11,) belongs to no parameter");
  EXPECT_EQ(error_of<ValueError>([&] {
              save_weights(path_, saved, {{"town", OneHot({std::string("a\0b", 3)})}});
            }).substr(0, 28),
            "save_weights: the category '");
}

TEST_F(WeightsFile, ADamagedEncodingIsAFormatErrorAndNothingChanges) {
  const auto encoding_error = [&](const Tensor<float>& bytes) {
    auto network = small_network<float>(1);
    const auto before = values_of(network);
    write({{"affine1.weight", x23_}, {"town.categories", bytes}});
    std::map<std::string, OneHot> encodings{{"before", OneHot({"a"})}};
    const auto text = error_of<FormatError>([&] { load_weights(path_, network, encodings); });
    EXPECT_EQ(values_of(network), before);
    EXPECT_EQ(encodings.size(), 1u);
    return text.substr(text.find("array"));
  };
  const std::string name = "array 'town.categories': ";
  for (const float bad : {-1.0f, 256.0f, 0.5f, std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_EQ(encoding_error(full<float>({1}, bad)), name + str_cat(bad) + " is no byte of a text");
  }
  EXPECT_EQ(encoding_error(array<float>({65, 0, 66})), name + "'B' has no end");
  EXPECT_EQ(encoding_error(array<float>({65, 0, 65, 0})), name + "one hot: two categories are 'A'");
  EXPECT_EQ(encoding_error(array<float>({65, 0})).substr(0, 53),
            "array 'affine1.bias', expected (3,) for affine1.bias\n");
}

TEST_F(WeightsFile, ListsTheMissingTheUnexpectedAndTheMisshapenInOneMessage) {
  write({{"W1", x3_}, {"b1", x3_}, {"gamma1", x3_}, {"beta1", x3_}, {"b2", x1_}, {"W3", x31_}});
  EXPECT_EQ(error(), R"(it does not fit the network:
  array 'W1': expected shape (2, 3) for affine1.weight, found (3,)
  there is no array 'W2', expected (3, 1) for affine2.weight
  array 'W3' of shape (3, 1) belongs to no parameter)");
}

TEST_F(WeightsFile, WithoutStrictnessItTellsWhatItLeftOut) {
  write({{"affine1.weight", x23_}, {"other.weight", x1_}});
  auto network = small_network<float>(1);
  const auto left_out = load_weights(path_, network, {.strict = false});
  EXPECT_EQ(network.parameters()[0]->value(1, 2), 23);
  EXPECT_EQ(left_out.missing.size(), 7u);
  EXPECT_EQ(left_out.unexpected, (std::vector<std::string>{"other.weight"}));
  write({{"affine1.weight", x31_}});
  EXPECT_THROW(load_weights(path_, network, {.strict = false}), FormatError);
  write({{"fc.weight", x23_}});
  EXPECT_EQ(
      error_of<FormatError>([&] {
        load_weights(path_, network, {.strict = false});
      }).substr(14 + path_.string().size()),
      ": none of its 1 arrays belongs to the network; the first is 'fc.weight', the network's "
      "first is 'affine1.weight'");
}

TEST_F(WeightsFile, RenamesWhatIsInTheFile) {
  auto saved = small_network<float>(1);
  save_weights(path_, saved, {.rename = {{"*", "net.*"}, {"*.affine*.*", "*.fc*.*"}}});
  std::vector<std::string> names;
  for (const auto& array : read_npz<float>(path_)) names.push_back(array.name);
  EXPECT_EQ(names[0], "net.fc1.weight");
  EXPECT_EQ(names[2], "net.norm.gamma");
  auto loaded = small_network<float>(2);
  load_weights(path_, loaded, {.rename = {{"net.*", "*"}, {"fc*", "affine*"}}});
  EXPECT_EQ(values_of(loaded), values_of(saved));
  EXPECT_EQ(error_of<FormatError>([&] {
              load_weights(path_, loaded, {.rename = {{"*", "x"}}});
            }).substr(14 + path_.string().size()),
            ": two arrays have the name 'x'");
  EXPECT_EQ(error_of<ValueError>([&] {
              load_weights(path_, loaded, {.rename = {{"a", "*"}}});
            }),
            "rename: '*' has more stars than 'a'");
}

TEST_F(WeightsFile, SafetensorsSayWhoseLayoutTheyHave) {
  const auto path = folder_.path() / "f.safetensors";
  const auto saved = small_network<float>(1);
  for (const WeightLayout layout : {WeightLayout::dlfs, WeightLayout::pytorch}) {
    save_weights(path, saved, {.to = layout});
    auto loaded = small_network<float>(2);
    load_weights(path, loaded);
    EXPECT_EQ(values_of(loaded), values_of(saved));
    auto in_double = small_network<double>(2);
    load_weights(path, in_double);
    EXPECT_EQ(in_double.parameters()[0]->value(0, 0), saved.parameters()[0]->value(0, 0));
  }
  save_weights(path, saved);
  EXPECT_EQ(read_safetensors_metadata(path).at("format"), "dlfs");
  std::map<std::string, OneHot> encodings;
  save_weights(path, saved, {{"town", OneHot({"Seoul"})}});
  auto loaded = small_network<float>(2);
  load_weights(path, loaded, encodings);
  EXPECT_EQ(values_of(loaded), values_of(saved));
  EXPECT_EQ(encodings.at("town").categories(), (std::vector<std::string>{"Seoul"}));

  auto arrays = read_safetensors<float>(path);
  write_safetensors<float>(path, {arrays.begin(), arrays.end()});
  EXPECT_EQ(error_of<FormatError>([&] { load_weights(path, loaded); }),
            "load_weights: " + path.string() +
                ": the file does not say whether the layout of its weights is PyTorch's or that of "
                "dlfs; the option .from says it");
}

TEST_F(WeightsFile, ASquareWeightOfPytorchIsTransposed) {
  Rng rng(1);
  Sequential<float> network{{"affine", Affine<float>({.in = 2, .out = 2}, He{}, rng)}};
  const auto W = array<float>({{1, 2}, {3, 4}});
  write({{"affine.weight", W}, {"affine.bias", zeros<float>({2})}});
  load_weights(path_, network, {.from = WeightLayout::pytorch});
  EXPECT_EQ(network.parameters()[0]->value(0, 1), 3);
  load_weights(path_, network);
  EXPECT_EQ(network.parameters()[0]->value(0, 1), 2);
}

TEST_F(WeightsFile, AFileOfPytorchHasItsLayout) {
  Rng rng(1);
  Sequential<float> network{{"fc", Affine<float>({.in = 2, .out = 3}, He{}, rng)}};
  for (const std::string name : {"linear.pt", "wrapped_model.pt"}) {
    load_weights(test::fixture(name), network, {.rename = {{"*", "fc.*"}}});
    for (const auto& [key, value] : read_pytorch<float>(test::fixture(name))) {
      if (key == "bias") test::expect_equal(network.parameters()[1]->value, value);
      if (key == "weight") {
        test::expect_equal(network.parameters()[0]->value, copy(value.transpose()));
      }
    }
  }
  EXPECT_EQ(error_of<FormatError>([&] { load_weights(test::fixture("linear.pt"), network); }),
            "load_weights: " + test::fixture("linear.pt") + R"(: it does not fit the network:
  there is no array 'fc.weight', expected (3, 2) for fc.weight
  there is no array 'fc.bias', expected (3,) for fc.bias
  array 'bias' of shape (3,) belongs to no parameter
  array 'weight' of shape (3, 2) belongs to no parameter)");
  EXPECT_NE(error_of<FormatError>([&] {
              load_weights(test::fixture("old.pt"), network);
            }).find("a file of PyTorch before 1.6"),
            std::string::npos);
}

TEST_F(WeightsFile, RandomGraphsComeBackBitByBit) {
  for (unsigned seed = 0; seed < test::random_graphs; ++seed) {
    test::RandomGraph<float> random(seed);
    Graph<float>& network = random.net();
    if (network.parameters().empty()) continue;
    std::filesystem::remove(path_);
    save_weights(path_, network);
    Graph<float> other = network;
    for (Parameter<float>* parameter : other.parameters()) parameter->value.fill(1);
    for (NamedTensor<float>* buffer : other.buffers()) buffer->value.fill(2);
    load_weights(path_, other);
    const auto x = random.inputs(4);
    const auto prediction = [&](const Graph<float>& net) {
      return x.size() == 1 ? net.predict({x[0]}) : net.predict({x[0], x[1]});
    };
    test::expect_equal(prediction(other), prediction(network));
    if (seed % 4 != 0) continue;

    const auto path = folder_.path() / "f.safetensors";
    save_weights(path, network, {.to = WeightLayout::pytorch});
    for (Parameter<float>* parameter : other.parameters()) parameter->value.fill(1);
    for (NamedTensor<float>* buffer : other.buffers()) buffer->value.fill(2);
    load_weights(path, other);
    test::expect_equal(prediction(other), prediction(network));
  }
}

}  // namespace
}  // namespace dlfs
