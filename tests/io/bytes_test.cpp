#include "dlfs/io/bytes.hpp"

#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs {
namespace {

using detail::ByteReader;
using detail::Bytes;
using test::error_of;

TEST(ByteReader, TakesFromFrontToBack) {
  const Bytes bytes{'a', 'b', '\n', 0x34, 0x12, 'c'};
  ByteReader reader(bytes, "read: file");
  EXPECT_EQ(reader.take_line(), "ab");
  EXPECT_EQ(reader.take_number<std::uint16_t>(), 0x1234);
  EXPECT_EQ(reader.left().size(), 1u);
  EXPECT_EQ(reader.take_text(1), "c");
  EXPECT_TRUE(reader.left().empty());
  EXPECT_EQ(reader.size(), 6u);
  EXPECT_EQ(reader.take(0).size(), 0u);
}

TEST(ByteReader, SaysWhereBytesAreMissing) {
  const Bytes bytes{1, 2, 3};
  ByteReader reader(bytes, "read: file");
  reader.take(1);
  EXPECT_EQ(error_of<FormatError>([&] { reader.take_number<std::uint32_t>(); }),
            "read: file: truncated: expected 4 bytes at 1, found 2");
  EXPECT_EQ(error_of<FormatError>([&] { reader.take_line(); }),
            "read: file: truncated: the line at 1 has no end");
  EXPECT_THROW(reader.take(std::numeric_limits<std::uint64_t>::max()), FormatError);
  EXPECT_EQ(reader.left().size(), 2u);  // what failed has taken nothing
}

TEST(ByteReader, WhatIsTakenIsNotLeft) {
  const Bytes bytes{1, 2, 3, 4, 5};
  ByteReader reader(bytes, "f");
  reader.take(3);
  EXPECT_EQ(test::error_of<FormatError>([&] { reader.take(3); }),
            "f: truncated: expected 3 bytes at 3, found 2");
  EXPECT_EQ(reader.take(2).size(), 2U);
}

TEST(ByteReader, APartIsCountedFromTheStartOfTheFile) {
  const Bytes bytes{1, 2, 3, 4};
  ByteReader reader(bytes, "read: file");
  reader.take(3);
  EXPECT_EQ(reader.part(1, 2).take_number<std::uint16_t>(), 0x0302);
  EXPECT_EQ(reader.from(2).size(), 2u);
  EXPECT_EQ(reader.from(4).size(), 0u);
  EXPECT_EQ(error_of<FormatError>([&] { reader.part(3, 2); }),
            "read: file: truncated: expected 2 bytes at 3, the end is at 4");
  EXPECT_THROW(reader.from(5), FormatError);
  EXPECT_THROW(reader.part(1, std::numeric_limits<std::uint64_t>::max()), FormatError);
}

TEST(AppendNumber, IsWhatTakeNumberReads) {
  Bytes bytes;
  detail::append_number(bytes, std::uint8_t{0xfe});
  detail::append_number(bytes, std::uint32_t{0x01020304});
  detail::append_number(bytes, std::uint64_t{0x8000000000000001});
  detail::append_text(bytes, "end");
  EXPECT_EQ(bytes.size(), 1u + 4u + 8u + 3u);
  EXPECT_EQ(bytes[1], 4);  // little-endian
  ByteReader reader(bytes, "");
  EXPECT_EQ(reader.take_number<std::uint8_t>(), 0xfe);
  EXPECT_EQ(reader.take_number<std::uint32_t>(), 0x01020304u);
  EXPECT_EQ(reader.take_number<std::uint64_t>(), 0x8000000000000001u);
  EXPECT_EQ(detail::as_text(reader.left()), "end");
}

}  // namespace
}  // namespace dlfs
