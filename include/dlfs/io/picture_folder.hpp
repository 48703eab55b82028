#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "dlfs/core/option.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/data/dataset.hpp"
#include "dlfs/data/resize_and_crop.hpp"
#include "dlfs/io/jpeg.hpp"
#include "dlfs/io/png.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of PictureFolder.
struct PictureFolderOptions {
  Index height = 0;    ///< of all pictures, in pixels
  Index width = 0;     ///< of all pictures, in pixels
  Index channels = 3;  ///< 1 for grey, 3 for red, green and blue

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    constexpr double largest = 65535;
    detail::expect_option("picture folder", "height", height, detail::between(1, largest));
    detail::expect_option("picture folder", "width", width, detail::between(1, largest));
    if (channels == 1 || channels == 3) return;
    throw ValueError("picture folder: expected 1 or 3 channels, got ", channels);
  }
};

namespace detail {

/// Pixels (H, W, C) of 1 to 4 channels as numbers (channels, H, W) in [0, 1].
template <class T>
void separate_channels(const Tensor<std::uint8_t>& pixels, Index channels, T* out) {
  const Index stored = pixels.extent(2), area = pixels.extent(0) * pixels.extent(1);
  const bool is_colour = stored >= 3;
  for (Index i = 0; i < area; ++i) {
    const std::uint8_t* const pixel = pixels.data() + i * stored;
    for (Index c = 0; c < channels; ++c) {
      int value = pixel[is_colour ? c : 0];
      if (is_colour && channels == 1) {
        value = (299 * pixel[0] + 587 * pixel[1] + 114 * pixel[2] + 500) / 1000;
      }
      out[c * area + i] = static_cast<T>(value) / 255;
    }
  }
}

/// What the ending of a file's name says.
enum class PictureFormat { none, png, jpeg };

inline PictureFormat picture_format(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  if (ending == ".png") return PictureFormat::png;
  return ending == ".jpg" || ending == ".jpeg" ? PictureFormat::jpeg : PictureFormat::none;
}

/// Reads a PNG or JPEG file into a picture (C, H, W) in [0, 1], which says the number of channels
/// and the size: see resize_and_crop.
template <class T>
void decode_picture(const std::filesystem::path& path, TensorView<T> picture) {
  const bool is_png = picture_format(path) == PictureFormat::png;
  const Tensor<std::uint8_t> pixels = is_png ? read_png(path) : read_jpeg(path);
  const Shape shape{picture.extent(0), pixels.extent(0), pixels.extent(1)};
  if (shape == picture.shape()) {
    return separate_channels(pixels, picture.extent(0), picture.data());
  }
  auto whole = Tensor<T>::uninitialized(shape);
  separate_channels(pixels, picture.extent(0), whole.data());
  resize_and_crop<T>(whole, picture);
}

}  // namespace detail

/// A folder of pictures as a source for training: each of its folders is a class, in which each PNG
/// or JPEG file is a sample. A picture is read when its batch is taken, so that the memory is that
/// of the batches. All are brought to one size by resize_and_crop.
///
///   PictureFolder pictures("photos/train", {.height = 64, .width = 64});
///   Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(), {.loader_threads = 1});
///   trainer.fit(pictures);
///
///   inputs (N, channels, height, width), in [0, 1]   targets (N)
///
/// Grey is 0.299 red + 0.587 green + 0.114 blue. Alpha is ignored. Names that begin with a dot, and
/// files with another ending than .png, .jpg or .jpeg, are ignored.
class PictureFolder {
 public:
  /// Looks for the pictures, and opens none.
  /// @throws IoError for a folder that cannot be read, and for a JPEG file where libjpeg is missing
  ///   (see read_jpeg); FormatError for a folder without classes, or a class without pictures;
  ///   ValueError for options that are out of range.
  explicit PictureFolder(const std::filesystem::path& folder, const PictureFolderOptions& options)
      : options_(detail::checked(options)) {
    std::vector<std::int32_t> labels;
    for (const auto& of_class : entries(folder, /*wants_folders=*/true)) {
      const auto label = static_cast<std::int32_t>(classes_.size());
      classes_.push_back(of_class.filename().string());
      const auto pictures = entries(of_class, /*wants_folders=*/false);
      if (pictures.empty()) {
        throw FormatError("picture folder: there is no .png or .jpg file in ", of_class.string());
      }
      paths_.insert(paths_.end(), pictures.begin(), pictures.end());
      labels.resize(paths_.size(), label);
    }
    if (classes_.empty()) {
      throw FormatError("picture folder: there is no folder of a class in ", folder.string());
    }
    labels_ = Labels({size()}, labels);
  }

  /// The number of pictures, N.
  Index size() const { return std::ssize(paths_); }
  ///@{
  /// The names of the classes, sorted by their bytes; label k is the k-th.
  const std::vector<std::string>& classes() const& { return classes_; }
  const std::vector<std::string>& classes() const&& = delete;
  ///@}
  ///@{
  /// The files, sorted within each class.
  const std::vector<std::filesystem::path>& paths() const& { return paths_; }
  const std::vector<std::filesystem::path>& paths() const&& = delete;
  ///@}
  ///@{
  /// The class of each picture, (N).
  const Labels& labels() const& { return labels_; }
  const Labels& labels() const&& = delete;
  ///@}

  /// Reads the chosen pictures into `batch`, whose memory is used again.
  /// @throws ShapeError for an index out of range; IoError, FormatError like read_png, read_jpeg.
  template <std::floating_point T>
  void take(std::span<const Index> samples, Dataset<T>& batch) const {
    dlfs::take(labels_, samples, batch.targets);
    batch.weights.resize({0});
    batch.inputs.resize({std::ssize(samples), options_.channels, options_.height, options_.width});
    parallel_for(std::ssize(samples), [&](Index n) {
      const Index sample = labels_.shape().normalize_index(0, samples[static_cast<std::size_t>(n)]);
      detail::decode_picture<T>(paths_[static_cast<std::size_t>(sample)], batch.inputs[n]);
    });
  }

 private:
  /// The folders in a folder, or its pictures, sorted by name.
  static std::vector<std::filesystem::path> entries(const std::filesystem::path& folder,
                                                    bool wants_folders) {
    std::vector<std::filesystem::path> found;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      const std::string name = entry->path().filename().string();
      if (name.starts_with('.')) continue;
      std::error_code gone;
      const auto format = detail::picture_format(entry->path());
      const bool is_wanted =
          wants_folders ? entry->is_directory(gone) : format != detail::PictureFormat::none;
      if (!wants_folders && format == detail::PictureFormat::jpeg && !detail::has_jpeg) {
        detail::throw_no_jpeg(entry->path());
      }
      if (is_wanted) found.push_back(entry->path());
    }
    if (error) {
      throw IoError("picture folder: cannot read ", folder.string(), ": ", error.message());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  PictureFolderOptions options_;
  std::vector<std::string> classes_;
  std::vector<std::filesystem::path> paths_;
  Labels labels_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
