#pragma once

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/npy.hpp"
#include "dlfs/io/zip.hpp"
#include "dlfs/nn/parameter.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A tensor to write, and its name. Owns the tensor if it was expiring.
template <class T>
struct NamedView {
  ///@{
  /// A name and what is written under it.
  NamedView(std::string name_, TensorView<const T> value_)
      : name(std::move(name_)), value(value_) {}
  NamedView(std::string name_, const Tensor<T>& value_)
      : NamedView(std::move(name_), value_.view()) {}
  NamedView(std::string name_, Tensor<T>&& expiring)
      : name(std::move(name_)),
        owned(std::make_shared<const Tensor<T>>(std::move(expiring))),
        value(*owned) {}
  NamedView(std::string name_, const Tensor<T>&& expiring) = delete;
  NamedView(const NamedTensor<T>& tensor) : NamedView(tensor.name, tensor.value) {}
  NamedView(NamedTensor<T>&& expiring)
      : NamedView(std::move(expiring.name), std::move(expiring.value)) {}
  NamedView(const NamedTensor<T>&& expiring) = delete;
  ///@}

  std::string name;                          ///< the array's name in the file
  std::shared_ptr<const Tensor<T>> owned{};  ///< holds the tensor where it expires
  TensorView<const T> value;                 ///< what is written
};

namespace detail {

inline constexpr std::string_view npy_ending = ".npy";

template <NumpyElement T>
std::vector<NamedTensor<T>> parse_npz(const ByteReader& file) {
  const ZipReader archive(file);
  std::vector<NamedTensor<T>> tensors;
  std::set<std::string> names;
  for (const ZipEntry& entry : archive.entries()) {
    if (!entry.name.ends_with(npy_ending)) {
      file.fail("expected nothing but .npy files, found '", entry.name, "'");
    }
    std::string name = entry.name.substr(0, entry.name.size() - npy_ending.size());
    if (!names.insert(name).second) file.fail("two arrays have the name '", name, "'");
    const Bytes npy = archive.extract(entry);
    tensors.emplace_back(std::move(name),
                         parse_npy<T>({npy, str_cat(file.source(), ": ", entry.name)}));
  }
  return tensors;
}

}  // namespace detail

/// Reads an archive that numpy.savez or numpy.savez_compressed wrote, in the order of the file.
/// Elements are converted to T as described at NumpyElement.
/// @throws FormatError that names the array, for an array that read_npy refuses, and for an archive
///   that is truncated, damaged (a wrong checksum), encrypted, or holds files other than .npy;
///   IoError if the file cannot be read.
template <NumpyElement T>
std::vector<NamedTensor<T>> read_npz(const std::filesystem::path& path) {
  const auto bytes = detail::read_file(path);
  return detail::parse_npz<T>({bytes, str_cat("read_npz: ", path.string())});
}

/// Writes an archive for numpy.load:
///
///   write_npz<float>("weights.npz", {{"W1", W1}, {"b1", b1}}, NpzCompression::deflated);
///
/// @throws ValueError for a name that is used twice, or for 4 GB or more; IoError if the file
///   cannot be written.
template <NumpyElement T>
void write_npz(const std::filesystem::path& path, const std::vector<NamedView<T>>& tensors,
               NpzCompression compression = NpzCompression::stored) {
  detail::ZipWriter archive;
  std::set<std::string_view> names;
  for (const auto& [name, owned, value] : tensors) {
    if (!names.insert(name).second) {
      throw ValueError("write_npz: two arrays have the name '", name, "'");
    }
    archive.add(str_cat(name, detail::npy_ending), detail::format_npy(value), compression);
  }
  detail::write_file(path, std::move(archive).finish());
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
