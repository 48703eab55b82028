#include "dlfs/core/overlap.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <string>
#include <utility>
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
  /// To be written, and shared with nothing.
  View written(const Shape& shape, Index part = 0) { return {results.data() + 100 * part, shape}; }

  Tensor<double> numbers = ones<double>({2000});
  Tensor<double> others = ones<double>({2000});
  Tensor<double> results{{2000}};
  Tensor<std::byte> kept{{2000}};
  Tensor<std::uint16_t> argmax{{2000}};
};

/// A call in which one view that is written overlaps one other, and what the message calls them.
struct Call {
  std::string out;
  std::string operand;
  std::function<void(Memory&)> run;
};
using Calls = std::vector<Call>;

template <class F>
Calls activation(const F& f) {
  return {{"out", "x", [f](Memory& m) { f(m.in({2, 3}), m.out({2, 3})); }}};
}
/// Of one that computes the gradient from y, or from x.
template <class F>
Calls activation_backward(const std::string& kept, const F& f) {
  return {{"dx", kept,
           [f](Memory& m) {
             f(m.in({2, 3}), m.apart({2, 3}), m.out({2, 3}));
           }},
          {"dx", "dy", [f](Memory& m) {
             f(m.apart({2, 3}), m.in({2, 3}), m.out({2, 3}));
           }}};
}

const Window2d window{.kernel = 2};
const Shape images{2, 2, 5, 5};
const Shape pooled{2, 2, 4, 4};
const Shape weight{2, 2, 2, 2};
const Shape rows{2, 3};
const Shape features{2, 3, 1};
const Shape each{3};
const Shape each_row{2, 2};

void normalize_layer(View x, View gamma, View beta, View y, View statistics) {
  layer_normalization(x, gamma, beta, 1e-5, y, statistics);
}
void normalize_layer_backward(View x, View dy, View statistics, View gamma, View dgamma, View dbeta,
                              View dx) {
  layer_normalization_backward(x, dy, statistics, gamma, dgamma, dbeta, Store::overwrite, dx);
}
void normalize_batch_backward(View x, View dy, View mean, View deviation, View gamma, View dgamma,
                              View dbeta, View dx) {
  batch_normalization_backward(x, dy, {mean, deviation, gamma}, BatchStatistics::of_the_batch,
                               dgamma, dbeta, Store::overwrite, dx);
}

/// What a backward kernel is called with.
struct Argument {
  std::string name;
  Shape shape;
  bool is_written = false;
};

/// A call for each argument that is written and each before it, which overlap.
template <class... Views>
Calls calls_of_pairs(void (*f)(Views...), const std::vector<Argument>& arguments) {
  Calls calls;
  for (std::size_t written = 0; written < arguments.size(); ++written) {
    for (std::size_t other = 0; arguments[written].is_written && other < written; ++other) {
      calls.push_back({arguments[written].name, arguments[other].name, [=](Memory& m) {
                         const auto view = [&](std::size_t k) {
                           const Shape& shape = arguments[k].shape;
                           if (k == written) return m.out(shape);
                           if (k == other) return m.in(shape);
                           return arguments[k].is_written ? m.written(shape, Index(k))
                                                          : m.apart(shape);
                         };
                         [&]<std::size_t... k>(std::index_sequence<k...>) { f(view(k)...); }
                         (std::index_sequence_for<Views...>());
                       }});
    }
  }
  return calls;
}

std::map<std::string, Calls> calls() {
  return {
      {"relu", activation([](auto... x) { relu(x...); })},
      {"leaky_relu", activation([](auto x, auto y) { leaky_relu(x, 0.1, y); })},
      {"elu", activation([](auto x, auto y) { elu(x, 1, y); })},
      {"gelu", activation([](auto... x) { gelu(x...); })},
      {"gelu_tanh", activation([](auto... x) { gelu_tanh(x...); })},
      {"softplus", activation([](auto... x) { softplus(x...); })},
      {"sigmoid", activation([](auto... x) { sigmoid(x...); })},
      {"swish", activation([](auto... x) { swish(x...); })},
      {"tanh", activation([](auto... x) { tanh(x...); })},
      {"softmax", activation([](auto... x) { softmax(x...); })},
      {"log_softmax", activation([](auto... x) { log_softmax(x...); })},
      {"log_sum_exp", activation([](auto x, auto y) { log_sum_exp(x, y[0].rows(0, 2)); })},
      {"hard_sigmoid", activation([](auto... x) { hard_sigmoid(x...); })},
      {"hard_swish", activation([](auto... x) { hard_swish(x...); })},
      {"hard_tanh", activation([](auto x, auto y) { hard_tanh(x, -1, 1, y); })},
      {"hard_sigmoid_backward",
       activation_backward("y", [](auto... x) { hard_sigmoid_backward(x...); })},
      {"hard_swish_backward",
       activation_backward("x", [](auto... x) { hard_swish_backward(x...); })},
      {"hard_tanh_backward",
       activation_backward("y",
                           [](auto y, auto dy, auto dx) { hard_tanh_backward(y, -1, 1, dy, dx); })},
      {"relu_backward", activation_backward("y", [](auto... x) { relu_backward(x...); })},
      {"leaky_relu_backward",
       activation_backward("y",
                           [](auto y, auto dy, auto dx) { leaky_relu_backward(y, 0.1, dy, dx); })},
      {"elu_backward",
       activation_backward("y", [](auto y, auto dy, auto dx) { elu_backward(y, 1, dy, dx); })},
      {"gelu_backward", activation_backward("x", [](auto... x) { gelu_backward(x...); })},
      {"gelu_tanh_backward", activation_backward("x", [](auto... x) { gelu_tanh_backward(x...); })},
      {"softplus_backward", activation_backward("y", [](auto... x) { softplus_backward(x...); })},
      {"sigmoid_backward", activation_backward("y", [](auto... x) { sigmoid_backward(x...); })},
      {"swish_backward", activation_backward("x", [](auto... x) { swish_backward(x...); })},
      {"tanh_backward", activation_backward("y", [](auto... x) { tanh_backward(x...); })},
      {"scale_kept",
       {{"y", "x", [](Memory& m) { scale_kept(m.in({6}), m.kept.data(), 1, m.out({6})); }}}},
      {"matmul",
       {{"the output", "the left factor",
         [](Memory& m) {
           matmul(m.in({3, 3}), m.apart({3, 3}), m.in({3, 3}));
         }},
        {"the output", "the right factor",
         [](Memory& m) {
           matmul(m.apart({3, 3}), m.in({3, 3}), m.out({3, 3}));
         }}}},
      {"sum_rows",
       {{"out", "x",
         [](Memory& m) {
           sum_rows(m.in({3, 3}), m.out({3}));
         }}}},
      {"convolution",
       {{"y", "x",
         [](Memory& m) {
           convolution(m.in(images), m.apart(weight), m.apart({2}), window, 1, m.out(pooled));
         }},
        {"y", "the weight",
         [](Memory& m) {
           convolution(m.apart(images), m.in(weight), m.apart({2}), window, 1, m.out(pooled));
         }},
        {"y", "the bias",
         [](Memory& m) {
           convolution(m.apart(images), m.apart(weight), m.in({2}), window, 1, m.out(pooled));
         }}}},
      {"convolution_backward_input",
       {{"dx", "dy",
         [](Memory& m) {
           convolution_backward_input(m.in(pooled), m.apart(weight), window, 1, m.out(images));
         }},
        {"dx", "the weight",
         [](Memory& m) {
           convolution_backward_input(m.apart(pooled), m.in(weight), window, 1, m.out(images));
         }}}},
      {"convolution_backward_weights",
       {{"dweight", "x",
         [](Memory& m) {
           convolution_backward_weights(m.in(images), m.apart(pooled), window, 1, m.out(weight),
                                        m.written({2}));
         }},
        {"dweight", "dy",
         [](Memory& m) {
           convolution_backward_weights(m.apart(images), m.in(pooled), window, 1, m.out(weight),
                                        m.written({2}));
         }},
        {"dbias", "x",
         [](Memory& m) {
           convolution_backward_weights(m.in(images), m.apart(pooled), window, 1, m.written(weight),
                                        m.out({2}));
         }},
        {"dbias", "dy",
         [](Memory& m) {
           convolution_backward_weights(m.apart(images), m.in(pooled), window, 1, m.written(weight),
                                        m.out({2}));
         }},
        {"dbias", "dweight",
         [](Memory& m) {
           convolution_backward_weights(m.apart(images), m.apart(pooled), window, 1, m.in(weight),
                                        m.out({2}));
         }}}},
      {"transposed_convolution",
       {{"y", "x",
         [](Memory& m) {
           transposed_convolution(m.in(pooled), m.apart(weight), m.apart({2}), window, 1,
                                  m.out(images));
         }},
        {"y", "the weight",
         [](Memory& m) {
           transposed_convolution(m.apart(pooled), m.in(weight), m.apart({2}), window, 1,
                                  m.out(images));
         }},
        {"y", "the bias",
         [](Memory& m) {
           transposed_convolution(m.apart(pooled), m.apart(weight), m.in({2}), window, 1,
                                  m.out(images));
         }}}},
      {"transposed_convolution_backward_input",
       {{"y", "x",
         [](Memory& m) {
           transposed_convolution_backward_input(m.in(images), m.apart(weight), window, 1,
                                                 m.out(pooled));
         }},
        {"y", "the weight",
         [](Memory& m) {
           transposed_convolution_backward_input(m.apart(images), m.in(weight), window, 1,
                                                 m.out(pooled));
         }}}},
      {"transposed_convolution_backward_weights",
       {{"dweight", "dy",
         [](Memory& m) {
           transposed_convolution_backward_weights(m.in(pooled), m.apart(images), window, 1,
                                                   m.out(weight), m.written({2}));
         }},
        {"dweight", "x",
         [](Memory& m) {
           transposed_convolution_backward_weights(m.apart(pooled), m.in(images), window, 1,
                                                   m.out(weight), m.written({2}));
         }},
        {"dbias", "x",
         [](Memory& m) {
           transposed_convolution_backward_weights(m.in(pooled), m.apart(images), window, 1,
                                                   m.written(weight), m.out({2}));
         }},
        {"dbias", "dy",
         [](Memory& m) {
           transposed_convolution_backward_weights(m.apart(pooled), m.in(images), window, 1,
                                                   m.written(weight), m.out({2}));
         }},
        {"dbias", "dweight",
         [](Memory& m) {
           transposed_convolution_backward_weights(m.apart(pooled), m.apart(images), window, 1,
                                                   m.in(weight), m.out({2}));
         }}}},
      {"max_pooling",
       {{"y", "x",
         [](Memory& m) { max_pooling(m.in(images), window, m.out(pooled), m.argmax.data()); }}}},
      {"max_pooling_backward",
       {{"dx", "dy",
         [](Memory& m) {
           max_pooling_backward(m.in(pooled), m.argmax.data(), window, m.out(images));
         }}}},
      {"average_pooling",
       {{"y", "x", [](Memory& m) { average_pooling(m.in(images), window, m.out(pooled)); }}}},
      {"average_pooling_backward",
       {{"dx", "dy",
         [](Memory& m) { average_pooling_backward(m.in(pooled), window, m.out(images)); }}}},
      {"im2col",
       {{"the columns", "the image",
         [](Memory& m) {
           im2col(m.in({2, 5, 5}), window, m.out({8, 16}));
         }}}},
      {"col2im",
       {{"the image", "the columns",
         [](Memory& m) {
           col2im(m.in({8, 16}), window, m.out({2, 5, 5}));
         }}}},
      {"map_coordinates",
       {{"y", "x",
         [](Memory& m) {
           map_coordinates<double>(m.in({1, 5, 5}), m.apart({5, 5}), m.apart({5, 5}),
                                   m.out({1, 5, 5}));
         }},
        {"y", "rows",
         [](Memory& m) {
           map_coordinates<double>(m.apart({1, 5, 5}), m.in({5, 5}), m.apart({5, 5}),
                                   m.out({1, 5, 5}));
         }},
        {"y", "columns",
         [](Memory& m) {
           map_coordinates<double>(m.apart({1, 5, 5}), m.apart({5, 5}), m.in({5, 5}),
                                   m.out({1, 5, 5}));
         }}}},
      {"batch_statistics",
       {{"the mean", "x",
         [](Memory& m) { batch_statistics(m.in(features), m.out(each), m.written(each)); }},
        {"the mean", "the variance",
         [](Memory& m) { batch_statistics(m.apart(features), m.in(each), m.out(each)); }},
        {"the variance", "x",
         [](Memory& m) { batch_statistics(m.in(features), m.written(each), m.out(each)); }}}},
      {"batch_normalization",
       {{"y", "x",
         [](Memory& m) {
           batch_normalization(m.in(features), {m.apart(each), m.apart(each), m.apart(each)},
                               m.apart(each), m.out(features));
         }},
        {"y", "the mean",
         [](Memory& m) {
           batch_normalization(m.apart(features), {m.in(each), m.apart(each), m.apart(each)},
                               m.apart(each), m.out(features));
         }},
        {"y", "rstd",
         [](Memory& m) {
           batch_normalization(m.apart(features), {m.apart(each), m.in(each), m.apart(each)},
                               m.apart(each), m.out(features));
         }},
        {"y", "gamma",
         [](Memory& m) {
           batch_normalization(m.apart(features), {m.apart(each), m.apart(each), m.in(each)},
                               m.apart(each), m.out(features));
         }},
        {"y", "beta",
         [](Memory& m) {
           batch_normalization(m.apart(features), {m.apart(each), m.apart(each), m.apart(each)},
                               m.in(each), m.out(features));
         }}}},
      {"batch_normalization_backward",
       calls_of_pairs(normalize_batch_backward, {{"x", features},
                                                 {"dy", features},
                                                 {"the mean", each},
                                                 {"rstd", each},
                                                 {"gamma", each},
                                                 {"dgamma", each, true},
                                                 {"dbeta", each, true},
                                                 {"dx", features, true}})},
      {"layer_normalization",
       {{"y", "x",
         [](Memory& m) {
           normalize_layer(m.in(rows), m.apart(each), m.apart(each), m.out(rows),
                           m.written(each_row));
         }},
        {"y", "gamma",
         [](Memory& m) {
           normalize_layer(m.apart(rows), m.in(each), m.apart(each), m.out(rows),
                           m.written(each_row));
         }},
        {"y", "beta",
         [](Memory& m) {
           normalize_layer(m.apart(rows), m.apart(each), m.in(each), m.out(rows),
                           m.written(each_row));
         }},
        {"the statistics", "x",
         [](Memory& m) {
           normalize_layer(m.in(rows), m.apart(each), m.apart(each), m.written(rows),
                           m.out(each_row));
         }},
        {"the statistics", "gamma",
         [](Memory& m) {
           normalize_layer(m.apart(rows), m.in(each), m.apart(each), m.written(rows),
                           m.out(each_row));
         }},
        {"the statistics", "beta",
         [](Memory& m) {
           normalize_layer(m.apart(rows), m.apart(each), m.in(each), m.written(rows),
                           m.out(each_row));
         }},
        {"the statistics", "y",
         [](Memory& m) {
           normalize_layer(m.apart(rows), m.apart(each), m.apart(each), m.in(rows),
                           m.out(each_row));
         }}}},
      {"layer_normalization_backward",
       calls_of_pairs(normalize_layer_backward, {{"x", rows},
                                                 {"dy", rows},
                                                 {"the statistics", each_row},
                                                 {"gamma", each},
                                                 {"dgamma", each, true},
                                                 {"dbeta", each, true},
                                                 {"dx", rows, true}})},
      {"kullback_leibler",
       {{"the gradient", "logits",
         [](Memory& m) { kullback_leibler(m.in(rows), View(m.apart(rows)), m.out(rows)); }},
        {"the gradient", "targets",
         [](Memory& m) { kullback_leibler(m.apart(rows), View(m.in(rows)), m.out(rows)); }}}},
      {"softmax_cross_entropy",
       {{"the gradient", "logits",
         [](Memory& m) { softmax_cross_entropy(m.in(rows), Labels({2}), m.out(rows)); }},
        {"the gradient", "targets",
         [](Memory& m) { softmax_cross_entropy(m.apart(rows), View(m.in(rows)), m.out(rows)); }}}},
      {"take",
       {{"the batch", "x",
         [](Memory& m) {
           const Index first[] = {0};
           take(m.numbers, first, m.numbers);
         }}}},
  };
}

TEST(Overlap, OfWhatIsWrittenWithWhatIsReadIsRefused) {
  for (const auto& [name, list] : calls()) {
    for (const auto& [out, operand, run] : list) {
      SCOPED_TRACE(name);
      Memory memory;
      const std::string text =
          test::error_of<ValueError>([&, call = std::cref(run)] { call(memory); });
      const auto expected = str_cat(": ", out, " shares memory with ", operand, ", which");
      EXPECT_NE(text.find(expected), std::string::npos) << text << "; expected" << expected;
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

/// Whether the memory of two views may be shared while one of them is written.
bool are_apart(const View& a, const View& b) {
  try {
    detail::expect_apart("f", "a", a, "b", b);
    detail::expect_apart("f", "b", b, "a", a);
    return true;
  } catch (const ValueError&) {
    return false;
  }
}

TEST(Overlap, ReachesFromTheLowestElementToTheHighestAndNoFurther) {
  auto x = arange<double>(12);
  EXPECT_TRUE(are_apart(x.rows(0, 6), x.rows(6, 12)));
  EXPECT_FALSE(are_apart(x.rows(0, 7), x.rows(6, 12)));
  EXPECT_TRUE(are_apart(x.rows(0, 12), x.rows(6, 6)));
  const View backwards = x(Slice{.start = 5, .step = -1});
  EXPECT_FALSE(are_apart(backwards, x.rows(0, 1)));
  EXPECT_TRUE(are_apart(backwards, x.rows(6, 12)));
  EXPECT_FALSE(are_apart(x(Slice{.step = -1}), backwards));
}

TEST(Overlap, OfPartsOfAMatrixIsNoneWhereTheirColumnsDiffer) {
  Tensor<double> x({4, 10});
  const auto columns = [&](Index first, Index last) { return x(Slice{0, 4}, Slice{first, last}); };
  EXPECT_TRUE(are_apart(columns(0, 5), columns(5, 10)));
  EXPECT_TRUE(are_apart(columns(0, 5).transpose(), columns(5, 10)));
  EXPECT_TRUE(are_apart(columns(0, 5), columns(5, 10).transpose()));
  EXPECT_TRUE(are_apart(columns(0, 2), x(Slice{1, 4}, Slice{2, 10})));
  EXPECT_TRUE(are_apart(columns(2, 10), x(Slice{1, 4}, Slice{0, 2})));
  EXPECT_FALSE(are_apart(columns(0, 5), columns(4, 10)));
  EXPECT_FALSE(are_apart(columns(8, 10), x(Slice{1, 4}, Slice{0, 9})));
  // Of rows of another length.
  const View flat(x.data(), {8, 5});
  EXPECT_FALSE(are_apart(columns(0, 3), flat(Slice{0, 8}, Slice{3, 5})));
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

/// Calls `visit(line)` for each line outside of namespace detail of the headers of math.
void for_each_line(const std::function<void(const std::string&)>& visit) {
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(DLFS_INCLUDE_DIRECTORY "/dlfs")) {
    const std::string folder = entry.path().parent_path().filename().string();
    if (folder != "conv" && folder != "tensor" && folder != "functional") continue;
    std::ifstream file(entry.path());
    bool is_detail = false;
    for (std::string line; std::getline(file, line);) {
      is_detail |= line == "namespace detail {" || line.starts_with("namespace dlfs::");
      if (line == "}  // namespace detail") is_detail = false;
      if (!is_detail) visit(line);
    }
  }
}

TEST(Overlap, EveryFunctionThatWritesToAnArgumentIsInTheList) {
  const auto known = calls();
  const std::regex head("^void (\\w+)\\(.*$");
  int count = 0;
  for_each_line([&](const std::string& line) {
    std::smatch match;
    if (!std::regex_match(line, match, head) || line.ends_with("= delete;")) return;
    // The operand of these may overlap.
    const std::string name = match[1];
    if (name == "assign" || name == "index_put" || name == "put_along_axis") return;
    EXPECT_TRUE(known.contains(name)) << name;
    ++count;
  });
  EXPECT_GE(count, 30);
}

TEST(Overlap, EveryCheckOfAFunctionIsInTheList) {
  const auto known = calls();
  const std::regex head("^(?!template)[A-Za-z].*? (\\w+)\\(.*$");
  const std::regex check(R"/(^.*expect_(same_or_)?apart\([^,]+, "([^"]+)", .+, "([^"]+)", .+$)/");
  std::string name;
  int count = 0;
  for_each_line([&](const std::string& line) {
    std::smatch match;
    if (std::regex_match(line, match, head)) name = match[1];
    if (!std::regex_match(line, match, check)) return;
    ASSERT_TRUE(known.contains(name)) << name;
    const Calls& list = known.at(name);
    EXPECT_TRUE(std::any_of(
        list.begin(), list.end(),
        [&](const Call& call) { return call.out == match[2] && call.operand == match[3]; }))
        << name << ": " << match[2] << " and " << match[3];
    ++count;
  });
  EXPECT_GE(count, 50);
}

}  // namespace
}  // namespace dlfs::overlap_test
