#include "dlfs/io/png.hpp"

#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::Bytes;
using test::error_of;
using test::fixture;

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

// Images that are put together here, of every kind, with every chunk that says how values look.

void append_big_endian(Bytes& bytes, std::uint32_t number, int count) {
  while (count-- > 0) bytes.push_back(static_cast<std::uint8_t>(number >> (8 * count)));
}

Bytes chunk(std::string_view name, const Bytes& data) {
  const Bytes named = test::join({test::bytes(name), data});
  Bytes bytes;
  append_big_endian(bytes, static_cast<std::uint32_t>(data.size()), 4);
  bytes.insert(bytes.end(), named.begin(), named.end());
  append_big_endian(
      bytes, static_cast<std::uint32_t>(crc32(0, named.data(), static_cast<uInt>(named.size()))),
      4);
  return bytes;
}

Bytes zlib_stream(const Bytes& bytes) {
  uLongf size = compressBound(bytes.size());
  Bytes stream(size);
  compress(stream.data(), &size, bytes.data(), bytes.size());
  stream.resize(size);
  return stream;
}

struct Kind {
  int color_type;
  int depth;
  int samples;  // of a pixel, as stored
};
constexpr Kind kinds[] = {{0, 1, 1}, {0, 2, 1},  {0, 4, 1},  {0, 8, 1}, {0, 16, 1},
                          {2, 8, 3}, {2, 16, 3}, {3, 1, 1},  {3, 2, 1}, {3, 4, 1},
                          {3, 8, 1}, {4, 8, 2},  {4, 16, 2}, {6, 8, 4}, {6, 16, 4}};

class Image {
 public:
  static constexpr int height = 5, width = 11;

  Image(const Kind& kind, bool is_interlaced, bool is_transparent)
      : kind_(kind), is_interlaced_(is_interlaced), is_transparent_(is_transparent) {}

  /// The file, with these chunks before its palette.
  Bytes file(const Bytes& chunks) const {
    Bytes head;
    append_big_endian(head, width, 4);
    append_big_endian(head, height, 4);
    for (const int byte : {kind_.depth, kind_.color_type, 0, 0, int{is_interlaced_}}) {
      head.push_back(static_cast<std::uint8_t>(byte));
    }
    Bytes palette, transparency;
    if (kind_.color_type == 3) {
      for (int i = 0; i < 1 << kind_.depth; ++i) {
        for (int channel = 0; channel < 3; ++channel) palette.push_back(color(i, channel));
        transparency.push_back(color(i, 3));
      }
    } else {
      for (int i = 0; i < kind_.samples; ++i) append_big_endian(transparency, sample(1, 2, i), 2);
    }
    return test::join({{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'},
                       chunk("IHDR", head),
                       chunks,
                       palette.empty() ? Bytes() : chunk("PLTE", palette),
                       is_transparent_ ? chunk("tRNS", transparency) : Bytes(),
                       chunk("IDAT", zlib_stream(rows())),
                       chunk("IEND", {})});
  }

  /// What read_png is to give: numbers up to `most`.
  template <class T>
  std::vector<T> values() const {
    constexpr T most = std::numeric_limits<T>::max();
    constexpr T of_byte = most / 255;
    std::vector<T> values;
    const std::uint32_t largest = (1u << kind_.depth) - 1;
    for (int y = 0; y < height; ++y) {
      for (int x = 0; x < width; ++x) {
        const auto first = sample(y, x, 0);
        if (kind_.color_type == 3) {
          for (int i = 0; i < channels(); ++i) {
            values.push_back(static_cast<T>(color(static_cast<int>(first), i) * of_byte));
          }
          continue;
        }
        bool is_transparent_color = true;
        for (int i = 0; i < kind_.samples; ++i) {
          values.push_back(static_cast<T>(std::lround(sample(y, x, i) * double{most} / largest)));
          is_transparent_color = is_transparent_color && sample(y, x, i) == sample(1, 2, i);
        }
        if (is_transparent_) values.push_back(is_transparent_color ? 0 : most);
      }
    }
    return values;
  }

  int channels() const { return (kind_.color_type == 3 ? 3 : kind_.samples) + is_transparent_; }

 private:
  std::uint32_t sample(int y, int x, int channel) const {
    const auto noise = static_cast<std::uint32_t>(y * width * 4 + x * 4 + channel) * 2654435761u;
    return noise >> (32 - kind_.depth);
  }

  static std::uint8_t color(int index, int channel) {
    return static_cast<std::uint8_t>(index * 37 + channel * 101 + 5);
  }

  /// The rows of each pass of Adam7, or all, each with its filter before it.
  Bytes rows() const {
    struct Pass {
      int y, x, dy, dx;
    };
    static constexpr Pass adam7[] = {{0, 0, 8, 8}, {0, 4, 8, 8}, {4, 0, 8, 4}, {0, 2, 4, 4},
                                     {2, 0, 4, 2}, {0, 1, 2, 2}, {1, 0, 2, 1}};
    static constexpr Pass all[] = {{0, 0, 1, 1}};
    Bytes bytes;
    for (const Pass& pass : is_interlaced_ ? std::span<const Pass>(adam7) : all) {
      for (int y = pass.y; y < height && pass.x < width; y += pass.dy) {
        bytes.push_back(0);  // no filter
        std::uint32_t bits = 0;
        int count = 0;
        for (int x = pass.x; x < width; x += pass.dx) {
          for (int i = 0; i < kind_.samples; ++i) {
            bits = bits << kind_.depth | sample(y, x, i);
            count += kind_.depth;
            if (count < 8) continue;
            append_big_endian(bytes, bits, count / 8);
            bits = 0;
            count = 0;
          }
        }
        if (count > 0) bytes.push_back(static_cast<std::uint8_t>(bits << (8 - count)));
      }
    }
    return bytes;
  }

  Kind kind_;
  bool is_interlaced_;
  bool is_transparent_;
};

struct NamedChunks {
  std::string name;
  Bytes bytes;
};

std::vector<NamedChunks> chunks_about_looks() {
  const auto gamma = [](std::uint32_t value) {
    Bytes data;
    append_big_endian(data, value, 4);
    return chunk("gAMA", data);
  };
  Bytes chromaticities;
  for (const std::uint32_t x : {31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000}) {
    append_big_endian(chromaticities, x, 4);
  }
  const Bytes profile =
      chunk("iCCP", test::join({{'x', 0, 0}, zlib_stream(test::bytes("no profile"))}));
  const Bytes standard = chunk("sRGB", {0});
  const Bytes primaries = chunk("cHRM", chromaticities);
  return {{"nothing", {}},
          {"gAMA 1", gamma(100000)},
          {"gAMA 1/2.2", gamma(45455)},
          {"gAMA 1/4.4", gamma(22727)},
          {"sRGB", standard},
          {"cHRM", primaries},
          {"iCCP", profile},
          {"sBIT", chunk("sBIT", {1})},
          {"gAMA and cHRM", test::join({gamma(100000), primaries})},
          {"sRGB, gAMA, cHRM", test::join({standard, gamma(45455), primaries})},
          {"iCCP and gAMA", test::join({profile, gamma(100000)})}};
}

TEST(ReadPng, ValuesAreThoseThatAreStoredWhateverTheFileSaysAboutTheirLooks) {
  const test::TemporaryFolder folder;
  for (const Kind& kind : kinds) {
    for (const int variant : {0, 1, 2, 3}) {
      const bool is_interlaced = (variant & 1) != 0, is_transparent = (variant & 2) != 0;
      if (is_transparent && kind.color_type >= 4) continue;  // these have alpha
      const Image image(kind, is_interlaced, is_transparent);
      for (const auto& [name, chunks] : chunks_about_looks()) {
        const auto path = folder.write("x.png", image.file(chunks));
        const auto pixels = read_png(path);
        const auto all_bits = read_png<std::uint16_t>(path);
        const auto text = str_cat("color type ", kind.color_type, ", ", kind.depth, " bits, ",
                                  is_interlaced, is_transparent, ", ", name);
        EXPECT_EQ(pixels.shape(), (Shape{Image::height, Image::width, image.channels()})) << text;
        EXPECT_EQ(Bytes(pixels.begin(), pixels.end()), image.values<std::uint8_t>()) << text;
        EXPECT_EQ(all_bits.shape(), pixels.shape()) << text;
        EXPECT_EQ(std::vector<std::uint16_t>(all_bits.begin(), all_bits.end()),
                  image.values<std::uint16_t>())
            << text;
      }
    }
  }
}

TEST(ReadPng, MoreThanTwoToTheThirtyValuesAreAFormatError) {
  // 32,769 squared pixels of one bit are 134 MB, which 131 kB can hold.
  Bytes head;
  append_big_endian(head, 32769, 4);
  append_big_endian(head, 32769, 4);
  head.insert(head.end(), {1, 0, 0, 0, 0});
  const test::TemporaryFolder folder;
  const auto path = folder.write("x.png", test::join({{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'},
                                                      chunk("IHDR", head),
                                                      chunk("IDAT", Bytes(140000))}));
  EXPECT_EQ(error_of<FormatError>([&] { read_png(path); }),
            "read_png: " + path + ": more than 1073741824 values: (32769, 32769, 1)");
}

TEST(ReadPng, WhatIsNoImageIsAFormatErrorThatNamesTheFile) {
  const test::TemporaryFolder folder;
  const auto path = folder.write("x.png", test::bytes("no image"));
  EXPECT_EQ(error_of<FormatError>([&] { read_png(path); }),
            "read_png: " + path + ": Not a PNG file");
  folder.write("x.png", {});
  EXPECT_TRUE(error_of<FormatError>([&] { read_png(path); }).starts_with("read_png: " + path));
}

TEST(ReadPng, ADamagedImageIsAFormatError) {
  const test::TemporaryFolder folder;
  Bytes bytes = test::read_bytes(fixture("rgb8.png"));
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

TEST(ReadPng, AFileThatIsCutOffIsAFormatError) {
  const test::TemporaryFolder folder;
  auto bytes = test::read_bytes(fixture("rgb8.png"));
  bytes.resize(bytes.size() / 2);
  const auto path = folder.write("x.png", bytes);
  EXPECT_EQ(error_of<FormatError>([&] { read_png(path); }), "read_png: " + path + ": truncated");
}

TEST(WritePng, RoundTripsEveryNumberOfChannels) {
  const test::TemporaryFolder folder;
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
  const test::TemporaryFolder folder;
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
