#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "ch03/forward_network.hpp"
#include "ch03/sample_network.hpp"
#include "ch03/softmax.hpp"
#include "dlfs/io/mnist.hpp"
#include "dlfs/io/weights.hpp"
#include "support/expect_tensor.hpp"
#include "support/program.hpp"

// The numbers are those of the book's Python, to the last digit of a double.

namespace dlfs {
namespace {

using test::expect_close;
using test::expect_equal;

TEST(Chapter3, ActivationsAtAndBesideZero) {
  const auto x = array<double>({-1, 0, 2});
  expect_equal(ch03::step_function(x), array<double>({0, 0, 1}));
  expect_equal(ch03::relu(x), array<double>({0, 0, 2}));
  expect_close(ch03::sigmoid(x), array<double>({0.2689414213699951, 0.5, 0.8807970779778823}),
               1e-15);
}

TEST(Chapter3, ForwardNetworkHasTheBooksSignals) {
  const auto [a1, z1, a2, z2, y] = ch03::forward(ch03::init_network(), array<double>({{1, 0.5}}));
  expect_close(a1, array<double>({{0.3, 0.7, 1.1}}), 1e-12);
  expect_close(z1, array<double>({{0.574442516811659, 0.668187772168166, 0.7502601055951177}}),
               1e-12);
  expect_close(a2, array<double>({{0.5161598377933344, 1.214026956165817}}), 1e-12);
  expect_close(z2, array<double>({{0.6262493703990729, 0.7710106968556123}}), 1e-12);
  expect_close(y, array<double>({{0.3168270764110298, 0.6962790898619668}}), 1e-12);
}

TEST(Chapter3, SoftmaxSubtractsTheLargest) {
  expect_close(ch03::softmax(array<double>({0.3, 2.9, 4.0})),
               array<double>({0.018211273295547527, 0.24519181293507392, 0.7365969137693786}),
               1e-12);
  const auto y = ch03::softmax(array<double>({1010, 1000, 990}));
  EXPECT_NEAR(y(0), 0.999954600070331, 1e-12);
  EXPECT_NEAR(y(1) / 4.539786860886666e-05, 1, 1e-12);
  EXPECT_NEAR(y(2) / 2.061060046209062e-09, 1, 1e-12);
  for (double value : ch03::overflowing_softmax(array<double>({1010, 1000, 990}))) {
    EXPECT_TRUE(std::isnan(value));
  }
}

/// How much of MNIST's test images the sample network classifies rightly.
double accuracy_with(const std::filesystem::path& weights, const std::filesystem::path& data) {
  auto network = ch03::sample_network();
  load_weights(weights, network);
  return accuracy(network, load_mnist<float>(data).test);
}

TEST(Chapter3, OurSampleWeightsReadMnistAsWellAsTheBooks) {
  const char* data = std::getenv("DLFS_DATA");
  if (data == nullptr) GTEST_SKIP() << "DLFS_DATA does not name the folder of MNIST";
  EXPECT_GE(accuracy_with(examples::in_examples("ch03/sample_weight.npz"), data), 0.935);
}

TEST(Chapter3, TheBooksSampleWeightsHaveTheBooksAccuracy) {
  const char* data = std::getenv("DLFS_DATA");
  const char* book = std::getenv("DLFS_BOOK");
  if (data == nullptr) GTEST_SKIP() << "DLFS_DATA does not name the folder of MNIST";
  if (book == nullptr) GTEST_SKIP() << "DLFS_BOOK does not name the folder of the book's weights";
  EXPECT_EQ(accuracy_with(std::filesystem::path(book) / "sample_weight.pkl", data), 0.9352);
}

}  // namespace
}  // namespace dlfs
