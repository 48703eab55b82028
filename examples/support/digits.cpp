#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <system_error>

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

void announce_digits(const std::string& origin, Index train_count, Index test_count) {
  std::printf("data: %s: %td for training, %td for test\n", origin.c_str(), train_count,
              test_count);
  std::fflush(stdout);  // before the progress, which goes to stderr
}

template Digits<float> load_digits(const Options&, const std::filesystem::path&);

}  // namespace dlfs::examples
