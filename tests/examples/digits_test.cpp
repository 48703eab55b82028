#include "support/digits.hpp"

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "examples/environment.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs::examples {
namespace {

using test::ScopedVariable;
using test::TemporaryFolder;

/// MNIST in small: every pixel of the i-th image is i.
void write_mnist(const TemporaryFolder& folder, std::uint32_t train_count,
                 std::uint32_t test_count) {
  for (const auto& [part, count] : {std::pair{"train", train_count}, {"t10k", test_count}}) {
    test::Bytes pixels;
    test::Bytes labels;
    for (std::uint32_t i = 0; i < count; ++i) {
      pixels.insert(pixels.end(), 28 * 28, static_cast<std::uint8_t>(i));
      labels.push_back(static_cast<std::uint8_t>(i % 10));
    }
    folder.write(str_cat(part, "-images-idx3-ubyte"), test::idx({count, 28, 28}, pixels));
    folder.write(str_cat(part, "-labels-idx1-ubyte"), test::idx({count}, labels));
  }
}

struct Loaded {
  Digits<float> digits;
  std::string output;
};

Loaded load(const Options& options, const std::filesystem::path& in_repository) {
  testing::internal::CaptureStdout();
  Digits<float> digits = load_digits<float>(options, in_repository);
  return {std::move(digits), testing::internal::GetCapturedStdout()};
}

class LoadDigits : public testing::Test {
 protected:
  ScopedVariable no_environment_{"DLFS_DATA", std::nullopt};
  TemporaryFolder given_;
  TemporaryFolder environment_;
  TemporaryFolder repository_;
};

TEST_F(LoadDigits, PrefersTheOptionThenTheEnvironmentThenTheRepository) {
  write_mnist(given_, 3, 1);
  write_mnist(environment_, 4, 1);
  write_mnist(repository_, 5, 1);

  const Loaded from_repository = load({}, repository_.path());
  EXPECT_EQ(from_repository.digits.name, "MNIST");
  EXPECT_EQ(from_repository.digits.train.size(), 5);
  EXPECT_EQ(from_repository.digits.test.size(), 1);
  EXPECT_EQ(from_repository.output, str_cat("data: MNIST in ", repository_.path().string(),
                                            ": 5 for training, 1 for test\n"));

  const ScopedVariable variable("DLFS_DATA", environment_.path().string());
  EXPECT_EQ(load({}, repository_.path()).digits.train.size(), 4);
  EXPECT_EQ(load({.data = given_.path()}, repository_.path()).digits.train.size(), 3);
}

TEST_F(LoadDigits, PassesOverAnEnvironmentWithoutMnist) {
  write_mnist(repository_, 5, 1);
  const ScopedVariable variable("DLFS_DATA", environment_.path().string());
  EXPECT_EQ(load({}, repository_.path()).digits.train.size(), 5);
}

TEST_F(LoadDigits, GeneratesDigitsWhereMnistIsMissingAndSaysSo) {
  const Loaded loaded = load({.seed = 3, .quick = true}, repository_.path());
  EXPECT_EQ(loaded.digits.name, "generated digits");
  EXPECT_EQ(loaded.digits.train.inputs.shape(), Shape({2000, 1, 28, 28}));
  EXPECT_EQ(loaded.digits.test.inputs.shape(), Shape({500, 1, 28, 28}));
  EXPECT_EQ(loaded.output, str_cat("data: MNIST is not in ", repository_.path().string(),
                                   ", and $DLFS_DATA is not set\n"
                                   "data: to fetch it: cmake -P cmake/mnist.cmake\n"
                                   "data: generated digits: 2000 for training, 500 for test\n"));

  const ScopedVariable variable("DLFS_DATA", "/nowhere");
  const Loaded again = load({.seed = 4, .quick = true}, repository_.path());
  EXPECT_NE(again.output.find(", and not in $DLFS_DATA, /nowhere\n"), std::string::npos)
      << again.output;
  EXPECT_TRUE(std::equal(loaded.digits.train.inputs.begin(), loaded.digits.train.inputs.end(),
                         again.digits.train.inputs.begin()))
      << "the digits depend on the seed of the program";
}

TEST_F(LoadDigits, TrainingAndTestDigitsDiffer) {
  const auto digits = load({.quick = true}, repository_.path()).digits;
  EXPECT_FALSE(std::equal(digits.test.inputs.begin(), digits.test.inputs.end(),
                          digits.train.inputs.begin()));
}

TEST_F(LoadDigits, QuickTakesTheFirstOfMnist) {
  write_mnist(repository_, 2100, 600);
  const auto digits = load({.quick = true}, repository_.path()).digits;
  EXPECT_EQ(digits.train.size(), 2000);
  EXPECT_EQ(digits.test.size(), 500);
  EXPECT_EQ(digits.train.inputs(1, 0, 0, 0), 1.0f / 255);
  EXPECT_EQ(digits.train.targets(1999), 9);
}

TEST_F(LoadDigits, AFolderThatIsNamedMustHoldMnist) {
  write_mnist(repository_, 5, 1);
  const auto error = [&](const std::filesystem::path& data) {
    return test::error_of<IoError>([&] { load_digits<float>({.data = data}, repository_.path()); });
  };
  EXPECT_EQ(error("/nowhere"), "load_mnist: there is no folder /nowhere");
  EXPECT_EQ(error(given_.path()), str_cat("load_mnist: neither train-images-idx3-ubyte nor "
                                          "train-images-idx3-ubyte.gz is in ",
                                          given_.path().string()));
}

TEST_F(LoadDigits, ABrokenMnistIsNeverReplacedByGeneratedDigits) {
  write_mnist(repository_, 5, 1);
  std::filesystem::remove(repository_.path() / "t10k-labels-idx1-ubyte");
  EXPECT_EQ(
      test::error_of<IoError>([&] { load_digits<float>({}, repository_.path()); }),
      str_cat("load_mnist: neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz is in ",
              repository_.path().string()));

  repository_.write("t10k-labels-idx1-ubyte", {0, 0, 8});
  EXPECT_NE(test::error_of<FormatError>([&] {
              load_digits<float>({}, repository_.path());
            }).find("t10k-labels-idx1-ubyte"),
            std::string::npos);
}

}  // namespace
}  // namespace dlfs::examples
