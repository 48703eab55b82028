#include "dlfs/io/idx.hpp"

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
  for (const auto& extents :
       std::vector<std::vector<std::uint32_t>>{{6}, {2, 3}, {1, 2, 3}, {3, 1, 2, 1}}) {
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
    return str_cat("expected the magic bytes 0 0 8 and a rank of 1 to 4, found ", found);
  };
  EXPECT_EQ(error_of_idx({'P', 'K', 3, 4, 0}), expected("80 75 3 and 4"));
  EXPECT_EQ(error_of_idx({0, 1, 8, 1, 0}), expected("0 1 8 and 1"));
  EXPECT_EQ(error_of_idx({0, 0, 13, 1, 0}), expected("0 0 13 and 1"));
  EXPECT_EQ(error_of_idx({0, 0, 8, 0, 0}), expected("0 0 8 and 0"));
  EXPECT_EQ(error_of_idx({0, 0, 8, 5, 0}), expected("0 0 8 and 5"));
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

}  // namespace
}  // namespace dlfs
