#pragma once

#include <algorithm>

#include <dlfs/dlfs.hpp>

namespace ch04 {

/// The mean image of each digit, with the digit as its label.
inline dlfs::Dataset<float> mean_images(const dlfs::Dataset<float>& digits) {
  dlfs::Dataset<float> means{dlfs::Tensor<float>({10, 784}), dlfs::arange<int>(10)};
  for (int digit = 0; digit < 10; ++digit) {
    dlfs::assign(means.inputs[digit],
                 mean(extract(equal(digits.targets, digit), digits.inputs), 0));
  }
  return means;
}

/// The share of images that the nearest example classifies, by Euclidean distance. The square of
/// the distance is |image|^2 - 2 image example + |example|^2. Its first term is the same for all
/// examples.
inline double accuracy_by_nearest(const dlfs::Dataset<float>& examples,
                                  const dlfs::Dataset<float>& images) {
  const auto squares = sum(square(examples.inputs), 1);
  const auto columns = examples.inputs.transpose();
  constexpr dlfs::Index block = 100;  // images; each has a distance to all examples
  dlfs::Index right = 0;
  for (dlfs::Index first = 0; first < images.size(); first += block) {
    const auto some = dlfs::slice(images, first, std::min(first + block, images.size()));
    const auto nearest = argmin(squares - 2.f * matmul(some.inputs, columns), 1);
    right += sum(equal(take(examples.targets, nearest, 0), some.targets));
  }
  return static_cast<double>(right) / static_cast<double>(images.size());
}

}  // namespace ch04
