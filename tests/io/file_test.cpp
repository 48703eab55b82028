#include "dlfs/io/file.hpp"

#include <gtest/gtest.h>

#include "io/files.hpp"

namespace dlfs {
namespace {

using detail::read_file;
using detail::write_file;
using tests::Bytes;
using tests::error_of;

std::size_t count_files(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(WriteFile, WritesWhatReadFileReads) {
  const tests::TemporaryFolder folder;
  for (const std::size_t size : {0, 1, 65535, 65536, 65537, 300000}) {
    const Bytes bytes(size, 7);
    write_file(folder.path() / "f", bytes);
    EXPECT_EQ(read_file(folder.path() / "f"), bytes);
  }
  EXPECT_EQ(count_files(folder.path()), 1U);
}

TEST(WriteFile, LeavesAloneWhatAnotherWriterHasBegun) {
  const tests::TemporaryFolder folder;
  const auto other = folder.write("f.part0", {1});
  write_file(folder.path() / "f", Bytes{2});
  EXPECT_EQ(read_file(other), Bytes{1});
  EXPECT_EQ(read_file(folder.path() / "f"), Bytes{2});
}

TEST(WriteFile, AFailureIsAnIoErrorAndLeavesNothingBehind) {
  const tests::TemporaryFolder folder;
  const auto missing = (folder.path() / "missing" / "f").string();
  EXPECT_EQ(error_of<IoError>([&] { write_file(missing, Bytes{1}); }),
            "cannot write " + missing + ": No such file or directory");
  const auto occupied = folder.path() / "occupied";
  std::filesystem::create_directory(occupied);
  EXPECT_EQ(error_of<IoError>([&] { write_file(occupied, Bytes{1}); }),
            "cannot write " + occupied.string() + ": Is a directory");
  EXPECT_EQ(count_files(folder.path()), 1U);
}

TEST(ReadFile, AMissingFileOrAFolderIsAnIoErrorWithTheSystemsReason) {
  const tests::TemporaryFolder folder;
  const auto missing = (folder.path() / "missing").string();
  EXPECT_EQ(error_of<IoError>([&] { read_file(missing); }),
            "cannot open " + missing + ": No such file or directory");
  EXPECT_EQ(error_of<IoError>([&] { read_file(folder.path()); }),
            "cannot read " + folder.path().string() + ": Is a directory");
}

}  // namespace
}  // namespace dlfs
