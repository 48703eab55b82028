#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "dlfs/tensor/format.hpp"

namespace dlfs::test {

inline std::string printed(const std::string& text) { return text; }
inline std::string printed(const Shape& shape) { return to_string(shape); }
template <AnyTensor X>
std::string printed(const X& x) {
  return to_string(x);
}
template <class Number>
  requires(std::is_arithmetic_v<Number>)
std::string printed(Number x) { return to_string(full<Number>({}, x)); }

/// The value as a row of the guide shows it: with spaces in the place of new lines.
template <class Value>
void expect_printed(const Value& value, std::string_view expected, std::string_view code) {
  std::string text = printed(value);
  for (std::size_t line = 0; (line = text.find('\n', line)) != std::string::npos;) {
    text.replace(line, text.find_first_not_of("\n ", line) - line, " ");
  }
  EXPECT_EQ(text, expected) << code;
}

}  // namespace dlfs::test
