#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

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

/// `name` or `name`.gz in the folder. @throws IoError if neither exists.
inline std::filesystem::path find_mnist_file(const std::filesystem::path& folder,
                                             const std::string& name) {
  std::error_code not_found;
  std::filesystem::path path = folder / name;
  if (std::filesystem::exists(path, not_found)) return path;
  path += ".gz";
  if (std::filesystem::exists(path, not_found)) return path;
  throw IoError("load_mnist: neither ", name, " nor ", name, ".gz is in ", folder.string());
}

/// One part of MNIST, "train" or "t10k".
template <std::floating_point T>
Dataset<T> load_mnist_part(const std::filesystem::path& folder, const std::string& part) {
  const auto images_path = find_mnist_file(folder, part + "-images-idx3-ubyte");
  const auto labels_path = find_mnist_file(folder, part + "-labels-idx1-ubyte");
  const auto images = read_idx(images_path);
  const auto labels = read_idx(labels_path);
  if (images.rank() != 3 || images.extent(1) != 28 || images.extent(2) != 28) {
    throw FormatError("load_mnist: ", images_path.string(),
                      ": expected images of shape (N, 28, 28), found ", images.shape());
  }
  if (labels.rank() != 1) {
    throw FormatError("load_mnist: ", labels_path.string(),
                      ": expected labels of shape (N,), found ", labels.shape());
  }
  if (images.extent(0) != labels.extent(0)) {
    throw FormatError("load_mnist: ", images.extent(0), " images in ", images_path.string(),
                      ", but ", labels.extent(0), " labels in ", labels_path.string());
  }
  for (Index n = 0; n < labels.size(); ++n) {
    if (labels.data()[n] <= 9) continue;
    throw FormatError("load_mnist: ", labels_path.string(), ": label ", n, " is ", labels.data()[n],
                      ", expected 0 to 9");
  }

  Dataset<T> dataset{Tensor<T>::uninitialized({images.extent(0), 1, 28, 28}),
                     Labels::uninitialized(labels.shape())};
  std::transform(images.begin(), images.end(), dataset.inputs.begin(),
                 [](std::uint8_t pixel) { return static_cast<T>(pixel) / 255; });
  std::copy(labels.begin(), labels.end(), dataset.targets.begin());
  return dataset;
}

}  // namespace detail

/// Loads the four files of MNIST, each plain or with the ending .gz, and verifies them: magic
/// numbers, sizes, 28 x 28 pixels, equal numbers of labels and images, labels 0 to 9.
/// @throws IoError that names a missing or unreadable folder or file, FormatError that names the
///   file, what was expected and what was found.
template <std::floating_point T>
Mnist<T> load_mnist(const std::filesystem::path& folder) {
  std::error_code not_found;
  if (!std::filesystem::is_directory(folder, not_found)) {
    throw IoError("load_mnist: there is no folder ", folder.string());
  }
  return {detail::load_mnist_part<T>(folder, "train"), detail::load_mnist_part<T>(folder, "t10k")};
}

#if defined(DLFS_COMPILED_IO)
extern template Mnist<float> load_mnist(const std::filesystem::path&);
extern template Mnist<double> load_mnist(const std::filesystem::path&);
#endif

}  // namespace dlfs
DLFS_STRICT_MATH_END
