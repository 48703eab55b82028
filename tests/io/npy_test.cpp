#include "dlfs/io/npy.hpp"

#include <gtest/gtest.h>

#include "dlfs/tensor/creation.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

using test::Bytes;
using test::error_of;
using test::fixture;

template <class T>
std::vector<T> values_of(const Tensor<T>& x) {
  return {x.begin(), x.end()};
}

/// A file of version 1.0 with this header and these elements.
Bytes npy(const std::string& header, const Bytes& elements) {
  const auto size = header.size();
  return test::join({test::bytes("\x93NUMPY\x01"), Bytes{0}, Bytes{std::uint8_t(size)},
                     Bytes{std::uint8_t(size >> 8)}, test::bytes(header), elements});
}

/// The text after the path in the error that reading these bytes as T ends with.
template <class T = float>
std::string error_of_npy(const Bytes& bytes) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("x.npy", bytes);
  const auto text = error_of<FormatError>([&] { read_npy<T>(path); });
  const std::string prefix = "read_npy: " + path + ": ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

std::string error_of_header(const std::string& header) {
  return error_of_npy(npy(header, Bytes(4)));
}

/// What make.py saves as every type: (3, 4), element i is i, or i + 1/2 if real.
template <class T>
void expect_the_numbers(const std::string& name, double offset) {
  const auto x = read_npy<T>(fixture(name));
  EXPECT_EQ(x.shape(), (Shape{3, 4})) << name;
  for (Index i = 0; i < 12; ++i) {
    EXPECT_EQ(static_cast<double>(x.data()[i]), static_cast<double>(i) + offset) << name;
  }
}

TEST(ReadNpy, ReadsEveryTypeOfEitherByteOrder) {
  for (const std::string type : {"f2", "f4", "f8"}) {
    for (const std::string order : {"_little.npy", "_big.npy"}) {
      expect_the_numbers<float>(type + order, 0.5);
      expect_the_numbers<double>(type + order, 0.5);
      expect_the_numbers<Eigen::half>(type + order, 0.5);
    }
  }
  for (const std::string type : {"i2", "i4", "i8", "u2", "u4", "u8"}) {
    for (const std::string order : {"_little.npy", "_big.npy"}) {
      expect_the_numbers<float>(type + order, 0);
      expect_the_numbers<std::int8_t>(type + order, 0);
      expect_the_numbers<std::uint64_t>(type + order, 0);
    }
  }
  for (const std::string name : {"i1.npy", "u1.npy"}) {
    expect_the_numbers<double>(name, 0);
    expect_the_numbers<std::int32_t>(name, 0);
  }
}

TEST(ReadNpy, ReadsBoolAsBoolAndAsNumbers) {
  const auto x = read_npy<bool>(fixture("b1.npy"));
  EXPECT_EQ(x.shape(), (Shape{3, 4}));
  EXPECT_FALSE(x(0, 0));
  EXPECT_TRUE(x(2, 3));
  EXPECT_EQ(read_npy<float>(fixture("b1.npy"))(2, 3), 1);
}

TEST(ReadNpy, ReadsFortranOrderScalarsAndEmptyArrays) {
  EXPECT_EQ(values_of(read_npy<int>(fixture("fortran3.npy"))), ([] {
              std::vector<int> values(24);
              for (int i = 0; i < 24; ++i) values[std::size_t(i)] = i;
              return values;
            }()));
  expect_the_numbers<float>("fortran.npy", 0);
  const auto scalar = read_npy<float>(fixture("scalar.npy"));
  EXPECT_EQ(scalar.shape(), Shape{});
  EXPECT_EQ(scalar.item(), 7);
  EXPECT_EQ(read_npy<float>(fixture("empty.npy")).shape(), (Shape{0, 3}));
}

TEST(ReadNpy, ReadsVersions2And3) {
  expect_the_numbers<double>("version2.npy", 0);
  expect_the_numbers<double>("version3.npy", 0);
}

TEST(ReadNpy, IntegersThatDoNotFitAreAFormatErrorThatNamesThem) {
  const auto path = fixture("negative.npy");
  EXPECT_EQ(values_of(read_npy<std::int8_t>(path)), (std::vector<std::int8_t>{-1, 127, -128}));
  EXPECT_EQ(error_of<FormatError>([&] { read_npy<std::uint8_t>(path); }),
            "read_npy: " + path + ": element 0 is -1, which uint8 does not hold");
  EXPECT_EQ(error_of<FormatError>([&] { read_npy<bool>(fixture("u1.npy")); }),
            "read_npy: " + fixture("u1.npy") + ": element 2 is 2, which bool does not hold");
  EXPECT_EQ(error_of<FormatError>([&] { read_npy<int>(fixture("f4_big.npy")); }),
            "read_npy: " + fixture("f4_big.npy") + ": expected integers, found float32");
}

TEST(ReadNpy, TakesTheHeadersKeysInAnyOrderAndForm) {
  const test::TemporaryFolder folder;
  const auto path = folder.write(
      "x.npy", npy("{\"shape\":(2,) ,'fortran_order':False,\n'descr': '|u1'}", {3, 4}));
  EXPECT_EQ(values_of(read_npy<int>(path)), (std::vector<int>{3, 4}));
}

TEST(ReadNpy, ReadsPython2sHeaders) {
  const test::TemporaryFolder folder;
  const auto path = folder.write(
      "x.npy", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 1L), }", {3, 4}));
  EXPECT_EQ(read_npy<int>(path).shape(), (Shape{2, 1}));
  EXPECT_EQ(error_of_header("{'shape': (2LL,)}"), "the header holds no ')' before 'L,)}'");
}

/// What NumPy's astype gives, for blocks of any length.
TEST(ReadNpy, ConvertsBlocksOfAnyLength) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.npy";
  for (const Index size : {1, 63, 64, 65, 127, 32 * 1024 - 1, 32 * 1024 + 1, 100'000}) {
    auto x = Tensor<float>({size});
    for (Index i = 0; i < size; ++i) x(i) = static_cast<float>(i % 1000) * 0.125f - 60;
    write_npy(path, x);
    test::expect_equal(read_npy<double>(path), cast<double>(x));
    const auto integers = cast<std::int16_t>(x);
    write_npy(path, integers);
    test::expect_equal(read_npy<std::int64_t>(path), cast<std::int64_t>(integers));
    test::expect_equal(read_npy<float>(path), cast<float>(integers));
    x(size - 1) = 300;
    write_npy(path, cast<std::int32_t>(x));
    EXPECT_EQ(error_of<FormatError>([&] { read_npy<std::int8_t>(path); }),
              str_cat("read_npy: ", path.string(), ": element ", size - 1,
                      " is 300, which int8 does not hold"));
  }
}

TEST(ReadNpy, ConvertsEveryHalf) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.npy";
  auto x = Tensor<Eigen::half>({65536});
  for (Index i = 0; i < x.size(); ++i) {
    x(i) = Eigen::numext::bit_cast<Eigen::half>(static_cast<std::uint16_t>(i));
  }
  write_npy(path, x);
  const auto read = read_npy<float>(path);
  for (Index i = 0; i < x.size(); ++i) {
    const float expected = static_cast<float>(x(i));
    if (expected != expected) {
      EXPECT_NE(read(i), read(i)) << i;
    } else {
      EXPECT_EQ(std::bit_cast<std::uint32_t>(read(i)), std::bit_cast<std::uint32_t>(expected)) << i;
    }
  }
}

TEST(ReadNpy, ReadsFortranOrderInParts) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.npy";
  for (const Shape& shape : {Shape{3, 300'000}, Shape{300'000, 3}, Shape{70, 5, 6000},
                             Shape{6000, 5, 70}, Shape{1, 2, 300'000, 1}, Shape{700, 1000}}) {
    const auto x = arange(static_cast<std::int32_t>(shape.size())).reshape(shape);
    write_npy(path, x.transpose());
    EXPECT_NE(detail::as_text(test::read_bytes(path.string())).find("'fortran_order': True"),
              std::string_view::npos);
    test::expect_equal(read_npy<std::int32_t>(path), copy(x.transpose()));
    test::expect_equal(read_npy<double>(path), cast<double>(x.transpose()));
  }
}

TEST(ReadNpy, ABadHeaderIsAFormatErrorThatSaysWhere) {
  EXPECT_EQ(error_of_header(""), "the header holds no '{' before ''");
  EXPECT_EQ(error_of_header("{'descr': '<f4', }"),
            "the header holds not all of descr, fortran_order and shape before ''");
  EXPECT_EQ(error_of_header("{'descr': '<f4', 'descr': '<f4'}"),
            "the header holds an unknown or second key before ' '<f4'}'");
  EXPECT_EQ(error_of_header("{'other': 1}"),
            "the header holds an unknown or second key before ' 1}'");
  EXPECT_EQ(error_of_header("{'descr': [('a', '<f4')]}"),
            "the header holds no ''' before '[('a', '<f4')]}'");
  EXPECT_EQ(error_of_header("{'descr': '|O'}"),
            "expected elements of type b1, i1 to i8, u1 to u8 or f2 to f8, found '|O'");
  EXPECT_EQ(error_of_header("{'descr': '?f4'}"),
            "expected a byte order of <, >, = or |, found '?'");
  EXPECT_EQ(error_of_header("{'shape': (1, 99999999999999999999)}"),
            "the header holds no number that can be counted with before '99999999999999999999'");
  EXPECT_EQ(error_of_header("{'shape': (-1,)}"), "an extent cannot be negative: -1");
  EXPECT_EQ(error_of_header("{'shape': (1,1,1,1,1,1,1,1,1)}"), "a shape has at most 8 axes");
  EXPECT_EQ(error_of_header("{'shape': (1, 2"), "the header holds no ')' before ''");
  EXPECT_EQ(error_of_header("{'fortran_order': None}"),
            "the header holds no 'False' before 'None}'");
  EXPECT_EQ(error_of_header("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} 7"),
            "the header holds more than a dict before '7'");
}

TEST(ReadNpy, MoreOrFewerBytesThanTheShapeNeedsAreAFormatErrorBeforeMemoryIsTaken) {
  const auto header = [](const std::string& shape) {
    return "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + "}";
  };
  EXPECT_EQ(error_of_npy(npy(header("(2,)"), Bytes(7))),
            "truncated: expected 2 elements of float32 for the shape (2,), found 7 bytes");
  EXPECT_EQ(error_of_npy(npy(header("(2,)"), Bytes(9))),
            "oversized: expected 2 elements of float32 for the shape (2,), found 9 bytes");
  EXPECT_EQ(error_of_npy(npy(header("(4611686018427387905,)"), Bytes(4))),
            "truncated: expected 4611686018427387905 elements of float32 for the shape "
            "(4611686018427387905,), found 4 bytes");
  EXPECT_NE(error_of_npy(npy(header("(0, 4611686018427387905, 4)"), {})), "not thrown");
}

TEST(ReadNpy, AHeaderOfMoreThanOneMebibyteIsAFormatError) {
  EXPECT_EQ(error_of_npy(test::join(
                {test::bytes("\x93NUMPY\x02"), {0, 1, 0, 16, 0}, Bytes(1 << 20 | 1, ' ')})),
            "a header of 1048577 bytes, which is more than 1048576");
}

TEST(ReadNpy, AnotherFormatIsAFormatError) {
  EXPECT_EQ(error_of_npy({}), "expected the magic of .npy");
  EXPECT_EQ(error_of_npy(test::bytes("PK\x03\x04 and more")), "expected the magic of .npy");
  EXPECT_EQ(error_of_npy(test::bytes("\x93NUMPY\x04 ")),
            "expected version 1 to 3 of .npy, found 4");
  EXPECT_EQ(error_of_npy(test::bytes("\x93NUMPY\x03 \xff\xff\xff\xff")),
            "truncated: expected 4294967295 bytes at 12, found 0");
}

TEST(WriteNpy, WritesByteForByteWhatNumPyWrites) {
  const test::TemporaryFolder folder;
  const auto path = (folder.path() / "x.npy").string();
  write_npy(path, read_npy<float>(fixture("f4_little.npy")));
  EXPECT_EQ(test::read_bytes(path), test::read_bytes(fixture("f4_little.npy")));
  write_npy(path, read_npy<double>(fixture("f8_big.npy")));
  EXPECT_EQ(test::read_bytes(path), test::read_bytes(fixture("f8_little.npy")));
  write_npy(path, read_npy<std::int64_t>(fixture("i8_big.npy")));
  EXPECT_EQ(test::read_bytes(path), test::read_bytes(fixture("i8_little.npy")));
  write_npy(path, read_npy<Eigen::half>(fixture("f2_big.npy")));
  EXPECT_EQ(test::read_bytes(path), test::read_bytes(fixture("f2_little.npy")));
  write_npy(path, read_npy<std::uint8_t>(fixture("u1.npy")));
  EXPECT_EQ(test::read_bytes(path), test::read_bytes(fixture("u1.npy")));
  write_npy(path, read_npy<bool>(fixture("b1.npy")));
  EXPECT_EQ(test::read_bytes(path), test::read_bytes(fixture("b1.npy")));
  write_npy(path, read_npy<float>(fixture("scalar.npy")));
  EXPECT_EQ(test::read_bytes(path), test::read_bytes(fixture("scalar.npy")));
  write_npy(path, read_npy<float>(fixture("empty.npy")));
  EXPECT_EQ(test::read_bytes(path), test::read_bytes(fixture("empty.npy")));
}

TEST(WriteNpy, WritesViewsThatAreNotContiguous) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "x.npy";
  const auto x = array<int>({{1, 2, 3}, {4, 5, 6}});
  write_npy(path, x.transpose());
  EXPECT_EQ(read_npy<int>(path).shape(), (Shape{3, 2}));
  EXPECT_EQ(values_of(read_npy<int>(path)), (std::vector<int>{1, 4, 2, 5, 3, 6}));

  const auto large = arange<std::int32_t>(2 * 3 * 200'000).reshape({2, 3, 200'000});
  for (const auto& view :
       {large.slice(2, {.step = 2}), large.slice(2, {.step = -1}), large.slice(1, {1, 3}),
        large.view().transpose({1, 0, 2}), large.view().transpose({2, 0, 1})}) {
    write_npy(path, view);
    test::expect_equal(read_npy<std::int32_t>(path), copy(view));
  }
}

}  // namespace
}  // namespace dlfs
