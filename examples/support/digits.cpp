#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <system_error>
#include <utility>

#include "dlfs/data/generated_digits.hpp"
#include "dlfs/io/mnist.hpp"
#include "support/digits.hpp"

namespace dlfs::examples {

namespace {

/// Whether the folder holds any file of MNIST. Where it does, a missing file is an error.
bool holds_mnist(const std::filesystem::path& folder) {
  for (const char* name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                           "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    for (const char* ending : {"", ".gz"}) {
      std::error_code not_found;
      if (std::filesystem::exists(folder / str_cat(name, ending), not_found)) return true;
    }
  }
  return false;
}

/// Generated digits, whose pixels are k / 255, as bytes.
ByteDataset generated_bytes(Index count, const Rng& rng) {
  const Dataset<float> digits = generated_digits<float>(count, rng);
  ByteDataset bytes{Tensor<std::uint8_t>::uninitialized(digits.inputs.shape()), digits.targets};
  std::transform(digits.inputs.begin(), digits.inputs.end(), bytes.inputs.begin(),
                 [](float pixel) { return static_cast<std::uint8_t>(std::lround(255 * pixel)); });
  return bytes;
}

}  // namespace

std::filesystem::path mnist_in_repository() { return DLFS_SOURCE_DATA_DIR; }

std::optional<std::filesystem::path> find_mnist(const std::filesystem::path& given,
                                                const std::filesystem::path& in_repository) {
  if (!given.empty()) return given;
  const char* variable = std::getenv("DLFS_DATA");
  const std::filesystem::path from_environment = variable != nullptr ? variable : "";
  for (const auto& folder : {from_environment, in_repository}) {
    if (!folder.empty() && holds_mnist(folder)) return folder;
  }
  const std::string elsewhere = from_environment.empty()
                                    ? "$DLFS_DATA is not set"
                                    : str_cat("not in $DLFS_DATA, ", from_environment.string());
  std::printf(
      "data: MNIST is not in %s, and %s\n"
      "data: to fetch it: cmake -P cmake/mnist.cmake\n",
      in_repository.c_str(), elsewhere.c_str());
  return {};
}

DigitsOf<ByteDataset> load_digit_bytes(const Options& options,
                                       const std::filesystem::path& in_repository) {
  constexpr Index quick_train = 2000;
  constexpr Index quick_test = 500;
  const auto shorten = [&](ByteDataset& digits, Index quick_count) {
    if (options.quick && digits.size() > quick_count) digits = slice(digits, 0, quick_count);
  };

  DigitsOf<ByteDataset> digits;
  std::string origin;
  if (const auto folder = find_mnist(options.data, in_repository)) {
    auto [train, test] = load_mnist_bytes(*folder);
    digits = {"MNIST", std::move(train), std::move(test)};
    shorten(digits.train, quick_train);
    shorten(digits.test, quick_test);
    origin = str_cat("MNIST in ", folder->string());
  } else {
    const Rng rng{0};
    digits = {"generated digits",
              generated_bytes(options.quick ? quick_train : 60000, rng.stream(0)),
              generated_bytes(options.quick ? quick_test : 10000, rng.stream(1))};
    origin = digits.name;
  }
  std::printf("data: %s: %td for training, %td for test\n", origin.c_str(), digits.train.size(),
              digits.test.size());
  std::fflush(stdout);  // before the progress, which goes to stderr
  return digits;
}

}  // namespace dlfs::examples
