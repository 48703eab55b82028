// Objects that live as long as the process or a thread are used at times that nobody thinks of. All
// of them are listed here.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

/// What stands after a word in a line of code; empty if it does not occur.
std::string_view after_word(std::string_view word, std::string_view line) {
  const std::string_view around = " \t(){};";
  for (auto at = line.find(word); at != std::string_view::npos; at = line.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || around.find(line[at - 1]) != std::string_view::npos) && end < line.size() &&
        around.find(line[end]) != std::string_view::npos) {
      return line.substr(end);
    }
  }
  return {};
}

/// Whether a line of code makes an object that lives as long as the process or a thread, and that
/// is more than a constant. After the name of a function stand parentheses.
bool makes_a_lasting_object(std::string_view line) {
  line = line.substr(0, line.find("//"));
  if (!after_word("constexpr", line).empty()) return false;
  if (!after_word("thread_local", line).empty()) return true;
  for (std::string_view word : {"static", "constinit", "inline"}) {
    const auto rest = after_word(word, line);
    if (rest.find("operator") != rest.npos || !after_word("namespace", rest).empty()) continue;
    const auto mark = rest.find_first_of("(={;[");
    if (mark != std::string_view::npos && rest[mark] != '(') return true;
  }
  return false;
}

struct Line {
  std::string file;
  std::string text;
};

std::vector<Line> lines_of_headers() {
  const fs::path root = DLFS_INCLUDE_DIRECTORY;
  std::vector<Line> lines;
  for (const auto& entry : fs::recursive_directory_iterator(root / "dlfs")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path());
    const std::string file = fs::relative(entry.path(), root).generic_string();
    for (std::string line; std::getline(in, line);) lines.push_back({file, line});
  }
  return lines;
}

// What outlives main is used by other objects' destructors, by atexit handlers, threads that still
// run and forked children: an object joins this list when it works for all of them; see
// tests/process.
TEST(LastingObjects, AreOnlyThoseThatMayBeUsedAtAnyTime) {
  const std::vector<std::string> known = {
      // Bytes of a pool that is never destroyed.
      "dlfs/core/parallel_for.hpp: alignas(ThreadPool) static std::byte "
      "memory[sizeof(ThreadPool)];",
      "dlfs/core/parallel_for.hpp: static ThreadPool& pool = make(memory);",
      // Numbers.
      "dlfs/core/parallel_for.hpp: static inline thread_local bool inside_ = false;",
      "dlfs/simd/level.hpp: inline std::atomic<int> chosen_simd_level{-1};",
      // Bytes of a stack that is never destroyed, only emptied.
      "dlfs/core/scratch.hpp: alignas(ScratchStack) thread_local std::byte "
      "memory[sizeof(ScratchStack)];",
      "dlfs/core/scratch.hpp: thread_local ScratchStack& stack = *new (memory) ScratchStack;",
      "dlfs/core/scratch.hpp: thread_local const End end{stack};",
      // A word of C++ in a text.
      "dlfs/io/cpp_file.hpp: \"static_cast std struct switch template this thread_local throw true "
      "try "
      "typedef typeid \"",
      // A pointer.
      "dlfs/core/scratch.hpp: inline constinit thread_local ScratchStack* used_scratch = nullptr;",
  };
  std::vector<std::string> found;
  for (const auto& [file, text] : lines_of_headers()) {
    if (!makes_a_lasting_object(text)) continue;
    found.push_back(file + ": " + text.substr(text.find_first_not_of(" \t")));
  }
  EXPECT_TRUE(std::ranges::is_permutation(found, known)) << testing::PrintToString(found);
}

TEST(LastingObjects, AreSeenHoweverTheyAreWritten) {
  for (const char* line :
       {"  static Pool pool;", "static std::mutex mutex;", "inline std::string name = \"a\";",
        "  thread_local std::vector<int> v(3);", "inline const std::map<int, int> m{{1, 2}};",
        "static const auto table = make_table();", "  static inline int count{0};",
        "constinit std::atomic<int> n{0};", "static int count;  // of calls"}) {
    EXPECT_TRUE(makes_a_lasting_object(line)) << line;
  }
  for (const char* line :
       {"  static Pool& instance() {", "inline int f(int x = 3);", "inline namespace v1 {",
        "static constexpr int count = 3;", "inline constexpr int count{3};", "// static int x;",
        "static_assert(a == b);", "  static Index rows(const Shape& x) { return x[0]; }",
        "inline bool operator==(A a, B b) { return true; }", "int statics = 3;"}) {
    EXPECT_FALSE(makes_a_lasting_object(line)) << line;
  }
}

}  // namespace
