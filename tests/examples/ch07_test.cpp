#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "ch07/simple_convnet.hpp"
#include "dlfs/io/mnist.hpp"
#include "dlfs/io/weights.hpp"
#include "support/program.hpp"

namespace dlfs {
namespace {

/// How many of MNIST's test images the network classifies rightly with weights of a file.
template <class T>
void expect_right(const std::filesystem::path& weights, int expected) {
  const char* data = std::getenv("DLFS_DATA");
  if (data == nullptr) GTEST_SKIP() << "DLFS_DATA does not name the folder of MNIST";
  Rng rng(0);
  auto network = simple_convnet<T>(rng);
  load_weights(weights, network);
  EXPECT_EQ(std::lround(10000 * accuracy(network, load_mnist<T>(data).test)), expected);
}

TEST(BookWeights, OfChapter7Classify9890) {
  const char* book = std::getenv("DLFS_BOOK");
  if (book == nullptr) GTEST_SKIP() << "DLFS_BOOK does not name the folder of the book's files";
  expect_right<float>(std::filesystem::path(book) / "params.pkl", 9890);
  expect_right<double>(std::filesystem::path(book) / "params.pkl", 9890);
}

TEST(ShippedWeights, OfChapter7ReachTheAccuracyOfTheirPage) {
  expect_right<float>(examples::in_examples("ch07/params.npz"), 9874);
}

}  // namespace
}  // namespace dlfs
