#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dlfs/io/file.hpp"
#include "dlfs/io/numpy_array.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// The Python literal in the header of a .npy file, as NumPy writes it, with its keys in any order:
///
///   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
class NpyHeader {
 public:
  NpyHeader(std::string_view text, const ByteReader& file) : text_(text), file_(file) {
    expect("{");
    while (!accept("}")) {
      const auto key = quoted();
      expect(":");
      if (key == "descr" && !type) {
        type = parse_numpy_type(quoted(), file_);
      } else if (key == "fortran_order" && !is_fortran_order) {
        is_fortran_order = accept("True");
        if (!*is_fortran_order) expect("False");
      } else if (key == "shape" && !shape) {
        shape = tuple();
      } else {
        fail("an unknown or second key");
      }
      if (!accept(",")) {
        expect("}");
        break;
      }
    }
    skip_spaces();
    if (!text_.empty()) fail("more than a dict");
    if (!type || !is_fortran_order || !shape) fail("not all of descr, fortran_order and shape");
  }

  std::optional<NumpyType> type;
  std::optional<bool> is_fortran_order;
  std::optional<Shape> shape;

 private:
  [[noreturn]] void fail(std::string_view what) const {
    file_.fail("the header holds ", what, " before '", text_.substr(0, 20), "'");
  }

  void skip_spaces() {
    text_.remove_prefix(std::min(text_.find_first_not_of(" \t\r\n"), text_.size()));
  }

  bool accept(std::string_view token) {
    skip_spaces();
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }

  void expect(std::string_view token) {
    if (!accept(token)) fail(str_cat("no '", token, "'"));
  }

  std::string_view quoted() {
    const std::string_view quote = accept("\"") ? "\"" : "'";
    if (quote == "'") expect(quote);
    const auto inside = text_.substr(0, text_.find(quote));
    text_.remove_prefix(inside.size());
    expect(quote);
    return inside;
  }

  Index number() {
    skip_spaces();
    Index value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc()) fail("no number that can be counted with");
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return value;
  }

  Shape tuple() {
    std::vector<Index> extents;
    expect("(");
    while (!accept(")")) {
      extents.push_back(number());
      if (!accept(",")) {
        expect(")");
        break;
      }
    }
    return parse_shape(extents, file_);
  }

  std::string_view text_;
  const ByteReader& file_;
};

inline constexpr std::string_view npy_magic = "\x93NUMPY";

template <NumpyElement T>
Tensor<T> parse_npy(ByteReader file) {
  if (!as_text(file.left()).starts_with(npy_magic)) file.fail("expected the magic of .npy");
  file.take(npy_magic.size());
  const auto version = file.take_number<std::uint8_t>();
  if (version < 1 || version > 3) file.fail("expected version 1 to 3 of .npy, found ", version);
  file.take(1);  // the minor version, always 0 so far
  const std::uint64_t length =
      version == 1 ? file.take_number<std::uint16_t>() : file.take_number<std::uint32_t>();
  const NpyHeader header(file.take_text(length), file);
  return to_tensor<T>({*header.type, *header.is_fortran_order, *header.shape, file.left()}, file);
}

template <NumpyElement T>
Bytes format_npy(TensorView<const T> x) {
  constexpr NumpyType type = numpy_type<T>();
  std::string header = str_cat("{'descr': '", type.bytes == 1 ? '|' : '<', type.kind, type.bytes,
                               "', 'fortran_order': False, 'shape': ", x.shape(), ", }");
  constexpr std::size_t alignment_of_elements = 64;
  const std::size_t before = npy_magic.size() + 2 + sizeof(std::uint16_t);
  const std::size_t size = before + header.size() + 1;  // 1 for the newline
  header.append((alignment_of_elements - size % alignment_of_elements) % alignment_of_elements,
                ' ');
  header += '\n';

  Bytes bytes;
  append_text(bytes, npy_magic);
  append_number<std::uint16_t>(bytes, 1);  // the version, 1.0
  append_number(bytes, static_cast<std::uint16_t>(header.size()));
  append_text(bytes, header);
  const Index payload = checked_product("npy", x.size(), sizeof(T));
  bytes.reserve(static_cast<std::size_t>(checked_sum("npy", std::ssize(bytes), payload)));
  const auto append_all = [&bytes](const T* begin, const T* end) {
    for (; begin != end; ++begin)
      append_number(bytes, std::bit_cast<UnsignedOf<sizeof(T)>>(*begin));
  };
  if (x.is_contiguous()) {
    append_all(x.data(), x.data() + x.size());
  } else {
    const Tensor<T> dense = copy(x);
    append_all(dense.begin(), dense.end());
  }
  return bytes;
}

}  // namespace detail

/// Reads an array that numpy.save wrote: versions 1 to 3 of the format, either byte order, C or
/// Fortran order. Elements are converted to T as described at NumpyElement.
/// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
/// @throws FormatError for another format or type, for an element that T cannot hold, or if there
///   are more or fewer bytes than the shape needs; IoError if the file cannot be read.
template <NumpyElement T>
Tensor<T> read_npy(const std::filesystem::path& path) {
  const auto bytes = detail::read_file(path);
  return detail::parse_npy<T>({bytes, str_cat("read_npy: ", path.string())});
}

/// Writes x like numpy.save, for numpy.load. @throws IoError if the file cannot be written.
template <AnyTensor X>
  requires NumpyElement<Element<X>>
void write_npy(const std::filesystem::path& path, const X& x) {
  detail::write_file(path, detail::format_npy(const_view(x)));
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
