#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <numbers>
#include <span>

#include "dlfs/core/option.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/rng.hpp"
#include "dlfs/core/rounded.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/functional/map_coordinates.hpp"
#include "dlfs/tensor/matmul.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The maximum distortions of images; the default is none.
struct AugmentationOptions {
  double shift = 0;     ///< pixels, along each axis
  double rotation = 0;  ///< degrees, in both directions
  double scale = 0;     ///< 0.1: from 0.9 to 1.1 times as large
  /// Elastic deformation: every pixel moves by random numbers in [-elastic, elastic]. They are
  /// blurred by a Gaussian with the standard deviation `elastic_sigma`, so that neighbours move in
  /// a similar way. Simard's numbers for MNIST are 34 and 4: they move a pixel by 1.4 on average.
  double elastic = 0;
  double elastic_sigma = 4;  ///< standard deviation of the smoothing of elastic shifts, in pixels

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("augmentation", "shift", shift, detail::at_least(0));
    detail::expect_option("augmentation", "rotation", rotation, detail::at_least(0));
    detail::expect_option("augmentation", "scale", scale, detail::half_open(0, 1));
    detail::expect_option("augmentation", "elastic", elastic, detail::at_least(0));
    detail::expect_option("augmentation", "elastic_sigma", elastic_sigma, detail::above(0));
    detail::expect_option("augmentation", "elastic_sigma", elastic_sigma, detail::between(0, 1000));
  }
};

namespace detail {

/// The source of an image's pixels when it is scaled and rotated about its centre, then shifted:
/// pixel p comes from centre + R(-angle) (p - centre - shift) / scale.
struct Similarity {
  double angle = 0;  // radians, counterclockwise
  double scale = 1;
  double shift_rows = 0;
  double shift_columns = 0;

  /// Writes the source positions of all pixels of an image: rows, columns (H, W).
  template <class T>
  void places(TensorView<T> rows, TensorView<T> columns) const {
    const Index height = rows.extent(0), width = rows.extent(1);
    const T cosine = static_cast<T>(std::cos(angle) / scale);
    const T sine = static_cast<T>(std::sin(angle) / scale);
    const T middle_row = static_cast<T>(height - 1) / 2;
    const T middle_column = static_cast<T>(width - 1) / 2;
    for (Index i = 0; i < height; ++i) {
      const T down = static_cast<T>(i) - middle_row - static_cast<T>(shift_rows);
      for (Index j = 0; j < width; ++j) {
        const T right = static_cast<T>(j) - middle_column - static_cast<T>(shift_columns);
        rows(i, j) = middle_row + rounded(cosine * down) + rounded(sine * right);
        columns(i, j) = middle_column + rounded(cosine * right) - rounded(sine * down);
      }
    }
  }
};

/// A matrix (n, n) that blurs a column of n pixels by a Gaussian when multiplied with it. Pixels
/// outside of the column are zeros.
template <class T>
void gaussian_blur_matrix(double sigma, TensorView<T> matrix) {
  const Index n = matrix.extent(0);
  const auto density = [sigma](Index distance) {
    const double x = static_cast<double>(distance) / sigma;
    return std::exp(-x * x / 2);
  };
  double sum = 0;
  const auto reach = static_cast<Index>(std::ceil(6 * sigma));
  for (Index distance = -reach; distance <= reach; ++distance) sum += density(distance);
  for (Index distance = 0; distance < n; ++distance) {
    const T weight = static_cast<T>(density(distance) / sum);
    for (Index i = 0; i + distance < n; ++i) {
      matrix(i, i + distance) = weight;
      matrix(i + distance, i) = weight;
    }
  }
}

/// Adds to each number of `places` (H, W) a number from [-strength, strength], blurred along both
/// axes: B_H U B_W, with the matrices of gaussian_blur_matrix.
template <class T>
void add_blurred_noise(double strength, TensorView<const T> blur_rows,
                       TensorView<const T> blur_columns, Rng& rng, TensorView<T> places) {
  const Scratch<T> memory(2 * places.size());
  const TensorView<T> noise(memory.data(), places.shape());
  const TensorView<T> half_blurred(memory.data() + places.size(), places.shape());
  for (Index i = 0; i < noise.size(); ++i) {
    noise.data()[i] = static_cast<T>(2 * strength) * (rng.uniform<T>() - T(0.5));
  }
  matmul(blur_rows, noise, half_blurred);
  matmul(half_blurred, blur_columns, places, Store::add);
}

}  // namespace detail

/// Distorts images at random, so that a network never sees the same image twice:
///
///   trainer.augment(Augmentation({.shift = 2, .rotation = 10, .scale = 0.1, .elastic = 34}));
///
/// Every image is scaled, rotated, shifted and deformed in one step. Pixels from outside of the
/// image are 0. The result for a sample depends only on the generator and the sample's number, not
/// on the batch or the number of threads.
/// Source: Simard, Steinkraus, Platt, "Best practices for convolutional neural networks applied to
/// visual document analysis" (2003); Saitoh, "Deep Learning from Scratch" vol. 1, section 8.1.2.
class Augmentation {
 public:
  /// @throws ValueError for a number that is negative or not finite, a scale of 1 or more, or
  /// elastic deformation with a sigma that is not in (0, 1000].
  explicit Augmentation(const AugmentationOptions& options) : options_(detail::checked(options)) {}

  /// Distorts images (N, C, H, W) in place. `samples` holds their N numbers; `rng` is the epoch's
  /// generator. @throws ShapeError for another shape, or unless the images are contiguous.
  template <std::floating_point T>
  void operator()(TensorView<T> images, std::span<const Index> samples, const Rng& rng) const {
    if (images.rank() != 4 || images.extent(0) != std::ssize(samples)) {
      throw ShapeError("augmentation: expected images (", samples.size(), ", C, H, W), got ",
                       images.shape());
    }
    detail::expect_dense("augmentation", "images", images);
    const Index height = images.extent(2), width = images.extent(3);
    const Scratch<T> memory(height * height + width * width);
    const TensorView<T> blur_rows(memory.data(), {height, height});
    const TensorView<T> blur_columns(memory.data() + height * height, {width, width});
    if (options_.elastic > 0) {
      detail::gaussian_blur_matrix(options_.elastic_sigma, blur_rows);
      detail::gaussian_blur_matrix(options_.elastic_sigma, blur_columns);
    }
    parallel_for(images.extent(0), [&](Index n) {
      const auto sample = static_cast<std::uint64_t>(samples[static_cast<std::size_t>(n)]);
      distort<T>(images[n], blur_rows, blur_columns, rng.stream(sample));
    });
  }

 private:
  template <class T>
  void distort(TensorView<T> image, TensorView<const T> blur_rows, TensorView<const T> blur_columns,
               Rng rng) const {
    const Shape plane = image.shape().axes(1, 3);
    const Scratch<T> memory(2 * plane.size());
    const TensorView<T> rows(memory.data(), plane);
    const TensorView<T> columns(memory.data() + plane.size(), plane);
    const auto up_to = [&rng](double most) { return rng.uniform(-most, most); };
    const detail::Similarity similarity{.angle = up_to(options_.rotation) * std::numbers::pi / 180,
                                        .scale = 1 + up_to(options_.scale),
                                        .shift_rows = up_to(options_.shift),
                                        .shift_columns = up_to(options_.shift)};
    similarity.places(rows, columns);
    if (options_.elastic > 0) {
      detail::add_blurred_noise(options_.elastic, blur_rows, blur_columns, rng, rows);
      detail::add_blurred_noise(options_.elastic, blur_rows, blur_columns, rng, columns);
    }
    map_coordinates<T>(image, rows, columns, image);
  }

  AugmentationOptions options_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
