#include "dlfs/io/jpeg.hpp"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>

#include "dlfs/io/npz.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::Bytes;
using test::error_of;
using test::fixture;

#if defined(DLFS_HAS_JPEG)

/// The error that reading these bytes ends with, after the path.
std::string error_of_jpeg(const Bytes& bytes) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("x.jpg", bytes);
  const auto text = error_of<FormatError>([&] { read_jpeg(path); });
  const std::string prefix = "read_jpeg: " + path + ": ";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

/// The length of the header up to a marker, 0xff and this byte.
std::size_t place_of(const Bytes& bytes, std::uint8_t marker) {
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    if (bytes[i] == 0xff && bytes[i + 1] == marker) return i;
  }
  return bytes.size();
}

TEST(ReadJpeg, ReadsThePixelsThatPillowReads) {
  const NpzFile expected(fixture("jpeg_pixels.npz"));
  for (const std::string& name : expected.names()) {
    const auto pixels = read_jpeg(fixture(name + ".jpg"));
    const auto of_pillow = expected.read<std::uint8_t>(name);
    const Shape& shape = of_pillow.shape();
    EXPECT_EQ(pixels.shape(), (Shape{shape[0], shape[1], shape.rank() == 3 ? shape[2] : 1}));
    ASSERT_EQ(pixels.size(), of_pillow.size());
    for (Index i = 0; i < pixels.size(); ++i) {
      // Libraries may round differently.
      EXPECT_LE(std::abs(pixels.data()[i] - of_pillow.data()[i]), 2) << name << ' ' << i;
    }
  }
}

TEST(ReadJpeg, FourComponentsAreAFormatError) {
  EXPECT_EQ(error_of_jpeg(test::read_bytes(fixture("cmyk.jpg"))),
            "expected a grey image or one of red, green and blue, found 4 components");
}

TEST(ReadJpeg, WhatIsNoImageIsAFormatError) {
  EXPECT_EQ(error_of_jpeg({}), "Premature end of input file");
  EXPECT_EQ(error_of_jpeg(test::bytes("no image")), "Not a JPEG file: starts with 0x6e 0x6f");
}

TEST(ReadJpeg, AFileThatIsCutOffAnywhereIsAFormatError) {
  for (const std::string name : {"rgb.jpg", "progressive.jpg", "grey.jpg"}) {
    Bytes bytes = test::read_bytes(fixture(name));
    while (!bytes.empty()) {
      bytes.pop_back();
      EXPECT_NE(error_of_jpeg(bytes), "not thrown") << name << ' ' << bytes.size();
    }
  }
}

TEST(ReadJpeg, DamageThatTheLibraryOnlyWarnsOfIsAFormatError) {
  Bytes bytes = test::read_bytes(fixture("grey.jpg"));
  const std::size_t scan = place_of(bytes, 0xda);
  bytes[scan + 12] = 0xff;  // a marker in the middle of the pixels
  bytes[scan + 13] = 0xd9;
  EXPECT_EQ(error_of_jpeg(bytes), "Corrupt JPEG data: premature end of data segment");
}

TEST(ReadJpeg, APromiseThatTheBytesCannotHoldIsAFormatErrorBeforeMemoryIsTaken) {
  Bytes bytes = test::read_bytes(fixture("progressive.jpg"));
  const std::size_t frame = place_of(bytes, 0xc2);
  for (const std::size_t i : {std::size_t{5}, std::size_t{7}}) {  // the height and the width
    bytes[frame + i] = 0xff;
    bytes[frame + i + 1] = 0x00;
  }
  EXPECT_EQ(error_of_jpeg(bytes), str_cat("truncated: ", bytes.size(),
                                          " bytes cannot hold the promised 65280 x 65280 pixels"));
}

#else

TEST(ReadJpeg, WithoutTheLibraryItIsAnIoErrorThatNamesIt) {
  EXPECT_EQ(error_of<IoError>([] { read_jpeg(fixture("rgb.jpg")); }),
            "cannot read " + fixture("rgb.jpg") +
                ": dlfs::io was configured without libjpeg. Install it (on Debian libjpeg-dev) and "
                "configure with -D DLFS_JPEG=ON");
}

#endif

}  // namespace
}  // namespace dlfs
