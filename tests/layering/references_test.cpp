// A public member function that returns a view, a pointer or a reference says by `&` that its
// object lasts, or is listed here; tests/core/lifetime_test.cpp holds what then compiles.
#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace {

namespace fs = std::filesystem;

/// Whether a declaration of a class gives what looks into its object, whichever object that is.
bool looks_into_any_object(const std::string& declaration) {
  static const std::regex pattern(
      R"(^(\[\[[^\]]*\]\] |constexpr |virtual |inline |const )*)"
      R"(((std::)?(span|string_view|TensorView|Composition)\b(<.*>)?|)"
      R"((std::)?(vector|array)<[^()]*\*(, ?\w+)?>|[\w:]+(<[^()]*>)?(&|\*)) )"
      R"((\w+|operator\S+)\([^{;]*\)( const)?( noexcept)?( override)? ?[{;].*)");
  return std::regex_match(declaration, pattern) &&
         declaration.find("operator=(") == std::string::npos;
}

/// The declarations in the public part of the classes of a header, outside of namespace detail.
std::vector<std::string> public_members(std::istream& in) {
  std::vector<std::string> members;
  std::string open;  // a declaration that goes on in the next line
  bool is_hidden = true;
  bool is_detail = false;
  for (std::string line; std::getline(in, line);) {
    if (line.find("namespace") != line.npos && line.find("detail {") != line.npos) is_detail = true;
    if (line.find("}  // namespace detail") != line.npos) is_detail = false;
    if (line.starts_with(" private:") || line.starts_with("};")) is_hidden = true;
    if (line.starts_with(" public:") || line.starts_with("struct ")) {
      is_hidden = false;
    }
    const auto begin = line.find_first_not_of(' ');
    if (is_hidden || is_detail || begin == line.npos || line.compare(begin, 2, "//") == 0) continue;
    if (open.empty() && (begin != 2 || line[begin] == '}')) continue;
    open += (open.empty() ? "" : " ") + line.substr(begin);
    if (open.find_first_of("{;") == open.npos && !open.starts_with("template")) continue;
    members.push_back(std::exchange(open, ""));
  }
  return members;
}

/// The name of a function whose `const&` is open to objects that expire, too: it needs a brother
/// with `&&`. Empty if the declaration is none.
std::string lets_in_what_expires(const std::string& declaration) {
  static const std::regex pattern(
      R"(^(const )?((std::)?(span|string_view|TensorView|Composition)\b(<.*>)?|)"
      R"((std::)?(vector|array)<[^()]*\*(, ?\w+)?>|[\w:]+(<[^()]*>)?(&|\*)) )"
      R"((\w+)\([^{;]*\) const& ?[{;].*)");
  std::smatch found;
  return std::regex_match(declaration, found, pattern) ? found[11].str() : "";
}

/// Whose objects are pieces of a computation, which nobody keeps.
bool is_of_kernels(const std::string& file) {
  return std::ranges::any_of(std::array{"dlfs/simd/", "dlfs/gemm/", "dlfs/conv/"},
                             [&](const char* folder) { return file.starts_with(folder); });
}

TEST(References, AreNotGivenByObjectsThatExpire) {
  const std::vector<std::string> known = {
      // They do not compile.
      "dlfs/core/tensor.hpp: TensorView<const T> reshape(Indices...) const;",
      "dlfs/core/tensor.hpp: TensorView<const T> transpose(Indices...) const;",
      // Of the argument.
      "dlfs/core/tensor.hpp: T* write(T* out) const {",
      // The network's memory, of which a pass has the address.
      "dlfs/nn/layer.hpp: T* gradient(std::size_t parameter) const {",
      // The network itself, which a copy may be made of.
      "dlfs/net/sequential.hpp: Sequential& add(const std::string& name, AnyLayer<T> layer) {",
      "dlfs/net/graph.hpp: Graph& add(const std::string& name, AnyLayer<T> layer, "
      "const std::vector<std::string>& inputs) {",
      "dlfs/net/graph.hpp: Graph& add_shared(const std::string& name, std::string_view layer, "
      "const std::vector<std::string>& inputs) {",
      "dlfs/net/graph.hpp: Graph& set_outputs(const std::vector<std::string>& layers) {",
  };
  std::vector<std::string> found;
  const fs::path root = DLFS_INCLUDE_DIRECTORY;
  for (const auto& entry : fs::recursive_directory_iterator(root / "dlfs")) {
    const std::string file = fs::relative(entry.path(), root).generic_string();
    const bool is_of_views = file == "dlfs/core/view.hpp";  // their elements live elsewhere
    if (!file.ends_with(".hpp") || is_of_kernels(file) || is_of_views) continue;
    std::ifstream in(entry.path());
    for (const std::string& member : public_members(in)) {
      if (looks_into_any_object(member)) found.push_back(file + ": " + member);
    }
  }
  EXPECT_TRUE(std::ranges::is_permutation(found, known)) << testing::PrintToString(found);
}

TEST(References, OfConstObjectsAreNotThoseOfExpiringOnes) {
  const fs::path root = DLFS_INCLUDE_DIRECTORY;
  for (const auto& entry : fs::recursive_directory_iterator(root / "dlfs")) {
    const std::string file = fs::relative(entry.path(), root).generic_string();
    const bool is_of_files = file.find("onnx") != file.npos;  // pieces of a computation, too
    if (!file.ends_with(".hpp") || is_of_kernels(file) || is_of_files) continue;
    if (file == "dlfs/core/view.hpp") continue;
    std::ifstream in(entry.path());
    const std::vector<std::string> members = public_members(in);
    for (const std::string& member : members) {
      const std::string name = lets_in_what_expires(member);
      const auto is_brother = [&](const std::string& other) {
        const auto has = [&](const std::string& text) { return other.find(text) != other.npos; };
        return has(" " + name + "(") && (has(") &&") || has("const&&"));
      };
      if (name.empty()) continue;
      EXPECT_TRUE(std::ranges::any_of(members, is_brother)) << file << ": " << member;
    }
  }
}

TEST(References, AreSeenHoweverTheyAreWritten) {
  for (const char* declaration :
       {"const Tensor<T>& value() const { return value_; }", "T* data() { return data_; }",
        "std::span<const Index> batch(Index i) const {", "TensorView<T> rows(Index i) const;",
        "std::vector<Parameter<T>*> parameters() {", "std::string_view name() const {",
        "std::array<Parameter<T>*, 2> parameters() { return {&weight_, &bias_}; }"}) {
    EXPECT_TRUE(looks_into_any_object(declaration)) << declaration;
  }
  for (const char* declaration :
       {"const Tensor<T>& value() const& { return value_; }", "T* data() & { return data_; }",
        "const T* data() const&& = delete;", "Shape shape() const { return shape_; }",
        "std::vector<Index> batch(Index i) const {", "A& operator=(const A& other) {",
        "std::span<const Index> indices_;"}) {
    EXPECT_FALSE(looks_into_any_object(declaration)) << declaration;
  }
  EXPECT_EQ(lets_in_what_expires("const Tensor<T>& value() const& { return value_; }"), "value");
  EXPECT_EQ(lets_in_what_expires("std::span<const Index> batch(Index i) const& {"), "batch");
  EXPECT_EQ(lets_in_what_expires("const T* data() const& { return data_; }"), "data");
  EXPECT_EQ(lets_in_what_expires("const T* data() const&& = delete;"), "");
  EXPECT_EQ(lets_in_what_expires("T* data() & { return data_; }"), "");
}

}  // namespace
