#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "dlfs/data/byte_dataset.hpp"
#include "dlfs/io/gzip.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The labels of CIFAR-100.
enum class CifarLabels {
  fine,    ///< 100 classes
  coarse,  ///< 20 superclasses
};

namespace detail {

/// How the records of a binary version of CIFAR begin: the number of labels, the place of the one
/// that is wanted, and the number of its classes.
struct CifarRecord {
  std::size_t labels;
  std::size_t wanted;
  int classes;
};

/// Images and labels out of files of records: the labels, then 32 x 32 bytes of red, of green and
/// of blue.
inline ByteDataset load_cifar_part(std::string_view operation, const std::filesystem::path& folder,
                                   const std::vector<std::string>& names,
                                   const CifarRecord& record) {
  constexpr std::size_t pixels = 3 * 32 * 32;
  const std::size_t record_size = record.labels + pixels;
  std::vector<std::size_t> counts;  // of the records of each file
  std::size_t count = 0;
  for (const std::string& name : names) {
    const std::string path = (folder / name).string();
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    if (error) throw IoError(operation, ": cannot read ", path, ": ", error.message());
    if (size % record_size != 0) {
      throw FormatError(operation, ": ", path, ": expected records of ", record_size,
                        " bytes, found ", size, " bytes");
    }
    counts.push_back(size / record_size);
    count += counts.back();
  }

  const auto n = static_cast<Index>(count);
  ByteDataset dataset{Tensor<std::uint8_t>::uninitialized({n, 3, 32, 32}), Labels({n})};
  std::uint8_t* image = dataset.inputs.data();
  std::int32_t* label = dataset.targets.data();
  for (std::size_t i = 0; i < names.size(); ++i) {
    GzipFile file(folder / names[i]);
    for (std::size_t k = 0; k < counts[i]; ++k, image += pixels) {
      std::array<std::uint8_t, 2> labels{};
      const auto read = [&](std::span<std::uint8_t> out) {
        if (file.read(out) < out.size()) {
          throw FormatError(operation, ": ", file.path(), ": truncated at record ", k);
        }
      };
      read(std::span(labels).first(record.labels));
      read({image, pixels});
      const int found = labels[record.wanted];
      if (found >= record.classes) {
        throw FormatError(operation, ": ", file.path(), ": the label of record ", k, " is ", found,
                          ", expected 0 to ", record.classes - 1);
      }
      *label++ = found;
    }
  }
  return dataset;
}

}  // namespace detail

/// Loads CIFAR-10 in its binary version: data_batch_1.bin to data_batch_5.bin, and test_batch.bin.
///
///   inputs (N, 3, 32, 32), red, green, blue   targets (N), the classes 0 to 9
///
/// Source: Krizhevsky, "Learning multiple layers of features from tiny images" (2009);
/// https://www.cs.toronto.edu/~kriz/cifar.html
/// @throws IoError that names a missing or unreadable file; FormatError that names the file, for a
///   size that is no number of records, and for a label out of range.
inline ByteDatasets load_cifar10(const std::filesystem::path& folder) {
  const auto load = [&](const std::vector<std::string>& names) {
    return detail::load_cifar_part("load_cifar10", folder, names,
                                   {.labels = 1, .wanted = 0, .classes = 10});
  };
  return {load({"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
                "data_batch_5.bin"}),
          load({"test_batch.bin"})};
}

/// Loads CIFAR-100 in its binary version: train.bin and test.bin.
///
///   inputs (N, 3, 32, 32), red, green, blue   targets (N), 0 to 99, or 0 to 19 if coarse
///
/// @throws IoError, FormatError like load_cifar10.
inline ByteDatasets load_cifar100(const std::filesystem::path& folder,
                                  CifarLabels labels = CifarLabels::fine) {
  const bool is_fine = labels == CifarLabels::fine;
  const auto load = [&](const std::string& name) {
    return detail::load_cifar_part(
        "load_cifar100", folder, {name},
        {.labels = 2, .wanted = is_fine ? 1u : 0u, .classes = is_fine ? 100 : 20});
  };
  return {load("train.bin"), load("test.bin")};
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
