// A header includes only its own folder or a lower rank, and of other libraries only what its
// folder may. The rules are written down once, here.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

struct Rule {
  int rank;
  std::vector<std::string> libraries = {};  // beyond the standard library
};

const std::map<std::string, Rule, std::less<>> rules = {
    {"core", {.rank = 0, .libraries = {"Eigen/Core", "pthread.h", "sys/mman.h"}}},
    {"simd", {.rank = 1}},
    {"gemm", {.rank = 2}},
    {"conv", {.rank = 3}},
    {"tensor", {.rank = 3}},
    {"functional", {.rank = 4}},
    {"nn", {.rank = 5}},
    {"optim", {.rank = 6}},
    {"data", {.rank = 6}},
    {"net", {.rank = 7}},
    {"models", {.rank = 8}},
    {"train", {.rank = 8}},
    {"tools", {.rank = 9}},
    {"io",
     {.rank = 11,
      .libraries = {"fcntl.h", "jerror.h", "jpeglib.h", "nlohmann/json.hpp", "png.h", "sys/file.h",
                    "sys/ioctl.h", "sys/mman.h", "sys/stat.h", "unistd.h", "zlib.h"}}},
    {"dlfs.hpp", {.rank = 11}},
    {"compiled.hpp", {.rank = 10}},
    {"io.hpp", {.rank = 12}},
};

bool is_standard(std::string_view header) {
  return header != "iostream" && header.find_first_of("./") == std::string_view::npos;
}

/// The rule for dlfs/<folder>/... or dlfs/<umbrella>.hpp; null if there is none.
const Rule* rule_of(std::string_view header) {
  header.remove_prefix(std::string_view("dlfs/").size());
  const auto found = rules.find(header.substr(0, header.find('/')));
  return found == rules.end() ? nullptr : &found->second;
}

bool may_include(std::string_view file, std::string_view header) {
  const Rule* from = rule_of(file);
  if (from == nullptr) return false;
  if (header.starts_with("dlfs/")) {
    const Rule* to = rule_of(header);
    return to == from || (to != nullptr && to->rank < from->rank);
  }
  return is_standard(header) || std::ranges::find(from->libraries, header) != from->libraries.end();
}

/// What a line includes; empty if it is no include.
std::string included_by(std::string_view line) {
  const auto skip_spaces = [&line] {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  };
  const auto skip = [&line](std::string_view token) {
    if (!line.starts_with(token)) return false;
    line.remove_prefix(token.size());
    return true;
  };
  skip_spaces();
  if (!skip("#")) return "";
  skip_spaces();
  if (!skip("include")) return "";
  skip_spaces();
  if (!skip("<") && !skip("\"")) return "";
  return std::string(line.substr(0, line.find_first_of(">\"")));
}

struct Report {
  int includes = 0;
  std::vector<std::string> violations = {};
};

/// What a header lacks for the arithmetic of core/strict_math.hpp; empty if nothing.
std::string lack_of_strictness(const std::string& text) {
  const auto begin = text.find("\nnamespace dlfs");
  if (begin == std::string::npos) return "";  // only includes
  const auto end = text.rfind("\n}  // namespace dlfs");
  const bool is_strict = text.substr(0, begin).ends_with("DLFS_STRICT_MATH_BEGIN") &&
                         text.find("\nDLFS_STRICT_MATH_END\n", end) != std::string::npos;
  if (!is_strict) return "is not between DLFS_STRICT_MATH_BEGIN and DLFS_STRICT_MATH_END";
  for (const char* name : {"std::isnan(", "std::isinf(", "std::isfinite("}) {
    if (text.find(name) != std::string::npos) return std::string("calls ") + name + ")";
  }
  return "";
}

/// What is wrong with the vectors of a file: those of the compiler live in simd/, which holds
/// nothing that does not concern them. cpp_functions.hpp has texts of a program. Empty if nothing.
std::string misplaced_vectors(const std::string& file, const std::string& text) {
  const bool is_of_simd = file.starts_with("dlfs/simd/");
  const bool is_of_texts = file == "dlfs/io/cpp_functions.hpp";
  for (const char* word : {"vector_size", "__builtin_shufflevector", "__builtin_convertvector"}) {
    if (!is_of_simd && !is_of_texts && text.find(word) != std::string::npos) {
      return std::string("has a vector of the compiler: ") + word;
    }
  }
  const bool speaks_of_vectors =
      text.find("vector") != std::string::npos || text.find("lanes") != std::string::npos;
  return is_of_simd && !speaks_of_vectors ? "has no vector" : "";
}

/// Reads every file below `root`/dlfs.
Report check(const fs::path& root) {
  Report report;
  for (const auto& entry : fs::recursive_directory_iterator(root / "dlfs")) {
    if (!entry.is_regular_file()) continue;
    const std::string file = fs::relative(entry.path(), root).generic_string();
    std::ifstream in(entry.path());
    std::string text;
    for (std::string line; std::getline(in, line); text += line + '\n') {
      const std::string header = included_by(line);
      if (header.empty()) continue;
      ++report.includes;
      if (!may_include(file, header)) report.violations.push_back(file + " includes " + header);
    }
    const std::string misplaced = misplaced_vectors(file, text);
    if (!misplaced.empty()) report.violations.push_back(file + " " + misplaced);
    const std::string lack = !file.ends_with("-inl.hpp") ? lack_of_strictness(text) : "";
    if (!lack.empty()) report.violations.push_back(file + " " + lack);
  }
  return report;
}

TEST(Layering, HeadersIncludeOnlyLowerRanksAndAreStrict) {
  const Report report = check(DLFS_INCLUDE_DIRECTORY);
  EXPECT_GT(report.includes, 0);
  for (const auto& violation : report.violations) ADD_FAILURE() << violation;
}

/// The violations in a tree of one header that consists of one line.
std::vector<std::string> violations(const std::string& file, const std::string& line) {
  const fs::path root =
      fs::path(testing::TempDir()) / testing::UnitTest::GetInstance()->current_test_info()->name();
  fs::remove_all(root);
  fs::create_directories((root / file).parent_path());
  std::ofstream(root / file) << line << '\n';
  auto result = check(root).violations;
  fs::remove_all(root);
  return result;
}

bool accepts(const std::string& file, const std::string& line) {
  return violations(file, line).empty();
}

TEST(Layering, AcceptsOwnFolderLowerRankAndStandardLibrary) {
  EXPECT_TRUE(accepts("dlfs/nn/layers/a.hpp", "#include \"dlfs/nn/layer.hpp\""));
  EXPECT_TRUE(accepts("dlfs/nn/layers/a.hpp", "#include \"dlfs/core/tensor.hpp\""));
  EXPECT_TRUE(accepts("dlfs/nn/layers/a.hpp", "#include <vector>"));
  EXPECT_TRUE(accepts("dlfs/core/a.hpp", "#include <Eigen/Core>"));
  EXPECT_TRUE(accepts("dlfs/io/a.hpp", "#include <zlib.h>"));
  EXPECT_TRUE(accepts("dlfs/dlfs.hpp", "#include \"dlfs/tools/a.hpp\""));
  EXPECT_TRUE(accepts("dlfs/io.hpp", "#include \"dlfs/io/a.hpp\""));
}

TEST(Layering, NamesTheFileAndWhatItIncludes) {
  EXPECT_EQ(violations("dlfs/tensor/a.hpp", "#include \"dlfs/nn/layer.hpp\""),
            std::vector<std::string>{"dlfs/tensor/a.hpp includes dlfs/nn/layer.hpp"});
}

TEST(Layering, RejectsAHigherRankHoweverItIsWritten) {
  EXPECT_FALSE(accepts("dlfs/core/a.hpp", "#include \"dlfs/tensor/a.hpp\""));
  EXPECT_FALSE(accepts("dlfs/train/a.hpp", "  #  include <dlfs/io/gzip.hpp>"));
}

TEST(Layering, RejectsTheOtherFolderOfTheSameRank) {
  EXPECT_FALSE(accepts("dlfs/optim/a.hpp", "#include \"dlfs/data/dataset.hpp\""));
  EXPECT_FALSE(accepts("dlfs/data/a.hpp", "#include \"dlfs/optim/sgd.hpp\""));
}

TEST(Layering, RejectsAnUmbrellaHeaderBelowIt) {
  EXPECT_FALSE(accepts("dlfs/tools/a.hpp", "#include \"dlfs/dlfs.hpp\""));
  EXPECT_FALSE(accepts("dlfs/io/a.hpp", "#include \"dlfs/dlfs.hpp\""));
  EXPECT_FALSE(accepts("dlfs/dlfs.hpp", "#include \"dlfs/io/a.hpp\""));
}

TEST(Layering, RejectsAnUnknownFolder) {
  EXPECT_FALSE(accepts("dlfs/util/a.hpp", "#include <vector>"));
  EXPECT_FALSE(accepts("dlfs/io/a.hpp", "#include \"dlfs/util/a.hpp\""));
}

TEST(Layering, RejectsAnotherFoldersLibraryAndRelativePaths) {
  EXPECT_FALSE(accepts("dlfs/tensor/a.hpp", "#include <Eigen/Core>"));
  EXPECT_FALSE(accepts("dlfs/core/a.hpp", "#include <Eigen/Dense>"));
  EXPECT_FALSE(accepts("dlfs/data/a.hpp", "#include <zlib.h>"));
  EXPECT_FALSE(accepts("dlfs/core/a.hpp", "#include \"tensor.hpp\""));
}

TEST(Layering, RejectsArithmeticThatFlagsCouldChange) {
  const auto between = [](const std::string& code) {
    return "DLFS_STRICT_MATH_BEGIN\nnamespace dlfs {\n" + code + "\n}  // namespace dlfs\n";
  };
  EXPECT_TRUE(accepts("dlfs/core/a.hpp", "\n" + between("int x;") + "DLFS_STRICT_MATH_END"));
  EXPECT_FALSE(accepts("dlfs/core/a.hpp", "\n" + between("int x;")));
  EXPECT_FALSE(accepts("dlfs/core/a.hpp", "\nnamespace dlfs {}"));
  EXPECT_FALSE(accepts("dlfs/core/a.hpp",
                       "\n" + between("bool b = std::isnan(x);") + "DLFS_STRICT_MATH_END"));
}

TEST(Layering, RejectsVectorsOutsideOfSimdAndOtherCodeInIt) {
  const std::string vectors = "typedef float V __attribute__((vector_size(16)));";
  EXPECT_TRUE(accepts("dlfs/simd/a.hpp", vectors));
  EXPECT_FALSE(accepts("dlfs/gemm/a.hpp", vectors));
  EXPECT_FALSE(accepts("dlfs/simd/a.hpp", "struct Image {};"));
}

TEST(Layering, RejectsIostream) { EXPECT_FALSE(accepts("dlfs/io/a.hpp", "#include <iostream>")); }

}  // namespace
