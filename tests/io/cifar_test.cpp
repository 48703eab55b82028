#include "dlfs/io/cifar.hpp"

#include <gtest/gtest.h>

#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::Bytes;
using test::error_of;

/// A record: the labels, and pixels that are all `value` but for the last.
Bytes cifar_record(const Bytes& labels, std::uint8_t value, std::uint8_t last) {
  Bytes bytes = labels;
  bytes.insert(bytes.end(), 3 * 32 * 32, value);
  bytes.back() = last;
  return bytes;
}

struct Cifar10Files {
  Cifar10Files() {
    for (std::uint8_t i = 1; i <= 5; ++i) {
      folder.write("data_batch_" + std::to_string(i) + ".bin",
                   test::join({cifar_record({i}, i, 0), cifar_record({0}, 100, i)}));
    }
    folder.write("test_batch.bin", cifar_record({9}, 7, 255));
  }
  std::string path(const std::string& name) const { return (folder.path() / name).string(); }

  test::TemporaryFolder folder;
};

TEST(LoadCifar, Cifar10HasTheRecordsOfSixFiles) {
  const Cifar10Files files;
  const auto cifar = load_cifar10(files.folder.path());
  EXPECT_EQ(cifar.train.inputs.shape(), (Shape{10, 3, 32, 32}));
  EXPECT_EQ(cifar.test.inputs.shape(), (Shape{1, 3, 32, 32}));
  for (Index i = 0; i < 5; ++i) {
    EXPECT_EQ(cifar.train.targets(2 * i), i + 1);
    EXPECT_EQ(cifar.train.targets(2 * i + 1), 0);
    EXPECT_EQ(cifar.train.inputs(2 * i, 0, 0, 0), i + 1);
    EXPECT_EQ(cifar.train.inputs(2 * i + 1, 2, 31, 31), i + 1);
  }
  EXPECT_EQ(cifar.test.targets(0), 9);
  EXPECT_EQ(cifar.test.inputs(0, 2, 31, 31), 255);
}

TEST(LoadCifar, Cifar100HasFineOrCoarseLabels) {
  const test::TemporaryFolder folder;
  folder.write("train.bin",
               test::join({cifar_record({19, 99}, 1, 2), cifar_record({3, 20}, 3, 4)}));
  folder.write("test.bin", Bytes{});
  const auto fine = load_cifar100(folder.path());
  EXPECT_EQ(fine.train.inputs.shape(), (Shape{2, 3, 32, 32}));
  EXPECT_EQ(fine.train.targets(0), 99);
  EXPECT_EQ(fine.train.targets(1), 20);
  EXPECT_EQ(fine.train.inputs(1, 2, 31, 31), 4);
  EXPECT_EQ(fine.test.size(), 0);
  EXPECT_EQ(load_cifar100(folder.path(), CifarLabels::coarse).train.targets(0), 19);
}

TEST(LoadCifar, ATruncatedOrDamagedFileIsAnErrorThatNamesIt) {
  const Cifar10Files files;
  const auto error = [&] {
    return error_of<FormatError>([&] { load_cifar10(files.folder.path()); });
  };
  const auto path = files.path("data_batch_3.bin");
  files.folder.write("data_batch_3.bin", Bytes(3 * 3073 - 1));
  EXPECT_EQ(error(),
            "load_cifar10: " + path + ": expected records of 3073 bytes, found 9218 bytes");
  files.folder.write("data_batch_3.bin",
                     test::join({cifar_record({9}, 0, 0), cifar_record({10}, 0, 0)}));
  EXPECT_EQ(error(), "load_cifar10: " + path + ": the label of record 1 is 10, expected 0 to 9");
  // A gzip stream of the size of a record, which holds less.
  auto zipped = test::gzip(Bytes(100));
  zipped.resize(3073);
  files.folder.write("data_batch_3.bin", zipped);
  EXPECT_NE(error(), "not thrown");
  std::filesystem::remove(path);
  EXPECT_EQ(error_of<IoError>([&] { load_cifar10(files.folder.path()); }),
            "load_cifar10: cannot read " + path + ": No such file or directory");
}

}  // namespace
}  // namespace dlfs
