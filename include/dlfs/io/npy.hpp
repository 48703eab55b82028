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
    if (text_.starts_with('L')) text_.remove_prefix(1);  // Python 2's long integers
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

/// The header of the .npy file that the stream begins with; the elements are left in the stream.
inline NpyHeader parse_npy_header(ByteStream& stream) {
  constexpr std::uint64_t longest_header = 1024 * 1024;
  const Bytes magic = stream.take(std::min<std::uint64_t>(npy_magic.size(), stream.left()));
  if (as_text(magic) != npy_magic) stream.name().fail("expected the magic of .npy");
  const auto take_number = [&]<class Unsigned>(Unsigned) {
    const Bytes bytes = stream.take(sizeof(Unsigned));
    return ByteReader(bytes, stream.name().source()).template take_number<Unsigned>();
  };
  const auto version = take_number(std::uint8_t());
  if (version < 1 || version > 3) {
    stream.name().fail("expected version 1 to 3 of .npy, found ", version);
  }
  stream.take(1);  // the minor version, always 0 so far
  const std::uint64_t length =
      version == 1 ? take_number(std::uint16_t()) : take_number(std::uint32_t());
  if (length > longest_header && length <= stream.left()) {
    stream.name().fail("a header of ", length, " bytes, which is more than ", longest_header);
  }
  const Bytes text = stream.take(length);
  return NpyHeader(as_text(text), stream.name());
}

template <NumpyElement T>
Tensor<T> parse_npy(ByteStream& stream) {
  const NpyHeader header = parse_npy_header(stream);
  return read_array<T>(*header.type, *header.is_fortran_order, *header.shape, stream);
}
template <NumpyElement T>
Tensor<T> parse_npy(const ByteReader& file) {
  FileStream stream((FileBytes(file)));
  return parse_npy<T>(stream);
}

/// What stands before the elements.
inline Bytes npy_head(const NumpyType& type, bool is_fortran_order, const Shape& shape) {
  const char order = type.bytes == 1 ? '|' : std::endian::native == std::endian::big ? '>' : '<';
  std::string header = str_cat("{'descr': '", order, type.kind, type.bytes,
                               "', 'fortran_order': ", is_fortran_order ? "True" : "False",
                               ", 'shape': ", shape, ", }");
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
  return bytes;
}

/// The bytes of a .npy file, which are written part by part.
template <NumpyElement T>
class NpyContents {
 public:
  /// As in NumPy, what lies in memory in Fortran order is written in Fortran order.
  explicit NpyContents(TensorView<const T> x)
      : x_(x.is_contiguous() || !x.transpose().is_contiguous() ? x : x.transpose()),
        head_(npy_head(numpy_type<T>(), !x.is_contiguous() && x_.is_contiguous(), x.shape())),
        size_(checked_sum("npy", std::ssize(head_),
                          checked_product("npy", x.size(), Index{sizeof(T)}))) {}

  std::uint64_t size() const { return static_cast<std::uint64_t>(size_); }

  void write(ByteSink& out) const {
    out.write(head_);
    if (x_.is_contiguous()) return write_elements(out, x_);
    auto part_of = Tensor<T>::uninitialized({std::min(x_.size(), elements_of_a_part)});
    for_each_part(x_.layout(), elements_of_a_part, [&](const Layout& part, Index first, Index) {
      const TensorView<T> dense(part_of.data(), part.shape);
      assign(dense, TensorView<const T>(x_.data() + first, part.shape, part.strides));
      write_elements(out, dense);
    });
  }

 private:
  static void write_elements(ByteSink& out, TensorView<const T> dense) {
    out.write({reinterpret_cast<const std::uint8_t*>(dense.data()),
               static_cast<std::size_t>(dense.size()) * sizeof(T)});
  }

  TensorView<const T> x_;  // in the order of the file
  Bytes head_;
  Index size_;
};

}  // namespace detail

/// Reads an array that numpy.save wrote: versions 1 to 3 of the format, either byte order, C or
/// Fortran order. Elements are converted to T as described at NumpyElement. They are read into
/// place: the memory is that of the tensor and less than 16 MiB.
/// Source: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
/// @throws FormatError for another format or type, for an element that T cannot hold, or if there
///   are more or fewer bytes than the shape needs; IoError if the file cannot be read, or the
///   tensor would be larger than the machine's memory.
template <NumpyElement T>
Tensor<T> read_npy(const std::filesystem::path& path) {
  detail::FileStream stream(detail::FileBytes(path, "read_npy"));
  return detail::parse_npy<T>(stream);
}

/// Writes x like numpy.save, for numpy.load: a transposed tensor is written in Fortran order. Takes
/// less than 16 MiB of memory. @throws IoError if the file cannot be written.
template <AnyTensor X>
  requires NumpyElement<Element<X>>
void write_npy(const std::filesystem::path& path, const X& x, Sync sync = Sync::on_return) {
  const detail::NpyContents<Element<X>> contents(const_view(x));
  detail::FileWriter file(path, sync);
  contents.write(file);
  file.commit();
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
