#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "dlfs/io/named_view.hpp"
#include "dlfs/io/npy.hpp"
#include "dlfs/io/zip.hpp"
#include "dlfs/nn/parameter.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

class NamedArray;

namespace detail {

inline constexpr std::string_view npy_ending = ".npy";

template <NumpyElement T>
std::vector<NamedTensor<T>> parse_npz(const FileBytes& file);

void add_to_archive(ZipWriter& archive, const NamedArray& array, NpzCompression compression);

}  // namespace detail

/// An array of any element type to write, and its name.
class NamedArray {
 public:
  ///@{
  /// A name and what is written under it. Owns the tensor if it is expiring.
  template <class X>
    requires AnyTensor<std::remove_cvref_t<X>> && NumpyElement<Element<std::remove_cvref_t<X>>>
    NamedArray(std::string name, X&& x)
        : NamedArray(
              NamedView<Element<std::remove_cvref_t<X>>>(std::move(name), std::forward<X>(x))) {}
    template <NumpyElement T>
    NamedArray(NamedView<T> view)
        : name_(view.name),
          size_(detail::NpyContents<T>(view.value).size()),
          write_([view = std::move(view)](detail::ByteSink& out) {
            detail::NpyContents<T>(view.value).write(out);
          }) {}
    ///@}

    ///@{
    /// The array's name in the file.
    const std::string& name() const& { return name_; }
    const std::string& name() const&& = delete;
    ///@}

   private:
    friend void detail::add_to_archive(detail::ZipWriter&, const NamedArray&, NpzCompression);

    std::string name_;
    std::uint64_t size_;
    detail::ZipWriter::Write write_;
};

/// Adds the array as a .npy file.
inline void detail::add_to_archive(ZipWriter& archive, const NamedArray& array,
                                   NpzCompression compression) {
  archive.add(str_cat(array.name_, npy_ending), array.size_, compression, array.write_);
}
/// An .npz archive that is read array by array. Only the list of the arrays is in memory.
///
///   const NpzFile file("data.npz");
///   const auto images = file.read<float>("images");
///   const auto labels = file.read<std::int64_t>("labels");
///
/// Files in the archive that are no arrays are ignored. An array of a type that no tensor has, such
/// as text, is an error only when it is read itself.
class NpzFile {
 public:
  /// @throws FormatError for a file that is no archive, is damaged, or has two arrays of one name;
  ///   IoError if the file cannot be read.
  explicit NpzFile(const std::filesystem::path& path)
      : NpzFile(detail::FileBytes(path, "read_npz")) {}

  ///@{
  /// The names of the arrays, in the order of the file.
  const std::vector<std::string>& names() const& { return names_; }
  const std::vector<std::string>& names() const&& = delete;
  ///@}
  /// Whether there is an array of this name.
  bool contains(std::string_view name) const {
    return std::find(names_.begin(), names_.end(), name) != names_.end();
  }

  /// Its shape. @throws FormatError like read.
  Shape shape(std::string_view name) const { return *header(name).shape; }
  /// NumPy's name of its element type, such as "float32". @throws FormatError like read.
  std::string type(std::string_view name) const { return to_string(*header(name).type); }

  /// Reads one array. Elements are converted to T as described at NumpyElement.
  /// @throws FormatError that names the array, for an array that read_npy refuses, that is missing,
  ///   damaged (a wrong checksum) or encrypted; IoError like read_npy.
  template <NumpyElement T>
  Tensor<T> read(std::string_view name) const {
    return detail::parse_npy<T>(*archive_.open(find(name)));
  }

 private:
  template <NumpyElement T>
  friend std::vector<NamedTensor<T>> detail::parse_npz(const detail::FileBytes& file);

  explicit NpzFile(detail::FileBytes file) : archive_(std::move(file)) {
    for (const detail::ZipEntry& entry : archive_.entries()) {
      if (!entry.name.ends_with(detail::npy_ending)) continue;
      names_.push_back(entry.name.substr(0, entry.name.size() - detail::npy_ending.size()));
    }
    std::vector<std::string_view> sorted(names_.begin(), names_.end());
    std::sort(sorted.begin(), sorted.end());
    const auto same = std::adjacent_find(sorted.begin(), sorted.end());
    if (same != sorted.end()) archive_.file().fail("two arrays have the name '", *same, "'");
  }

  const detail::ZipEntry& find(std::string_view name) const {
    for (const detail::ZipEntry& entry : archive_.entries()) {
      if (entry.name.size() == name.size() + detail::npy_ending.size() &&
          entry.name.starts_with(name) && entry.name.ends_with(detail::npy_ending)) {
        return entry;
      }
    }
    std::string others;
    for (const std::string& other : names_) others += str_cat(others.empty() ? "" : ", ", other);
    archive_.file().fail("there is no array '", name, "', there are: ", others);
  }

  detail::NpyHeader header(std::string_view name) const {
    return detail::parse_npy_header(*archive_.open(find(name)));
  }

  detail::ZipReader archive_;
  std::vector<std::string> names_;
};

namespace detail {

template <NumpyElement T>
std::vector<NamedTensor<T>> parse_npz(const FileBytes& file) {
  const NpzFile archive(file);
  std::vector<NamedTensor<T>> tensors;
  for (const std::string& name : archive.names()) {
    tensors.emplace_back(name, archive.read<T>(name));
  }
  return tensors;
}

}  // namespace detail

/// Reads all arrays of an archive that numpy.savez or numpy.savez_compressed wrote, in the order of
/// the file. Elements are converted to T as described at NumpyElement. Files in it that are no
/// arrays, and bytes after its end, are ignored. The memory is that of the tensors and less than
/// 16 MiB; a file of n bytes can hold tensors of at most 1032 n bytes.
/// @throws FormatError that names the array, for an array that NpzFile::read refuses, and for an
///   archive that is truncated or damaged; IoError if the file cannot be read.
template <NumpyElement T>
std::vector<NamedTensor<T>> read_npz(const std::filesystem::path& path) {
  return detail::parse_npz<T>(detail::FileBytes(path, "read_npz"));
}

/// Reads one array of an archive, whatever else is in it. @throws like NpzFile and its read.
template <NumpyElement T>
Tensor<T> read_npz(const std::filesystem::path& path, std::string_view name) {
  return NpzFile(path).read<T>(name);
}

/// Writes an archive of arrays of any types for numpy.load:
///
///   write_npz("data.npz", {{"images", images}, {"labels", labels}}, NpzCompression::deflated);
///
/// The memory is less than 16 MiB. An array of 4 GB or more makes it an archive of zip64.
/// @throws ValueError for a name that is used twice; IoError if the file cannot be written.
inline void write_npz(const std::filesystem::path& path, const std::vector<NamedArray>& arrays,
                      NpzCompression compression = NpzCompression::stored,
                      Sync sync = Sync::on_return) {
  std::set<std::string_view> names;
  for (const NamedArray& array : arrays) {
    if (names.insert(array.name()).second) continue;
    throw ValueError("write_npz: two arrays have the name '", array.name(), "'");
  }
  detail::FileWriter file(path, sync);
  detail::ZipWriter archive(file);
  for (const NamedArray& array : arrays) detail::add_to_archive(archive, array, compression);
  archive.finish();
  file.commit();
}

/// The same of arrays of one type:
///
///   write_npz<float>("weights.npz", {{"W1", W1}, {"b1", b1}});
///
/// @throws like the other.
template <NumpyElement T>
void write_npz(const std::filesystem::path& path, const std::vector<NamedView<T>>& tensors,
               NpzCompression compression = NpzCompression::stored, Sync sync = Sync::on_return) {
  write_npz(path, std::vector<NamedArray>(tensors.begin(), tensors.end()), compression, sync);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
