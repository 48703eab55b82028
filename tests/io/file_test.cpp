#include "dlfs/io/file.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <limits>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "dlfs/core/rng.hpp"
#include "dlfs/io/npz.hpp"
#include "dlfs/tensor/creation.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs::test {
/// Called before each fchmod, fsync and rename of this program, with its name and the path.
inline std::function<void(const std::string& call, const std::string& path)> before_system_call;
/// A write takes at most so many bytes, as that to a slow device or of a large file may.
inline std::size_t most_written_bytes = std::numeric_limits<std::size_t>::max();
}  // namespace dlfs::test

#if defined(__linux__)
// These take the place of the C library's in this program.
static void before_system_call_on(int file, const char* call) {
  const auto link = "/proc/self/fd/" + std::to_string(file);
  if (dlfs::test::before_system_call) {
    dlfs::test::before_system_call(call, std::filesystem::read_symlink(link).string());
  }
}
extern "C" int fchmod(int file, mode_t mode) noexcept {
  before_system_call_on(file, "fchmod");
  return static_cast<int>(syscall(SYS_fchmod, file, mode));
}
extern "C" ssize_t write(int file, const void* bytes, std::size_t count) {
  return syscall(SYS_write, file, bytes, std::min(count, dlfs::test::most_written_bytes));
}
extern "C" int fsync(int file) {
  before_system_call_on(file, "fsync");
  return static_cast<int>(syscall(SYS_fsync, file));
}
extern "C" int rename(const char* from, const char* to) noexcept {
  if (dlfs::test::before_system_call) dlfs::test::before_system_call("rename", to);
  return static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
#endif

namespace dlfs {
namespace {

using detail::read_file;
using detail::write_file;
using test::Bytes;
using test::error_of;

std::size_t count_files(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

TEST(MappedFile, HasTheBytesOfAFileBeforeAndAfterTheyAreReleased) {
  const test::TemporaryFolder folder;
  Bytes bytes(3 * 4096 + 5);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
  const detail::MappedFile file(folder.write("f", bytes));
  EXPECT_EQ(Bytes(file.bytes().begin(), file.bytes().end()), bytes);
  file.release(file.bytes().subspan(100, 9000));
  EXPECT_EQ(Bytes(file.bytes().begin(), file.bytes().end()), bytes);
}

TEST(MappedFile, ReadsAnEmptyFileAndAFileWithoutASize) {
  const test::TemporaryFolder folder;
  EXPECT_TRUE(detail::MappedFile(folder.write("f", {})).bytes().empty());
  EXPECT_FALSE(detail::MappedFile("/proc/self/status").bytes().empty());
  EXPECT_EQ(test::error_of<IoError>([] { detail::MappedFile("/no/such"); }),
            "cannot open /no/such: No such file or directory");
}

TEST(WriteFile, WritesWhatReadFileReads) {
  const test::TemporaryFolder folder;
  for (const std::size_t size : {0, 1, 65535, 65536, 65537, 300000}) {
    const Bytes bytes(size, 7);
    write_file(folder.path() / "f", bytes);
    EXPECT_EQ(read_file(folder.path() / "f"), bytes);
  }
  EXPECT_EQ(count_files(folder.path()), 1U);
}

TEST(WriteFile, LeavesAloneWhatAnotherWriterHasBegun) {
  const test::TemporaryFolder folder;
  const std::string others[] = {folder.write("f.part0", {1}), folder.write("f.part", {1}),
                                folder.write(".dlfs-save0", {1})};
  write_file(folder.path() / "f", Bytes{2});
  for (const std::string& other : others) EXPECT_EQ(read_file(other), Bytes{1}) << other;
  EXPECT_EQ(read_file(folder.path() / "f"), Bytes{2});
}

TEST(FileWriter, WithoutACommitNothingHasChanged) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", {1});
  {
    detail::FileWriter file(path);
    file.write(Bytes{2, 3, 4});
    EXPECT_EQ(count_files(folder.path()), 2U);
  }
  EXPECT_EQ(read_file(path), Bytes{1});
  EXPECT_EQ(count_files(folder.path()), 1U);
}

TEST(FileWriter, APathWithoutANameFailsBeforeBytesAreWritten) {
  const test::TemporaryFolder folder;
  for (const auto& path : {std::filesystem::path(), folder.path() / "new" / ""}) {
    EXPECT_THROW(detail::FileWriter writer(path), IoError) << path;
  }
}

TEST(FileWriter, ReplacesBytesThatWereWritten) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "f";
  detail::FileWriter file(path);
  EXPECT_TRUE(file.can_replace());
  file.write(Bytes{1, 2, 3});
  file.replace(1, Bytes{7});
  file.write(Bytes{4});
  EXPECT_EQ(file.size(), 4u);
  file.commit();
  EXPECT_EQ(read_file(path), (Bytes{1, 7, 3, 4}));
  EXPECT_FALSE(detail::FileWriter("/dev/null").can_replace());
}

TEST(FileBytes, ReadsAnyPlaceOfAFileOrOfMemory) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", {1, 2, 3, 4});
  const Bytes memory{1, 2, 3, 4};
  for (const auto& file :
       {detail::FileBytes(path, "read"),
        detail::FileBytes(detail::ByteReader(memory, str_cat("read: ", path)))}) {
    EXPECT_EQ(file.size(), 4u);
    EXPECT_EQ(file.read(1, 2), (Bytes{2, 3}));
    EXPECT_EQ(file.read(4, 0), Bytes{});
    constexpr auto most = std::numeric_limits<std::uint64_t>::max();
    for (const auto& [first, count] :
         {std::pair<std::uint64_t, std::uint64_t>{0, 5}, {3, 2}, {5, 0}, {most, 1}, {2, most}}) {
      EXPECT_EQ(
          error_of<FormatError>([&, first = first, count = count] { file.read(first, count); }),
          str_cat("read: ", path, ": truncated: expected ", count, " bytes at ", first,
                  ", the end is at 4"));
    }
  }
}

TEST(FileBytes, AFileThatBecomesShorterIsAFormatError) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", {1, 2, 3, 4});
  const detail::FileBytes file(path, "read");
  std::filesystem::resize_file(path, 2);
  EXPECT_EQ(error_of<FormatError>([&] { file.read(0, 4); }),
            "read: " + path + ": it became shorter while it was read");
}

TEST(WriteFile, AFailureIsAnIoErrorAndLeavesNothingBehind) {
  const test::TemporaryFolder folder;
  const auto missing = (folder.path() / "missing" / "f").string();
  EXPECT_EQ(error_of<IoError>([&] { write_file(missing, Bytes{1}); }),
            "cannot write " + missing + ": No such file or directory");
  const auto occupied = folder.path() / "occupied";
  std::filesystem::create_directory(occupied);
  EXPECT_EQ(error_of<IoError>([&] { write_file(occupied, Bytes{1}); }),
            "cannot write " + occupied.string() + ": Is a directory");
  EXPECT_EQ(count_files(folder.path()), 1U);
}

#if defined(__linux__)

TEST(WriteFile, WritesTheRestOfWhatTheSystemTakesInPart) {
  const test::TemporaryFolder folder;
  Bytes bytes(1000);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i % 251);
  test::most_written_bytes = 300;
  write_file(folder.path() / "f", bytes);
  test::most_written_bytes = std::numeric_limits<std::size_t>::max();
  EXPECT_EQ(read_file(folder.path() / "f"), bytes);
}

/// Calls it before each of these calls, until the end of its scope.
class BeforeSystemCalls {
 public:
  explicit BeforeSystemCalls(decltype(test::before_system_call) call) {
    test::before_system_call = std::move(call);
  }
  BeforeSystemCalls(const BeforeSystemCalls&) = delete;
  BeforeSystemCalls& operator=(const BeforeSystemCalls&) = delete;
  ~BeforeSystemCalls() { test::before_system_call = nullptr; }
};

TEST(WriteFile, IsOnTheDiskBeforeItHasItsNameAndTheNameIsAfterwards) {
  const test::TemporaryFolder folder;
  std::vector<std::string> calls;
  const BeforeSystemCalls log([&](const std::string& call, const std::string& path) {
    if (call == "fchmod") return;
    const bool is_part = path.ends_with(".part");
    calls.push_back(call + " " + (is_part ? "part" : path));
  });
  const auto path = folder.path() / "f";
  for (int i = 0; i < 2; ++i) {
    calls.clear();
    write_file(path, Bytes{1});
    EXPECT_EQ(calls, (std::vector<std::string>{"fsync part", "rename " + path.string(),
                                               "fsync " + folder.path().string()}));
  }
}

TEST(WriteFile, IsForNobodyElseBeforeItHasTheModeOfTheOldOne) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", {1});
  std::filesystem::permissions(path, std::filesystem::perms{0604});
  std::vector<std::filesystem::perms> modes;
  {
    const BeforeSystemCalls log([&](const std::string& call, const std::string& part) {
      if (call == "fchmod") modes.push_back(std::filesystem::status(part).permissions());
    });
    write_file(path, Bytes{2});
  }
  EXPECT_EQ(modes, std::vector{std::filesystem::perms{0600}});
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms{0604});
}

/// A process that calls `body`.
class Child {
 public:
  explicit Child(const std::function<void()>& body) : process_(fork()) {
    if (process_ != 0) return;
    body();
    _exit(0);
  }

  /// Waits until it has stopped itself.
  void wait_until_stopped() const {
    int status = 0;
    waitpid(process_, &status, WUNTRACED);
    EXPECT_TRUE(WIFSTOPPED(status));
  }
  /// Sends a signal and waits for its end. Returns its exit status.
  int end_with(int signal) const {
    kill(process_, signal);
    int status = 0;
    waitpid(process_, &status, 0);
    return status;
  }

 private:
  pid_t process_;
};

/// A process that stops itself in the middle of writing.
Child half_done(const std::filesystem::path& path, const Bytes& bytes) {
  return Child([&] {
    test::before_system_call = [](const std::string& call, const std::string&) {
      if (call == "rename") raise(SIGSTOP);
    };
    write_file(path, bytes);
  });
}

TEST(WriteFile, RemovesWhatKilledWritersLeft) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "f";
  write_file(path, Bytes{1});
  {
    const Child writers[] = {half_done(path, {2}), half_done(path, {3}),
                             half_done(folder.path() / "other", {4})};
    for (const Child& writer : writers) writer.wait_until_stopped();
    EXPECT_EQ(count_files(folder.path()), 4U);
    for (const Child& writer : writers) writer.end_with(SIGKILL);
  }
  EXPECT_EQ(count_files(folder.path()), 4U);
  EXPECT_EQ(read_file(path), Bytes{1});
  write_file(path, Bytes{5});
  EXPECT_EQ(count_files(folder.path()), 1U);
  EXPECT_EQ(read_file(path), Bytes{5});
}

/// Saves of files that a link names, each killed at any moment.
void expect_whole_files_after_kills(const std::function<void(const std::string&, int)>& save,
                                    const std::function<int(const std::string&)>& load) {
  const test::TemporaryFolder folder;
  const auto target = folder.write("target", {});
  const auto link = (folder.path() / "link").string();
  std::filesystem::create_symlink("target", link);
  std::filesystem::permissions(target, std::filesystem::perms{0640});
  save(link, 0);
  int old = 0;
  Rng rng(1);
  std::set<int> found;
  for (int kill = 1; kill <= 200; ++kill) {
    const Child writer([&] {
      for (int value = old;; ++value) save(link, value % 100 + 1);
    });
    usleep(static_cast<unsigned int>(rng.uniform(0.0, 20'000.0)));
    writer.end_with(SIGKILL);
    const int value = load(link);  // it throws unless all of it is there
    EXPECT_TRUE(value >= 0 && value <= 100) << value;
    found.insert(value);
    old = value;
    EXPECT_TRUE(std::filesystem::is_symlink(link));
    EXPECT_EQ(std::filesystem::status(target).permissions(), std::filesystem::perms{0640});
    EXPECT_LE(count_files(folder.path()), 3U);  // with one part file
  }
  EXPECT_GT(found.size(), 2U);
  save(link, 1);
  EXPECT_EQ(count_files(folder.path()), 2U);
}

TEST(FileWriter, ASaveThatIsKilledLeavesTheOldFileOrTheNewOne) {
  static constexpr Index size = 300'000;
  const auto value_of = [](const Tensor<float>& x) {
    EXPECT_EQ(x.shape(), (Shape{size}));
    EXPECT_EQ(std::count(x.begin(), x.end(), x(0)), size);
    return static_cast<int>(x(0));
  };
  expect_whole_files_after_kills(
      [](const std::string& path, int value) {
        write_npy(path, full<float>({size}, static_cast<float>(value)), Sync::later);
      },
      [&](const std::string& path) { return value_of(read_npy<float>(path)); });
  expect_whole_files_after_kills(
      [](const std::string& path, int value) {
        const auto x = full<float>({size}, static_cast<float>(value));
        write_npz(path, {{"x", x}, {"y", x}});
      },
      [&](const std::string& path) {
        const NpzFile file(path);
        const int value = value_of(file.read<float>("x"));
        EXPECT_EQ(value_of(file.read<float>("y")), value);
        return value;
      });
}

TEST(WriteFile, LeavesAloneWhatAnotherProcessIsInTheMiddleOf) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "f";
  const Child other = half_done(path, {2});
  other.wait_until_stopped();
  write_file(path, Bytes{3});
  EXPECT_EQ(read_file(path), Bytes{3});
  EXPECT_EQ(count_files(folder.path()), 2U);
  EXPECT_EQ(other.end_with(SIGCONT), 0);
  EXPECT_EQ(read_file(path), Bytes{2});
  EXPECT_EQ(count_files(folder.path()), 1U);
}

TEST(WriteFile, ManyWritersOfOneFileLeaveAWholeOneAndNothingElse) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "f";
  const auto write_often = [&](int value) {
    for (int i = 0; i < 50; ++i) write_file(path, Bytes(1000, static_cast<std::uint8_t>(value)));
  };
  {
    const Child process([&] { write_often(1); });
    std::vector<std::thread> threads;
    for (const int value : {2, 3, 4}) threads.emplace_back(write_often, value);
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(process.end_with(0), 0);
  }
  const Bytes bytes = read_file(path);
  EXPECT_EQ(bytes, Bytes(1000, bytes.at(0)));
  EXPECT_EQ(count_files(folder.path()), 1U);
}

#endif

TEST(WriteFile, KeepsTheOwner) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", {1});
  ASSERT_EQ(chown(path.c_str(), 1234, 5678), 0);
  ASSERT_EQ(chmod(path.c_str(), 0640), 0);
  write_file(path, Bytes{2});
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 1234u);
  EXPECT_EQ(status.st_gid, 5678u);
  EXPECT_EQ(status.st_mode & 07777, 0640u);
}

/// What `body` throws as a user who is not root and owns the folder or not.
std::string error_without_rights(const std::function<void()>& body) {
  constexpr uid_t nobody = 65534;
  const uid_t before = geteuid();
  EXPECT_EQ(seteuid(before == 0 ? nobody : before), 0);
  const auto error = error_of<IoError>(body);
  EXPECT_EQ(seteuid(before), 0);
  return error;
}

TEST(WriteFile, WithoutTheRightItIsAnIoErrorAndNothingChanges) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", {1});
  const auto write = [&] { write_file(path, Bytes{2}); };
  const auto expected = "cannot write " + path + ": Permission denied";

  std::filesystem::permissions(folder.path(), std::filesystem::perms{0555});
  std::filesystem::permissions(path, std::filesystem::perms{0666});
  EXPECT_EQ(error_without_rights(write), expected);  // its folder takes no new file
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0777});
  std::filesystem::permissions(path, std::filesystem::perms{0444});
  EXPECT_EQ(error_without_rights(write), expected);
  EXPECT_EQ(read_file(path), Bytes{1});
  EXPECT_EQ(count_files(folder.path()), 1U);
}

TEST(WriteFile, WhatCannotTakeItsNameIsAnIoErrorAndNothingChanges) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", {1});
  std::filesystem::permissions(path, std::filesystem::perms{0666});
  std::filesystem::permissions(folder.path(), std::filesystem::perms{01777});  // as of /tmp
  EXPECT_EQ(error_without_rights([&] { write_file(path, Bytes{2}); }),
            "cannot write " + path + ": Operation not permitted");
  EXPECT_EQ(read_file(path), Bytes{1});
  EXPECT_EQ(count_files(folder.path()), 1U);
}

TEST(WriteFile, AGroupThatCannotBeKeptLosesItsRights) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const test::TemporaryFolder folder;
  std::filesystem::permissions(folder.path(), std::filesystem::perms{0777});
  const auto path = folder.write("f", {1});
  ASSERT_EQ(chown(path.c_str(), 1234, 5678), 0);
  ASSERT_EQ(chmod(path.c_str(), 0662), 0);
  EXPECT_EQ(error_without_rights([&] { write_file(path, Bytes{2}); }), "not thrown");
  struct stat status {};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0622u);
  EXPECT_EQ(read_file(path), Bytes{2});
}

TEST(ReadFile, WhatHasNoEndEndsAtOneGigabyte) {
  EXPECT_EQ(error_of<IoError>([] { read_file("/dev/zero"); }),
            "cannot read /dev/zero: more than 1073741824 bytes");
}

TEST(ReadFile, ReadsWhatSaysThatItHasNoBytes) {
  if (!std::filesystem::exists("/proc/self/status")) GTEST_SKIP() << "there is no /proc";
  EXPECT_TRUE(detail::as_text(read_file("/proc/self/status")).starts_with("Name:"));
}

TEST(ReadFile, AFileThatIsLargerThanTheMemoryIsAnIoError) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", {});
  constexpr std::uintmax_t size = std::uintmax_t{1} << 42;  // of which none is on the disk
  std::error_code error;
  std::filesystem::resize_file(path, size, error);
  if (error) GTEST_SKIP() << "the disk has no files of such a size: " << error.message();
  EXPECT_EQ(error_of<IoError>([&] { read_file(path); }),
            str_cat("cannot read ", path, ": ", size, " bytes are more than half of the memory"));
}

TEST(ReadFile, AFileThatGrowsIsAnIoErrorOrWhatItWasWhenItWasOpened) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("f", Bytes(1 << 20));
  std::atomic<bool> is_read{false};
  std::thread writer([&] {
    const detail::Descriptor file(path, O_WRONLY | O_APPEND);
    constexpr int most = 1000;
    for (int i = 0; i < most && !is_read; ++i) file.write(Bytes(1 << 16));
  });
  for (int i = 0; i < 20; ++i) {
    std::size_t size = 0;
    const auto least = std::filesystem::file_size(path);
    const auto error = error_of<IoError>([&] { size = read_file(path).size(); });
    const bool is_refused = error.starts_with("cannot read " + path + ": more than ");
    EXPECT_TRUE(is_refused || size >= least) << error;
  }
  is_read = true;
  writer.join();
}

TEST(ReadFile, AMissingFileOrAFolderIsAnIoErrorWithTheSystemsReason) {
  const test::TemporaryFolder folder;
  const auto missing = (folder.path() / "missing").string();
  EXPECT_EQ(error_of<IoError>([&] { read_file(missing); }),
            "cannot open " + missing + ": No such file or directory");
  EXPECT_EQ(error_of<IoError>([&] { read_file(folder.path()); }),
            "cannot read " + folder.path().string() + ": Is a directory");
}

}  // namespace
}  // namespace dlfs
