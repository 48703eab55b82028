#pragma once

#include <algorithm>
#include <bit>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "dlfs/core/tensor.hpp"
#include "dlfs/data/byte_dataset.hpp"
#include "dlfs/io/gzip.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The element types of IDX files.
template <class T>
concept IdxElement = std::same_as<T, std::uint8_t> || std::same_as<T, std::int8_t> ||
    std::same_as<T, std::int16_t> || std::same_as<T, std::int32_t> || std::same_as<T, float> ||
    std::same_as<T, double>;

namespace detail {

template <IdxElement T>
constexpr int idx_code() {
  if constexpr (std::same_as<T, std::uint8_t>) return 0x08;
  if constexpr (std::same_as<T, std::int8_t>) return 0x09;
  if constexpr (std::same_as<T, std::int16_t>) return 0x0b;
  if constexpr (std::same_as<T, std::int32_t>) return 0x0c;
  if constexpr (std::same_as<T, float>) return 0x0d;
  return 0x0e;
}

/// Reads the elements of an IDX file as they are there, of `element_bytes` bytes each, into the
/// memory that `allocate` gives for their shape.
/// @throws FormatError like dlfs::read_idx.
inline void copy_idx_elements(
    const std::filesystem::path& path, int code, std::size_t element_bytes, Index limit,
    const std::function<std::span<std::uint8_t>(const Shape&)>& allocate) {
  GzipFile file(path);
  const auto fail = [&](const auto&... parts) {
    throw FormatError("read_idx: ", file.path(), ": ", parts...);
  };

  const auto magic = file.read(4);
  if (magic.size() < 4) fail("expected an IDX file, found ", magic.size(), " bytes");
  const int rank = magic[3];
  if (magic[0] != 0 || magic[1] != 0 || magic[2] != code || rank < 1 || rank > max_rank) {
    fail("expected the magic bytes 0 0 ", code, " and a rank of 1 to ", max_rank, ", found ",
         magic[0], " ", magic[1], " ", magic[2], " and ", magic[3]);
  }

  const auto header = file.read(4 * static_cast<std::size_t>(rank));
  if (header.size() < 4 * static_cast<std::size_t>(rank)) {
    fail("the header of rank ", rank, " ends after ", 4 + header.size(), " bytes");
  }
  Shape shape;
  Index size = 1;
  for (const std::uint8_t* byte = header.data(); shape.rank() < rank; byte += 4) {
    const Index extent =
        Index{byte[0]} << 24 | Index{byte[1]} << 16 | Index{byte[2]} << 8 | byte[3];
    // An extent of 0 must not hide an overflow of the others.
    const Index factor = std::max<Index>(1, extent);
    if (size > limit / factor) fail("the header promises more than ", limit, " elements");
    size *= factor;
    shape.push_back(extent);
  }

  const auto expected = static_cast<std::uint64_t>(shape.size()) * element_bytes;
  const auto expect_all = [&](std::size_t found) {
    if (found == expected) return;
    fail("truncated: the header promises ", shape, ", which is ", expected, " bytes, found ",
         found);
  };
  if (expected <= file.most_bytes()) {
    expect_all(file.read(allocate(shape)));
  } else {  // as from a pipe: the memory grows as the bytes arrive
    const auto bytes = file.read(expected);
    expect_all(bytes.size());
    std::copy(bytes.begin(), bytes.end(), allocate(shape).begin());
  }
  if (!file.read(1).empty()) {
    fail("oversized: the header promises ", shape, ", which is ", expected, " bytes, found more");
  }
}

}  // namespace detail

/// Reads a tensor in the IDX format of the MNIST files, plain or gzip-compressed.
///
/// The file consists of 0, 0, the code of the elements' type, the rank, each extent as a 32-bit
/// number, and the elements in row-major order. All numbers are big-endian. The codes are 8 for
/// unsigned bytes, 9 for signed ones, 11 and 12 for integers of 16 and 32 bits, 13 for float, and
/// 14 for double. The rank is 1 to 8 here. Memory is allocated once, and only if a file of this
/// size can hold what its header promises. Source: http://yann.lecun.com/exdb/mnist, "The IDX file
/// format".
/// @throws FormatError if the magic is wrong, the elements are not of type T, the header promises
///   more than `limit` elements, or the file holds more or fewer than it promises; and like
///   GzipFile.
template <IdxElement T = std::uint8_t>
Tensor<T> read_idx(const std::filesystem::path& path, Index limit = Index{1} << 30) {
  Tensor<T> tensor;
  const auto bytes_of_tensor = [&] {
    return std::span(reinterpret_cast<std::uint8_t*>(tensor.data()),
                     static_cast<std::size_t>(tensor.size()) * sizeof(T));
  };
  detail::copy_idx_elements(path, detail::idx_code<T>(), sizeof(T), limit, [&](const Shape& shape) {
    tensor.resize(shape);
    return bytes_of_tensor();
  });
  if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) {
    const auto bytes = bytes_of_tensor();
    for (auto byte = bytes.begin(); byte != bytes.end(); byte += sizeof(T)) {
      std::reverse(byte, byte + sizeof(T));
    }
  }
  return tensor;
}

namespace detail {

/// Images and labels out of two IDX files; `image` is their shape if only one is right. `numbers`
/// are the labels, as they were read.
/// @throws FormatError that begins with the operation.
inline ByteDataset pair_up(std::string_view operation, const std::filesystem::path& images,
                           const std::filesystem::path& labels,
                           TensorView<const std::int32_t> numbers, Index classes,
                           const Shape& image) {
  const auto fail = [&](const auto&... parts) { throw FormatError(operation, ": ", parts...); };
  auto pixels = read_idx(images);
  const bool is_right = image.rank() > 0 ? pixels.shape().axes(1, pixels.rank()) == image
                                         : pixels.rank() == 3 || pixels.rank() == 4;
  if (!is_right) {
    fail(images.string(), ": expected images of shape ",
         image.rank() > 0 ? str_cat("(N, ", image[0], ", ", image[1], ")")
                          : std::string("(N, H, W) or (N, C, H, W)"),
         ", found ", pixels.shape());
  }
  if (numbers.rank() != 1) {
    fail(labels.string(), ": expected labels of shape (N,), found ", numbers.shape());
  }
  if (pixels.extent(0) != numbers.extent(0)) {
    fail(pixels.extent(0), " images in ", images.string(), ", but ", numbers.extent(0),
         " labels in ", labels.string());
  }
  const Shape& shape = pixels.shape();
  const Shape with_channel = shape.rank() == 4 ? shape : Shape{shape[0], 1, shape[1], shape[2]};
  ByteDataset dataset{std::move(pixels).reshape(with_channel),
                      Labels::uninitialized(numbers.shape())};
  for (Index n = 0; n < numbers.size(); ++n) {
    const std::int32_t number = numbers(n);
    if (number < 0 || number >= classes) {
      fail(labels.string(), ": label ", n, " is ", number, ", expected 0 to ", classes - 1);
    }
    dataset.targets(n) = number;
  }
  return dataset;
}

/// The same of labels that are bytes.
inline ByteDataset load_idx_pair(std::string_view operation, const std::filesystem::path& images,
                                 const std::filesystem::path& labels, Index classes,
                                 const Shape& image = {}) {
  const auto bytes = read_idx(labels);
  auto numbers = Labels::uninitialized(bytes.shape());
  std::copy_n(bytes.data(), bytes.size(), numbers.data());
  return pair_up(operation, images, labels, numbers, classes, image);
}

}  // namespace detail

/// Loads images (N, H, W) or (N, C, H, W) and labels (N) below `classes` from two IDX files of
/// bytes, such as those of EMNIST:
///
///   const ByteDataset letters = load_idx("emnist-letters-train-images-idx3-ubyte.gz",
///                                        "emnist-letters-train-labels-idx1-ubyte.gz", 27);
///
///   inputs (N, 1, H, W) or (N, C, H, W)   targets (N)
///
/// @throws FormatError for images or labels of another shape or of different numbers, and for a
///   label out of range; and like read_idx.
inline ByteDataset load_idx(const std::filesystem::path& images,
                            const std::filesystem::path& labels, Index classes) {
  return detail::load_idx_pair("load_idx", images, labels, classes);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
