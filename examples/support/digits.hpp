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

/// The digits that a program uses, and the name that it prints.
template <std::floating_point T>
struct Digits {
  std::string name;
  Dataset<T> train;
  Dataset<T> test;
};

/// The folder `data/mnist` of the repository from which the program was built.
std::filesystem::path mnist_in_repository();

/// The folder of MNIST: `given` unless that is empty, else $DLFS_DATA, else `in_repository`. The
/// last two count only where they hold a file of MNIST. Says so on stdout where neither does.
std::optional<std::filesystem::path> find_mnist(const std::filesystem::path& given,
                                                const std::filesystem::path& in_repository);

/// Prints one line: which digits, and how many.
void announce_digits(const std::string& origin, Index train_count, Index test_count);

/// Loads MNIST where `find_mnist` finds it, else generates digits, whose seed is fixed. With
/// --quick: the first 2000 for training and the first 500 for test.
/// @throws IoError or FormatError, as load_mnist does, where the folder exists but MNIST in it is
///   incomplete, or where --data names a folder that does not exist.
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
