#include "dlfs/io/png.hpp"

#include <gtest/gtest.h>

#include "io/files.hpp"

namespace dlfs {
namespace {

using tests::Bytes;
using tests::error_of;
using tests::fixture;

void expect_pixels(const std::string& name, const Shape& shape, const Bytes& values) {
  const auto pixels = read_png(fixture(name));
  EXPECT_EQ(pixels.shape(), shape) << name;
  EXPECT_EQ(Bytes(pixels.begin(), pixels.end()), values) << name;
}

TEST(ReadPng, ReadsEveryKindAsEightBits) {
  expect_pixels("grey1.png", {1, 8, 1}, {255, 0, 255, 0, 0, 0, 0, 0});
  expect_pixels("grey8.png", {2, 2, 1}, {0, 100, 200, 255});
  expect_pixels("grey16.png", {1, 3, 1}, {0, 100, 255});
  expect_pixels("grey_alpha8.png", {1, 2, 2}, {10, 20, 30, 255});
  expect_pixels("rgb8.png", {2, 1, 3}, {1, 2, 3, 4, 5, 6});
  expect_pixels("rgb16.png", {1, 1, 3}, {1, 2, 3});
  expect_pixels("rgba8.png", {1, 1, 4}, {1, 2, 3, 128});
  expect_pixels("palette4.png", {1, 2, 3}, {255, 0, 0, 0, 255, 0});
  expect_pixels("palette_alpha.png", {1, 2, 4}, {255, 0, 0, 128, 0, 255, 0, 255});
}

TEST(ReadPng, WhatIsNoImageIsAFormatErrorThatNamesTheFile) {
  const tests::TemporaryFolder folder;
  const auto path = folder.write("x.png", tests::bytes("no image"));
  EXPECT_EQ(error_of<FormatError>([&] { read_png(path); }),
            "read_png: " + path + ": Not a PNG file");
  folder.write("x.png", {});
  EXPECT_TRUE(error_of<FormatError>([&] { read_png(path); }).starts_with("read_png: " + path));
}

TEST(ReadPng, ADamagedImageIsAFormatError) {
  const tests::TemporaryFolder folder;
  Bytes bytes = tests::read_bytes(fixture("rgb8.png"));
  bytes[bytes.size() - 12 - 1] ^= 1;  // in the checksum of the pixels
  const auto path = folder.write("x.png", bytes);
  EXPECT_EQ(error_of<FormatError>([&] { read_png(path); }),
            "read_png: " + path + ": IDAT: CRC error");
  bytes.resize(bytes.size() - 12 - 8);
  folder.write("x.png", bytes);
  EXPECT_TRUE(error_of<FormatError>([&] { read_png(path); }).starts_with("read_png: " + path));
}

TEST(ReadPng, APromiseThatTheBytesCannotHoldIsAFormatErrorBeforeMemoryIsTaken) {
  EXPECT_EQ(error_of<FormatError>([] { read_png(fixture("bomb.png")); }),
            "read_png: " + fixture("bomb.png") +
                ": truncated: 67 bytes cannot hold the promised 900000 x 900000 pixels");
}

TEST(WritePng, RoundTripsEveryNumberOfChannels) {
  const tests::TemporaryFolder folder;
  const auto path = folder.path() / "x.png";
  for (const Index channels : {1, 2, 3, 4}) {
    Tensor<std::uint8_t> pixels({5, 7, channels});
    for (Index i = 0; i < pixels.size(); ++i) pixels.data()[i] = static_cast<std::uint8_t>(37 * i);
    write_png(path, pixels);
    const auto read = read_png(path);
    EXPECT_EQ(read.shape(), pixels.shape());
    EXPECT_TRUE(std::equal(read.begin(), read.end(), pixels.begin())) << channels;
  }
}

TEST(WritePng, WritesMatricesAndViewsThatAreNotContiguous) {
  const tests::TemporaryFolder folder;
  const auto path = folder.path() / "x.png";
  const auto pixels = array<std::uint8_t>({{1, 2, 3}, {4, 5, 6}});
  write_png(path, pixels.transpose());
  const auto read = read_png(path);
  EXPECT_EQ(read.shape(), (Shape{3, 2, 1}));
  EXPECT_EQ(Bytes(read.begin(), read.end()), (Bytes{1, 4, 2, 5, 3, 6}));
}

TEST(WritePng, AnotherShapeIsAShapeError) {
  for (const Shape& shape :
       {Shape{3}, Shape{2, 2, 5}, Shape{2, 2, 0}, Shape{0, 2}, Shape{1, 1, 1, 1}}) {
    EXPECT_EQ(error_of<ShapeError>([&] { write_png("unwritten", Tensor<std::uint8_t>(shape)); }),
              "write_png: expected pixels (H, W) or (H, W, C), of 1 to 4 channels, got " +
                  to_string(shape));
  }
  const Tensor<std::uint8_t> pixel({1, 1});
  EXPECT_TRUE(error_of<ShapeError>([&] {
                write_png("unwritten", pixel.view().broadcast_to({1, 2000000}));
              }).starts_with("write_png: (1, 2000000): "));
}

}  // namespace
}  // namespace dlfs
