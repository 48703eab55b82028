#include "dlfs/io/mnist.hpp"

#include <cstdlib>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/tensor/comparison.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::Bytes;
using test::error_of;

/// A folder of three training and two test digits, to be broken by a test.
struct MnistFiles {
  MnistFiles() {
    write_images("train", 3);
    write_labels("train", {5, 0, 9});
    write_images("t10k", 2);
    write_labels("t10k", {7, 2});
  }

  /// Image i has all pixels 51 i.
  void write_images(const std::string& part, std::uint32_t count) const {
    Bytes pixels;
    for (std::uint32_t i = 0; i < count; ++i) {
      pixels.insert(pixels.end(), 28 * 28, static_cast<std::uint8_t>(51 * i));
    }
    folder.write(part + "-images-idx3-ubyte", test::idx({count, 28, 28}, pixels));
  }
  void write_labels(const std::string& part, const Bytes& labels) const {
    folder.write(part + "-labels-idx1-ubyte",
                 test::idx({static_cast<std::uint32_t>(labels.size())}, labels));
  }
  std::string path(const std::string& name) const { return (folder.path() / name).string(); }

  std::string format_error() const {
    return error_of<FormatError>([&] { load_mnist<float>(folder.path()); });
  }
  std::string io_error() const {
    return error_of<IoError>([&] { load_mnist<float>(folder.path()); });
  }

  test::TemporaryFolder folder;
};

template <class T>
void expect_the_digits(const Mnist<T>& mnist) {
  EXPECT_EQ(mnist.train.inputs.shape(), (Shape{3, 1, 28, 28}));
  EXPECT_EQ(mnist.train.targets.shape(), (Shape{3}));
  EXPECT_EQ(mnist.train.inputs(0, 0, 27, 27), T(0));
  EXPECT_EQ(mnist.train.inputs(1, 0, 0, 0), T(51) / T(255));
  EXPECT_EQ(mnist.train.inputs(2, 0, 27, 27), T(102) / T(255));
  EXPECT_EQ(mnist.train.targets(0), 5);
  EXPECT_EQ(mnist.train.targets(2), 9);
  EXPECT_EQ(mnist.test.inputs.shape(), (Shape{2, 1, 28, 28}));
  EXPECT_EQ(mnist.test.targets(1), 2);
}

TEST(LoadMnist, ReadsPlainFilesAsFloatOrDouble) {
  const MnistFiles files;
  expect_the_digits(load_mnist<float>(files.folder.path()));
  expect_the_digits(load_mnist<double>(files.folder.path()));
}

TEST(LoadMnist, ReadsCompressedFilesAndAMixture) {
  const MnistFiles files;
  for (const std::string name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                 "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
    const Bytes bytes = GzipFile(files.path(name)).read(1 << 20);
    files.folder.write(name + ".gz", test::gzip(bytes));
    std::filesystem::remove(files.path(name));
    expect_the_digits(load_mnist<float>(files.folder.path()));
  }
}

TEST(LoadMnist, BytesBecomeTheSameNumbers) {
  const MnistFiles files;
  const auto bytes = load_mnist_bytes(files.folder.path());
  const auto numbers = load_mnist<float>(files.folder.path());
  Dataset<float> batch;
  bytes.train.take(std::vector<Index>{0, 1, 2}, batch);
  EXPECT_TRUE(array_equal(batch.inputs, numbers.train.inputs));
  EXPECT_TRUE(array_equal(batch.targets, numbers.train.targets));
  EXPECT_EQ(bytes.test.inputs.shape(), (Shape{2, 1, 28, 28}));
}

TEST(LoadMnist, AMissingFolderIsAnIoErrorThatNamesIt) {
  const MnistFiles files;
  EXPECT_EQ(error_of<IoError>([&] { load_mnist<float>(files.path("nowhere")); }),
            "load_mnist: there is no folder " + files.path("nowhere"));
}

TEST(LoadMnist, AMissingFileIsAnIoErrorThatNamesItAndTheFolder) {
  const MnistFiles files;
  std::filesystem::remove(files.path("t10k-labels-idx1-ubyte"));
  EXPECT_EQ(files.io_error(),
            "load_mnist: neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz is in " +
                files.folder.path().string());
}

TEST(LoadMnist, AFolderInPlaceOfAFileIsAnIoError) {
  const MnistFiles files;
  std::filesystem::remove(files.path("train-images-idx3-ubyte"));
  std::filesystem::create_directory(files.path("train-images-idx3-ubyte"));
  EXPECT_EQ(files.io_error(),
            "cannot open " + files.path("train-images-idx3-ubyte") + ": Is a directory");
}

TEST(LoadMnist, ImagesAndLabelsOfDifferentCountsAreAFormatErrorThatNamesBothFiles) {
  const MnistFiles files;
  files.write_labels("train", {5, 0});
  EXPECT_EQ(files.format_error(), "load_mnist: 3 images in " +
                                      files.path("train-images-idx3-ubyte") + ", but 2 labels in " +
                                      files.path("train-labels-idx1-ubyte"));
}

TEST(LoadMnist, ALabelAboveNineIsAFormatErrorWithItsIndexAndValue) {
  const MnistFiles files;
  files.write_labels("t10k", {7, 10});
  EXPECT_EQ(files.format_error(), "load_mnist: " + files.path("t10k-labels-idx1-ubyte") +
                                      ": label 1 is 10, expected 0 to 9");
}

TEST(LoadMnist, ImagesOfAnotherSizeOrRankAreAFormatErrorWithTheirShape) {
  const MnistFiles files;
  const std::string name = "train-images-idx3-ubyte";
  const std::string expected = ": expected images of shape (N, 28, 28), found ";
  files.folder.write(name, test::idx({3, 28, 27}, Bytes(3 * 28 * 27)));
  EXPECT_EQ(files.format_error(), "load_mnist: " + files.path(name) + expected + "(3, 28, 27)");
  files.folder.write(name, test::idx({3, 14, 28}, Bytes(3 * 14 * 28)));
  EXPECT_EQ(files.format_error(), "load_mnist: " + files.path(name) + expected + "(3, 14, 28)");
  files.folder.write(name, test::idx({3}, Bytes(3)));
  EXPECT_EQ(files.format_error(), "load_mnist: " + files.path(name) + expected + "(3,)");
}

TEST(LoadMnist, LabelsOfAnotherRankAreAFormatErrorWithTheirShape) {
  const MnistFiles files;
  files.folder.write("t10k-labels-idx1-ubyte", test::idx({2, 1}, {7, 2}));
  EXPECT_EQ(files.format_error(), "load_mnist: " + files.path("t10k-labels-idx1-ubyte") +
                                      ": expected labels of shape (N,), found (2, 1)");
}

TEST(LoadMnist, ATruncatedFileIsAFormatErrorThatNamesIt) {
  const MnistFiles files;
  files.folder.write("train-labels-idx1-ubyte", test::idx({3}, {5, 0}));
  EXPECT_EQ(files.format_error(),
            "read_idx: " + files.path("train-labels-idx1-ubyte") +
                ": truncated: the header promises (3,), which is 3 bytes, found 2");
}

TEST(LoadMnist, TheRealFilesHoldTheKnownDigits) {
  const char* folder = std::getenv("DLFS_DATA");
  if (folder == nullptr) GTEST_SKIP() << "DLFS_DATA does not name the folder of MNIST";
  const auto mnist = load_mnist<float>(folder);
  EXPECT_EQ(mnist.train.inputs.shape(), (Shape{60000, 1, 28, 28}));
  EXPECT_EQ(mnist.test.inputs.shape(), (Shape{10000, 1, 28, 28}));
  EXPECT_EQ(mnist.train.targets(0), 5);
  EXPECT_EQ(mnist.test.targets(0), 7);
  // The mean pixel of the training images, a figure found in many a program: 0.1307.
  const double sum = std::accumulate(mnist.train.inputs.begin(), mnist.train.inputs.end(), 0.0);
  EXPECT_NEAR(sum / static_cast<double>(mnist.train.inputs.size()), 0.13066, 1e-5);
}

}  // namespace
}  // namespace dlfs
