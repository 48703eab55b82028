#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "ch08/deep_convnet.hpp"
#include "ch08/misclassified.hpp"
#include "ch08/number_formats.hpp"
#include "dlfs/io/mnist.hpp"
#include "dlfs/io/weights.hpp"
#include "support/program.hpp"

namespace dlfs {
namespace {

/// MNIST's test images, and the deep network with the book's weights.
template <class T>
class BooksDeepNetwork : public testing::Test {
 protected:
  void SetUp() override {
    const char* book = std::getenv("DLFS_BOOK");
    const char* data = std::getenv("DLFS_DATA");
    if (book == nullptr) GTEST_SKIP() << "DLFS_BOOK does not name the folder of the book's files";
    if (data == nullptr) GTEST_SKIP() << "DLFS_DATA does not name the folder of MNIST";
    load_weights(std::filesystem::path(book) / "deep_convnet_params.pkl", network_);
    test_ = load_mnist<T>(data).test;
  }

  Rng rng_{0};
  Sequential<T> network_ = deep_convnet<T>(rng_);
  Dataset<T> test_;
};
using Scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(BooksDeepNetwork, Scalars);

/// The first 20 mistakes of the book's weights: image, label and guess.
const std::vector<std::array<Index, 3>> books_mistakes = {
    {445, 6, 0},  {449, 3, 5},  {450, 3, 5},  {582, 8, 3},  {726, 7, 3},
    {900, 1, 3},  {947, 8, 9},  {1014, 6, 0}, {1182, 6, 5}, {1226, 7, 2},
    {1232, 9, 4}, {1260, 7, 1}, {1393, 5, 3}, {1527, 1, 3}, {1621, 0, 6},
    {1901, 9, 4}, {2070, 7, 9}, {2118, 6, 0}, {2129, 9, 8}, {2130, 4, 9}};

template <class T>
void expect_books_mistakes(const Sequential<T>& network, const Dataset<T>& test) {
  const auto mistakes = ch08::mistakes(network, test);
  ASSERT_EQ(mistakes.size(), 65u);
  for (std::size_t i = 0; i < books_mistakes.size(); ++i) {
    const auto& [image, label, guess] = mistakes[i];
    EXPECT_EQ((std::array<Index, 3>{image, label, guess}), books_mistakes[i]);
  }
}

TYPED_TEST(BooksDeepNetwork, MistakesAreTheBooks) {
  expect_books_mistakes(this->network_, this->test_);
}

TYPED_TEST(BooksDeepNetwork, MistakesAreTheSameInFloat16) {
  ch08::round_weights_to<Eigen::half>(this->network_);
  this->test_.inputs = ch08::rounded_to<Eigen::half>(this->test_.inputs);
  expect_books_mistakes(this->network_, this->test_);
}

TYPED_TEST(BooksDeepNetwork, LosesNextToNothingInAQuarterOfTheSize) {
  auto stored = this->network_;
  const Index bytes = ch08::round_weights_to<float>(stored);
  const Index quantized_bytes = ch08::quantize_weights(this->network_);
  EXPECT_NEAR(static_cast<double>(quantized_bytes) / static_cast<double>(bytes), 0.25, 0.01);
  EXPECT_NEAR(accuracy(this->network_, this->test_), 0.9935, 0.001);
}

TEST(ShippedWeights, OfChapter8ReachTheAccuracyOfTheirPage) {
  const char* data = std::getenv("DLFS_DATA");
  if (data == nullptr) GTEST_SKIP() << "DLFS_DATA does not name the folder of MNIST";
  Rng rng(0);
  auto network = deep_convnet<float>(rng);
  load_weights(examples::in_examples("ch08/deep_convnet_params.npz"), network);
  EXPECT_NEAR(accuracy(network, load_mnist<float>(data).test), 0.9936, 1e-4);
}

}  // namespace
}  // namespace dlfs
