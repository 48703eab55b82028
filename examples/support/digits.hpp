#pragma once

#include <algorithm>
#include <concepts>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "dlfs/data/generated_digits.hpp"
#include "dlfs/io/mnist.hpp"
#include "support/program.hpp"

namespace dlfs::examples {

/// The digits that a program works on, and their name for the reader.
template <std::floating_point T>
struct Digits {
  std::string name;
  Dataset<T> train;
  Dataset<T> test;
};

/// `data/mnist` in the repository that the program was built from.
std::filesystem::path mnist_in_repository();

/// The folder of MNIST: `given` unless that is empty, else $DLFS_DATA, else `in_repository`, each
/// of the last two where it holds a file of MNIST. Says on stdout where it is in neither.
std::optional<std::filesystem::path> find_mnist(const std::filesystem::path& given,
                                                const std::filesystem::path& in_repository);

/// One line on stdout: which digits, and how many.
void announce_digits(const std::string& origin, Index train_count, Index test_count);

/// MNIST where `find_mnist` finds it, else generated digits, which do not depend on the options'
/// seed. With --quick the first 2000 for training and 500 for test.
/// @throws IoError or FormatError, as load_mnist, where the folder is there and MNIST in it is not
///   whole, and where --data names no such folder.
template <std::floating_point T>
Digits<T> load_digits(const Options& options,
                      const std::filesystem::path& in_repository = mnist_in_repository()) {
  constexpr Index quick_train = 2000;
  constexpr Index quick_test = 500;
  const auto shorten = [&](Dataset<T> digits, Index quick_count) {
    if (!options.quick || digits.size() <= quick_count) return digits;
    return slice(digits, 0, quick_count);
  };

  Digits<T> digits;
  std::string origin;
  if (const auto folder = find_mnist(options.data, in_repository)) {
    Mnist<T> mnist = load_mnist<T>(*folder);
    digits = {"MNIST", shorten(std::move(mnist.train), quick_train),
              shorten(std::move(mnist.test), quick_test)};
    origin = str_cat("MNIST in ", folder->string());
  } else {
    const Rng rng{0};
    digits = {"generated digits",
              generated_digits<T>(options.quick ? quick_train : 60000, rng.stream(0)),
              generated_digits<T>(options.quick ? quick_test : 10000, rng.stream(1))};
    origin = digits.name;
  }
  announce_digits(origin, digits.train.size(), digits.test.size());
  return digits;
}

extern template Digits<float> load_digits(const Options&, const std::filesystem::path&);

}  // namespace dlfs::examples
