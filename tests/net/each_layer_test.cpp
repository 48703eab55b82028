// What every layer of the library has to do as a part of a network: it finds its sizes, and shows
// its options. A new layer joins the list.
#include "support/each_layer.hpp"

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

namespace fs = std::filesystem;

TEST(EachLayer, IsInTheList) {
  std::set<std::string> headers, listed;
  for (const auto& file :
       fs::directory_iterator(fs::path(DLFS_INCLUDE_DIRECTORY) / "dlfs/nn/layers")) {
    headers.insert(file.path().stem().string());
  }
  for (const test::LayerEntry& entry : test::all_layers()) listed.insert(entry.header);
  EXPECT_EQ(headers, listed);
}

TEST(EachLayer, ShowsItsOptions) {
  for (const test::LayerEntry& entry : test::all_layers()) {
    Rng rng(1);
    const AnyLayer<float> layer = entry.make(rng);
    struct Ignore : OptionVisitor {
      void flag(std::string_view, bool, bool) override {}
      void integer(std::string_view, Index, bool) override {}
      void number(std::string_view, double, bool) override {}
      void text(std::string_view, std::string_view, bool) override {}
      void integers(std::string_view, std::span<const Index>, bool) override {}
    } ignore;
    EXPECT_TRUE(layer.visit_options(ignore)) << entry.header;
    EXPECT_EQ(detail::OptionText::of(layer), entry.options) << entry.header;
  }
}

TEST(EachLayer, FindsItsSizesAndDrawsTheSameNumbersAsWithThem) {
  for (const test::LayerEntry& entry : test::all_layers()) {
    if (!entry.deferred) continue;
    Rng rng(3), same(3);
    AnyLayer<float> expected = entry.make(rng);
    AnyLayer<float> layer = *entry.deferred;
    layer.initialize(test::batches(entry, 1), same);
    const auto a = expected.parameters(), b = layer.parameters();
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t k = 0; k < a.size(); ++k) {
      EXPECT_EQ(a[k]->name, b[k]->name);
      test::expect_equal(b[k]->value, a[k]->value);
      EXPECT_EQ(a[k]->decay_scale, b[k]->decay_scale) << entry.header << ' ' << a[k]->name;
    }
    EXPECT_EQ(rng(), same()) << entry.header;
    EXPECT_EQ(detail::OptionText::of(layer), entry.options);
    EXPECT_EQ(layer.output_shape(test::batches(entry, 2)),
              expected.output_shape(test::batches(entry, 2)));

    layer.initialize(test::batches(entry, 1), same);  // a second time changes nothing
    for (std::size_t k = 0; k < a.size(); ++k) test::expect_equal(b[k]->value, a[k]->value);
  }
}

/// A layer of which a size depends on the input has no other size to begin with.
TEST(EachLayer, SaysThatItWaitsForItsSizes) {
  for (const test::LayerEntry& entry : test::all_layers()) {
    if (!entry.deferred || entry.header == "dropout") continue;
    EXPECT_TRUE(test::error_of<ValueError>([&] {
                  entry.deferred->output_shape(test::batches(entry, 2));
                }).find("its sizes are not known yet") != std::string::npos)
        << entry.header;
  }
}

TEST(EachLayer, WithParametersCanBeMadeWithoutSizes) {
  const std::set<std::string> known{"prelu"};  // its number of slopes is a choice
  for (const test::LayerEntry& entry : test::all_layers()) {
    Rng rng(1);
    AnyLayer<float> layer = entry.make(rng);
    EXPECT_EQ(layer.parameters().empty() || entry.deferred || known.count(entry.header) > 0, true)
        << entry.header;
  }
}

TEST(Initialize, GivesEachLayerTheShapeOfItsInput) {
  Rng rng(1), same(1);
  const Sequential<float> found(
      {1, 8, 8}, same,
      {{"conv1", Convolution<float>({.filters = 3, .kernel = 3}, He{})},
       {"relu1", Relu<float>()},
       {"pool1", MaxPooling<float>({.kernel = 2, .stride = 2})},
       {"block", Residual<float>({{"conv", Convolution<float>({.filters = 3, .padding = 1}, He{})},
                                  {"norm", BatchNormalization<float>({})}})},
       {"affine1", Affine<float>({.out = 10}, He{})}});
  const Sequential<float> given{
      {"conv1", Convolution<float>({.in = 1, .filters = 3, .kernel = 3}, He{}, rng)},
      {"relu1", Relu<float>()},
      {"pool1", MaxPooling<float>({.kernel = 2, .stride = 2})},
      {"block", Residual<float>(
                    {{"conv", Convolution<float>({.in = 3, .filters = 3, .padding = 1}, He{}, rng)},
                     {"norm", BatchNormalization<float>({.features = 3})}})},
      {"affine1", Affine<float>({.in = 27, .out = 10}, He{}, rng)}};
  ASSERT_EQ(found.parameters().size(), given.parameters().size());
  for (std::size_t k = 0; k < given.parameters().size(); ++k) {
    EXPECT_EQ(found.parameters()[k]->name, given.parameters()[k]->name);
    test::expect_equal(found.parameters()[k]->value, given.parameters()[k]->value);
  }
}

TEST(Initialize, NamesTheLayerThatDoesNotFit) {
  Rng rng(1);
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              Sequential<float>({784}, rng,
                                {{"affine1", Affine<float>({.out = 50}, He{})},
                                 {"affine2", Affine<float>({.in = 40, .out = 10}, He{})}});
            }),
            "layer 2 (affine2): affine: expected x with in of 40, got 50");
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              Sequential<float>({784}, rng,
                                {{"affine1", Affine<float>({.in = 40, .out = 10}, He{}, rng)}});
            }),
            "layer 1 (affine1): affine: expected x of shape (N, 40) for the weight (40, 10), got "
            "(1, 784)");
  EXPECT_EQ(test::error_of<ShapeError>([&] {
              Sequential<float>({784}, rng, {{"conv1", Convolution<float>({.filters = 8}, He{})}});
            }),
            "layer 1 (conv1): convolution: expected x with at least 4 axes, got (1, 784)");
  EXPECT_EQ(test::error_of<ValueError>([&] {
              Sequential<float>({3, 8, 8}, rng,
                                {{"conv1", Convolution<float>({.filters = 4, .groups = 2}, He{})}});
            }),
            "layer 1 (conv1): convolution: 2 groups do not divide 3 channels and 4 filters");
}

TEST(Initialize, FindsTheSizesOfAGraph) {
  Rng rng(1);
  const Graph<float> net({{"image", {3, 8, 8}}, {"numbers", {2}}}, rng,
                         {{"conv1", Convolution<float>({.filters = 4}, He{}), {"image"}},
                          {"pool1", GlobalAveragePooling<float>(), {"conv1"}},
                          {"joined", Concatenate<float>(), {"pool1", "numbers"}},
                          {"affine1", Affine<float>({.out = 5}, He{}), {"joined"}}});
  EXPECT_EQ(net.parameters()[2]->value.shape(), (Shape{6, 5}));
}

}  // namespace
}  // namespace dlfs
