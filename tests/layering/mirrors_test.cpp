// tests/ mirrors include/: each header has a test of its name, or a reason in without_mirror.txt.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

/// The files below a folder whose names end in `ending`, without that ending.
std::set<std::string> names(const fs::path& folder, const std::string& ending) {
  std::set<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string file = fs::relative(entry.path(), folder).generic_string();
    if (file.ends_with(ending)) found.insert(file.substr(0, file.size() - ending.size()));
  }
  return found;
}

/// The lines `<header> <reason>` of the list; a line that begins with # is a comment.
std::map<std::string, std::string> reasons(const fs::path& list) {
  std::map<std::string, std::string> found;
  std::ifstream in(list);
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.starts_with('#')) continue;
    const auto end = std::min(line.find(' '), line.size());
    const auto reason = std::min(line.find_first_not_of(' ', end), line.size());
    found[line.substr(0, end)] = line.substr(reason);
  }
  return found;
}

/// What is wrong with the tests, in the order of the headers' names.
std::vector<std::string> problems(const fs::path& include, const fs::path& tests,
                                  const fs::path& list) {
  std::vector<std::string> found;
  const auto tested = names(tests, "_test.cpp");
  auto listed = reasons(list);
  for (std::string name : names(include, ".hpp")) {
    const std::string header = name + ".hpp";
    if (name.ends_with("-inl")) name.erase(name.size() - 4);
    const bool has_test = tested.contains(name);
    const auto entry = listed.extract(header);
    if (!has_test && entry.empty()) found.push_back(header + " has neither a test nor a reason");
    if (has_test && !entry.empty()) found.push_back(header + " has a test and is listed");
    if (!entry.empty() && entry.mapped().empty()) found.push_back(header + " has no reason");
  }
  for (const auto& [header, reason] : listed) found.push_back(header + " is listed and not there");
  return found;
}

TEST(Mirrors, EachHeaderHasATestOrAReason) {
  const fs::path tests = fs::path(DLFS_FIXTURES).parent_path().parent_path();
  const fs::path include = DLFS_INCLUDE_DIRECTORY;
  EXPECT_GT(names(include / "dlfs", ".hpp").size(), 100u);
  for (const auto& problem :
       problems(include / "dlfs", tests, tests / "layering" / "without_mirror.txt")) {
    ADD_FAILURE() << problem;
  }
}

TEST(Mirrors, NamesWhatIsMissingOrTooMuch) {
  const fs::path root = fs::path(testing::TempDir()) / "mirrors";
  fs::remove_all(root);
  const auto write = [&](const std::string& file, const std::string& text) {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  };
  write("include/a/tested.hpp", "");
  write("include/a/vectors-inl.hpp", "");
  write("include/a/listed.hpp", "");
  write("include/a/both.hpp", "");
  write("include/a/neither.hpp", "");
  write("include/unexplained.hpp", "");
  write("tests/a/tested_test.cpp", "");
  write("tests/a/vectors_test.cpp", "");
  write("tests/a/both_test.cpp", "");
  write("list.txt",
        "# <header> <reason>\n\na/listed.hpp   an enum\na/both.hpp none\nunexplained.hpp\n"
        "a/gone.hpp none\n");
  EXPECT_EQ(
      problems(root / "include", root / "tests", root / "list.txt"),
      (std::vector<std::string>{
          "a/both.hpp has a test and is listed", "a/neither.hpp has neither a test nor a reason",
          "unexplained.hpp has no reason", "a/gone.hpp is listed and not there"}));
  fs::remove_all(root);
}

}  // namespace
