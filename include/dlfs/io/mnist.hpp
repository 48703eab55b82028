#pragma once

#include <concepts>
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
inline ByteDataset load_mnist_part(const std::filesystem::path& folder, const std::string& part) {
  const auto images = find_mnist_file(folder, part + "-images-idx3-ubyte");
  const auto labels = find_mnist_file(folder, part + "-labels-idx1-ubyte");
  return load_idx_pair("load_mnist", images, labels, 10, {28, 28});
}

inline void expect_mnist_folder(const std::filesystem::path& folder) {
  std::error_code not_found;
  if (std::filesystem::is_directory(folder, not_found)) return;
  throw IoError("load_mnist: there is no folder ", folder.string());
}

}  // namespace detail

/// Loads the four files of MNIST, each plain or with the ending .gz, and verifies them: magic
/// numbers, sizes, 28 x 28 pixels, equal numbers of labels and images, labels 0 to 9.
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

}  // namespace dlfs
DLFS_STRICT_MATH_END
