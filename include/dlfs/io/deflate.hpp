#pragma once

#include <algorithm>
#include <cstdint>
#include <new>
#include <span>
#include <utility>

#include <zlib.h>

#include "dlfs/io/file.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Block size for what passes through zlib, in bytes: the checksum of a block is computed while it
/// is in the cache.
inline constexpr std::size_t zlib_block = 256 * 1024;

/// The checksum of zip and PNG over bytes that come one after the other.
class Crc32 {
 public:
  void add(ByteSpan bytes) { value_ = crc32_z(value_, bytes.data(), bytes.size()); }
  std::uint32_t value() const { return static_cast<std::uint32_t>(value_); }

 private:
  uLong value_ = 0;
};

/// The contents of a raw deflate stream of a file. Its memory is that of two small buffers.
/// @throws FormatError unless the contents are exactly `size` bytes of this checksum; the read that
///   reaches their end verifies both.
class InflatingStream final : public ByteStream {
 public:
  InflatingStream(const FileBytes& file, ByteReader name, std::uint64_t first,
                  std::uint64_t stored_size, std::uint64_t size, std::uint32_t crc)
      : ByteStream(std::move(name), size),
        stored_(file, this->name(), first, stored_size),
        expected_crc_(crc) {
    // No code of deflate gives more than 258 bytes for 2 bits.
    constexpr std::uint64_t largest_ratio = 1032;
    if (size / largest_ratio > stored_size) {
      this->name().fail(stored_size, " deflated bytes cannot hold the promised ", size);
    }
    if (inflateInit2(&state_, -MAX_WBITS) != Z_OK) throw std::bad_alloc();
  }
  ~InflatingStream() override { inflateEnd(&state_); }

 protected:
  void read_next(std::uint64_t position, std::span<std::uint8_t> out) override {
    const std::size_t wanted = out.size();
    while (!out.empty()) {
      const auto block = out.first(std::min(out.size(), zlib_block));
      const std::size_t count = inflate_into(block);
      if (count < block.size()) {
        name().fail("truncated: expected ", size(), " bytes when inflated, found ",
                    position + (wanted - out.size()) + count);
      }
      crc_.add(block);
      out = out.subspan(block.size());
    }
    if (position + wanted == size()) expect_end();
  }

 private:
  /// Returns the number of bytes that there were before the end of the stream.
  std::size_t inflate_into(std::span<std::uint8_t> out) {
    state_.next_out = out.data();
    state_.avail_out = static_cast<unsigned int>(out.size());
    while (state_.avail_out > 0 && !is_at_end_) {
      if (state_.avail_in == 0) {
        input_.resize(
            static_cast<std::size_t>(std::min<std::uint64_t>(zlib_block, stored_.left())));
        stored_.read(input_);
        state_.next_in = input_.data();
        state_.avail_in = static_cast<unsigned int>(input_.size());
      }
      const int status = inflate(&state_, Z_NO_FLUSH);
      if (status == Z_BUF_ERROR) name().fail("truncated: the deflated bytes have no end");
      if (status == Z_MEM_ERROR) throw std::bad_alloc();
      is_at_end_ = status == Z_STREAM_END;
      if (status != Z_OK && !is_at_end_) {
        name().fail("deflate: ", state_.msg != nullptr ? state_.msg : "corrupt");
      }
    }
    return out.size() - state_.avail_out;
  }

  void expect_end() {
    std::uint8_t more = 0;
    if (inflate_into({&more, 1}) > 0) {
      name().fail("oversized: expected ", size(), " bytes when inflated, found more");
    }
    if (crc_.value() != expected_crc_) name().fail("the checksum is wrong");
  }

  FileStream stored_;
  std::uint32_t expected_crc_;
  Crc32 crc_;
  z_stream state_{};
  Bytes input_;
  bool is_at_end_ = false;
};

/// Passes what is written on as a raw deflate stream.
class DeflatingSink final : public ByteSink {
 public:
  explicit DeflatingSink(ByteSink& out) : out_(&out), buffer_(zlib_block) {
    constexpr int default_memory = 8;
    if (deflateInit2(&state_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -MAX_WBITS, default_memory,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~DeflatingSink() override { deflateEnd(&state_); }

  void write(ByteSpan bytes) override {
    while (!bytes.empty()) {
      const ByteSpan piece = bytes.first(std::min(bytes.size(), zlib_block));
      state_.next_in = const_cast<std::uint8_t*>(piece.data());
      state_.avail_in = static_cast<unsigned int>(piece.size());
      while (state_.avail_in > 0) deflate_into_buffer(Z_NO_FLUSH);
      bytes = bytes.subspan(piece.size());
    }
  }
  /// Ends the stream. Returns its size in bytes.
  std::uint64_t finish() {
    while (deflate_into_buffer(Z_FINISH) != Z_STREAM_END) {
    }
    return size_;
  }

 private:
  int deflate_into_buffer(int flush) {
    state_.next_out = buffer_.data();
    state_.avail_out = static_cast<unsigned int>(buffer_.size());
    const int status = deflate(&state_, flush);
    const ByteSpan deflated = ByteSpan(buffer_).first(buffer_.size() - state_.avail_out);
    out_->write(deflated);
    size_ += deflated.size();
    return status;
  }

  ByteSink* out_;
  Bytes buffer_;
  z_stream state_{};
  std::uint64_t size_ = 0;
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
