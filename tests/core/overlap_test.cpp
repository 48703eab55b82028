#include "dlfs/core/overlap.hpp"

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

// Functions that write to memory of the caller refuse it where it shares elements with what they
// read. A function that writes to an argument and is not in the list fails the last test.

namespace dlfs::overlap_test {
namespace {

using View = TensorView<double>;

/// Memory of which every call takes views: the output begins at the second element of an input.
struct Memory {
  View in(const Shape& shape) { return {numbers.data(), shape}; }
  View out(const Shape& shape) { return {numbers.data() + 1, shape}; }
  View apart(const Shape& shape) { return {others.data(), shape}; }

  Tensor<double> numbers = ones<double>({2000});
  Tensor<double> others = ones<double>({2000});
  Tensor<std::byte> kept{{2000}};
  Tensor<std::uint16_t> argmax{{2000}};
};

using Calls = std::vector<std::function<void(Memory&)>>;

template <class F>
Calls activation(const F& f) {
  return {[f](Memory& m) { f(m.in({2, 3}), m.out({2, 3})); }};
}
template <class F>
Calls activation_backward(const F& f) {
  return {[f](Memory& m) {
            f(m.in({2, 3}), m.apart({2, 3}), m.out({2, 3}));
          },
          [f](Memory& m) {
            f(m.apart({2, 3}), m.in({2, 3}), m.out({2, 3}));
          }};
}

const Window2d window{.kernel = 2};
const Shape images{2, 2, 5, 5};
const Shape pooled{2, 2, 4, 4};
const Shape weight{2, 2, 2, 2};

std::map<std::string, Calls> calls() {
  return {
      {"relu", activation([](auto... x) { relu(x...); })},
      {"leaky_relu", activation([](auto x, auto y) { leaky_relu(x, 0.1, y); })},
      {"elu", activation([](auto x, auto y) { elu(x, 1, y); })},
      {"gelu", activation([](auto... x) { gelu(x...); })},
      {"softplus", activation([](auto... x) { softplus(x...); })},
      {"sigmoid", activation([](auto... x) { sigmoid(x...); })},
      {"swish", activation([](auto... x) { swish(x...); })},
      {"tanh", activation([](auto... x) { tanh(x...); })},
      {"softmax", activation([](auto... x) { softmax(x...); })},
      {"log_softmax", activation([](auto... x) { log_softmax(x...); })},
      {"log_sum_exp", {[](Memory& m) {
         log_sum_exp(m.in({2, 3}), m.out({2}));
       }}},
      {"relu_backward", activation_backward([](auto... x) { relu_backward(x...); })},
      {"leaky_relu_backward",
       activation_backward([](auto y, auto dy, auto dx) { leaky_relu_backward(y, 0.1, dy, dx); })},
      {"elu_backward",
       activation_backward([](auto y, auto dy, auto dx) { elu_backward(y, 1, dy, dx); })},
      {"gelu_backward", activation_backward([](auto... x) { gelu_backward(x...); })},
      {"softplus_backward", activation_backward([](auto... x) { softplus_backward(x...); })},
      {"sigmoid_backward", activation_backward([](auto... x) { sigmoid_backward(x...); })},
      {"swish_backward", activation_backward([](auto... x) { swish_backward(x...); })},
      {"tanh_backward", activation_backward([](auto... x) { tanh_backward(x...); })},
      {"scale_kept", {[](Memory& m) { scale_kept(m.in({6}), m.kept.data(), 1, m.out({6})); }}},
      {"matmul",
       {[](Memory& m) {
          matmul(m.in({3, 3}), m.apart({3, 3}), m.in({3, 3}));
        },
        [](Memory& m) {
          matmul(m.apart({3, 3}), m.in({3, 3}), m.out({3, 3}));
        }}},
      {"sum_rows", {[](Memory& m) {
         sum_rows(m.in({3, 3}), m.out({3}));
       }}},
      {"convolution",
       {[](Memory& m) {
          convolution(m.in(images), m.apart(weight), m.apart({2}), window, 1, m.out(pooled));
        },
        [](Memory& m) {
          convolution(m.apart(images), m.in(weight), m.apart({2}), window, 1, m.out(pooled));
        },
        [](Memory& m) {
          convolution(m.apart(images), m.apart(weight), m.in({2}), window, 1, m.out(pooled));
        }}},
      {"convolution_backward_input",
       {[](Memory& m) {
          convolution_backward_input(m.in(pooled), m.apart(weight), window, 1, m.out(images));
        },
        [](Memory& m) {
          convolution_backward_input(m.apart(pooled), m.in(weight), window, 1, m.out(images));
        }}},
      {"convolution_backward_weights",
       {[](Memory& m) {
          Tensor<double> dbias({2});
          convolution_backward_weights(m.in(images), m.apart(pooled), window, 1, m.out(weight),
                                       dbias);
        },
        [](Memory& m) {
          Tensor<double> dweight(weight);
          convolution_backward_weights(m.apart(images), m.in(pooled), window, 1, dweight,
                                       m.out({2}));
        }}},
      {"transposed_convolution", {[](Memory& m) {
         transposed_convolution(m.in(pooled), m.apart(weight), m.apart({2}), window, 1,
                                m.out(images));
       }}},
      {"transposed_convolution_backward_input", {[](Memory& m) {
         transposed_convolution_backward_input(m.in(images), m.apart(weight), window, 1,
                                               m.out(pooled));
       }}},
      {"transposed_convolution_backward_weights",
       {[](Memory& m) {
          Tensor<double> dbias({2});
          transposed_convolution_backward_weights(m.in(pooled), m.apart(images), window, 1,
                                                  m.out(weight), dbias);
        },
        [](Memory& m) {
          Tensor<double> dweight(weight);
          transposed_convolution_backward_weights(m.apart(pooled), m.in(images), window, 1, dweight,
                                                  m.out({2}));
        }}},
      {"max_pooling",
       {[](Memory& m) { max_pooling(m.in(images), window, m.out(pooled), m.argmax.data()); }}},
      {"max_pooling_backward", {[](Memory& m) {
         max_pooling_backward(m.in(pooled), m.argmax.data(), window, m.out(images));
       }}},
      {"average_pooling",
       {[](Memory& m) { average_pooling(m.in(images), window, m.out(pooled)); }}},
      {"average_pooling_backward",
       {[](Memory& m) { average_pooling_backward(m.in(pooled), window, m.out(images)); }}},
      {"im2col", {[](Memory& m) {
         im2col(m.in({2, 5, 5}), window, m.out({8, 16}));
       }}},
      {"col2im", {[](Memory& m) {
         col2im(m.in({8, 16}), window, m.out({2, 5, 5}));
       }}},
      {"map_coordinates",
       {[](Memory& m) {
          map_coordinates<double>(m.in({1, 5, 5}), m.apart({5, 5}), m.apart({5, 5}),
                                  m.out({1, 5, 5}));
        },
        [](Memory& m) {
          map_coordinates<double>(m.apart({1, 5, 5}), m.in({5, 5}), m.apart({5, 5}),
                                  m.out({1, 5, 5}));
        }}},
      {"batch_statistics", {[](Memory& m) {
         Tensor<double> variance({3});
         batch_statistics(m.in({2, 3, 1}), m.out({3}), variance);
       }}},
      {"batch_normalization", {[](Memory& m) {
         batch_normalization(m.in({2, 3, 1}), {m.apart({3}), m.apart({3}), m.apart({3})},
                             m.apart({3}), m.out({2, 3, 1}));
       }}},
      {"batch_normalization_backward", {[](Memory& m) {
         Tensor<double> dgamma({3}), dbeta({3});
         batch_normalization_backward(
             m.apart({2, 3, 1}), m.in({2, 3, 1}), {m.apart({3}), m.apart({3}), m.apart({3})},
             BatchStatistics::of_the_batch, dgamma, dbeta, Store::overwrite, m.out({2, 3, 1}));
       }}},
      {"layer_normalization", {[](Memory& m) {
         Tensor<double> statistics({2, 2});
         layer_normalization(m.in({2, 3}), m.apart({3}), m.apart({3}), 1e-5, m.out({2, 3}),
                             statistics);
       }}},
      {"layer_normalization_backward", {[](Memory& m) {
         Tensor<double> dgamma({3}), dbeta({3});
         layer_normalization_backward(m.apart({2, 3}), m.in({2, 3}), m.apart({2, 2}), m.apart({3}),
                                      dgamma, dbeta, Store::overwrite, m.out({2, 3}));
       }}},
      {"softmax_cross_entropy",
       {[](Memory& m) {
          softmax_cross_entropy(m.in({2, 3}), Labels({2}), m.out({2, 3}));
        },
        [](Memory& m) {
          softmax_cross_entropy(m.apart({2, 3}), View(m.in({2, 3})), m.out({2, 3}));
        }}},
      {"take", {[](Memory& m) {
         const Index first[] = {0};
         take(m.numbers, first, m.numbers);
       }}},
  };
}

TEST(Overlap, OfWhatIsWrittenWithWhatIsReadIsRefused) {
  for (const auto& [name, list] : calls()) {
    for (const auto& call : list) {
      SCOPED_TRACE(name);
      Memory memory;
      const std::string text = test::error_of<ValueError>([&] { call(memory); });
      EXPECT_NE(text.find(" shares memory with "), std::string::npos) << text;
      test::expect_equal(memory.numbers, ones<double>({2000}));
    }
  }
}

// These may write where they read, element by element.
TEST(Overlap, OfWholeOperandsGivesTheValueWhereEachElementIsReadOnce) {
  Rng rng(1);
  const auto x = random_normal<double>({4, 9}, rng);
  const auto expect_in_place = [&](const auto& f) {
    auto y = x;
    Tensor<double> expected(x.shape());
    f(x.view(), expected.view());
    f(const_view(y), y.view());
    test::expect_equal(y, expected);
  };
  expect_in_place([](auto in, auto out) { tanh(in, out); });
  expect_in_place([](auto in, auto out) { softmax(in, out); });
  expect_in_place([](auto in, auto out) { log_softmax(in, out); });
  expect_in_place([](auto in, auto out) { tanh_backward(in, in, out); });
}

// Assignments and sums take the values from before.
TEST(Overlap, OfAssignmentsIsAsIfTheOperandWereCopied) {
  auto x = arange<double>(10);
  assign(x.rows(1, 10), x.rows(0, 9));
  test::expect_equal(x, array<double>({0, 0, 1, 2, 3, 4, 5, 6, 7, 8}));
  x = arange<double>(10);
  x.rows(1, 10) += x.rows(0, 9);
  test::expect_equal(x, array<double>({0, 1, 3, 5, 7, 9, 11, 13, 15, 17}));
}

// Columns of one matrix lie between each other, and share nothing.
TEST(Overlap, OfColumnsBesideEachOtherIsNone) {
  Rng rng(1);
  auto whole = random_normal<double>({3, 9}, rng);
  const auto a = copy(whole(all, Slice{0, 3}));
  const auto b = copy(whole(all, Slice{3, 6}));
  matmul(whole(all, Slice{0, 3}), whole(all, Slice{3, 6}), whole(all, Slice{6, 9}));
  test::expect_equal(copy(whole(all, Slice{6, 9})), matmul(a, b));
  matmul(whole(all, Slice{6, 9}).transpose(), b, whole(all, Slice{0, 3}));
  EXPECT_THROW(matmul(whole(all, Slice{0, 3}), b, whole(all, Slice{2, 5})), ValueError);
}

TEST(Overlap, EveryFunctionThatWritesToAnArgumentIsInTheList) {
  const auto known = calls();
  const std::regex head("^void (\\w+)\\(.*$");
  int count = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(DLFS_INCLUDE_DIRECTORY "/dlfs")) {
    const std::string folder = entry.path().parent_path().filename().string();
    if (folder != "conv" && folder != "tensor" && folder != "functional") continue;
    std::ifstream file(entry.path());
    bool is_detail = false;
    for (std::string line; std::getline(file, line);) {
      is_detail |= line == "namespace detail {" || line.starts_with("namespace dlfs::");
      if (line == "}  // namespace detail") is_detail = false;
      std::smatch match;
      if (is_detail || !std::regex_match(line, match, head) || line.ends_with("= delete;"))
        continue;
      // The operand of these may overlap.
      const std::string name = match[1];
      if (name == "assign" || name == "index_put" || name == "put_along_axis") continue;
      EXPECT_TRUE(known.contains(name)) << name;
      ++count;
    }
  }
  EXPECT_GE(count, 30);
}

}  // namespace
}  // namespace dlfs::overlap_test
