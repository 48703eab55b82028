// The chapters' pages, README.md of each, show what the programs print.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "io/files.hpp"

namespace dlfs {
namespace {

/// A block of a page that begins "```console" and "$ ./program ...".
struct Session {
  std::string command;
  std::string output;
};

std::vector<Session> sessions_of(const std::filesystem::path& page) {
  std::ifstream file(page);
  EXPECT_TRUE(file.good()) << page;
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::string opening = "```console\n$ ";
  std::vector<Session> sessions;
  for (auto begin = text.find(opening); begin != std::string::npos;) {
    begin += opening.size();
    const auto line_end = text.find('\n', begin);
    const auto end = text.find("```", line_end);
    sessions.push_back(
        {text.substr(begin, line_end - begin), text.substr(line_end + 1, end - line_end - 1)});
    begin = text.find(opening, end);
  }
  return sessions;
}

/// What a command prints that is run from an empty folder; "./" stands for the chapter's programs.
std::string output_of(const std::string& command, const std::string& chapter) {
  const test::TemporaryFolder folder;
  const std::string line = "cd '" + folder.path().string() + "' && " DLFS_PROGRAMS "/" + chapter +
                           command.substr(1);  // without the dot
  std::FILE* pipe = popen(line.c_str(), "r");
  std::string output;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
    output += static_cast<char>(c);
  }
  EXPECT_EQ(pclose(pipe), 0) << line;
  return output;
}

class Page : public testing::TestWithParam<const char*> {};

TEST_P(Page, ShowsWhatTheProgramsPrint) {
  const std::string chapter = GetParam();
  const auto sessions = sessions_of(std::filesystem::path(DLFS_EXAMPLES) / chapter / "README.md");
  ASSERT_FALSE(sessions.empty());
  for (const Session& session : sessions) {
    ASSERT_TRUE(session.command.starts_with("./")) << session.command;
    EXPECT_EQ(output_of(session.command, chapter), session.output) << session.command;
  }
}

INSTANTIATE_TEST_SUITE_P(Chapters, Page,
                         testing::Values("ch01", "ch02", "ch03", "ch04", "ch05", "ch07", "ch08"));

}  // namespace
}  // namespace dlfs
