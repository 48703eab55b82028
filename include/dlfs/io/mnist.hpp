#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "dlfs/data/dataset.hpp"
#include "dlfs/io/idx.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The handwritten digits of LeCun, Cortes and Burges, or any dataset in the same four files.
///
///   inputs (N, 1, 28, 28), pixels in [0, 1]   targets (N), the digits 0 to 9
template <std::floating_point T>
struct Mnist {
  Dataset<T> train;  ///< the files `train-*`
  Dataset<T> test;   ///< the files `t10k-*`
};

namespace detail {

/// A file of one of these names, each plain or with the ending .gz: in the folder, in a folder of
/// the file's own name there, as Kaggle packs them, in raw/, or in `own`/raw/, as torchvision keeps
/// them. Empty if there is none.
inline std::filesystem::path find_idx_file(const std::filesystem::path& folder,
                                           const std::string& own,
                                           const std::vector<std::string>& names) {
  std::error_code not_found;
  const auto is_file = [&](const std::filesystem::path& path) {
    return std::filesystem::exists(path, not_found) &&
           !std::filesystem::is_directory(path, not_found);
  };
  for (const auto& place : {folder, folder / "raw", folder / own / "raw"}) {
    for (const std::string& name : names) {
      for (const auto& path : {place / name, place / (name + ".gz"), place / name / name}) {
        if (is_file(path)) return path;
      }
    }
  }
  return {};
}

/// "a-images-idx3-ubyte", and with a dot in place of the last dash but one.
inline std::vector<std::string> idx_names(const std::string& beginning, const std::string& type) {
  return {str_cat(beginning, "-", type), str_cat(beginning, ".", type)};
}

/// One part of MNIST, "train" or "t10k", or of QMNIST, where the folder has that.
inline ByteDataset load_mnist_part(const std::filesystem::path& folder, const std::string& part) {
  const Shape image{28, 28};
  constexpr Index digits = 10;
  const auto images = find_idx_file(folder, "MNIST", idx_names(part + "-images", "idx3-ubyte"));
  const auto labels = find_idx_file(folder, "MNIST", idx_names(part + "-labels", "idx1-ubyte"));
  if (!images.empty() && !labels.empty()) {
    return load_idx_pair("load_mnist", images, labels, digits, image);
  }
  const std::string qmnist = part == "train" ? "qmnist-train" : "qmnist-test";
  const auto q_images = find_idx_file(folder, "QMNIST", {qmnist + "-images-idx3-ubyte"});
  const auto q_labels = find_idx_file(folder, "QMNIST", {qmnist + "-labels-idx2-int"});
  if (!q_images.empty() && !q_labels.empty()) {
    // The digit, and seven numbers about its writer.
    const auto numbers = read_idx<std::int32_t>(q_labels);
    if (numbers.rank() != 2 || numbers.extent(1) == 0) {
      throw FormatError("load_mnist: ", q_labels.string(),
                        ": expected labels of shape (N, 8), found ", numbers.shape());
    }
    return pair_up("load_mnist", q_images, q_labels, numbers.view().transpose()[0], digits, image);
  }
  const std::string missing = images.empty() ? "-images-idx3-ubyte" : "-labels-idx1-ubyte";
  throw IoError("load_mnist: neither ", part, missing, " nor ", part, missing, ".gz is in ",
                folder.string());
}

inline void expect_mnist_folder(const std::filesystem::path& folder) {
  std::error_code not_found;
  if (std::filesystem::is_directory(folder, not_found)) return;
  throw IoError("load_mnist: there is no folder ", folder.string());
}

}  // namespace detail

/// Loads the four files of MNIST, and verifies them: magic numbers, sizes, 28 x 28 pixels, equal
/// numbers of labels and images, labels 0 to 9. Fashion-MNIST and KMNIST have the same names.
///
/// The files, such as train-images-idx3-ubyte, are plain or end in .gz, and may have a dot in their
/// name (train-images.idx3-ubyte). They are in the folder, in folders of their own names there (as
/// from Kaggle), in raw/ or in MNIST/raw/ (torchvision's). Where they are missing, the files of
/// QMNIST are loaded: qmnist-train-images-idx3-ubyte, qmnist-train-labels-idx2-int and so on.
/// @throws IoError that names a missing or unreadable folder or file, FormatError that names the
///   file, what was expected and what was found.
template <std::floating_point T>
Mnist<T> load_mnist(const std::filesystem::path& folder) {
  detail::expect_mnist_folder(folder);
  return {detail::load_mnist_part(folder, "train").template numbers<T>(),
          detail::load_mnist_part(folder, "t10k").template numbers<T>()};
}

#if defined(DLFS_COMPILED_IO)
extern template Mnist<float> load_mnist(const std::filesystem::path&);
extern template Mnist<double> load_mnist(const std::filesystem::path&);
#endif

/// The same with pixels as bytes, which batches turn into the same numbers. A training on them
/// takes a quarter of the memory.
/// @throws IoError, FormatError like load_mnist.
inline ByteDatasets load_mnist_bytes(const std::filesystem::path& folder) {
  detail::expect_mnist_folder(folder);
  return {detail::load_mnist_part(folder, "train"), detail::load_mnist_part(folder, "t10k")};
}

/// Loads a split of EMNIST, letters and digits: "byclass" (62 classes), "bymerge" and "balanced"
/// (47), "letters" (labels 1 to 26), "digits" or "mnist" (10). The files, such as
/// emnist-letters-train-images-idx3-ubyte, plain or ending in .gz, are in the folder, in gzip/ (as
/// in NIST's archive), in raw/ or in EMNIST/raw/.
///
///   inputs (N, 1, 28, 28)   targets (N)
///
/// The images are as they are stored: rows and columns are exchanged, compared with MNIST.
/// @throws ValueError for another split; IoError, FormatError like load_mnist.
inline ByteDatasets load_emnist(const std::filesystem::path& folder, const std::string& split) {
  constexpr std::pair<const char*, Index> splits[] = {{"byclass", 62},  {"bymerge", 47},
                                                      {"balanced", 47}, {"letters", 27},
                                                      {"digits", 10},   {"mnist", 10}};
  const auto found = std::find_if(std::begin(splits), std::end(splits),
                                  [&](const auto& known) { return split == known.first; });
  if (found == std::end(splits)) {
    throw ValueError(
        "load_emnist: expected the split byclass, bymerge, balanced, letters, digits "
        "or mnist, got '",
        split, "'");
  }
  std::error_code not_found;
  if (!std::filesystem::is_directory(folder, not_found)) {
    throw IoError("load_emnist: there is no folder ", folder.string());
  }
  const auto find = [&](const std::string& name) {
    for (const auto& place : {folder, folder / "gzip", folder / "raw" / "gzip"}) {
      auto path = detail::find_idx_file(place, "EMNIST", {name});
      if (!path.empty()) return path;
    }
    throw IoError("load_emnist: neither ", name, " nor ", name, ".gz is in ", folder.string());
  };
  const auto load = [&](const char* part) {
    const std::string beginning = str_cat("emnist-", split, "-", part);
    const auto images = find(beginning + "-images-idx3-ubyte");
    const auto labels = find(beginning + "-labels-idx1-ubyte");
    return detail::load_idx_pair("load_emnist", images, labels, found->second, {28, 28});
  };
  return {load("train"), load("test")};
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
