// The chapters' pages, README.md of each: they show what the programs print, have every section of
// the book, and name only what is there.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/error.hpp"
#include "io/files.hpp"

namespace dlfs {
namespace {

/// A block of a page that begins "```console" and "$ ./program ...".
struct Session {
  std::string command;
  std::string output;
};

const std::filesystem::path examples_folder = DLFS_EXAMPLES;

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  EXPECT_TRUE(stream.good()) << file;
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string page_of(const std::string& chapter) {
  return text_of(examples_folder / chapter / "README.md");
}

std::vector<Session> sessions_of(const std::string& text) {
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
  const auto sessions = sessions_of(page_of(chapter));
  ASSERT_FALSE(sessions.empty());
  for (const Session& session : sessions) {
    ASSERT_TRUE(session.command.starts_with("./")) << session.command;
    EXPECT_EQ(output_of(session.command, chapter), session.output) << session.command;
  }
}

INSTANTIATE_TEST_SUITE_P(Chapters, Page,
                         testing::Values("ch01", "ch02", "ch03", "ch04", "ch05", "ch07", "ch08"));

/// What the groups of the pattern match in the text.
std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match) {
    for (std::size_t group = 1; group < match->size(); ++group) {
      if ((*match)[group].matched) found.push_back((*match)[group]);
    }
  }
  return found;
}

/// A chapter, and the number of subsections in each of its sections, from N.1 on.
struct Contents {
  int chapter;
  std::vector<int> subsections;

  std::string folder() const { return str_cat("ch0", chapter); }
};

const std::vector<Contents> table_of_contents = {
    {1, {0, 3, 9, 2, 6, 3, 0}},    {2, {0, 2, 3, 2, 2, 0, 0}},
    {3, {3, 7, 3, 3, 4, 3, 0}},    {4, {2, 5, 3, 2, 3, 0}},
    {5, {3, 3, 3, 2, 2, 3, 4, 0}}, {6, {8, 4, 2, 3, 3, 0}},
    {7, {0, 7, 1, 4, 0, 2, 2, 0}}, {8, {3, 4, 4}}};

/// The sections that a page names in a heading, at the beginning of a row or in bold.
std::set<std::string> sections_of(const std::string& text) {
  std::set<std::string> sections;
  for (const std::string& place : matches(text, "\n(?:## |\\| )([^|\n]*)|\\*\\*([0-9.]+)")) {
    for (const std::string& number : matches(place, "([0-9](?:\\.[0-9])+)"))
      sections.insert(number);
  }
  return sections;
}

TEST(Pages, HaveEverySectionOfTheBook) {
  for (const Contents& contents : table_of_contents) {
    const auto sections = sections_of(page_of(contents.folder()));
    for (std::size_t i = 0; i < contents.subsections.size(); ++i) {
      const std::string section = str_cat(contents.chapter, ".", i + 1);
      EXPECT_TRUE(sections.contains(section)) << section;
      for (int k = 1; k <= contents.subsections[i]; ++k) {
        EXPECT_TRUE(sections.contains(str_cat(section, ".", k))) << section << "." << k;
      }
    }
  }
}

TEST(Pages, NameEveryProgramOfTheirChapter) {
  for (const Contents& contents : table_of_contents) {
    const std::string text = page_of(contents.folder());
    for (const auto& entry :
         std::filesystem::directory_iterator(examples_folder / contents.folder())) {
      if (entry.path().extension() != ".cpp") continue;
      const std::string name = entry.path().filename().string();
      EXPECT_NE(text.find("](" + name + ")"), std::string::npos)
          << contents.folder() << " has no link to " << name;
    }
  }
}

/// All pages for users.
std::vector<std::filesystem::path> pages() {
  const auto repository = examples_folder.parent_path();
  std::vector<std::filesystem::path> pages{repository / "README.md", examples_folder / "README.md",
                                           examples_folder / "beyond" / "README.md",
                                           examples_folder / "sequence" / "README.md",
                                           repository / "benchmarks" / "README.md"};
  for (const Contents& contents : table_of_contents) {
    pages.push_back(examples_folder / contents.folder() / "README.md");
  }
  for (const auto& entry : std::filesystem::directory_iterator(repository / "docs")) {
    if (entry.path().extension() == ".md") pages.push_back(entry.path());
  }
  return pages;
}

TEST(Pages, LinkToFilesThatExist) {
  for (const auto& page : pages()) {
    for (const std::string& link :
         matches(text_of(page), "\\]\\(([a-zA-Z.][^):# ]*)(?:#[^)]*)?\\)")) {
      EXPECT_TRUE(std::filesystem::exists(page.parent_path() / link)) << page << ": " << link;
    }
  }
}

TEST(Pages, NameTheFolderOfAPresetOnlyAfterTheCommandThatMakesIt) {
  const std::string presets = text_of(examples_folder.parent_path() / "CMakePresets.json");
  for (const auto& page : pages()) {
    const std::string text = text_of(page);
    for (const std::string& preset : matches(text, "\\bbuild/([a-z0-9-]+)")) {
      if (presets.find(str_cat("\"", preset, "\"")) == std::string::npos) continue;
      EXPECT_LT(text.find(str_cat("--preset ", preset)), text.find(str_cat("build/", preset)))
          << page << ": build/" << preset;
    }
  }
}

}  // namespace
}  // namespace dlfs
