#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <type_traits>

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// What a layer shows its options to, one by one: each name with its value, and with the default
/// where there is one.
///
///   void visit_options(OptionVisitor& visit) const {
///     visit("filters", filters_);
///     visit("stride", stride_, 1);
///   }
///
/// A tool derives from it: a summary, a writer of files, a comparison. Names are those of the
/// layer's options; a layer of the same kind with the same options computes the same function of
/// its parameters.
class OptionVisitor {
 public:
  OptionVisitor() = default;
  virtual ~OptionVisitor() = default;
  OptionVisitor(const OptionVisitor&) = delete;
  OptionVisitor& operator=(const OptionVisitor&) = delete;

  /// An option, which may have its default value.
  template <class Value>
  void operator()(std::string_view name, const Value& value,
                  const std::type_identity_t<Value>& default_value) {
    show(name, value, value == default_value);
  }
  /// An option without a default.
  template <class Value>
  void operator()(std::string_view name, const Value& value) {
    show(name, value, false);
  }
  /// The seed of a layer that draws random numbers in training. It is no option: only tools that
  /// need it override this.
  virtual void seed(std::uint64_t) {}

 protected:
  ///@{
  /// A value of one of the types that options have.
  virtual void flag(std::string_view name, bool value, bool is_default) = 0;
  virtual void integer(std::string_view name, Index value, bool is_default) = 0;
  virtual void number(std::string_view name, double value, bool is_default) = 0;
  virtual void text(std::string_view name, std::string_view value, bool is_default) = 0;
  virtual void integers(std::string_view name, std::span<const Index> values, bool is_default) = 0;
  ///@}

 private:
  template <class Value>
  void show(std::string_view name, const Value& value, bool is_default) {
    if constexpr (std::same_as<Value, bool>) {
      flag(name, value, is_default);
    } else if constexpr (std::integral<Value>) {
      integer(name, static_cast<Index>(value), is_default);
    } else if constexpr (std::floating_point<Value>) {
      number(name, static_cast<double>(value), is_default);
    } else if constexpr (std::convertible_to<const Value&, std::string_view>) {
      text(name, value, is_default);
    } else if constexpr (requires { value.depth; }) {
      size(name, {value.depth, value.height, value.width}, is_default);
    } else if constexpr (requires { value.height; }) {
      size(name, {value.height, value.width}, is_default);
    } else {
      integers(name, {value.begin(), value.end()}, is_default);
    }
  }

  /// A size that is the same in all directions is one number, as users write it.
  void size(std::string_view name, std::initializer_list<Index> extents, bool is_default) {
    const bool are_equal = std::equal(extents.begin() + 1, extents.end(), extents.begin());
    if (are_equal) return integer(name, *extents.begin(), is_default);
    integers(name, {extents.begin(), extents.size()}, is_default);
  }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
