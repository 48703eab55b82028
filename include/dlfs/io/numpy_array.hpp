#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/io/bytes.hpp"
#include "dlfs/tensor/elementwise.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {
template <class T, class... Types>
concept OneOf = (std::same_as<T, Types> || ...);
}  // namespace detail

/// The element types that a tensor can write to a NumPy file or read from one.
///
/// Reading converts: real numbers can be read from real numbers (rounded) and integers, integers
/// from integers that fit, bool from 0 and 1.
template <class T>
concept NumpyElement =
    detail::OneOf<T, bool, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                  std::uint16_t, std::uint32_t, std::uint64_t, Eigen::half, float, double>;

namespace detail {

/// An element type, such as NumPy's ">f8": byte order, kind and bytes.
struct NumpyType {
  char kind;  // b (bool), i, u or f
  std::size_t bytes;
  bool is_big_endian = false;
};

template <NumpyElement T>
constexpr NumpyType numpy_type() {
  const char kind = std::same_as<T, bool> ? 'b'
                    : !std::integral<T>   ? 'f'
                    : std::is_signed_v<T> ? 'i'
                                          : 'u';
  return {kind, sizeof(T)};
}

/// "float32", like NumPy's name.
inline std::string to_string(const NumpyType& type) {
  if (type.kind == 'b') return "bool";
  const std::string_view kind = type.kind == 'f' ? "float" : type.kind == 'i' ? "int" : "uint";
  return str_cat(kind, 8 * type.bytes);
}

/// Sets the byte order from "<", ">", "=" or "|": little, big, native and none.
inline void set_byte_order(NumpyType& type, std::string_view order, const ByteReader& file) {
  if (order.size() != 1 || std::string_view("<>=|").find(order) == std::string_view::npos) {
    file.fail("expected a byte order of <, >, = or |, found '", order, "'");
  }
  type.is_big_endian = order == ">" || (order == "=" && std::endian::native == std::endian::big);
}

/// Parses "f4", "<f4" and the like.
inline NumpyType parse_numpy_type(std::string_view text, const ByteReader& file) {
  const auto code = text.substr(text.size() < 2 ? 0 : text.size() - 2);
  for (const std::string_view known :
       {"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"}) {
    if (code != known) continue;
    NumpyType type{code[0], static_cast<std::size_t>(code[1] - '0')};
    if (text.size() > 2) set_byte_order(type, text.substr(0, text.size() - 2), file);
    return type;
  }
  file.fail("expected elements of type b1, i1 to i8, u1 to u8 or f2 to f8, found '", text, "'");
}

/// An array as it is stored in a file.
struct NumpyArray {
  NumpyType type;
  bool is_fortran_order;  // the first axis varies fastest
  Shape shape;
  ByteSpan elements;
};

/// The shape of these extents. If a Shape cannot hold them, the error names the file.
inline Shape parse_shape(std::span<const Index> extents, const ByteReader& file) {
  try {
    return Shape(extents);
  } catch (const ShapeError& error) {
    file.fail(error.what());
  }
}

template <std::size_t bytes>
using UnsignedOf = std::conditional_t<
    bytes == 1, std::uint8_t,
    std::conditional_t<bytes == 2, std::uint16_t,
                       std::conditional_t<bytes == 4, std::uint32_t, std::uint64_t>>>;

template <class T>
T load(const std::uint8_t* bytes, bool is_big_endian) {
  using Bits = UnsignedOf<sizeof(T)>;
  Bits bits = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    const std::size_t shift = 8 * (is_big_endian ? sizeof(T) - 1 - i : i);
    bits = static_cast<Bits>(bits | Bits{bytes[i]} << shift);
  }
  return std::bit_cast<T>(bits);
}

template <std::integral T, std::integral From>
bool fits(From value) {
  if constexpr (std::same_as<T, bool>) {
    return value == 0 || value == 1;
  } else {
    return std::in_range<T>(value);
  }
}

/// Converts every element, in the order of the file, from type `From` to `T`.
template <class From, NumpyElement T>
void convert_from(const NumpyArray& array, T* out, const ByteReader& file) {
  const std::uint8_t* bytes = array.elements.data();
  for (Index i = 0; i < array.shape.size(); ++i, bytes += sizeof(From)) {
    const From value = load<From>(bytes, array.type.is_big_endian);
    if constexpr (std::integral<T>) {
      if (!fits<T>(value)) {
        file.fail("element ", i, " is ", value, ", which ", numpy_type<T>(), " does not hold");
      }
    }
    out[i] = static_cast<T>(value);
  }
}

template <NumpyElement T>
void convert_elements(const NumpyArray& array, T* out, const ByteReader& file) {
  const std::size_t bytes = array.type.bytes;
  if (array.type.kind == 'f') {
    if constexpr (std::integral<T>) {
      file.fail("expected integers, found ", array.type);
    } else {
      if (bytes == 2) return convert_from<Eigen::half>(array, out, file);
      if (bytes == 4) return convert_from<float>(array, out, file);
      return convert_from<double>(array, out, file);
    }
  } else if (array.type.kind == 'i') {
    if (bytes == 1) return convert_from<std::int8_t>(array, out, file);
    if (bytes == 2) return convert_from<std::int16_t>(array, out, file);
    if (bytes == 4) return convert_from<std::int32_t>(array, out, file);
    return convert_from<std::int64_t>(array, out, file);
  } else {  // NumPy's bool is a byte of 0 or 1
    if (bytes == 1) return convert_from<std::uint8_t>(array, out, file);
    if (bytes == 2) return convert_from<std::uint16_t>(array, out, file);
    if (bytes == 4) return convert_from<std::uint32_t>(array, out, file);
    return convert_from<std::uint64_t>(array, out, file);
  }
}

/// @throws FormatError unless the number of elements matches the shape, and T can hold them.
template <NumpyElement T>
Tensor<T> to_tensor(const NumpyArray& array, const ByteReader& file) {
  const auto found = array.elements.size();
  const auto expected = static_cast<std::uint64_t>(array.shape.size());
  if (found % array.type.bytes != 0 || found / array.type.bytes != expected) {
    file.fail(found / array.type.bytes < expected ? "truncated" : "oversized", ": expected ",
              expected, " elements of ", array.type, " for the shape ", array.shape, ", found ",
              found, " bytes");
  }
  Shape shape;  // shape of the elements in the file's order
  for (int axis = 0; axis < array.shape.rank(); ++axis) {
    shape.push_back(array.shape[array.is_fortran_order ? array.shape.rank() - 1 - axis : axis]);
  }
  auto tensor = Tensor<T>::uninitialized(shape);
  convert_elements(array, tensor.data(), file);
  return array.is_fortran_order ? copy(tensor.view().transpose()) : std::move(tensor);
}

}  // namespace detail
}  // namespace dlfs
DLFS_STRICT_MATH_END
