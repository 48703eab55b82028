#include "dlfs/io/gzip.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::Bytes;
using test::error_of;

constexpr std::size_t everything = 1 << 24;

/// 300,000 bytes that do not compress, so the stream is long and takes several reads.
Bytes noise() {
  Bytes bytes(300000);
  std::uint32_t state = 1;
  for (auto& byte : bytes) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(state >> 24);
  }
  return bytes;
}

std::string error_of_gzip(const std::string& path) {
  return error_of<FormatError>([&] { GzipFile(path).read(everything); });
}

TEST(GzipFile, ReadsPlainAndCompressedFilesAlike) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(GzipFile(folder.write("plain", noise())).read(everything), noise());
  EXPECT_EQ(GzipFile(folder.write("compressed", test::gzip(noise()))).read(everything), noise());
  EXPECT_EQ(GzipFile(folder.write("empty", {})).read(everything), Bytes{});
  EXPECT_EQ(GzipFile(folder.write("one", {0x1f})).read(everything), Bytes{0x1f});
}

TEST(GzipFile, ReadsOnPieceByPiece) {
  const test::TemporaryFolder folder;
  GzipFile file(folder.write("f.gz", test::gzip({1, 2, 3, 4, 5})));
  EXPECT_EQ(file.read(2), (Bytes{1, 2}));
  EXPECT_EQ(file.read(0), Bytes{});
  EXPECT_EQ(file.read(3), (Bytes{3, 4, 5}));
  EXPECT_EQ(file.read(1), Bytes{});
  EXPECT_EQ(file.read(1), Bytes{});
}

TEST(GzipFile, TakesNoMoreMemoryThanTheFileFills) {
  const test::TemporaryFolder folder;
  GzipFile file(folder.write("f.gz", test::gzip({1, 2, 3})));
  const Bytes bytes = file.read(std::size_t{1} << 50);
  EXPECT_EQ(bytes, (Bytes{1, 2, 3}));
  EXPECT_LE(bytes.capacity(), std::size_t{1} << 17);
}

TEST(GzipFile, ATruncatedStreamIsAFormatErrorThatNamesTheFile) {
  const test::TemporaryFolder folder;
  const Bytes whole = test::gzip(noise());
  for (const std::size_t size :
       {whole.size() - 1, whole.size() / 2, std::size_t{11}, std::size_t{5}, std::size_t{2}}) {
    const auto path =
        folder.write("t.gz", Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(size)));
    EXPECT_EQ(error_of_gzip(path), "gzip: " + path + ": unexpected end of file") << size;
  }
}

TEST(GzipFile, ACorruptStreamIsAFormatErrorThatSaysWhatIsWrong) {
  const test::TemporaryFolder folder;
  Bytes bytes = test::gzip(noise());
  bytes[bytes.size() - 6] ^= 1;  // in the checksum
  const auto checksum = folder.write("checksum.gz", bytes);
  EXPECT_EQ(error_of_gzip(checksum), "gzip: " + checksum + ": incorrect data check");

  bytes = test::gzip(noise());
  bytes[10] |= 6;  // the first block's type becomes 3, which does not exist
  const auto block = folder.write("block.gz", bytes);
  EXPECT_EQ(error_of_gzip(block), "gzip: " + block + ": invalid block type");

  bytes = test::gzip(noise());
  bytes[2] = 7;  // deflate is 8
  const auto method = folder.write("method.gz", bytes);
  EXPECT_EQ(error_of_gzip(method), "gzip: " + method + ": unknown compression method");
}

TEST(GzipFile, AMissingFileOrAFolderIsAnIoErrorWithTheSystemsReason) {
  const test::TemporaryFolder folder;
  const auto missing = (folder.path() / "missing.gz").string();
  EXPECT_EQ(error_of<IoError>([&] { GzipFile{missing}; }),
            "cannot open " + missing + ": No such file or directory");
  EXPECT_EQ(error_of<IoError>([&] { GzipFile{folder.path()}; }),
            "cannot open " + folder.path().string() + ": Is a directory");
}

TEST(GzipFile, AFileThatCannotBeReadIsAnIoErrorWithTheSystemsReason) {
  const std::string unreadable = "/proc/self/mem";  // Linux refuses to read at its beginning
  if (!std::filesystem::exists(unreadable)) GTEST_SKIP() << "there is no " << unreadable;
  EXPECT_EQ(error_of<IoError>([&] { GzipFile(unreadable).read(everything); }),
            "cannot read /proc/self/mem: Input/output error");
}

}  // namespace
}  // namespace dlfs
