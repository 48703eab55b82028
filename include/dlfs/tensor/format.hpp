#pragma once

#include <algorithm>
#include <charconv>
#include <cmath>
#include <concepts>
#include <iosfwd>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 200000
#include <locale>
#include <sstream>
#endif

#include "dlfs/core/element.hpp"
#include "dlfs/core/tensor.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

// The defaults of NumPy's print options.
inline constexpr std::size_t line_width = 75;
inline constexpr std::size_t most_fraction_digits = 8;
inline constexpr Index elided_above = 1000;  // a tensor of more elements is abbreviated
inline constexpr Index edge_entries = 3;     // entries that an abbreviated axis shows at each end

template <class Number, class... Format>
std::string digits_of(Number x, Format... format) {
  char digits[400];
  return {digits, std::to_chars(digits, digits + sizeof digits, x, format...).ptr};
}

/// A real number, and the double with the fewest digits that identify the number in its type.
struct RealNumber {
  double exact;
  double shortest;

  bool is_finite() const { return detail::is_finite(exact); }

  template <RealElement T>
  static RealNumber of(T x) {
    const auto exact = static_cast<double>(x);
    if (!detail::is_finite(exact)) return {exact, exact};
    if constexpr (std::floating_point<T>) {
      return {exact, parse(digits_of(x, std::chars_format::scientific))};
    } else {
      double value = 0;
      for (int precision = 0; precision <= 4; ++precision) {  // 5 digits distinguish all half types
        value = parse(digits_of(exact, std::chars_format::scientific, precision));
        if (static_cast<T>(static_cast<float>(value)) == x) break;
      }
      return {exact, value};
    }
  }

 private:
  static double parse(const std::string& digits) {
    double value = 0;
#if defined(_LIBCPP_VERSION) && _LIBCPP_VERSION < 200000  // it has no from_chars of real numbers
    std::istringstream stream(digits);
    stream.imbue(std::locale::classic());
    stream >> value;
#else
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
#endif
    return value;
  }
};

/// The parts of a number as text: whole.fraction, or whole.fractione+05.
struct FloatText {
  std::string whole, fraction, exponent;

  explicit FloatText(std::string_view digits) {
    const auto e = std::min(digits.find('e'), digits.size());
    const auto point = std::min(digits.find('.'), e);
    whole = digits.substr(0, point);
    if (point < e) fraction = digits.substr(point + 1, e - point - 1);
    exponent = digits.substr(e);
  }

  /// As few digits as needed, and at most 8 after the point.
  FloatText(const RealNumber& x, std::chars_format format)
      : FloatText(digits_of(x.shortest, format)) {
    // Digits before the point are always exact.
    if (fraction.empty() && exponent.empty()) whole = digits_of(x.exact, format, 0);
    if (fraction.size() <= most_fraction_digits) return;
    *this = FloatText(digits_of(x.exact, format, static_cast<int>(most_fraction_digits)));
    fraction.erase(fraction.find_last_not_of('0') + 1);
  }
};

inline std::string special_word(double x) {
  return detail::is_nan(x) ? "nan" : x > 0 ? "inf" : "-inf";
}

inline std::string pad_left(std::string_view text, std::size_t width) {
  return std::string(width > text.size() ? width - text.size() : 0, ' ').append(text);
}

/// Numbers with aligned points. All have exponents if some are very large or small, or if they
/// differ by more than three orders of magnitude.
inline std::vector<std::string> align_words(const std::vector<RealNumber>& numbers) {
  double largest = 0;
  double smallest = std::numeric_limits<double>::infinity();
  for (const RealNumber& x : numbers) {
    if (x.exact == 0 || !x.is_finite()) continue;
    largest = std::max(largest, std::abs(x.exact));
    smallest = std::min(smallest, std::abs(x.exact));
  }
  const bool has_exponents =
      largest > 0 && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000);
  const auto format = has_exponents ? std::chars_format::scientific : std::chars_format::fixed;

  std::size_t whole = 0, fraction = 0, exponent = 0, special = 0;
  for (const RealNumber& x : numbers) {
    if (!x.is_finite()) {
      special = std::max(special, special_word(x.exact).size());
      continue;
    }
    const FloatText text(x, format);
    whole = std::max(whole, text.whole.size());
    fraction = std::max(fraction, text.fraction.size());
    exponent = std::max(exponent, text.exponent.size());
  }
  const std::size_t width = std::max(whole + 1 + fraction + exponent, special);

  std::vector<std::string> words;
  for (const RealNumber& x : numbers) {
    if (!x.is_finite()) {
      words.push_back(pad_left(special_word(x.exact), width));
      continue;
    }
    FloatText text(x, format);
    if (has_exponents) {
      // Further digits are the exact ones: 0.1f is 1.00000001e-01.
      text = FloatText(digits_of(x.exact, format, static_cast<int>(fraction)));
      text.exponent.insert(2, exponent - text.exponent.size(), '0');
    } else {
      text.fraction.append(fraction - text.fraction.size(), ' ');
    }
    words.push_back(pad_left(text.whole + '.' + text.fraction + text.exponent, width));
  }
  return words;
}

/// A single number, with all of its digits.
inline std::string word_of(const RealNumber& x) {
  if (!x.is_finite()) return special_word(x.exact);
  const double magnitude = std::abs(x.exact);
  if (magnitude != 0 && (magnitude < 1e-4 || magnitude >= 1e16)) {
    return digits_of(x.shortest, std::chars_format::scientific);
  }
  const std::string digits = digits_of(x.shortest, std::chars_format::fixed);
  return digits.find('.') == std::string::npos ? digits + ".0" : digits;
}

inline std::vector<std::string> align_words(std::vector<std::string> words) {
  std::size_t width = 0;
  for (const auto& word : words) width = std::max(width, word.size());
  for (auto& word : words) word = pad_left(word, width);
  return words;
}

/// Calls `visit(i)` for the entries of an axis that are shown, and `skip()` for the gap.
template <class Visit, class Skip>
void for_each_shown(Index extent, bool is_elided, const Visit& visit, const Skip& skip) {
  const bool has_gap = is_elided && extent > 2 * edge_entries;
  for (Index i = 0; i < extent; ++i) {
    if (has_gap && i == edge_entries) {
      skip();
      i = extent - edge_entries;
    }
    visit(i);
  }
}

/// The elements that are shown, converted one by one, in row-major order.
template <class T, class Convert>
auto shown_elements(TensorView<const T> x, const Convert& convert) {
  std::vector<decltype(convert(*x.data()))> elements;
  const auto visit = [&](const auto& self, TensorView<const T> part) -> void {
    if (part.rank() == 0) {
      elements.push_back(convert(*part.data()));
      return;
    }
    for_each_shown(
        part.extent(0), x.size() > elided_above, [&](Index i) { self(self, part[i]); }, [] {});
  };
  visit(visit, x);
  return elements;
}

/// Writes the words of a tensor's elements with brackets.
class BracketedText {
 public:
  BracketedText(const Shape& shape, const std::vector<std::string>& words)
      : shape_(shape), is_elided_(shape.size() > elided_above), word_(words.begin()) {}

  /// The text from one axis on; lines after the first are indented.
  std::string from(int axis, std::size_t indent = 1, std::size_t width = line_width) {
    if (axis == shape_.rank()) return *word_++;
    std::string text;
    if (axis + 1 == shape_.rank()) {
      std::string line(indent, ' ');
      const auto add = [&](const std::string& word) {
        if (line.size() > indent) {
          if (line.size() + 1 + word.size() > width - 1) {
            text.append(line, 0, line.find_last_not_of(' ') + 1).append(1, '\n');
            line.assign(indent, ' ');
          } else {
            line += ' ';
          }
        }
        line += word;
      };
      for_each_shown(
          shape_[axis], is_elided_, [&](Index) { add(*word_++); }, [&] { add("..."); });
      text += line;
    } else {
      const std::string separator(static_cast<std::size_t>(shape_.rank() - axis - 1), '\n');
      const auto add = [&](const std::string& part) {
        if (!text.empty()) text += separator;
        text.append(indent, ' ').append(part);
      };
      for_each_shown(
          shape_[axis], is_elided_, [&](Index) { add(from(axis + 1, indent + 1, width - 1)); },
          [&] { add("..."); });
    }
    return '[' + text.substr(indent) + ']';
  }

 private:
  Shape shape_;
  bool is_elided_;
  std::vector<std::string>::const_iterator word_;
};

}  // namespace detail

/// The elements in brackets, like NumPy's `print`: aligned, in the shortest form with at most 8
/// digits after the point. With more than 1000 elements, the middle of each axis is left out.
template <AnyTensor X>
std::string to_string(const X& x) {
  using T = Element<X>;
  const TensorView<const T> view = x;
  if (view.empty()) return "[]";
  std::vector<std::string> words;
  if constexpr (RealElement<T>) {
    if (view.rank() == 0) return detail::word_of(detail::RealNumber::of(view.item()));
    words = detail::align_words(detail::shown_elements(view, detail::RealNumber::of<T>));
  } else if constexpr (std::same_as<T, bool>) {
    const bool is_scalar = view.rank() == 0;
    words = detail::shown_elements(view, [is_scalar](bool value) {
      return std::string(value ? (is_scalar ? "True" : " True") : "False");
    });
  } else {
    words = detail::align_words(detail::shown_elements(
        view, [](T value) { return str_cat(static_cast<Accumulator<T>>(value)); }));
  }
  return detail::BracketedText(view.shape(), words).from(0);
}

/// Writes the elements as `to_string` does.
template <class Traits, AnyTensor X>
std::basic_ostream<char, Traits>& operator<<(std::basic_ostream<char, Traits>& out, const X& x) {
  return out << to_string(x);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
