#pragma once

#include <algorithm>
#include <cstdint>
#include <new>

#include <zlib.h>

#include "dlfs/io/bytes.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

// Maximum number of bytes of one call: zlib counts them in an unsigned int.
inline constexpr std::size_t largest_deflate_piece = std::size_t{1} << 30;

/// The contents of a raw deflate stream. Allocates memory as the bytes arrive.
/// @throws FormatError unless the contents are exactly `size` bytes.
inline Bytes inflated(ByteSpan stream, std::uint64_t size, const ByteReader& file) {
  // No code of deflate gives more than 258 bytes for 2 bits. So size + 1 cannot overflow.
  constexpr std::uint64_t largest_ratio = 1032;
  if (size / largest_ratio > stream.size()) {
    file.fail(stream.size(), " deflated bytes cannot hold the promised ", size);
  }
  struct State : z_stream {
    State() : z_stream{} {
      if (inflateInit2(this, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { inflateEnd(this); }
  } state;

  Bytes bytes;
  std::size_t filled = 0;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    if (state.avail_in == 0) {
      const ByteSpan piece = stream.first(std::min(stream.size(), largest_deflate_piece));
      state.next_in = const_cast<std::uint8_t*>(piece.data());
      state.avail_in = static_cast<unsigned int>(piece.size());
      stream = stream.subspan(piece.size());
    }
    if (filled == bytes.size()) {
      if (filled > size) break;
      constexpr std::uint64_t smallest_piece = 64 * 1024;
      // One byte more than promised shows whether there are more.
      bytes.resize(static_cast<std::size_t>(
          std::min(size + 1, std::max(std::uint64_t{2 * filled}, smallest_piece))));
    }
    const std::size_t space = std::min(bytes.size() - filled, largest_deflate_piece);
    state.next_out = bytes.data() + filled;
    state.avail_out = static_cast<unsigned int>(space);
    status = inflate(&state, Z_NO_FLUSH);
    filled += space - state.avail_out;
    if (status == Z_BUF_ERROR) file.fail("truncated: the deflated bytes have no end");
    if (status == Z_MEM_ERROR) throw std::bad_alloc();
    if (status != Z_OK && status != Z_STREAM_END) {
      file.fail("deflate: ", state.msg != nullptr ? state.msg : "corrupt");
    }
  }
  if (filled != size) {
    file.fail(filled < size ? "truncated" : "oversized", ": expected ", size,
              " bytes when inflated, found ", filled < size ? str_cat(filled) : "more");
  }
  bytes.resize(filled);
  return bytes;
}

/// The bytes, less than 4 GB, as a raw deflate stream.
inline Bytes deflated(ByteSpan bytes) {
  struct State : z_stream {
    State() : z_stream{} {
      constexpr int default_memory = 8;
      if (deflateInit2(this, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, default_memory,
                       Z_DEFAULT_STRATEGY) != Z_OK) {
        throw std::bad_alloc();
      }
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { deflateEnd(this); }
  } state;

  state.next_in = const_cast<std::uint8_t*>(bytes.data());
  state.avail_in = static_cast<unsigned int>(bytes.size());
  Bytes stream(deflateBound(&state, bytes.size()));
  std::size_t filled = 0;
  for (int status = Z_OK; status == Z_OK;) {
    const std::size_t space = std::min(stream.size() - filled, largest_deflate_piece);
    state.next_out = stream.data() + filled;
    state.avail_out = static_cast<unsigned int>(space);
    status = deflate(&state, Z_FINISH);
    filled += space - state.avail_out;
  }
  stream.resize(filled);
  return stream;
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
