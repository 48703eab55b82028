#include "dlfs/io/picture_folder.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/rng.hpp"
#include "dlfs/data/source.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

using test::error_of;
using Names = std::vector<std::string>;

static_assert(DataSource<PictureFolder, float, Labels> &&
              DataSource<PictureFolder, double, Labels>);

/// A folder to which pictures are added.
struct Pictures {
  std::string path(const std::string& name) const { return (folder.path() / name).string(); }
  void add(const std::string& name, const Tensor<std::uint8_t>& pixels) const {
    std::filesystem::create_directories((folder.path() / name).parent_path());
    write_png(folder.path() / name, pixels);
  }

  test::TemporaryFolder folder;
};

/// Pixels (height, width, channels), all of them different.
Tensor<std::uint8_t> pixels_of(Index height, Index width, Index channels) {
  Tensor<std::uint8_t> pixels({height, width, channels});
  for (Index i = 0; i < pixels.size(); ++i) pixels.data()[i] = static_cast<std::uint8_t>(7 * i);
  return pixels;
}

TEST(PictureFolder, ItsFoldersAreTheClassesInTheOrderOfTheirNames) {
  const Pictures pictures;
  for (const std::string name :
       {"dog/b.png", "dog/a.PNG", "cat/x.png", "Emu/2.png", "Emu/10.png"}) {
    pictures.add(name, pixels_of(2, 2, 1));
  }
  pictures.add("cat/.hidden.png", pixels_of(2, 2, 1));
  pictures.add(".trash/x.png", pixels_of(2, 2, 1));
  pictures.folder.write("readme.txt", {});
  pictures.folder.write("cat/notes.txt", {});
  const PictureFolder source(pictures.folder.path(), {.height = 2, .width = 2});
  EXPECT_EQ(source.size(), 5);
  EXPECT_EQ(source.classes(), (Names{"Emu", "cat", "dog"}));
  test::expect_equal(source.labels(), Labels({5}, {0, 0, 1, 2, 2}));
  Names files;
  for (const auto& path : source.paths()) files.push_back(path.filename().string());
  EXPECT_EQ(files, (Names{"10.png", "2.png", "x.png", "a.PNG", "b.png"}));
}

TEST(PictureFolder, ReadsJpegWhereTheLibraryIsThere) {
  const Pictures pictures;
  pictures.add("a/1.png", pixels_of(19, 17, 3));
  for (const std::string name : {"a/2.jpg", "a/3.JPEG"}) {
    pictures.folder.write(name, test::read_bytes(test::fixture("rgb.jpg")));
  }
  const auto source = [&] {
    return PictureFolder(pictures.folder.path(), {.height = 19, .width = 17});
  };
  if (!detail::has_jpeg) {
    EXPECT_NE(error_of<IoError>(source).find("without libjpeg"), std::string::npos);
    return;
  }
  Dataset<float> batch;
  source().take(std::vector<Index>{0, 1, 2}, batch);
  const auto pixels = read_jpeg(test::fixture("rgb.jpg"));
  EXPECT_EQ(batch.inputs(1, 2, 18, 16), static_cast<float>(pixels(18, 16, 2)) / 255);
  EXPECT_EQ(batch.inputs(2, 0, 5, 4), batch.inputs(1, 0, 5, 4));
}

TEST(PictureFolder, ABatchHasThePicturesInOneSizeAndWithEqualChannels) {
  const Pictures pictures;
  for (Index channels = 1; channels <= 4; ++channels) {
    pictures.add(str_cat("a/", channels, ".png"), pixels_of(3, 4, channels));
  }
  const auto byte = [&](Index channels, Index y, Index x, Index c) {
    return static_cast<float>(pixels_of(3, 4, channels)(y, x, c)) / 255;
  };
  const std::vector<Index> samples{0, 1, 2, 3};
  Dataset<float> batch;
  const PictureFolder colour(pictures.folder.path(), {.height = 3, .width = 4});
  colour.take(samples, batch);
  EXPECT_EQ(batch.inputs.shape(), (Shape{4, 3, 3, 4}));
  for (Index c = 0; c < 3; ++c) {
    EXPECT_EQ(batch.inputs(0, c, 2, 1), byte(1, 2, 1, 0));
    EXPECT_EQ(batch.inputs(1, c, 2, 1), byte(2, 2, 1, 0));
    EXPECT_EQ(batch.inputs(2, c, 2, 1), byte(3, 2, 1, c));
    EXPECT_EQ(batch.inputs(3, c, 2, 1), byte(4, 2, 1, c));
  }

  const PictureFolder grey(pictures.folder.path(), {.height = 3, .width = 2, .channels = 1});
  grey.take(samples, batch);
  EXPECT_EQ(batch.inputs.shape(), (Shape{4, 1, 3, 2}));
  EXPECT_EQ(batch.inputs(0, 0, 2, 0), byte(1, 2, 1, 0));
  const auto rgb = pixels_of(3, 4, 3);
  const int sum = 299 * rgb(0, 1, 0) + 587 * rgb(0, 1, 1) + 114 * rgb(0, 1, 2);
  EXPECT_EQ(batch.inputs(2, 0, 0, 0), static_cast<float>((sum + 500) / 1000) / 255);
}

TEST(PictureFolder, AnotherSizeIsResizedAndCropped) {
  const Pictures pictures;
  pictures.add("a/x.png", pixels_of(9, 6, 1));
  const PictureFolder source(pictures.folder.path(), {.height = 2, .width = 4, .channels = 1});
  Dataset<double> batch;
  source.take(std::vector<Index>{0}, batch);
  const auto pixels = pixels_of(9, 6, 1);
  Tensor<double> whole({1, 9, 6}), expected({1, 1, 2, 4});
  for (Index i = 0; i < whole.size(); ++i) {
    whole.data()[i] = pixels.data()[i] / 255.0;
  }
  resize_and_crop<double>(whole, expected[0]);
  test::expect_equal(batch.inputs, expected);
}

TEST(PictureFolder, ADamagedPictureIsAnErrorThatNamesItWhenItIsTaken) {
  const Pictures pictures;
  pictures.add("a/good.png", pixels_of(4, 4, 3));
  auto bytes = test::read_bytes(pictures.path("a/good.png"));
  bytes.resize(bytes.size() / 2);
  pictures.folder.write("a/bad.png", bytes);
  pictures.folder.write("a/empty.png", {});
  const PictureFolder source(pictures.folder.path(), {.height = 4, .width = 4});
  Dataset<float> batch;
  for (const Index bad : {0, 1}) {
    const auto text = error_of<FormatError>([&] {
      source.take(std::vector<Index>{2, bad}, batch);
    });
    EXPECT_EQ(text.find("read_png: " + source.paths()[static_cast<std::size_t>(bad)].string()), 0u)
        << text;
  }
  source.take(std::vector<Index>{2}, batch);
  EXPECT_NE(error_of<ShapeError>([&] { source.take(std::vector<Index>{3}, batch); }), "not thrown");
}

TEST(PictureFolder, RefusesAFolderWithoutPictures) {
  const Pictures pictures;
  const auto error = [&](const std::string& name) {
    return error_of<Error>([&] { PictureFolder(pictures.path(name), {.height = 1, .width = 1}); });
  };
  EXPECT_EQ(error("no"),
            "picture folder: cannot read " + pictures.path("no") + ": No such file or directory");
  std::filesystem::create_directories(pictures.path("empty"));
  EXPECT_EQ(error("empty"),
            "picture folder: there is no folder of a class in " + pictures.path("empty"));
  std::filesystem::create_directories(pictures.path("parent/a"));
  EXPECT_EQ(error("parent"),
            "picture folder: there is no .png or .jpg file in " + pictures.path("parent/a"));
  EXPECT_EQ(error_of<ValueError>([&] { PictureFolder("x", {.height = 0, .width = 1}); }),
            "picture folder: expected height in [1, 65535], got 0");
  EXPECT_EQ(
      error_of<ValueError>([&] { PictureFolder("x", {.height = 1, .width = 1, .channels = 2}); }),
      "picture folder: expected 1 or 3 channels, got 2");
}

}  // namespace
}  // namespace dlfs
