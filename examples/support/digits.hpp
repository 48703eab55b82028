#pragma once

#include <concepts>
#include <filesystem>
#include <optional>
#include <string>

#include "dlfs/data/byte_dataset.hpp"
#include "support/program.hpp"

namespace dlfs::examples {

/// The digits that a program uses, and the name that it prints.
template <class Samples>
struct DigitsOf {
  std::string name;
  Samples train;
  Samples test;
};
template <std::floating_point T>
using Digits = DigitsOf<Dataset<T>>;

/// The folder `data/mnist` of the repository from which the program was built.
std::filesystem::path mnist_in_repository();

/// The folder of MNIST: `given` unless that is empty, else $DLFS_DATA, else `in_repository`. The
/// last two count only where they hold a file of MNIST. Says so on stdout where neither does.
std::optional<std::filesystem::path> find_mnist(const std::filesystem::path& given,
                                                const std::filesystem::path& in_repository);

/// Loads MNIST where `find_mnist` finds it, else generates digits, whose seed is fixed. With
/// --quick: the first 2000 for training and the first 500 for test.
/// @throws IoError or FormatError, as load_mnist does, where the folder exists but MNIST in it is
///   incomplete, or where --data names a folder that does not exist.
DigitsOf<ByteDataset> load_digit_bytes(
    const Options& options, const std::filesystem::path& in_repository = mnist_in_repository());

/// The same as numbers from 0 to 1, for programs that compute with all of them.
template <std::floating_point T>
Digits<T> load_digits(const Options& options,
                      const std::filesystem::path& in_repository = mnist_in_repository()) {
  const auto [name, train, test] = load_digit_bytes(options, in_repository);
  return {name, train.template numbers<T>(), test.template numbers<T>()};
}

}  // namespace dlfs::examples
