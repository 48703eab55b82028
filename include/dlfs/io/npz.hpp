#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/named_view.hpp"
#include "dlfs/io/npy.hpp"
#include "dlfs/io/zip.hpp"
#include "dlfs/nn/parameter.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

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
