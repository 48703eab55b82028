#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/file.hpp"
#include "dlfs/io/named_view.hpp"
#include "dlfs/io/stored_tensor.hpp"
#include "dlfs/io/utf8.hpp"
#include "dlfs/nn/parameter.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

// Source: Hugging Face, safetensors: README.md ("Format") and safetensors/src/tensor.rs, whose
// checks these are.

inline constexpr std::uint64_t largest_safetensors_header = 100'000'000;  // bytes
inline constexpr std::string_view safetensors_metadata_name = "__metadata__";
/// The metadata that say whose layout the tensors have, as PyTorch's tools write them: "pt" or
/// "dlfs".
inline constexpr std::string_view safetensors_format = "format";
/// How the names of tensors begin that belong to a test: see save_network.
inline constexpr std::string_view test_prefix = "dlfs.test.";

/// Texts about the tensors as a whole, by their names.
using SafetensorsMetadata = std::map<std::string, std::string>;

/// Reads the JSON that the header of a safetensors file consists of: objects of a known form, texts
/// and lists of whole numbers. A general parser would accept duplicate names.
class SafetensorsJson {
 public:
  SafetensorsJson(std::string_view text, const ByteReader& file) : text_(text), file_(file) {}

  /// Calls read(name) after each name of an object; it reads the value.
  template <class Read>
  void object(const Read& read) {
    expect('{');
    if (skip('}')) return;
    std::set<std::string> names;
    do {
      std::string name = string();
      if (!names.insert(name).second) fail("the name '", name, "' stands twice");
      expect(':');
      read(std::move(name));
    } while (skip(','));
    expect('}');
  }

  std::string string() {
    expect('"');
    std::string text;
    for (;;) {
      if (left().empty()) fail("a text has no end");
      const char c = take();
      if (c == '"') return text;
      if (static_cast<unsigned char>(c) < 0x20) fail("a control character in a text");
      if (c == '\\') {
        append_escaped(text);
      } else {
        text += c;
      }
    }
  }

  std::vector<std::uint64_t> integers() {
    std::vector<std::uint64_t> numbers;
    expect('[');
    if (skip(']')) return numbers;
    do {
      numbers.push_back(integer());
    } while (skip(','));
    expect(']');
    return numbers;
  }

  void end() {
    skip_space();
    if (!left().empty()) fail("expected the end of the header");
  }

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const {
    file_.fail("the header at ", position_, ": ", parts...);
  }

 private:
  std::string_view left() const { return text_.substr(position_); }
  char take() { return text_[position_++]; }

  void skip_space() {
    while (!left().empty() && std::string_view(" \t\r\n").find(left()[0]) != std::string_view::npos)
      ++position_;
  }

  bool skip(char c) {
    skip_space();
    if (left().empty() || left()[0] != c) return false;
    ++position_;
    return true;
  }

  void expect(char c) {
    if (!skip(c)) fail("expected ", c);
  }

  std::uint64_t integer() {
    skip_space();
    const std::size_t first = position_;
    std::uint64_t number = 0;
    while (!left().empty() && left()[0] >= '0' && left()[0] <= '9') {
      const auto digit = static_cast<std::uint64_t>(take() - '0');
      if (__builtin_mul_overflow(number, std::uint64_t{10}, &number) ||
          __builtin_add_overflow(number, digit, &number)) {
        fail("a number is larger than 64 bits");
      }
    }
    const std::size_t digits = position_ - first;
    if (digits == 0 || (digits > 1 && text_[first] == '0')) fail("expected a whole number");
    return number;
  }

  void append_escaped(std::string& text) {
    constexpr std::string_view escapes = "\"\\/bfnrt";
    constexpr std::string_view characters = "\"\\/\b\f\n\r\t";
    if (left().empty()) fail("a text has no end");
    const char c = take();
    if (const auto found = escapes.find(c); found != std::string_view::npos) {
      text += characters[found];
      return;
    }
    if (c != 'u') fail("there is no escape \\", c);
    std::uint32_t character = utf16_unit();
    if (character >= 0xdc00 && character < 0xe000)
      fail("the second half of a pair without a first");
    if (character >= 0xd800 && character < 0xdc00) {
      if (!left().starts_with("\\u")) fail("the first half of a pair without a second");
      position_ += 2;
      const std::uint32_t second = utf16_unit();
      if (second < 0xdc00 || second >= 0xe000) fail("the first half of a pair without a second");
      character = 0x10000 + ((character - 0xd800) << 10) + (second - 0xdc00);
    }
    append_utf8(text, character);
  }

  std::uint32_t utf16_unit() {
    std::uint32_t unit = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = left().empty() ? '\0' : take();
      const auto digit = std::string_view("0123456789abcdef")
                             .find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
      if (digit == std::string_view::npos) fail("expected four hexadecimal digits after \\u");
      unit = unit << 4 | static_cast<std::uint32_t>(digit);
    }
    return unit;
  }

  std::string_view text_;
  const ByteReader& file_;
  std::size_t position_ = 0;
};

/// A tensor as the header describes it.
struct SafetensorsEntry {
  std::string name;
  StoredType type;
  std::vector<std::uint64_t> extents;
  std::uint64_t begin = 0, end = 0;  // bytes, counted from the end of the header
};

inline StoredType parse_safetensors_type(std::string_view name, const ByteReader& file) {
  struct Known {
    std::string_view name;
    StoredType type;
  };
  static constexpr Known known[] = {
      {"F32", {{'f', 4}}},  {"F64", {{'f', 8}}}, {"F16", {{'f', 2}}}, {"BF16", {{'f', 2}, true}},
      {"BOOL", {{'b', 1}}}, {"I8", {{'i', 1}}},  {"I16", {{'i', 2}}}, {"I32", {{'i', 4}}},
      {"I64", {{'i', 8}}},  {"U8", {{'u', 1}}},  {"U16", {{'u', 2}}}, {"U32", {{'u', 4}}},
      {"U64", {{'u', 8}}},
  };
  for (const auto& entry : known) {
    if (entry.name == name) return entry.type;
  }
  file.fail("expected elements of type F16, BF16, F32, F64, BOOL, I8 to I64 or U8 to U64, found '",
            name, "'");
}

/// The header of a safetensors file, checked.
struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the order of their elements
  SafetensorsMetadata metadata;
  std::uint64_t size = 0;  // bytes before the elements

  /// Whether the file begins like a safetensors file: a length that is allowed and a brace. No
  /// pickle and no archive does.
  static bool is_at(ByteSpan bytes) {
    if (bytes.size() < 9 || bytes[8] != '{') return false;
    ByteReader file(bytes, "");
    return file.take_number<std::uint64_t>() <= largest_safetensors_header;
  }

  explicit SafetensorsHeader(ByteReader file) {
    const auto length = file.take_number<std::uint64_t>();
    if (length > largest_safetensors_header) {
      file.fail("expected a header of at most ", largest_safetensors_header, " bytes, found ",
                length);
    }
    const std::string_view text = file.take_text(length);
    size = 8 + length;
    if (!text.starts_with('{')) file.fail("expected a header that begins with {");
    if (!is_utf8(text)) file.fail("the header is no UTF-8");
    parse(text, file);
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    std::uint64_t position = 0;
    for (const SafetensorsEntry& entry : entries) {
      check(entry, position, {{}, str_cat(file.source(), ": ", entry.name)});
      position = entry.end;
    }
    if (position != file.left().size()) {
      file.fail("the tensors have ", position, " bytes, the file has ", file.left().size(),
                " after the header");
    }
  }

 private:
  void parse(std::string_view text, const ByteReader& file) {
    SafetensorsJson json(text, file);
    json.object([&](std::string name) {
      if (name == safetensors_metadata_name) {
        json.object([&](std::string key) { metadata[std::move(key)] = json.string(); });
      } else {
        entries.push_back(parse_entry(std::move(name), json, file));
      }
    });
    json.end();
  }

  static SafetensorsEntry parse_entry(std::string name, SafetensorsJson& json,
                                      const ByteReader& file) {
    const ByteReader named({}, str_cat(file.source(), ": ", name));
    SafetensorsEntry entry;
    int fields = 0;
    json.object([&](const std::string& field) {
      ++fields;
      if (field == "dtype") {
        entry.type = parse_safetensors_type(json.string(), named);
      } else if (field == "shape") {
        entry.extents = json.integers();
      } else if (field == "data_offsets") {
        const auto offsets = json.integers();
        if (offsets.size() != 2) named.fail("expected 2 data_offsets, found ", offsets.size());
        entry.begin = offsets[0];
        entry.end = offsets[1];
      } else {
        named.fail("expected dtype, shape and data_offsets, found '", field, "'");
      }
    });
    if (fields != 3) named.fail("expected dtype, shape and data_offsets");
    entry.name = std::move(name);
    return entry;
  }

  static void check(const SafetensorsEntry& entry, std::uint64_t position,
                    const ByteReader& named) {
    if (entry.begin != position || entry.end < entry.begin) {
      named.fail("expected elements from ", position, " on, found the data_offsets ", entry.begin,
                 " and ", entry.end);
    }
    const std::uint64_t bytes = bytes_of(entry.extents, entry.type.numpy.bytes, named);
    if (entry.end - entry.begin != bytes) {
      named.fail("expected ", bytes, " bytes of elements, found ", entry.end - entry.begin);
    }
  }
};

/// Parses a safetensors file whose header is already known. It calls release(part) for each part of
/// the file that is no longer needed.
template <NumpyElement T, class Release>
std::vector<NamedTensor<T>> parse_safetensors(const SafetensorsHeader& header,
                                              const ByteReader& file, const Release& release) {
  const ByteSpan elements = file.left().subspan(header.size);
  std::vector<NamedTensor<T>> tensors;
  for (const SafetensorsEntry& entry : header.entries) {
    const ByteReader named({}, str_cat(file.source(), ": ", entry.name));
    tensors.emplace_back(
        entry.name,
        to_tensor<T>(entry.type, parse_shape(entry.extents, named),
                     elements.subspan(entry.begin, entry.end - entry.begin), named, release));
  }
  return tensors;
}

template <NumpyElement T>
constexpr std::string_view safetensors_type() {
  constexpr std::string_view floats[] = {"F16", "F32", "F64"};
  constexpr std::string_view integers[] = {"I8", "I16", "I32", "I64"};
  constexpr std::string_view naturals[] = {"U8", "U16", "U32", "U64"};
  constexpr auto power = static_cast<std::size_t>(std::countr_zero(sizeof(T)));
  constexpr char kind = numpy_type<T>().kind;
  if constexpr (kind == 'f') {
    return floats[power - 1];
  } else if constexpr (kind == 'b') {
    return "BOOL";
  } else {
    return kind == 'i' ? integers[power] : naturals[power];
  }
}

/// A text in JSON, in quotes. @throws ValueError unless it is UTF-8.
inline std::string to_json_text(std::string_view text) {
  if (!is_utf8(text)) throw ValueError("write_safetensors: '", text, "' is no UTF-8");
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json += {'\\', c};
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr std::string_view digits = "0123456789abcdef";
      json += {'\\',
               'u',
               '0',
               '0',
               digits[static_cast<std::size_t>(c) >> 4],
               digits[static_cast<std::size_t>(c) & 15]};
    } else {
      json += c;
    }
  }
  return json + '"';
}

/// The header of a safetensors file with the elements of the tensors one after the other.
template <NumpyElement T>
std::string format_safetensors_header(const std::vector<NamedView<T>>& tensors,
                                      const SafetensorsMetadata& metadata) {
  std::string json = "{";
  if (!metadata.empty()) {
    json += str_cat('"', safetensors_metadata_name, "\":{");
    for (const auto& [name, text] : metadata) {
      json += str_cat(json.back() == '{' ? "" : ",", to_json_text(name), ':', to_json_text(text));
    }
    json += '}';
  }
  std::set<std::string_view> names{safetensors_metadata_name};
  std::uint64_t position = 0;
  for (const auto& [name, owned, value] : tensors) {
    if (!names.insert(name).second) {
      throw ValueError("write_safetensors: ",
                       name == safetensors_metadata_name ? "no array can have the name '"
                                                         : "two arrays have the name '",
                       name, "'");
    }
    const std::uint64_t end = position + static_cast<std::uint64_t>(value.size()) * sizeof(T);
    json += str_cat(json.back() == '{' ? "" : ",", to_json_text(name), R"(:{"dtype":")",
                    safetensors_type<T>(), R"(","shape":[)");
    for (const Index extent : value.shape()) {
      json += str_cat(json.back() == '[' ? "" : ",", extent);
    }
    json += str_cat("],\"data_offsets\":[", position, ',', end, "]}");
    position = end;
  }
  json += '}';
  constexpr std::size_t alignment = 8;  // of the elements in the file, in bytes
  json.resize((json.size() + alignment - 1) / alignment * alignment, ' ');
  return json;
}

/// The elements of a contiguous view as the file has them; `memory` holds them where they differ
/// from those of the view.
template <NumpyElement T>
ByteSpan little_endian_bytes(TensorView<const T> value, Bytes& memory) {
  const auto count = static_cast<std::size_t>(value.size()) * sizeof(T);
  const ByteSpan bytes(reinterpret_cast<const std::uint8_t*>(value.data()), count);
  if constexpr (std::endian::native == std::endian::little) {
    return bytes;
  } else {
    memory.assign(bytes.begin(), bytes.end());
    for (std::size_t i = 0; i < count; i += sizeof(T)) {
      std::reverse(memory.begin() + static_cast<std::ptrdiff_t>(i),
                   memory.begin() + static_cast<std::ptrdiff_t>(i + sizeof(T)));
    }
    return memory;
  }
}

}  // namespace detail

/// Reads a safetensors file, in the order of the elements. Elements are converted to T as described
/// at NumpyElement; bfloat16 counts as a real number.
///
/// The file is mapped into memory, so that the tensors are all that takes memory; it must not
/// become shorter meanwhile.
/// @throws FormatError that names the tensor, for a file that the reference implementation of
///   safetensors refuses: a header of more than 100 MB, duplicate names, gaps, overlaps, elements
///   that do not fit the shape, or bytes that belong to no tensor; for types such as F8_E4M3 or
///   C64, and for elements that T cannot hold; IoError if the file cannot be read.
template <NumpyElement T>
std::vector<NamedTensor<T>> read_safetensors(const std::filesystem::path& path) {
  const detail::MappedFile mapped(path);
  const detail::ByteReader file(mapped.bytes(), str_cat("read_safetensors: ", path.string()));
  return detail::parse_safetensors<T>(detail::SafetensorsHeader(file), file,
                                      [&](detail::ByteSpan part) { mapped.release(part); });
}

/// The texts that stand in a safetensors file beside the tensors. @throws as read_safetensors does,
/// but for the elements.
inline std::map<std::string, std::string> read_safetensors_metadata(
    const std::filesystem::path& path) {
  const detail::MappedFile mapped(path);
  return detail::SafetensorsHeader(
             {mapped.bytes(), str_cat("read_safetensors_metadata: ", path.string())})
      .metadata;
}

/// Writes a file for safetensors.torch.load_file, safetensors.numpy.load_file and others:
///
///   write_safetensors<float>("weights.safetensors", {{"W1", W1}, {"b1", b1}});
///
/// Needs no memory for tensors that are contiguous.
/// @throws ValueError for a name that is used twice, for one that is no UTF-8, and for
///   "__metadata__"; IoError if the file cannot be written.
template <NumpyElement T>
void write_safetensors(const std::filesystem::path& path, const std::vector<NamedView<T>>& tensors,
                       const std::map<std::string, std::string>& metadata = {},
                       Sync sync = Sync::on_return) {
  const std::string header = detail::format_safetensors_header(tensors, metadata);
  detail::Bytes beginning;
  const std::uint64_t length = header.size();
  detail::append_number(beginning, length);
  detail::append_text(beginning, header);
  std::vector<detail::ByteSpan> parts{beginning};
  std::deque<Tensor<T>> copies;
  std::deque<detail::Bytes> swapped;
  for (const auto& [name, owned, value] : tensors) {
    const TensorView<const T> elements =
        value.is_contiguous() ? value : copies.emplace_back(copy(value)).view();
    parts.push_back(detail::little_endian_bytes(elements, swapped.emplace_back()));
  }
  detail::write_file(path, parts, sync);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
