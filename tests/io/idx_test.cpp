#include "dlfs/io/idx.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::Bytes;

/// The text after the path in the error that reading these bytes ends with.
std::string error_of_idx(const Bytes& bytes, Index limit = 1000) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("file.idx", bytes);
  const auto text = test::error_of<FormatError>([&] { read_idx(path, limit); });
  const std::string prefix = "read_idx: " + path + ": ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

TEST(ReadIdx, ReadsEveryRankPlainAndCompressed) {
  const test::TemporaryFolder folder;
  for (const auto& extents : std::vector<std::vector<std::uint32_t>>{
           {6}, {2, 3}, {1, 2, 3}, {3, 1, 2, 1}, {1, 1, 3, 1, 1, 2, 1, 1}}) {
    const Bytes bytes = test::idx(extents, {10, 20, 30, 40, 50, 255});
    for (const auto& path :
         {folder.write("plain", bytes), folder.write("compressed.gz", test::gzip(bytes))}) {
      const auto tensor = read_idx(path);
      ASSERT_EQ(tensor.rank(), static_cast<int>(extents.size()));
      for (int axis = 0; axis < tensor.rank(); ++axis) {
        EXPECT_EQ(tensor.extent(axis), extents[static_cast<std::size_t>(axis)]);
      }
      EXPECT_EQ(tensor.data()[0], 10);
      EXPECT_EQ(tensor.data()[5], 255);
    }
  }
}

TEST(ReadIdx, ExtentsAreBigEndian) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", test::idx({0x00010203}, Bytes(0x00010203)));
  EXPECT_EQ(read_idx(path).shape(), (Shape{0x00010203}));
}

TEST(ReadIdx, AnExtentOfZeroIsAnEmptyTensor) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(read_idx(folder.write("f", test::idx({0, 28, 28}, {}))).shape(), (Shape{0, 28, 28}));
}

TEST(ReadIdx, AWrongMagicIsAFormatError) {
  const auto expected = [](const char* found) {
    return str_cat("expected the magic bytes 0 0 8 and a rank of 1 to 8, found ", found);
  };
  EXPECT_EQ(error_of_idx({'P', 'K', 3, 4, 0}), expected("80 75 3 and 4"));
  EXPECT_EQ(error_of_idx({0, 1, 8, 1, 0}), expected("0 1 8 and 1"));
  EXPECT_EQ(error_of_idx({0, 0, 13, 1, 0}), expected("0 0 13 and 1"));
  EXPECT_EQ(error_of_idx({0, 0, 8, 0, 0}), expected("0 0 8 and 0"));
  EXPECT_EQ(error_of_idx({0, 0, 8, 9, 0}), expected("0 0 8 and 9"));
  EXPECT_EQ(error_of_idx({0, 0, 8}), "expected an IDX file, found 3 bytes");
  EXPECT_EQ(error_of_idx({}), "expected an IDX file, found 0 bytes");
}

TEST(ReadIdx, AFileThatEndsInItsHeaderIsAFormatError) {
  EXPECT_EQ(error_of_idx({0, 0, 8, 2, 0, 0, 0, 1, 0}), "the header of rank 2 ends after 9 bytes");
}

TEST(ReadIdx, TruncatedAndOversizedFilesAreFormatErrorsWithTheCounts) {
  EXPECT_EQ(error_of_idx(test::idx({2, 3}, {1, 2, 3, 4, 5})),
            "truncated: the header promises (2, 3), which is 6 bytes, found 5");
  EXPECT_EQ(error_of_idx(test::idx({2, 3}, {1, 2, 3, 4, 5, 6, 7})),
            "oversized: the header promises (2, 3), which is 6 bytes, found more");
  EXPECT_EQ(error_of_idx(test::idx({0}, {1})),
            "oversized: the header promises (0,), which is 0 bytes, found more");
}

TEST(ReadIdx, AHeaderThatPromisesMoreThanTheLimitOrThanCanBeCountedIsAFormatError) {
  const std::uint32_t huge = 0xffffffff;
  const std::string message = "the header promises more than 1000 elements";
  EXPECT_EQ(error_of_idx(test::idx({1001}, Bytes(1001))), message);
  EXPECT_EQ(error_of_idx(test::idx({huge, huge, huge, huge}, {})), message);
  EXPECT_EQ(error_of_idx(test::idx({0, huge, huge, huge}, {})), message);
  EXPECT_EQ(error_of_idx(test::idx({huge, huge, huge, 0}, {})), message);
  EXPECT_EQ(error_of_idx(test::idx({500, 2}, Bytes(1000))), "not thrown");
}

TEST(ReadIdx, ADamagedCompressedFileIsAFormatErrorEvenWhereAllElementsCanBeRead) {
  const test::TemporaryFolder folder;
  Bytes bytes = test::gzip(test::idx({3}, {1, 2, 3}));
  bytes[bytes.size() - 6] ^= 1;
  const auto path = folder.write("f.gz", bytes);
  EXPECT_EQ(test::error_of<FormatError>([&] { read_idx(path); }),
            "gzip: " + path + ": incorrect data check");
}

/// An IDX file of numbers in their big-endian bytes.
Bytes idx_of(std::uint8_t code, std::uint32_t count, const Bytes& bytes) {
  Bytes file = test::idx({count}, bytes);
  file[2] = code;
  return file;
}

TEST(ReadIdx, ReadsEveryElementType) {
  const test::TemporaryFolder folder;
  const auto expect_read = [&]<class T>(std::uint8_t code, const Bytes& bytes,
                                        std::initializer_list<T> expected) {
    const auto path =
        folder.write("f", idx_of(code, static_cast<std::uint32_t>(expected.size()), bytes));
    const auto tensor = read_idx<T>(path);
    EXPECT_TRUE(std::equal(tensor.begin(), tensor.end(), expected.begin(), expected.end()))
        << static_cast<int>(code);
  };
  expect_read(8, {0, 255}, {std::uint8_t{0}, std::uint8_t{255}});
  expect_read(9, {127, 128}, {std::int8_t{127}, std::int8_t{-128}});
  expect_read(11, {1, 2, 0xff, 0xfe}, {std::int16_t{0x0102}, std::int16_t{-2}});
  expect_read(12, {1, 2, 3, 4, 0x80, 0, 0, 0}, {0x01020304, std::int32_t{-0x7fffffff - 1}});
  expect_read(13, {0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0}, {1.0f, -2.5f});
  expect_read(14, {0x3f, 0xb9, 0x99, 0x99, 0x99, 0x99, 0x99, 0x9a}, {0.1});
}

TEST(ReadIdx, AnotherElementTypeOrAPartOfAnElementIsAFormatError) {
  const test::TemporaryFolder folder;
  const auto error = [&](const Bytes& bytes) {
    const auto text =
        test::error_of<FormatError>([&] { read_idx<double>(folder.write("f", bytes)); });
    return text.substr(text.find("f: ") + 3);
  };
  EXPECT_EQ(error(idx_of(13, 1, Bytes(4))),
            "expected the magic bytes 0 0 14 and a rank of 1 to 8, found 0 0 13 and 1");
  EXPECT_EQ(error(idx_of(14, 2, Bytes(15))),
            "truncated: the header promises (2,), which is 16 bytes, found 15");
}

TEST(ReadIdx, APromiseThatTheFileCannotKeepTakesNoMemory) {
  // A TB, which no machine of a test has.
  const std::uint32_t many = 1u << 20;
  EXPECT_EQ(error_of_idx(test::idx({many, many}, Bytes(5)), Index{1} << 50),
            "truncated: the header promises (1048576, 1048576), which is 1099511627776 bytes, "
            "found 5");
  EXPECT_EQ(error_of_idx(test::gzip(test::idx({many, many}, Bytes(5))), Index{1} << 50),
            "truncated: the header promises (1048576, 1048576), which is 1099511627776 bytes, "
            "found 5");
}

TEST(LoadIdx, LoadsImagesOfAnySizeAndLabelsOfAnyNumberOfClasses) {
  const test::TemporaryFolder folder;
  const auto labels = folder.write("labels", test::idx({2}, {26, 1}));
  const auto grey =
      load_idx(folder.write("grey", test::idx({2, 1, 3}, {1, 2, 3, 4, 5, 6})), labels, 27);
  EXPECT_EQ(grey.inputs.shape(), (Shape{2, 1, 1, 3}));
  EXPECT_EQ(grey.inputs(1, 0, 0, 2), 6);
  EXPECT_EQ(grey.targets(0), 26);
  const auto rgb = folder.write("rgb", test::gzip(test::idx({2, 3, 1, 1}, {1, 2, 3, 4, 5, 6})));
  EXPECT_EQ(load_idx(rgb, labels, 27).inputs.shape(), (Shape{2, 3, 1, 1}));

  const auto error = [&](const std::string& images, Index classes) {
    return test::error_of<FormatError>([&] { load_idx(images, labels, classes); });
  };
  EXPECT_EQ(error(rgb, 26), "load_idx: " + labels + ": label 0 is 26, expected 0 to 25");
  EXPECT_EQ(
      error(labels, 27),
      "load_idx: " + labels + ": expected images of shape (N, H, W) or (N, C, H, W), found (2,)");
}

}  // namespace
}  // namespace dlfs
