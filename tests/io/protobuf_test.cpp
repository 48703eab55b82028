#include "dlfs/io/protobuf.hpp"  // first: proves the header self-contained

#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs::detail {
namespace {

using test::error_of;

Bytes joined(const ProtobufMessage& message) {
  Bytes bytes;
  for (const ByteSpan part : message.parts()) append_bytes(bytes, part);
  EXPECT_EQ(bytes.size(), message.size());
  return bytes;
}

ProtobufReader reader(const Bytes& bytes) { return ProtobufReader(ByteReader(bytes, "file")); }

/// The examples of "Protocol Buffers: Encoding".
TEST(Protobuf, HasTheBytesOfItsDescription) {
  ProtobufMessage test1, test2, test3;
  test1.integer(1, 150);
  test2.text(2, "testing");
  test3.message(3, test1);
  EXPECT_EQ(joined(test1), (Bytes{0x08, 0x96, 0x01}));
  EXPECT_EQ(joined(test2), (Bytes{0x12, 0x07, 't', 'e', 's', 't', 'i', 'n', 'g'}));
  EXPECT_EQ(joined(test3), (Bytes{0x1a, 0x03, 0x08, 0x96, 0x01}));
}

TEST(Protobuf, NegativeIntegersHaveTenBytes) {
  ProtobufMessage message;
  message.integer(1, -2);
  const Bytes expected{0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
  EXPECT_EQ(joined(message), expected);
}

TEST(Protobuf, BytesOfTheCallersAreNotCopied) {
  const Bytes weights{1, 2, 3};
  ProtobufMessage inner, whole;
  inner.bytes(9, weights);
  inner.number(4, 1.5F);
  whole.integer(1, 7);
  whole.message(2, inner);
  whole.text(3, "x");
  EXPECT_EQ(joined(whole),
            (Bytes{0x08, 7, 0x12, 10, 0x4a, 3, 1, 2, 3, 0x25, 0, 0, 0xc0, 0x3f, 0x1a, 1, 'x'}));
  bool is_there = false;
  for (const ByteSpan part : whole.parts()) is_there |= part.data() == weights.data();
  EXPECT_TRUE(is_there);
}

TEST(Protobuf, ReadsWhatItWrites) {
  const Bytes raw{5, 6};
  ProtobufMessage message;
  message.integer(1, std::numeric_limits<std::int64_t>::min());
  message.number(200, -0.25F);
  message.text(3, "name");
  message.bytes(16, raw);
  const Bytes bytes = joined(message);
  ProtobufReader fields = reader(bytes);
  auto field = *fields.next();
  EXPECT_EQ(field.number, 1U);
  EXPECT_EQ(static_cast<std::int64_t>(field.value), std::numeric_limits<std::int64_t>::min());
  field = *fields.next();
  EXPECT_EQ(field.number, 200U);
  EXPECT_EQ(std::bit_cast<float>(static_cast<std::uint32_t>(field.value)), -0.25F);
  field = *fields.next();
  EXPECT_EQ(as_text(field.bytes), "name");
  field = *fields.next();
  EXPECT_EQ(Bytes(field.bytes.begin(), field.bytes.end()), raw);
  EXPECT_FALSE(fields.next());
}

TEST(Protobuf, ReadsNumbersOfEightBytes) {
  const Bytes bytes{0x09, 1, 0, 0, 0, 0, 0, 0, 0x80};
  ProtobufReader fields = reader(bytes);
  EXPECT_EQ(fields.next()->value, 0x8000000000000001U);
}

TEST(Protobuf, RefusesWhatIsNoMessage) {
  const auto error = [](const Bytes& bytes) {
    return error_of<FormatError>([&] {
      ProtobufReader fields = reader(bytes);
      while (fields.next()) continue;
    });
  };
  EXPECT_EQ(error({0x0a, 3, 1, 2}), "file: truncated: expected 3 bytes at 2, found 2");
  EXPECT_NE(error({0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1}),
            "");  // 2^63 - 1
  EXPECT_EQ(error({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1}),
            "file: a number has more than 10 bytes");
  EXPECT_EQ(error({0x0b}), "file: field 1 is of the unknown type 3");  // a group
  EXPECT_EQ(error({0x00}), "file: a field cannot have the number 0");
  EXPECT_NE(error({0x08}), "");
  EXPECT_NE(error({0x0d, 1, 2, 3}), "");
}

}  // namespace
}  // namespace dlfs::detail
