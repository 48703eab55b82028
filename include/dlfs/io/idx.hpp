#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <span>

#include "dlfs/core/tensor.hpp"
#include "dlfs/io/gzip.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Reads a tensor of bytes in the IDX format of the MNIST files, plain or gzip-compressed.
///
/// The file consists of 0, 0, the type code 8 (unsigned byte), the rank, each extent as a
/// big-endian 32-bit number, and the elements in row-major order. The rank is 1 to 4 here. Memory
/// is allocated as the elements arrive, never for the header's promise.
/// Source: http://yann.lecun.com/exdb/mnist, "The IDX file format".
/// @throws FormatError if the magic is wrong, the header promises more than `limit` elements, or
///   the file holds more or fewer than it promises; and like GzipFile.
inline Tensor<std::uint8_t> read_idx(const std::filesystem::path& path,
                                     Index limit = Index{1} << 30) {
  GzipFile file(path);
  const auto fail = [&](const auto&... parts) {
    throw FormatError("read_idx: ", file.path(), ": ", parts...);
  };

  const auto magic = file.read(4);
  if (magic.size() < 4) fail("expected an IDX file, found ", magic.size(), " bytes");
  const int rank = magic[3];
  if (magic[0] != 0 || magic[1] != 0 || magic[2] != 8 || rank < 1 || rank > 4) {
    fail("expected the magic bytes 0 0 8 and a rank of 1 to 4, found ", magic[0], " ", magic[1],
         " ", magic[2], " and ", magic[3]);
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

  const auto expected = static_cast<std::size_t>(shape.size());
  const auto elements = file.read(expected + 1);
  if (elements.size() < expected) {
    fail("truncated: the header promises ", shape, ", which is ", expected, " bytes, found ",
         elements.size());
  }
  if (elements.size() > expected) {
    fail("oversized: the header promises ", shape, ", which is ", expected, " bytes, found more");
  }
  return Tensor<std::uint8_t>(shape, elements);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
