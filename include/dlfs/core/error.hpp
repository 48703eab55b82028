#pragma once

#include <charconv>
#include <concepts>
#include <stdexcept>
#include <string>
#include <string_view>

namespace dlfs {

/// Base of everything that dlfs throws.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A tensor's rank or extent is not what the operation needs.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// An argument is out of its range, or a computation left the finite numbers.
class ValueError : public Error {
 public:
  using Error::Error;
};

/// A file was read, but its contents are not what its format demands.
class FormatError : public Error {
 public:
  using Error::Error;
};

/// A file or folder could not be opened, read or written.
class IoError : public Error {
 public:
  using Error::Error;
};

namespace detail {

inline void append(std::string& text, std::string_view part) { text += part; }
inline void append(std::string& text, char part) { text += part; }

template <class Number>
  requires(std::integral<Number> || std::floating_point<Number>)
void append(std::string& text, Number part) {
  char digits[64];
  text.append(digits, std::to_chars(digits, digits + sizeof digits, part).ptr);
}

template <class Printable>
  requires requires(const Printable& part) { to_string(part); }
void append(std::string& text, const Printable& part) { text += to_string(part); }

}  // namespace detail

/// One string out of text, numbers (in their shortest exact form) and whatever has a `to_string`.
template <class... Parts>
[[gnu::cold, gnu::noinline]] std::string concat(const Parts&... parts) {
  std::string text;
  (detail::append(text, parts), ...);
  return text;
}

}  // namespace dlfs
