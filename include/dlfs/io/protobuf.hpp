#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/bytes.hpp"

// The wire format of Protocol Buffers, as far as ONNX files use it. A message is a sequence of
// fields, each with a number and one of four types: a varint, 8 bytes, 4 bytes, or bytes with their
// count, which are a text, a list of numbers or another message.
// Source: "Protocol Buffers: Encoding", protobuf.dev/programming-guides/encoding.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

enum class WireType : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

/// Appends 7 bits to each byte, the lowest first.
inline void append_varint(Bytes& bytes, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) bytes.push_back(static_cast<std::uint8_t>(number | 0x80));
  bytes.push_back(static_cast<std::uint8_t>(number));
}

/// A message that is written field by field. Large byte strings are not copied: they must live
/// until the message is written.
class ProtobufMessage {
 public:
  /// Size of the message in bytes.
  std::size_t size() const { return own_.size() + size_of_others_; }

  void integer(int field, std::int64_t value) {
    tag(field, WireType::varint);
    append_varint(own_, static_cast<std::uint64_t>(value));
  }
  void number(int field, float value) {
    tag(field, WireType::fixed32);
    append_number(own_, std::bit_cast<std::uint32_t>(value));
  }
  void text(int field, std::string_view value) {
    begin_bytes(field, value.size());
    append_text(own_, value);
  }
  /// Bytes of the caller's.
  void bytes(int field, ByteSpan value) {
    begin_bytes(field, value.size());
    others_.push_back({own_.size(), value});
    size_of_others_ += value.size();
  }
  void message(int field, const ProtobufMessage& value) {
    begin_bytes(field, value.size());
    for (const auto& [place, part] : value.others_) others_.push_back({own_.size() + place, part});
    size_of_others_ += value.size_of_others_;
    append_bytes(own_, value.own_);
  }

  /// The bytes of the message, part by part. They are valid as long as the message.
  std::vector<ByteSpan> parts() const {
    std::vector<ByteSpan> parts;
    std::size_t written = 0;
    const auto write_until = [&](std::size_t end) {
      if (end > written) parts.push_back(ByteSpan(own_).subspan(written, end - written));
      written = end;
    };
    for (const auto& [place, part] : others_) {
      write_until(place);
      parts.push_back(part);
    }
    write_until(own_.size());
    return parts;
  }

 private:
  /// Bytes of the caller's, before the byte of `own_` at `place`.
  struct Other {
    std::size_t place;
    ByteSpan part;
  };

  void tag(int field, WireType type) {
    append_varint(own_, static_cast<std::uint64_t>(field) << 3 | static_cast<std::uint64_t>(type));
  }
  void begin_bytes(int field, std::size_t count) {
    tag(field, WireType::bytes);
    append_varint(own_, count);
  }

  Bytes own_;
  std::vector<Other> others_;
  std::size_t size_of_others_ = 0;
};

/// A field of a message that is read.
struct ProtobufField {
  std::uint64_t number = 0;
  WireType type = WireType::varint;
  std::uint64_t value = 0;  // of a varint, or the bits of 4 or 8 bytes
  ByteSpan bytes{};         // of a text, a list or a message
};

/// Reads the fields of a message one by one. It allocates nothing, and a field is never longer than
/// the message.
class ProtobufReader {
 public:
  explicit ProtobufReader(ByteReader message) : message_(std::move(message)) {}
  /// For a message inside another, or for a list of numbers.
  ProtobufReader(ByteSpan bytes, const ProtobufReader& whole)
      : message_(bytes, whole.message_.source()) {}

  /// Whether the message has no more fields, or the list no more numbers.
  bool is_at_end() const { return message_.left().empty(); }

  std::optional<ProtobufField> next() {
    if (is_at_end()) return std::nullopt;
    const std::uint64_t tag = varint();
    ProtobufField field{.number = tag >> 3, .type = static_cast<WireType>(tag & 7)};
    constexpr std::uint64_t largest_number = (std::uint64_t{1} << 29) - 1;
    if (field.number == 0 || field.number > largest_number) {
      fail("a field cannot have the number ", field.number);
    }
    switch (field.type) {
      case WireType::varint:
        field.value = varint();
        return field;
      case WireType::fixed64:
        field.value = message_.take_number<std::uint64_t>();
        return field;
      case WireType::fixed32:
        field.value = message_.take_number<std::uint32_t>();
        return field;
      case WireType::bytes:
        field.bytes = message_.take(varint());
        return field;
    }
    fail("field ", field.number, " is of the unknown type ", tag & 7);
  }

  std::uint64_t varint() {
    std::uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = message_.take_number<std::uint8_t>();
      number |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return number;
    }
    fail("a number has more than 10 bytes");
  }
  template <class Unsigned>
  Unsigned fixed() {
    return message_.take_number<Unsigned>();
  }

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    message_.fail(parts...);
  }
  const ByteReader& bytes() const { return message_; }

 private:
  ByteReader message_;
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
