#include "dlfs/nn/layers/multi_head_attention.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "nn/layer_checks.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(LayerWithParameters<MultiHeadAttention<float>>);
static_assert(LayerWithSavedBytes<MultiHeadAttention<double>>);
static_assert(LayerWithFlops<MultiHeadAttention<float>>);
static_assert(!test::Instantiable<MultiHeadAttention, int>);

MultiHeadAttention<double> attention_of(Index features, Index heads, bool causal) {
  Rng rng(3);
  MultiHeadAttention<double> layer({.features = features, .heads = heads, .causal = causal}, rng);
  for (Parameter<double>* parameter : layer.parameters()) {
    parameter->value = random_normal<double>(parameter->value.shape(), rng, 0.5);
  }
  return layer;
}

/// The formula, number by number.
Tensor<double> attention_by_hand(MultiHeadAttention<double> layer, const Tensor<double>& x,
                                 Index heads, bool causal) {
  const auto [w_in, b_in, w_out, b_out] = layer.parameters();
  const Index steps = x.extent(1);
  const Index D = x.extent(2);
  const Index d = D / heads;
  Tensor<double> y(x.shape());
  for (Index n = 0; n < x.extent(0); ++n) {
    Tensor<double> qkv({steps, 3 * D}), attended({steps, D});
    for (Index t = 0; t < steps; ++t) {
      for (Index j = 0; j < 3 * D; ++j) {
        qkv(t, j) = b_in->value(j);
        for (Index k = 0; k < D; ++k) qkv(t, j) += x(n, t, k) * w_in->value(k, j);
      }
    }
    for (Index head = 0; head < heads; ++head) {
      for (Index t = 0; t < steps; ++t) {
        std::vector<double> weights;
        double sum = 0;
        for (Index s = 0; s < (causal ? t + 1 : steps); ++s) {
          double score = 0;
          for (Index i = 0; i < d; ++i) score += qkv(t, head * d + i) * qkv(s, D + head * d + i);
          weights.push_back(std::exp(score / std::sqrt(static_cast<double>(d))));
          sum += weights.back();
        }
        for (Index i = 0; i < d; ++i) {
          for (std::size_t s = 0; s < weights.size(); ++s) {
            attended(t, head * d + i) +=
                weights[s] / sum * qkv(static_cast<Index>(s), 2 * D + head * d + i);
          }
        }
      }
    }
    for (Index t = 0; t < steps; ++t) {
      for (Index j = 0; j < D; ++j) {
        y(n, t, j) = b_out->value(j);
        for (Index k = 0; k < D; ++k) y(n, t, j) += attended(t, k) * w_out->value(k, j);
      }
    }
  }
  return y;
}

TEST(MultiHeadAttention, AgreesWithTheFormula) {
  Rng rng(4);
  for (const bool causal : {false, true}) {
    for (const auto& [samples, steps, features, heads] : std::vector<std::array<Index, 4>>{
             {1, 1, 1, 1}, {2, 5, 6, 3}, {3, 7, 4, 1}, {1, 150, 6, 2}, {2, 64, 5, 5}}) {
      const auto x = random_normal<double>({samples, steps, features}, rng);
      const auto layer = attention_of(features, heads, causal);
      test::Bench bench(layer, x);
      bench.forward();
      test::expect_close(bench.y, attention_by_hand(layer, x, heads, causal), 1e-11);
    }
  }
}

TEST(MultiHeadAttention, GradientsAgreeWithCentralDifferences) {
  Rng rng(2);
  for (const bool causal : {false, true}) {
    test::expect_right_gradients(attention_of(6, 3, causal), random_normal<double>({2, 4, 6}, rng));
    test::expect_right_gradients(attention_of(4, 1, causal), random_normal<double>({1, 5, 4}, rng));
    test::expect_right_gradients(attention_of(2, 1, causal),
                                 random_normal<double>({1, 70, 2}, rng));
  }
}

TEST(MultiHeadAttention, KeepsTheContractOfALayer) {
  Rng rng(2);
  test::expect_contract(attention_of(6, 2, true), random_normal<double>({3, 5, 6}, rng));
  test::expect_contract(attention_of(6, 2, false), random_normal<double>({3, 5, 6}, rng));
}

TEST(MultiHeadAttention, ACausalStepSeesNoLaterOne) {
  Rng rng(2);
  const auto x = random_normal<double>({2, 70, 4}, rng);
  auto padded = x;
  for (Index n = 0; n < 2; ++n) assign(padded[n].rows(40, 70), 1e3);
  test::Bench whole(attention_of(4, 2, true), x);
  test::Bench cut(attention_of(4, 2, true), padded);
  whole.forward();
  cut.forward();
  for (Index n = 0; n < 2; ++n) {
    test::expect_equal(copy(whole.y[n].rows(0, 40)), copy(cut.y[n].rows(0, 40)));
  }
}

TEST(MultiHeadAttention, LargeScoresDoNotOverflow) {
  auto layer = attention_of(2, 1, false);
  test::Bench bench(layer, full<double>({1, 3, 2}, 1e6));
  bench.forward();
  bench.backward(ones<double>({1, 3, 2}));
  EXPECT_FALSE(test::has_nan(bench.y));
  EXPECT_FALSE(test::has_nan(bench.dx));
}

TEST(MultiHeadAttention, ThreadsGiveTheSameBits) {
  Rng rng(2);
  const auto x = random_normal<double>({5, 9, 6}, rng);
  const auto dy = random_normal<double>({5, 9, 6}, rng);
  const int before = thread_count();
  std::vector<Tensor<double>> first;
  for (const int threads : {1, 2, 3}) {
    set_thread_count(threads);
    test::Bench bench(attention_of(6, 3, true), x);
    bench.forward();
    bench.backward(dy);
    std::vector<Tensor<double>> results = bench.gradients;
    results.push_back(bench.y);
    results.push_back(bench.dx);
    if (first.empty()) first = results;
    for (std::size_t i = 0; i < first.size(); ++i) test::expect_equal(results[i], first[i]);
  }
  set_thread_count(before);
}

TEST(MultiHeadAttention, ParametersAreDrawnAsByPyTorch) {
  Rng rng(2);
  MultiHeadAttention<double> layer({.features = 24, .heads = 4}, rng);
  const auto [w_in, b_in, w_out, b_out] = layer.parameters();
  EXPECT_LT(max(abs(w_in->value)), 0.25);
  EXPECT_GT(max(abs(w_in->value)), 0.24);
  EXPECT_LT(max(abs(w_out->value)), 1 / std::sqrt(24.0));
  EXPECT_GT(max(abs(w_out->value)), 0.19);
  test::expect_equal(b_in->value, zeros<double>({72}));
  test::expect_equal(b_out->value, zeros<double>({24}));
  EXPECT_EQ(b_in->decay_scale, 0);
  EXPECT_EQ(b_out->decay_scale, 0);
}

TEST(MultiHeadAttention, FlopsAndBytesAreCounted) {
  const AnyLayer<double> layer = attention_of(6, 3, true);
  EXPECT_EQ(layer.flops({5, 7, 6}), 5 * 7 * (8 * 6 * 6 + 4 * 7 * 6));
  EXPECT_EQ(layer.saved_bytes({5, 7, 6}), 5 * 7 * (4 * 6 + 3) * 8);
}

/// A mask (N, T) with these rows, whatever the input.
class Mask {
 public:
  using Scalar = double;

  explicit Mask(Tensor<double> rows) : rows_(std::move(rows)) {}

  static constexpr LayerTraits traits() { return {.kind = "mask", .whole_batch = true}; }
  Shape output_shape(const Shape& x) const { return {x[0], x[1]}; }
  void forward(const ForwardPass<double>& pass) const {
    for (Index n = 0; n < pass.y.extent(0); ++n) {
      for (Index t = 0; t < pass.y.extent(1); ++t) pass.y(n, t) = rows_(n % rows_.extent(0), t);
    }
  }
  void backward(const BackwardPass<double>& pass) const {
    std::fill_n(pass.dx.data(), pass.dx.size(), 0.0);
  }

 private:
  Tensor<double> rows_;
};

TEST(MultiHeadAttention, DoesNotSeePadding) {
  Rng rng(2);
  for (const bool causal : {false, true}) {
    const auto layer = attention_of(6, 2, causal);
    const auto x = random_normal<double>({1, 70, 6}, rng);  // more steps than are computed together
    const auto mask = [](Index kept) {
      auto row = zeros<double>({1, 70});
      std::fill_n(row.data(), kept, 1.0);
      return row;
    };
    const Graph<double> net({"x", "mask"}, {{"attention", layer, {"x", "mask"}}});
    test::expect_equal(net.predict({x, mask(70)}),
                       Sequential<double>{{"attention", layer}}.predict(x));
    for (const Index kept : {1, 3, 65}) {
      const Tensor<double> y = net.predict({x, mask(kept)});
      const Tensor<double> part = copy(x.slice(1, {0, kept}));
      test::expect_close(copy(y.slice(1, {0, kept})),
                         Sequential<double>{{"attention", layer}}.predict(part), 1e-14);
    }
    // Nothing to see: the bias of the output alone.
    const Tensor<double> y = net.predict({x, mask(0)});
    AnyLayer<double> of_layer = layer;
    test::expect_equal(copy(y[0][5]), of_layer.parameters()[3]->value);
  }
}

TEST(MultiHeadAttention, GradientsWithPaddingAgreeWithCentralDifferences) {
  Rng rng(2);
  for (const bool causal : {false, true}) {
    const Graph<double> net(
        {"x"},
        {{"mask", Mask(array<double>({{1, 1, 0, 1, 0}, {0, 0, 0, 0, 0}, {0, 1, 1, 1, 1}})), {"x"}},
         {"attention", attention_of(4, 2, causal), {"x", "mask"}}});
    const auto report = check_gradients(net, random_normal<double>({3, 5, 4}, rng));
    EXPECT_TRUE(report.passes(1e-7)) << to_string(report);
  }
}

TEST(MultiHeadAttention, ErrorsSayWhatIsWrong) {
  const std::vector<Shape> inputs{{5, 7, 6}, {5, 6}};
  EXPECT_EQ(test::error_of<ShapeError>([&] { attention_of(6, 3, true).output_shape(inputs); }),
            "multi-head attention: expected a mask (N, T) for x (5, 7, 6), got (5, 6)");
  EXPECT_EQ(test::error_of<ShapeError>([] {
              attention_of(6, 3, true).output_shape({5, 6});
            }),
            "multi-head attention: expected x of shape (N, T, 6), got (5, 6)");
  EXPECT_EQ(test::error_of<ValueError>([] { attention_of(6, 4, true); }),
            "multi-head attention: expected heads that divide the 6 features, got 4");
}

}  // namespace
}  // namespace dlfs
