#pragma once

#include <charconv>
#include <concepts>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "dlfs/core/strict_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

inline void append(std::string& text, std::string_view part) { text += part; }
inline void append(std::string& text, char part) { text += part; }

template <class Number>
[[gnu::noinline]] void append_number(std::string& text, Number part) {
  char digits[64];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, part).ptr);
}
template <std::integral Number>
void append(std::string& text, Number part) {
  // One function for the widest type, instead of one for each type, saves compile time.
  using Widest = std::conditional_t<std::is_signed_v<Number>, long long, unsigned long long>;
  append_number(text, static_cast<Widest>(part));
}
template <std::floating_point Number>
void append(std::string& text, Number part) {
  append_number(text, part);
}

template <class Printable>
  requires requires(const Printable& part) { to_string(part); }
void append(std::string& text, const Printable& part) { text += to_string(part); }

/// A part of a text: its address, and the function that writes it. The type of the part is erased,
/// so that only one function that joins parts is compiled.
class TextPart {
 public:
  template <class Part>
  explicit TextPart(const Part& part) : part_(&part), append_(append_part<Part>) {}
  explicit TextPart(const char* text) : part_(text), append_(append_characters) {}

  void append_to(std::string& text) const { append_(text, part_); }

 private:
  template <class Part>
  static void append_part(std::string& text, const void* part) {
    append(text, *static_cast<const Part*>(part));
  }
  static void append_characters(std::string& text, const void* part) {
    text += static_cast<const char*>(part);
  }

  const void* part_;
  void (*append_)(std::string& text, const void* part);
};

using TextParts = std::initializer_list<TextPart>;

[[gnu::cold]] inline std::string join(TextParts parts) {
  std::string text;
  for (const TextPart& part : parts) part.append_to(text);
  return text;
}

}  // namespace detail

/// One string of all parts: text, numbers (in their shortest exact form) and all that has a
/// `to_string`.
template <class... Parts>
[[gnu::cold]] std::string str_cat(const Parts&... parts) {
  return detail::join({detail::TextPart(parts)...});
}

/// Base of everything that dlfs throws.
class Error : public std::runtime_error {
 public:
  /// The message is `str_cat` of the parts; it is empty if there is no memory for it.
  template <class... Parts>
    requires(sizeof...(Parts) > 0)
  [[gnu::cold]] explicit Error(const Parts&... message) noexcept
      : Error({detail::TextPart(message)...}) {}

 private:
  // A constructor that throws takes more code wherever an error is thrown.
  [[gnu::cold, gnu::noinline]] explicit Error(detail::TextParts message) noexcept
      : std::runtime_error("") {
    try {
      std::runtime_error::operator=(std::runtime_error(detail::join(message)));
    } catch (...) {
      // The error itself says more than the lack of memory.
    }
  }
};

/// A tensor's rank or extent does not fit the operation.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// An argument is out of its range, or a computation gave NaN or infinity.
class ValueError : public Error {
 public:
  using Error::Error;
};

/// A file was read, but its contents do not follow its format.
class FormatError : public Error {
 public:
  using Error::Error;
};

/// A file or folder could not be opened, read or written.
class IoError : public Error {
 public:
  using Error::Error;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
