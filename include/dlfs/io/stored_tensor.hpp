#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "dlfs/core/tensor.hpp"
#include "dlfs/io/bytes.hpp"
#include "dlfs/io/numpy_array.hpp"

// What files of safetensors and of PyTorch have in common: little-endian elements of NumPy's types
// and bfloat16, one after the other.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// An element type of a stored tensor.
struct StoredType {
  NumpyType numpy;           // kind and size
  bool is_bfloat16 = false;  // the upper half of a float, in place of NumPy's float16
};

/// The number of bytes of `shape` elements. @throws FormatError if it overflows.
inline std::uint64_t bytes_of(std::span<const std::uint64_t> extents, std::size_t element_bytes,
                              const ByteReader& file) {
  std::uint64_t bytes = element_bytes;
  for (const std::uint64_t extent : extents) {
    if (__builtin_mul_overflow(bytes, extent, &bytes)) {
      file.fail("the product of the extents is larger than 64 bits");
    }
  }
  return bytes;
}

/// The shape of these extents. @throws FormatError for one that a Shape cannot hold.
inline Shape parse_shape(std::span<const std::uint64_t> extents, const ByteReader& file) {
  if (extents.size() > std::size_t{max_rank}) {
    file.fail("expected at most ", max_rank, " axes, found ", extents.size());
  }
  Shape shape;
  try {
    for (const std::uint64_t extent : extents) {
      if (!std::in_range<Index>(extent)) file.fail("an extent of ", extent);
      shape.push_back(static_cast<Index>(extent));
    }
  } catch (const ShapeError& error) {
    file.fail(error.what());
  }
  return shape;
}

/// Whether a tensor of T has the bytes of the file, so that they need no conversion.
template <NumpyElement T>
bool is_stored_as(const StoredType& type) {
  return !std::same_as<T, bool> && std::endian::native == std::endian::little &&
         !type.is_bfloat16 && type.numpy.kind == numpy_type<T>().kind &&
         type.numpy.bytes == sizeof(T);
}

template <NumpyElement T>
Tensor<T> from_bfloat16(const Shape& shape, ByteSpan elements, const ByteReader& file) {
  if constexpr (std::integral<T>) {
    file.fail("expected integers, found bfloat16");
  } else {
    auto tensor = Tensor<T>::uninitialized(shape);
    for (Index i = 0; i < shape.size(); ++i) {
      const auto bits = load<std::uint16_t>(elements.data() + 2 * i, /*is_big_endian=*/false);
      tensor.data()[i] = static_cast<T>(std::bit_cast<float>(std::uint32_t{bits} << 16));
    }
    return tensor;
  }
}

/// The tensor of these elements, converted as described at NumpyElement. It calls release(part) for
/// each part of the elements that is no longer needed.
/// @throws FormatError unless the number of elements matches the shape, and T can hold them.
template <NumpyElement T, class Release>
Tensor<T> to_tensor(const StoredType& type, const Shape& shape, ByteSpan elements,
                    const ByteReader& file, const Release& release) {
  const std::size_t found = elements.size();
  const auto expected = static_cast<std::uint64_t>(shape.size());
  if (found % type.numpy.bytes != 0 || found / type.numpy.bytes != expected) {
    file.fail("expected ", expected, " elements for the shape ", shape, ", found ", found,
              " bytes");
  }
  if (is_stored_as<T>(type)) {
    auto tensor = Tensor<T>::uninitialized(shape);
    constexpr std::size_t piece = std::size_t{4} << 20;
    for (std::size_t first = 0; first < found; first += piece) {
      const ByteSpan part = elements.subspan(first, std::min(piece, found - first));
      std::memcpy(reinterpret_cast<std::uint8_t*>(tensor.data()) + first, part.data(), part.size());
      release(part);
    }
    return tensor;
  }
  auto tensor = type.is_bfloat16
                    ? from_bfloat16<T>(shape, elements, file)
                    : to_tensor<T>(NumpyArray{type.numpy, false, shape, elements}, file);
  release(elements);
  return tensor;
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
