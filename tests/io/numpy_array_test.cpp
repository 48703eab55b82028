#include "dlfs/io/numpy_array.hpp"

#include <cstdint>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

// Whole files, with every type and byte order, are in npy_test.cpp.

namespace dlfs {
namespace {

using detail::ByteReader;
using detail::Bytes;
using detail::NumpyArray;
using test::error_of;

static_assert(NumpyElement<bool> && NumpyElement<Eigen::half> && NumpyElement<std::uint64_t>);
static_assert(!NumpyElement<Eigen::bfloat16> && !NumpyElement<long double>);

const ByteReader numpy_file({}, "read: file");

TEST(NumpyType, IsNamedAsByNumPy) {
  EXPECT_EQ(to_string(detail::numpy_type<bool>()), "bool");
  EXPECT_EQ(to_string(detail::numpy_type<std::uint8_t>()), "uint8");
  EXPECT_EQ(to_string(detail::numpy_type<std::int64_t>()), "int64");
  EXPECT_EQ(to_string(detail::numpy_type<Eigen::half>()), "float16");
}

TEST(NumpyType, IsReadWithItsByteOrder) {
  EXPECT_FALSE(detail::parse_numpy_type("f4", numpy_file).is_big_endian);
  EXPECT_FALSE(detail::parse_numpy_type("|b1", numpy_file).is_big_endian);
  const auto type = detail::parse_numpy_type(">i2", numpy_file);
  EXPECT_TRUE(type.is_big_endian);
  EXPECT_EQ(to_string(type), "int16");
  EXPECT_EQ(error_of<FormatError>([] { detail::parse_numpy_type("?f4", numpy_file); }),
            "read: file: expected a byte order of <, >, = or |, found '?'");
  for (const char* text : {"", "f", "f16", "c8", "<U4", "<<f4"}) {
    EXPECT_THROW(detail::parse_numpy_type(text, numpy_file), FormatError) << text;
  }
}

TEST(ConvertElements, ReadsEitherByteOrder) {
  const Bytes bytes{0x3f, 0xc0, 0x00, 0x01};
  const auto convert = [&]<class T>(detail::NumpyType type, T) {
    T value{};
    detail::convert_elements(type, detail::ByteSpan(bytes).first(type.bytes), &value, 0,
                             numpy_file);
    return value;
  };
  EXPECT_EQ(convert({'i', 2, true}, std::int16_t()), 0x3fc0);
  EXPECT_EQ(convert({'u', 2, false}, std::uint16_t()), 0xc03f);
  EXPECT_EQ(convert({'u', 4, true}, std::int64_t()), 0x3fc00001);
  EXPECT_EQ(convert({'f', 2, true}, float()), 1.9375f);
}

TEST(ForEachPart, VisitsEveryElementOnceInOrder) {
  for (const Shape& shape :
       {Shape{}, Shape{7}, Shape{3, 4}, Shape{2, 3, 5}, Shape{2, 1, 3, 1, 4}}) {
    for (const Index most : {1, 2, 3, 5, 8, 1000}) {
      const Layout whole = Layout::dense(shape);
      Index next = 0;
      detail::for_each_part(whole, most, [&](const Layout& part, Index first, Index offset) {
        EXPECT_LE(part.shape.size(), most);
        EXPECT_EQ(first, next);
        EXPECT_EQ(offset, next);
        EXPECT_TRUE(part.is_contiguous());
        next += part.shape.size();
      });
      EXPECT_EQ(next, shape.size());
    }
  }
  detail::for_each_part(Layout::dense({2, 0}), 1, [](const Layout&, Index, Index) { FAIL(); });
}

TEST(Fits, OnlyWhatTheTypeHolds) {
  EXPECT_TRUE(detail::fits<bool>(1) && !detail::fits<bool>(2));
  EXPECT_TRUE(detail::fits<std::uint8_t>(255) && !detail::fits<std::uint8_t>(-1));
  EXPECT_FALSE(detail::fits<std::int64_t>(std::numeric_limits<std::uint64_t>::max()));
}

TEST(ToTensor, TransposesFortranOrder) {
  const Bytes elements{1, 2, 3, 4, 5, 6};
  const detail::NumpyType type = detail::numpy_type<std::uint8_t>();
  test::expect_equal(detail::to_tensor<int>({type, false, {2, 3}, elements}, numpy_file),
                     array<int>({{1, 2, 3}, {4, 5, 6}}));
  test::expect_equal(detail::to_tensor<int>({type, true, {2, 3}, elements}, numpy_file),
                     array<int>({{1, 3, 5}, {2, 4, 6}}));
}

TEST(ToTensor, RefusesOtherCountsAndElementsThatDoNotFit) {
  const Bytes elements{1, 2, 3, 200};
  const NumpyArray array{detail::numpy_type<std::uint8_t>(), false, {2, 2}, elements};
  EXPECT_EQ(error_of<FormatError>([&] { detail::to_tensor<std::int8_t>(array, numpy_file); }),
            "read: file: element 3 is 200, which int8 does not hold");
  NumpyArray larger = array;
  larger.shape = {3, 2};
  EXPECT_EQ(error_of<FormatError>([&] { detail::to_tensor<int>(larger, numpy_file); }),
            "read: file: truncated: expected 6 elements of uint8 for the shape (3, 2), found 4 "
            "bytes");
}

}  // namespace
}  // namespace dlfs
