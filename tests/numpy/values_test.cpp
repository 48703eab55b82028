// Functions at special values against NumPy, in each element type and at each level; see
// fixtures/make_values.py. `visit_functions` lists them. A public function that is neither there
// nor among those of `elsewhere` is found, and so is an element type that a function admits and the
// fixture lacks.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/tensor/functions.hpp"
#include "dlfs/tensor/logic.hpp"
#include "dlfs/tensor/sorting.hpp"
#include "dlfs/tensor/statistics.hpp"
#include "support/levels.hpp"

namespace dlfs {
namespace {

template <class T>
using BitsOfElement = std::conditional_t<
    sizeof(T) == 1, std::uint8_t,
    std::conditional_t<sizeof(T) == 2, std::uint16_t,
                       std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>>;

template <class T>
T from_bits(std::uint64_t bits) {
  return std::bit_cast<T>(static_cast<BitsOfElement<T>>(bits));
}
template <class T>
std::uint64_t bits_of(const T& x) {
  return std::bit_cast<BitsOfElement<T>>(x);
}

/// Calls visit.operator()<T>(name) for every element type.
template <class Visit>
void visit_types(const Visit& visit) {
  visit.template operator()<bool>("bool");
  visit.template operator()<std::int8_t>("int8");
  visit.template operator()<std::int16_t>("int16");
  visit.template operator()<std::int32_t>("int32");
  visit.template operator()<std::int64_t>("int64");
  visit.template operator()<std::uint8_t>("uint8");
  visit.template operator()<std::uint16_t>("uint16");
  visit.template operator()<std::uint32_t>("uint32");
  visit.template operator()<std::uint64_t>("uint64");
  visit.template operator()<Eigen::half>("float16");
  visit.template operator()<Eigen::bfloat16>("bfloat16");
  visit.template operator()<float>("float32");
  visit.template operator()<double>("float64");
}

// How results may differ from the fixture's.
struct Tolerance {
  int units = 0;          // in the last place; at most 1 for half types
  bool any_zero = false;  // whether 0 and -0 are the same
};
inline constexpr Tolerance exact{};
constexpr Tolerance within(int units) { return {.units = units}; }

/// A function that changes a copy of its first operand.
#define DLFS_UPDATE(update)                                                                  \
  []<AnyTensor A>(const A& x, const auto& y) -> decltype(std::declval<Tensor<Element<A>>&>() \
                                                             update y,                       \
                                                         copy(x)) {                          \
    auto result = copy(x);                                                                   \
    result update y;                                                                         \
    return result;                                                                           \
  }
#define DLFS_CALL(call) [](const auto&... x) -> decltype(call) { return call; }

/// Calls visit(name, tolerance, function) for each function of one tensor that acts element by
/// element.
template <class Visit>
void visit_functions_of_one(const Visit& visit) {
  visit("cast_bool", exact, DLFS_CALL(cast<bool>(x...)));
  visit("abs", exact, DLFS_CALL(abs(x...)));
  visit("sign", exact, DLFS_CALL(sign(x...)));
  visit("negative", exact, DLFS_CALL(-(x, ...)));
  visit("square", exact, DLFS_CALL(square(x...)));
  visit("clip", exact, []<AnyTensor X>(const X& x) -> decltype(clip(x, {}, {})) {
    return clip(x, Element<X>(1), Element<X>(3));
  });
  visit("floor", exact, DLFS_CALL(floor(x...)));
  visit("ceil", exact, DLFS_CALL(ceil(x...)));
  visit("round", exact, DLFS_CALL(round(x...)));
  visit("trunc", exact, DLFS_CALL(trunc(x...)));
  visit("sqrt", exact, DLFS_CALL(sqrt(x...)));
  visit("reciprocal", exact, DLFS_CALL(reciprocal(x...)));
  visit("exp", within(2), DLFS_CALL(exp(x...)));
  visit("expm1", within(4), DLFS_CALL(expm1(x...)));
  visit("log", within(2), DLFS_CALL(log(x...)));
  visit("log2", within(3), DLFS_CALL(log2(x...)));
  visit("log10", within(2), DLFS_CALL(log10(x...)));
  visit("log1p", within(2), DLFS_CALL(log1p(x...)));
  visit("cbrt", within(4), DLFS_CALL(cbrt(x...)));
  visit("sin", within(1), DLFS_CALL(sin(x...)));
  visit("cos", within(1), DLFS_CALL(cos(x...)));
  visit("tan", within(1), DLFS_CALL(tan(x...)));
  visit("arcsin", within(1), DLFS_CALL(arcsin(x...)));
  visit("arccos", within(1), DLFS_CALL(arccos(x...)));
  visit("arctan", within(1), DLFS_CALL(arctan(x...)));
  visit("sinh", within(2), DLFS_CALL(sinh(x...)));
  visit("cosh", within(2), DLFS_CALL(cosh(x...)));
  visit("tanh", within(3), DLFS_CALL(tanh(x...)));
  visit("sigmoid", within(3), DLFS_CALL(sigmoid(x...)));
  visit("isnan", exact, DLFS_CALL(isnan(x...)));
  visit("isinf", exact, DLFS_CALL(isinf(x...)));
  visit("isfinite", exact, DLFS_CALL(isfinite(x...)));
  visit("logical_not", exact, DLFS_CALL(logical_not(x...)));
}

/// Likewise for functions of two tensors, or of a tensor and a number.
template <class Visit>
void visit_functions_of_two(const Visit& visit) {
  constexpr Tolerance any_zero{.any_zero = true};
  visit("add", exact, DLFS_CALL((x + ...)));
  visit("subtract", exact, DLFS_CALL((x - ...)));
  visit("multiply", exact, DLFS_CALL((x * ...)));
  visit("divide", exact, DLFS_CALL((x / ...)));
  visit("add", exact, DLFS_UPDATE(+=));
  visit("subtract", exact, DLFS_UPDATE(-=));
  visit("multiply", exact, DLFS_UPDATE(*=));
  visit("divide", exact, DLFS_UPDATE(/=));
  visit("maximum", any_zero, DLFS_CALL(maximum(x...)));
  visit("minimum", any_zero, DLFS_CALL(minimum(x...)));
  visit("floor_divide", exact, DLFS_CALL(floor_divide(x...)));
  visit("remainder", exact, DLFS_CALL(remainder(x...)));
  visit("power", within(1), DLFS_CALL(power(x...)));
  visit("arctan2", within(1), DLFS_CALL(arctan2(x...)));
  visit("less", exact, DLFS_CALL((x < ...)));
  visit("less_equal", exact, DLFS_CALL((x <= ...)));
  visit("greater", exact, DLFS_CALL((x > ...)));
  visit("greater_equal", exact, DLFS_CALL((x >= ...)));
  visit("equal", exact, DLFS_CALL(equal(x...)));
  visit("not_equal", exact, DLFS_CALL(not_equal(x...)));
  visit("where", exact, DLFS_CALL(where(equal(x...), x...)));
  visit("logical_and", exact, DLFS_CALL(logical_and(x...)));
  visit("logical_or", exact, DLFS_CALL(logical_or(x...)));
  visit("logical_xor", exact, DLFS_CALL(logical_xor(x...)));
}

/// Likewise for functions of a vector, or, with a 0, of each column of a matrix.
template <class Visit>
void visit_reductions(const Visit& visit) {
  constexpr Tolerance any_zero{.any_zero = true};
  visit("sum", within(1), DLFS_CALL(sum(x...)));
  visit("mean", within(2), DLFS_CALL(mean(x...)));
  visit("variance", within(8), DLFS_CALL(variance(x...)));
  visit("standard_deviation", within(8), DLFS_CALL(standard_deviation(x...)));
  visit("max", any_zero, DLFS_CALL(max(x...)));
  visit("min", any_zero, DLFS_CALL(min(x...)));
  visit("argmax", exact, DLFS_CALL(argmax(x...)));
  visit("argmin", exact, DLFS_CALL(argmin(x...)));
  visit("any_of", exact, DLFS_CALL(any_of(x...)));
  visit("all_of", exact, DLFS_CALL(all_of(x...)));
  visit("count_nonzero", exact, DLFS_CALL(count_nonzero(x...)));
  visit("norm", within(2), DLFS_CALL(norm(x...)));
  visit("norm_one", within(2), DLFS_CALL(norm(x..., Norm::one)));
  visit("norm_infinity", exact, DLFS_CALL(norm(x..., Norm::infinity)));
  visit("cumsum", within(1), DLFS_CALL(cumsum(x...)));
  visit("sort", any_zero, DLFS_CALL(sort(x...)));
  visit("argsort", exact, DLFS_CALL(argsort(x...)));
  visit("unique", any_zero, DLFS_CALL(unique(x...).values));
  visit("unique_counts", exact, DLFS_CALL(unique(x...).counts));
}

/// The results of a function for some operands of one type.
struct Case {
  std::string name, type, result_type;
  std::vector<std::string> results;
  const std::vector<std::uint64_t>* operands;
};

const std::vector<Case>& cases() {
  static std::deque<std::vector<std::uint64_t>> operands;
  static const std::vector<Case> all = [] {
    std::vector<Case> read;
    std::ifstream file(DLFS_FIXTURES "/values.txt");
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      Case of;
      words >> of.name >> of.type >> of.result_type;
      for (std::string word; words >> word;) of.results.push_back(word);
      if (of.name == "one" || of.name == "pair" || of.name == "vector") {
        auto& numbers = operands.emplace_back();
        for (const auto& word : of.results) numbers.push_back(std::stoull(word, nullptr, 16));
      } else {
        of.operands = &operands.back();
        read.push_back(of);
      }
    }
    return read;
  }();
  return all;
}

/// The element, and what the fixture has for it, as a number whose neighbours differ by one unit.
template <class T>
std::int64_t rank_of(const T& x) {
  constexpr std::uint64_t sign = std::uint64_t{1} << (8 * sizeof(T) - 1);
  const auto bits = static_cast<std::uint64_t>(bits_of(x));
  const auto magnitude = static_cast<std::int64_t>(bits & (sign - 1));
  return (bits & sign) != 0 ? -magnitude : magnitude;
}

template <class T>
bool is_nan(const T& x) {
  return std::isnan(static_cast<double>(x));
}

template <class T>
testing::AssertionResult is_expected(const T& found, const std::string& expected,
                                     const Tolerance& tolerance) {
  const auto failure = [&] {
    return testing::AssertionFailure() << "found " << +static_cast<long double>(found) << " ("
                                       << std::hex << bits_of(found) << "), expected " << expected;
  };
  if constexpr (RealElement<T>) {
    if (expected == "n") return is_nan(found) ? testing::AssertionSuccess() : failure();
    const T number = from_bits<T>(std::stoull(expected, nullptr, 16));
    if (is_nan(found)) return failure();
    if (found == number && bits_of(found) != bits_of(number)) {
      return tolerance.any_zero ? testing::AssertionSuccess() : failure();
    }
    const int units = sizeof(T) == 2 ? std::min(tolerance.units, 1) : tolerance.units;
    if (std::abs(rank_of(found) - rank_of(number)) > units) return failure();
  } else if (bits_of(found) != std::stoull(expected, nullptr, 16)) {
    return failure();
  }
  return testing::AssertionSuccess();
}

template <class T>
void expect_type(const Case& of) {
  visit_types([&]<class U>(const char* name) {
    if (std::same_as<T, U>) {
      EXPECT_EQ(name, of.result_type) << of.name << " of " << of.type;
    }
  });
}

template <class T>
Tensor<T> vector_of(const std::vector<std::uint64_t>& bits) {
  Tensor<T> x({std::ssize(bits)});
  for (Index i = 0; i < x.size(); ++i) x(i) = from_bits<T>(bits[static_cast<std::size_t>(i)]);
  return x;
}

/// Calls run(first, size) for pieces of all sizes up to 40, so that each element meets lanes and
/// tails, and one of all.
template <class Run>
void for_each_piece(Index count, const Run& run) {
  for (Index size = 1; size <= 40; ++size) {
    for (Index first = 0; first < count; first += size) run(first, std::min(size, count - first));
  }
  run(Index{0}, count);
}

template <class T>
void expect_results(const Case& of, Index first, const Tensor<T>& found,
                    const Tolerance& tolerance) {
  for (Index i = 0; i < found.size(); ++i) {
    const auto at = static_cast<std::size_t>(first + i);
    ASSERT_TRUE(is_expected(found(i), of.results.at(at), tolerance))
        << of.name << " of " << of.type << ", operands " << at << ", element " << i << " of "
        << found.size();
  }
}

// The cases of each list: those of which a type is T, and of which the function takes T.
template <class T, class F>
void run_function_of_one(const Case& of, const Tolerance& tolerance, const F& f) {
  const auto x = vector_of<T>(*of.operands);
  using Result = Element<decltype(f(x))>;
  expect_type<Result>(of);
  for_each_piece(x.size(), [&](Index first, Index size) {
    expect_results<Result>(of, first, f(x(Slice{first, first + size})), tolerance);
    expect_results<Result>(of, first, f(copy(x(Slice{first, first + size}))), tolerance);
  });
}

template <class T, class F>
void run_function_of_two(const Case& of, const Tolerance& tolerance, const F& f) {
  const auto x = vector_of<T>(*of.operands);
  using Result = Element<decltype(f(x, x))>;
  expect_type<Result>(of);
  std::vector<std::uint64_t> left, right;
  Case defined = of;  // without those where NumPy raises
  defined.results.clear();
  for (std::size_t i = 0; i < of.results.size(); ++i) {
    const std::size_t count = of.operands->size();
    if (of.results[i] == "x") {
      const Index at = static_cast<Index>(i);
      const auto one = [&](Index j) { return x(Slice{j, j + 1}); };
      EXPECT_THROW(f(one(at / x.size()), one(at % x.size())), ValueError);
      continue;
    }
    left.push_back((*of.operands)[i / count]);
    right.push_back((*of.operands)[i % count]);
    defined.results.push_back(of.results[i]);
  }
  const auto a = vector_of<T>(left);
  const auto b = vector_of<T>(right);
  for_each_piece(a.size(), [&](Index first, Index size) {
    const Slice piece{first, first + size};
    expect_results<Result>(defined, first, f(a(piece), b(piece)), tolerance);
  });
  expect_results<Result>(defined, 0, f(a, b), tolerance);
  if (defined.results.size() < of.results.size()) return;
  if constexpr (std::invocable<const F&, const T&, const Tensor<T>&>) {
    const Index n = x.size();
    for (Index i = 0; i < n; ++i) {  // a number beside a tensor
      expect_results<Result>(of, i * n, f(T(x(i)), x), tolerance);
      const Tensor<Result> column = f(x, T(x(i)));
      for (Index j = 0; j < n; ++j) {
        EXPECT_TRUE(
            is_expected(column(j), of.results[static_cast<std::size_t>(j * n + i)], tolerance))
            << of.name << " of " << of.type << ": " << j << " and the number " << i;
      }
    }
  }
}

template <class T, class F>
void run_reduction(const Case& of, const Tolerance& tolerance, const F& f) {
  const auto x = vector_of<T>(*of.operands);
  const auto expect = [&](const auto& found) {
    if constexpr (AnyTensor<std::remove_cvref_t<decltype(found)>>) {
      using Result = Element<decltype(found)>;
      expect_type<Result>(of);
      ASSERT_EQ(found.size(), std::ssize(of.results)) << of.name << " of " << of.type;
      expect_results<Result>(of, 0, copy(found), tolerance);
    } else {
      using Result = std::remove_cvref_t<decltype(found)>;
      expect_type<Result>(of);
      expect_results<Result>(of, 0, Tensor<Result>({1}, {found}), tolerance);
    }
  };
  if constexpr (std::invocable<const F&, const Tensor<T>&>) expect(f(x));
  if constexpr (std::invocable<const F&, const Tensor<T>&, int>) {
    expect(copy(f(x, 0)).reshape({-1}));
    constexpr Index columns = 5;
    const auto repeated = copy(x(all, new_axis).broadcast_to({x.size(), columns}));
    const auto found = f(repeated, 0);
    for (Index j = 0; j < columns; ++j)
      expect(copy(found(ellipsis, Slice{j, j + 1})).reshape({-1}));
  }
}

struct FunctionsOfOne {
  static void visit(const auto& visitor) { visit_functions_of_one(visitor); }
  template <class T, class F>
  static constexpr bool takes = std::invocable<const F&, const Tensor<T>&>;
  template <class T>
  static void run(const auto&... arguments) {
    run_function_of_one<T>(arguments...);
  }
};
struct FunctionsOfTwo {
  static void visit(const auto& visitor) { visit_functions_of_two(visitor); }
  template <class T, class F>
  static constexpr bool takes = std::invocable<const F&, const Tensor<T>&, const Tensor<T>&>;
  template <class T>
  static void run(const auto&... arguments) {
    run_function_of_two<T>(arguments...);
  }
};
struct Reductions {
  static void visit(const auto& visitor) { visit_reductions(visitor); }
  template <class T, class F>
  static constexpr bool takes =
      std::invocable<const F&, const Tensor<T>&> || std::invocable<const F&, const Tensor<T>&, int>;
  template <class T>
  static void run(const auto&... arguments) {
    run_reduction<T>(arguments...);
  }
};

/// Runs all cases of a list of functions; each function has one for each type that it takes.
template <class List>
void expect_values() {
  List::visit([&](const char* name, const Tolerance& tolerance, const auto& f) {
    visit_types([&]<class T>(const char* type) {
      constexpr bool is_taken = List::template takes<T, std::remove_cvref_t<decltype(f)>>;
      bool has_case = false;
      for (const Case& of : cases()) {
        if (of.name != name || of.type != type) continue;
        has_case = true;
        if constexpr (is_taken) List::template run<T>(of, tolerance, f);
      }
      EXPECT_EQ(has_case, is_taken) << name << " of " << type;
    });
  });
}

/// The names of the functions that a header declares outside of `detail`.
std::set<std::string> declared_in(const std::string& header) {
  static const std::regex function(
      R"(^(?:inline |constexpr )*(?:auto|void|bool|A|Index|[A-Z][\w:]*(?:<.*>)?[&*]?) (operator\S+?|[a-z]\w*)\(.*)");
  std::set<std::string> names;
  std::ifstream file(DLFS_INCLUDE_DIRECTORY "/dlfs/" + header + ".hpp");
  bool is_detail = false;
  std::smatch match;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("namespace detail")) is_detail = true;
    if (line.starts_with("}  // namespace detail")) is_detail = false;
    if (!is_detail && std::regex_match(line, match, function)) names.insert(match[1]);
  }
  return names;
}

TEST(Values, EveryFunctionIsListed) {
  std::set<std::string> listed = {"operator+",  "operator-",  "operator*",  "operator/",
                                  "operator+=", "operator-=", "operator*=", "operator/=",
                                  "operator<",  "operator<=", "operator>",  "operator>="};
  const auto add = [&](const char* name, const auto&...) { listed.insert(name); };
  visit_functions_of_one(add);
  visit_functions_of_two(add);
  visit_reductions(add);
  // Those whose values functional/special_values_test.cpp holds, and those that only move elements.
  listed.insert({"allclose",
                 "array_equal",
                 "average_pooling",
                 "average_pooling_backward",
                 "cast",
                 "elu",
                 "elu_backward",
                 "gelu",
                 "gelu_backward",
                 "gelu_tanh",
                 "gelu_tanh_backward",
                 "histogram",
                 "kullback_leibler",
                 "leaky_relu",
                 "leaky_relu_backward",
                 "log_softmax",
                 "log_sum_exp",
                 "max_pooling",
                 "max_pooling_backward",
                 "relu",
                 "relu_backward",
                 "sigmoid_backward",
                 "softmax",
                 "softmax_cross_entropy",
                 "softplus",
                 "softplus_backward",
                 "sum_rows",
                 "swish",
                 "swish_backward",
                 "tanh_backward"});
  listed.insert(
      {"assign", "copy", "vectorize", "one_hot", "pooling_shape", "rounded_up_pooling_shape"});
  for (const char* header :
       {"conv/pooling", "functional/activation", "functional/cross_entropy", "functional/softmax",
        "tensor/comparison", "tensor/elementwise", "tensor/functions", "tensor/logic",
        "tensor/reduce", "tensor/sorting", "tensor/statistics"}) {
    const auto names = declared_in(header);
    EXPECT_FALSE(names.empty()) << header;
    for (const auto& name : names) EXPECT_TRUE(listed.contains(name)) << header << ": " << name;
  }
}

TEST(Values, FunctionsOfOneAgreeWithNumPy) {
  test::at_every_level([] { expect_values<FunctionsOfOne>(); });
}

TEST(Values, FunctionsOfTwoAgreeWithNumPy) {
  test::at_every_level([] { expect_values<FunctionsOfTwo>(); });
}

TEST(Values, ReductionsAndSortsAgreeWithNumPy) {
  test::at_every_level([] { expect_values<Reductions>(); });
}

}  // namespace
}  // namespace dlfs
