#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "ch07/im2col.hpp"
#include "ch07/simple_convnet.hpp"
#include "dlfs/io/mnist.hpp"
#include "dlfs/io/weights.hpp"
#include "support/expect_tensor.hpp"
#include "support/program.hpp"

namespace dlfs {
namespace {

TEST(Chapter7, Im2colGivesARowForEachPosition) {
  Rng rng(1);
  const auto x = random_normal<double>({10, 3, 7, 7}, rng);
  const auto patches = ch07::im2col(x, {.kernel = 5});
  ASSERT_EQ(patches.shape(), (Shape{90, 75}));
  // Position (1, 2) of image 4: the first rows of its channels.
  const auto row = patches[4 * 9 + 1 * 3 + 2];
  for (Index channel = 0; channel < 3; ++channel) {
    for (Index tap = 0; tap < 5; ++tap) {
      EXPECT_EQ(row(channel * 25 + tap), x(4, channel, 1, 2 + tap));
    }
  }
}

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
