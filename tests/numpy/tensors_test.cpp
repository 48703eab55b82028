// What NumPy makes of tensors, case by case: fixtures/make_tensors.py says what a line holds.

#include "support/tensors.hpp"

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/axes.hpp"
#include "dlfs/tensor/format.hpp"
#include "dlfs/tensor/indexing.hpp"

namespace dlfs {
namespace {

using test::elements;

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (std::size_t end; (end = text.find(separator, begin)) != std::string::npos; begin = end + 1) {
    parts.push_back(text.substr(begin, end - begin));
  }
  parts.push_back(text.substr(begin));
  return parts;
}

template <class Number = Index>
std::vector<Number> numbers(const std::string& text) {
  std::vector<Number> all_of_them;
  for (const auto& word : split(text, ' ')) {
    if (word.empty()) continue;
    if constexpr (std::is_integral_v<Number>) {
      all_of_them.push_back(std::stoll(word));
    } else {
      all_of_them.push_back(std::strtod(word.c_str(), nullptr));
    }
  }
  return all_of_them;
}

Shape shape_of(const std::string& text) { return Shape(numbers(text)); }

/// `2 3:0 1 2 3 4 5`
template <class T>
Tensor<T> literal(const std::string& text) {
  const auto parts = split(text, ':');
  Tensor<T> tensor(shape_of(parts.at(0)));
  const auto values = numbers(parts.at(1));
  for (Index i = 0; i < tensor.size(); ++i) {
    tensor.data()[i] = static_cast<T>(values.at(static_cast<std::size_t>(i)));
  }
  return tensor;
}

template <class T>
Tensor<T> counting(const Shape& shape) {
  Tensor<T> tensor(shape);
  for (Index i = 0; i < tensor.size(); ++i) {
    tensor.data()[i] = static_cast<T>(std::is_same_v<T, bool> ? i % 2 : i);
  }
  return tensor;
}

Subscript subscript(const std::string& text) {
  if (text == "newaxis") return new_axis;
  if (text == "...") return ellipsis;
  const auto parts = split(text, ':');
  const auto bound = [](const std::string& word) {
    return word.empty() ? std::nullopt : std::optional<Index>(std::stoll(word));
  };
  if (parts.size() == 1) return *bound(parts[0]);
  return Slice{bound(parts[0]), bound(parts[1]), parts.size() > 2 ? *bound(parts[2]) : 1};
}

template <class T>
TensorView<T> index(TensorView<T> x, const std::string& text) {
  std::vector<Subscript> s;
  for (const auto& word : split(text, ' ')) s.push_back(subscript(word));
  switch (s.size()) {
    case 1:
      return x(s[0]);
    case 2:
      return x(s[0], s[1]);
    case 3:
      return x(s[0], s[1], s[2]);
    case 4:
      return x(s[0], s[1], s[2], s[3]);
    default:
      return x(s.at(0), s.at(1), s.at(2), s.at(3), s.at(4));
  }
}

/// A reshape or a permutation takes a list, whose length the compiler must know.
template <class Result, class Number, class Call>
Result with_list(const std::vector<Number>& v, const Call& call) {
  switch (v.size()) {
    case 0:
      return call({});
    case 1:
      return call({v[0]});
    case 2:
      return call({v[0], v[1]});
    case 3:
      return call({v[0], v[1], v[2]});
    case 4:
      return call({v[0], v[1], v[2], v[3]});
    default:
      return call({v.at(0), v.at(1), v.at(2), v.at(3), v.at(4)});
  }
}

/// What a case comes to: a shape and elements, or why not.
struct Outcome {
  std::string shape;
  std::vector<double> elements;

  bool operator==(const Outcome&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Outcome& outcome) {
  out << outcome.shape << ':';
  for (double element : outcome.elements) out << ' ' << element;
  return out;
}

template <AnyTensor X>
Outcome outcome_of(const X& x) {
  return {to_string(x.shape()), x.empty() ? std::vector<double>() : elements(x)};
}

/// Takes one step of a case, which leads to another view of the same tensor or ends the case.
template <class T>
class Steps {
 public:
  explicit Steps(const Shape& shape) : x_(counting<T>(shape)), view_(x_) {}

  void take_step(const std::string& step) {
    const auto space = std::min(step.find(' '), step.size());
    const std::string name = step.substr(0, space);
    const std::string text = step.substr(std::min(space + 1, step.size()));
    const auto arguments = split(text, ';');
    const auto axes = [&] { return numbers(arguments[0]); };
    const auto axis = [&](std::size_t i = 0) { return static_cast<int>(axes().at(i)); };
    const auto indices = [&] { return literal<std::int32_t>(arguments.at(1)); };
    if (name == "index") {
      view_ = index(view_, text);
    } else if (name == "reshape") {
      view_ = with_list<TensorView<T>>(
          axes(), [&](std::initializer_list<Index> shape) { return view_.reshape(shape); });
    } else if (name == "transpose") {
      const auto order = axes();
      view_ = with_list<TensorView<T>>(
          std::vector<int>(order.begin(), order.end()),
          [&](std::initializer_list<int> list) { return view_.transpose(list); });
    } else if (name == "squeeze") {
      view_ = text.empty() ? squeeze(view_) : squeeze(view_, axis());
    } else if (name == "ravel") {
      view_ = ravel(view_);
    } else if (name == "expand_dims") {
      view_ = expand_dims(view_, axis());
    } else if (name == "swap_axes") {
      view_ = swap_axes(view_, axis(0), axis(1));
    } else if (name == "move_axis") {
      view_ = move_axis(view_, axis(0), axis(1));
    } else if (name == "broadcast_to") {
      copied_ = copy(view_.broadcast_to(shape_of(text)));
      view_ = copied_;
    } else if (name == "take") {
      copied_ = dlfs::take(view_, indices(), axis());
      view_ = copied_;
    } else if (name == "take_along_axis") {
      copied_ = take_along_axis(view_, indices(), axis());
      view_ = copied_;
    } else if (name == "extract") {
      copied_ = extract(literal<bool>(arguments[0]), view_);
      view_ = copied_;
    } else if (name == "assign") {
      assign(view_, literal<T>(arguments.at(1)));
    } else if (name == "put") {
      index_put(view_, indices(), literal<T>(arguments.at(2)), axis());
    } else if (name == "put_along_axis") {
      put_along_axis(view_, indices(), literal<T>(arguments.at(2)), axis());
    } else if (name == "place") {
      index_put(view_, literal<bool>(arguments[0]), literal<T>(arguments.at(1)));
    } else {
      FAIL() << "unknown step: " << step;
    }
  }

  const Tensor<T>& tensor() const { return x_; }
  TensorView<T> view() const { return view_; }

 private:
  Tensor<T> x_;
  Tensor<T> copied_;
  TensorView<T> view_;
};

template <class T>
void check_steps(const std::vector<std::string>& fields) {
  const auto end = fields.size() - 2;
  Outcome expected{fields[end], {}};
  if (expected.shape != "copy" && expected.shape != "error") {
    expected = {to_string(shape_of(fields[end])), numbers<double>(fields[end + 1])};
  }
  Outcome actual;
  try {
    Steps<T> steps(shape_of(fields[2]));
    for (std::size_t i = 3; i < end; ++i) steps.take_step(fields[i]);
    actual = fields[0] == "write" ? outcome_of(steps.tensor()) : outcome_of(steps.view());
  } catch (const Error& error) {
    const bool would_copy = std::string_view(error.what()).ends_with("reshape a copy() of it");
    actual.shape = would_copy ? "copy" : "error";
  }
  EXPECT_EQ(actual, expected);
}

template <class T>
void check_text(const std::vector<std::string>& fields) {
  Tensor<T> x(shape_of(fields[2]));
  if (const auto plus = fields[3].find('+', 1); fields[3].find(' ') == std::string::npos &&
                                                plus != std::string::npos &&
                                                fields[3][plus - 1] != 'e') {
    const double first = std::stod(fields[3]);
    const double step = std::stod(fields[3].substr(plus + 1));
    for (Index i = 0; i < x.size(); ++i) {
      x.data()[i] = static_cast<T>(first + step * static_cast<double>(i));
    }
  } else if constexpr (RealElement<T>) {
    const auto values = numbers<double>(fields[3]);
    for (std::size_t i = 0; i < values.size(); ++i) x.data()[i] = static_cast<T>(values[i]);
  } else {
    const auto values = numbers(fields[3]);
    for (std::size_t i = 0; i < values.size(); ++i) x.data()[i] = static_cast<T>(values[i]);
  }
  std::string expected;
  for (const auto& line : split(fields[4], '\\')) {
    expected += expected.empty() ? line : '\n' + line.substr(1);  // after the n of \n
  }
  EXPECT_EQ(to_string(x), expected);
}

template <class T>
void check(const std::vector<std::string>& fields) {
  fields[0] == "print" ? check_text<T>(fields) : check_steps<T>(fields);
}

TEST(Tensors, AreThoseOfNumPy) {
  std::ifstream file(DLFS_FIXTURES "/tensors.txt");
  int cases = 0;
  for (std::string line; std::getline(file, line); ++cases) {
    SCOPED_TRACE(line);
    const auto fields = split(line, '\t');
    const std::string& type = fields.at(1);
    if (type == "f4") check<float>(fields);
    if (type == "f8") check<double>(fields);
    if (type == "f2") check<Eigen::half>(fields);
    if (type == "i1") check<std::int8_t>(fields);
    if (type == "i2") check<std::int16_t>(fields);
    if (type == "i4") check<std::int32_t>(fields);
    if (type == "i8") check<std::int64_t>(fields);
    if (type == "u1") check<std::uint8_t>(fields);
    if (type == "b1") check<bool>(fields);
  }
  EXPECT_GT(cases, 700);
}

}  // namespace
}  // namespace dlfs
