#include "dlfs/io/mnist.hpp"

#include <cstdlib>
#include <functional>
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

TEST(LoadMnist, AnEmptyFolderInPlaceOfAFileIsAnIoError) {
  const MnistFiles files;
  std::filesystem::remove(files.path("train-images-idx3-ubyte"));
  std::filesystem::create_directory(files.path("train-images-idx3-ubyte"));
  EXPECT_EQ(files.io_error(),
            "load_mnist: neither train-images-idx3-ubyte nor train-images-idx3-ubyte.gz is in " +
                files.folder.path().string());
}

TEST(LoadMnist, ReadsFilesByTheirOtherNamesAndPlaces) {
  const auto moved = [](const std::function<std::string(const std::string&)>& place) {
    const MnistFiles files;
    for (const std::string name : {"train-images-idx3-ubyte", "train-labels-idx1-ubyte",
                                   "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"}) {
      const std::filesystem::path to = files.path(place(name)), between = files.path("between");
      std::filesystem::rename(files.path(name), between);
      std::filesystem::create_directories(to.parent_path());
      std::filesystem::rename(between, to);
    }
    expect_the_digits(load_mnist<float>(files.folder.path()));
    EXPECT_EQ(load_mnist_bytes(files.folder.path()).train.targets(2), 9);
  };
  const auto with_dot = [](std::string name) {
    name[name.find("-idx")] = '.';
    return name;
  };
  moved(with_dot);
  moved([](const std::string& name) { return "raw/" + name; });
  moved([](const std::string& name) { return "MNIST/raw/" + name; });
  moved([](const std::string& name) { return name + "/" + name; });
  moved([&](const std::string& name) { return with_dot(name) + "/" + with_dot(name); });
}

/// QMNIST's labels: rows of eight numbers, the first of which is the digit.
Bytes q_labels(const std::vector<std::uint32_t>& digits) {
  Bytes bytes{0, 0, 12, 2};
  const auto append = [&](std::uint32_t number) {
    for (const int shift : {24, 16, 8, 0}) {
      bytes.push_back(static_cast<std::uint8_t>(number >> shift));
    }
  };
  append(static_cast<std::uint32_t>(digits.size()));
  append(8);
  for (const std::uint32_t digit : digits) {
    append(digit);
    for (std::uint32_t i = 1; i < 8; ++i) append(1000 * i);
  }
  return bytes;
}

TEST(LoadMnist, ReadsQmnistWhereThereIsNoMnist) {
  const MnistFiles files;
  std::filesystem::rename(files.path("train-images-idx3-ubyte"),
                          files.path("qmnist-train-images-idx3-ubyte"));
  std::filesystem::rename(files.path("t10k-images-idx3-ubyte"),
                          files.path("qmnist-test-images-idx3-ubyte"));
  files.folder.write("qmnist-train-labels-idx2-int.gz", test::gzip(q_labels({5, 0, 9})));
  files.folder.write("qmnist-test-labels-idx2-int", q_labels({7, 2}));
  expect_the_digits(load_mnist<float>(files.folder.path()));
  files.folder.write("qmnist-test-labels-idx2-int", q_labels({7, 0xffffffff}));
  EXPECT_EQ(files.format_error(), "load_mnist: " + files.path("qmnist-test-labels-idx2-int") +
                                      ": label 1 is -1, expected 0 to 9");
  files.folder.write("qmnist-test-labels-idx2-int", Bytes{0, 0, 12, 1, 0, 0, 0, 0});
  EXPECT_EQ(files.format_error(), "load_mnist: " + files.path("qmnist-test-labels-idx2-int") +
                                      ": expected labels of shape (N, 8), found (0,)");
}

TEST(LoadEmnist, LoadsASplitFromAnyOfItsPlaces) {
  for (const std::string place : {"", "gzip/", "raw/", "EMNIST/raw/"}) {
    const test::TemporaryFolder folder;
    std::filesystem::create_directories(folder.path() / place);
    for (const std::string part : {"train", "test"}) {
      const std::string beginning = place + "emnist-letters-" + part;
      folder.write(beginning + "-images-idx3-ubyte.gz",
                   test::gzip(test::idx({2, 28, 28}, Bytes(2 * 28 * 28, 7))));
      folder.write(beginning + "-labels-idx1-ubyte", test::idx({2}, {1, 26}));
    }
    const ByteDatasets letters = load_emnist(folder.path(), "letters");
    EXPECT_EQ(letters.train.inputs.shape(), (Shape{2, 1, 28, 28}));
    EXPECT_EQ(letters.test.targets(1), 26);
    EXPECT_EQ(error_of<IoError>([&] { load_emnist(folder.path(), "digits"); }),
              "load_emnist: neither emnist-digits-train-images-idx3-ubyte nor "
              "emnist-digits-train-images-idx3-ubyte.gz is in " +
                  folder.path().string());
    folder.write(place + "emnist-letters-test-labels-idx1-ubyte", test::idx({2}, {1, 27}));
    EXPECT_TRUE(error_of<FormatError>([&] {
                  load_emnist(folder.path(), "letters");
                }).ends_with("label 1 is 27, expected 0 to 26"));
  }
  EXPECT_EQ(error_of<IoError>([] { load_emnist("nowhere", "mnist"); }),
            "load_emnist: there is no folder nowhere");
  EXPECT_EQ(error_of<ValueError>([] { load_emnist("nowhere", "numbers"); }),
            "load_emnist: expected the split byclass, bymerge, balanced, letters, digits or mnist, "
            "got 'numbers'");
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
