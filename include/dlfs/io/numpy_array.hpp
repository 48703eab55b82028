#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/tensor.hpp"
#include "dlfs/io/file.hpp"
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

template <class Unsigned>
constexpr Unsigned with_bytes_swapped(Unsigned bits) {
  if constexpr (sizeof(Unsigned) == 2) return __builtin_bswap16(bits);
  if constexpr (sizeof(Unsigned) == 4) return __builtin_bswap32(bits);
  if constexpr (sizeof(Unsigned) == 8) return __builtin_bswap64(bits);
  return bits;
}

template <class T>
T load(const std::uint8_t* bytes, bool is_big_endian) {
  UnsignedOf<sizeof(T)> bits;
  std::memcpy(&bits, bytes, sizeof bits);
  const bool is_swapped = is_big_endian != (std::endian::native == std::endian::big);
  return std::bit_cast<T>(is_swapped ? with_bytes_swapped(bits) : bits);
}

template <std::integral T, std::integral From>
constexpr bool fits(From value) {
  if constexpr (std::same_as<T, bool>) {
    return value == 0 || value == 1;
  } else {
    return std::in_range<T>(value);
  }
}

/// The same value as static_cast gives, without branches.
inline float to_float(Eigen::half value) {
  constexpr std::uint32_t infinity = 0x7f800000;
  const auto bits = std::uint32_t{std::bit_cast<std::uint16_t>(value)};
  const std::uint32_t magnitude = (bits & 0x7fff) << 13;
  // The product by 2^112 moves the exponent, and is exact for subnormal numbers, too.
  const float finite = std::bit_cast<float>(magnitude) * 0x1p112f;
  const std::uint32_t found =
      magnitude < (0x7c00u << 13) ? std::bit_cast<std::uint32_t>(finite) : magnitude | infinity;
  return std::bit_cast<float>(found | (bits & 0x8000) << 16);
}

template <NumpyElement T, class From>
T converted(From value) {
  if constexpr (std::same_as<From, Eigen::half> && std::floating_point<T>) {
    return static_cast<T>(to_float(value));
  } else {
    return static_cast<T>(value);
  }
}

/// Elements that are converted at once: loops of a constant length become vector code at -O2, too.
inline constexpr Index convert_block = 64;

/// Converts the elements of a block. Returns whether T holds all of them.
template <Index n, class From, NumpyElement T>
bool convert_part(const std::uint8_t* bytes, bool is_swapped, T* out, Index count = n) {
  using Bits = UnsignedOf<sizeof(From)>;
  Bits bits[static_cast<std::size_t>(n)];
  std::memcpy(bits, bytes, static_cast<std::size_t>(count) * sizeof(From));
  if (is_swapped) {
    for (Index i = 0; i < count; ++i) bits[i] = with_bytes_swapped(bits[i]);
  }
  if constexpr (std::integral<T>) {
    bool is_held = true;
    for (Index i = 0; i < count; ++i) is_held &= fits<T>(std::bit_cast<From>(bits[i]));
    if (!is_held) return false;
  }
  for (Index i = 0; i < count; ++i) out[i] = converted<T>(std::bit_cast<From>(bits[i]));
  return true;
}

/// Converts elements of type `From`, the first of which is number `first` of the file.
/// @throws FormatError for an integer that T does not hold.
template <class From, NumpyElement T>
void convert_from(ByteSpan bytes, bool is_swapped, T* out, Index first, const ByteReader& file) {
  const Index size = std::ssize(bytes) / Index{sizeof(From)};
  for (Index begin = 0; begin < size; begin += convert_block) {
    const Index count = std::min(convert_block, size - begin);
    const std::uint8_t* const from = bytes.data() + begin * Index{sizeof(From)};
    const bool is_held =
        count == convert_block
            ? convert_part<convert_block, From>(from, is_swapped, out + begin)
            : convert_part<convert_block, From>(from, is_swapped, out + begin, count);
    if (is_held) continue;
    if constexpr (std::integral<T>) {
      for (Index i = 0; i < count; ++i) {
        const bool is_big_endian = is_swapped != (std::endian::native == std::endian::big);
        const auto value = load<From>(from + i * Index{sizeof(From)}, is_big_endian);
        if (fits<T>(value)) continue;
        file.fail("element ", first + begin + i, " is ", value, ", which ", numpy_type<T>(),
                  " does not hold");
      }
    }
  }
}

constexpr bool is_byte_order_foreign(const NumpyType& type) {
  return type.bytes > 1 && type.is_big_endian != (std::endian::native == std::endian::big);
}

/// Converts stored elements of any type. @throws like convert_from.
template <NumpyElement T>
void convert_elements(const NumpyType& type, ByteSpan bytes, T* out, Index first,
                      const ByteReader& file) {
  const auto convert = [&]<class From>(From) {
    convert_from<From>(bytes, is_byte_order_foreign(type), out, first, file);
  };
  if (type.kind == 'f') {
    if constexpr (!std::integral<T>) {
      if (type.bytes == 2) return convert(Eigen::half());
      if (type.bytes == 4) return convert(float());
      return convert(double());
    }
  } else if (type.kind == 'i') {  // NOLINT(bugprone-branch-clone): the types differ
    if (type.bytes == 1) return convert(std::int8_t());
    if (type.bytes == 2) return convert(std::int16_t());
    if (type.bytes == 4) return convert(std::int32_t());
    return convert(std::int64_t());
  } else {  // NumPy's bool is a byte of 0 or 1
    if (type.bytes == 1) return convert(std::uint8_t());
    if (type.bytes == 2) return convert(std::uint16_t());
    if (type.bytes == 4) return convert(std::uint32_t());
    return convert(std::uint64_t());
  }
}

/// Reads a stream of elements in blocks, so that their memory is that of the result.
template <NumpyElement T>
class ElementReader {
 public:
  ElementReader(NumpyType type, ByteStream& stream) : type_(type), stream_(&stream) {}

  /// The next elements.
  void read(T* out, Index count) {
    read_by(out, count, next_,
            [this](std::span<std::uint8_t> bytes, Index) { stream_->read(bytes); });
    next_ += count;
  }
  /// The elements from `first` on, counted from where the stream began with elements. The stream
  /// is seekable.
  void read_at(std::uint64_t offset, Index first, T* out, Index count) const {
    read_by(out, count, first, [&](std::span<std::uint8_t> bytes, Index element) {
      stream_->read_at(offset + static_cast<std::uint64_t>(element) * type_.bytes, bytes);
    });
  }

 private:
  // In elements. A block, and what it is converted to, stay in the second-level cache.
  static constexpr Index block = 32 * 1024;

  bool is_own_type() const {
    constexpr NumpyType own = numpy_type<T>();
    return own.kind != 'b' && type_.kind == own.kind && type_.bytes == own.bytes;
  }

  template <class Fetch>
  void read_by(T* out, Index count, Index first, const Fetch& fetch) const {
    const auto bytes_of = [](T* elements, Index n) {
      return std::span(reinterpret_cast<std::uint8_t*>(elements),
                       static_cast<std::size_t>(n) * sizeof(T));
    };
    if (is_own_type() && !is_byte_order_foreign(type_)) return fetch(bytes_of(out, count), first);
    Bytes buffer(is_own_type() ? 0
                               : static_cast<std::size_t>(std::min(block, count)) * type_.bytes);
    for (Index begin = 0; begin < count; begin += block) {
      const Index n = std::min(block, count - begin);
      const auto bytes = is_own_type()
                             ? bytes_of(out + begin, n)
                             : std::span(buffer).first(static_cast<std::size_t>(n) * type_.bytes);
      fetch(bytes, first + begin);
      convert_elements(type_, bytes, out + begin, first + begin, stream_->name());
    }
  }

  NumpyType type_;
  ByteStream* stream_;
  Index next_ = 0;
};

/// Calls visit(part, offset) for parts of at most `most` elements, in row-major order: their layout
/// and the place of their first element. Each part is consecutive in a dense array of the shape;
/// `offset` counts the elements before it there.
template <class Visit>
void for_each_part(const Layout& layout, Index most, const Visit& visit) {
  const Shape& shape = layout.shape;
  if (shape.size() == 0) return;
  int axis = shape.rank();
  Index inner = 1;  // size of the axes after `axis`
  while (axis > 0 && inner * shape[axis - 1] <= most) inner *= shape[--axis];
  if (axis == 0) return visit(layout, Index{0}, Index{0});
  --axis;  // the axis that is cut
  const Index step = std::max<Index>(1, most / inner);
  const Index outer = shape.size() / inner / shape[axis];
  for (Index i = 0; i < outer; ++i) {
    Index first = 0;
    for (Index rest = i, before = axis; before-- > 0; rest /= shape[static_cast<int>(before)]) {
      first += rest % shape[static_cast<int>(before)] * layout.stride(static_cast<int>(before));
    }
    for (Index begin = 0; begin < shape[axis]; begin += step) {
      Layout part;
      part.push_back(std::min(step, shape[axis] - begin), layout.stride(axis));
      for (int k = axis + 1; k < shape.rank(); ++k) part.push_back(shape[k], layout.stride(k));
      visit(part, first + begin * layout.stride(axis), (i * shape[axis] + begin) * inner);
    }
  }
}

// In elements: the size of a part that is transposed on its way from a file or to one.
inline constexpr Index elements_of_a_part = 256 * 1024;

/// Reads elements in Fortran order into a tensor in C order, part by part.
template <NumpyElement T>
void read_fortran_order(NumpyType type, ByteStream& stream, Tensor<T>& tensor) {
  const TensorView<T> target = tensor.view().transpose();  // in the order of the file
  const std::uint64_t offset = stream.size() - stream.left();
  const Index rows = target.extent(0), row = target.size() / rows;
  Layout of_row;
  for (int axis = 1; axis < target.rank(); ++axis) {
    of_row.push_back(target.extent(axis), target.layout().stride(axis));
  }
  // Rows at a time. A part of several rows fills whole cache lines of the tensor.
  constexpr Index wanted_rows = 64;
  const bool is_scattered =
      row * wanted_rows > elements_of_a_part && rows > 1 && stream.is_seekable();
  const Index step =
      std::min(rows, is_scattered ? wanted_rows : std::max<Index>(1, elements_of_a_part / row));
  ElementReader<T> elements(type, stream);
  auto tile = Tensor<T>::uninitialized({std::min(target.size(), elements_of_a_part)});
  for (Index begin = 0; begin < rows; begin += step) {
    const Index count = std::min(step, rows - begin);
    for_each_part(
        of_row, elements_of_a_part / step, [&](const Layout& part, Index first, Index place) {
          const Index size = part.shape.size();
          if (is_scattered) {
            for (Index i = 0; i < count; ++i) {
              elements.read_at(offset, (begin + i) * row + place, tile.data() + i * size, size);
            }
          } else {  // whole rows, or parts of a single one
            elements.read(tile.data(), count * size);
          }
          Layout to;
          to.push_back(count, target.layout().stride(0));
          for (int axis = 0; axis < part.shape.rank(); ++axis) {
            to.push_back(part.shape[axis], part.stride(axis));
          }
          T* const place_of_part = target.data() + begin * target.layout().stride(0) + first;
          assign(TensorView<T>(place_of_part, to.shape, to.strides),
                 TensorView<const T>(tile.data(), to.shape));
        });
  }
}

/// The array of the stream's elements, all that is left in it. Takes no memory besides the tensor's
/// and that of a few blocks, less than 16 MiB.
/// @throws FormatError unless the number of elements matches the shape, and T can hold them;
///   IoError for more bytes than the machine's memory.
template <NumpyElement T>
Tensor<T> read_array(const NumpyType& type, bool is_fortran_order, const Shape& shape,
                     ByteStream& stream) {
  const ByteReader& file = stream.name();
  const std::uint64_t found = stream.left();
  const auto expected = static_cast<std::uint64_t>(shape.size());
  if (found % type.bytes != 0 || found / type.bytes != expected) {
    file.fail(found / type.bytes < expected ? "truncated" : "oversized", ": expected ", expected,
              " elements of ", type, " for the shape ", shape, ", found ", found, " bytes");
  }
  if (std::integral<T> && type.kind == 'f') file.fail("expected integers, found ", type);
  if (expected > memory_of_machine() / sizeof(T)) {
    throw IoError(file.source(), ": ", expected, " elements of ", numpy_type<T>(),
                  " are more than the memory");
  }
  auto tensor = Tensor<T>::uninitialized(shape);
  if (is_fortran_order && shape.rank() > 1 && shape.size() > 0) {
    read_fortran_order(type, stream, tensor);
  } else {
    ElementReader<T>(type, stream).read(tensor.data(), tensor.size());
  }
  return tensor;
}

/// The same of an array in memory.
template <NumpyElement T>
Tensor<T> to_tensor(const NumpyArray& array, const ByteReader& file) {
  FileStream stream(ByteReader(array.elements, file.source()));
  return read_array<T>(array.type, array.is_fortran_order, array.shape, stream);
}

}  // namespace detail
}  // namespace dlfs
DLFS_STRICT_MATH_END
