#pragma once

#include <cstdint>
#include <limits>
#include <string>

#include "dlfs/core/rng.hpp"
#include "dlfs/nn/losses/binary_cross_entropy.hpp"
#include "dlfs/nn/losses/huber.hpp"
#include "dlfs/nn/losses/kullback_leibler.hpp"
#include "dlfs/nn/losses/mean_absolute_error.hpp"
#include "dlfs/nn/losses/mean_squared_error.hpp"
#include "dlfs/nn/losses/sigmoid_focal.hpp"
#include "dlfs/nn/losses/softmax_cross_entropy.hpp"

namespace dlfs::test {

/// Calls `visit(header, loss, targets, share)` for each loss of the library, and for each kind of
/// its targets and options, with targets for an output of a shape (N, C, ...). The mean of a batch
/// is that of its samples, weighted by `share` of their targets.
template <class T, class Visit>
void for_each_loss(const Shape& shape, const Visit& visit) {
  Rng rng(1);
  const auto numbers = random_normal<T>(shape, rng);
  const auto probabilities = random_uniform<T>(shape, rng, 0, 1);
  const auto weights = random_uniform<T>({shape[1]}, rng, 0.5, 2);
  Shape without_classes = shape.axes(0, 1);
  for (int axis = 2; axis < shape.rank(); ++axis) without_classes.push_back(shape[axis]);
  Labels labels(without_classes);
  for (auto& label : labels) label = static_cast<std::int32_t>(rng.below(shape[1]));
  Labels some_ignored = labels;
  for (Index i = 1; i < labels.size(); i += 3) some_ignored.data()[i] = -1;
  const auto one = [](const auto&) { return 1.0; };
  const auto weight_of_labels = [&](const Labels& of_sample) {
    double sum = 0;
    for (const auto label : of_sample) sum += label < 0 ? 0 : static_cast<double>(weights(label));
    return sum;
  };

  visit("mean_squared_error", MeanSquaredError<T>(), numbers, one);
  visit("mean_absolute_error", MeanAbsoluteError<T>(), numbers, one);
  visit("huber", Huber<T>(), numbers, one);
  visit("huber", Huber<T>({.delta = 0.3}), numbers, one);
  visit("binary_cross_entropy", BinaryCrossEntropy<T>(), probabilities, one);
  visit("binary_cross_entropy", BinaryCrossEntropy<T>({.pos_weight = weights}), probabilities, one);
  visit("sigmoid_focal", SigmoidFocal<T>(), probabilities, one);
  visit("sigmoid_focal", SigmoidFocal<T>({.alpha = {}, .gamma = 0.5}), probabilities, one);
  visit("kullback_leibler", KullbackLeibler<T>(), probabilities, one);
  visit("softmax_cross_entropy", SoftmaxCrossEntropy<T>(), labels, one);
  visit("softmax_cross_entropy", SoftmaxCrossEntropy<T>(), probabilities, one);
  visit("softmax_cross_entropy",
        SoftmaxCrossEntropy<T>({.label_smoothing = 0.1, .class_weights = weights}), probabilities,
        one);
  visit("softmax_cross_entropy",
        SoftmaxCrossEntropy<T>({.class_weights = weights, .ignore_index = -1}), some_ignored,
        weight_of_labels);
  visit("softmax_cross_entropy",
        SoftmaxCrossEntropy<T>(
            {.label_smoothing = 0.1, .class_weights = weights, .ignore_index = -1}),
        some_ignored, weight_of_labels);
}

}  // namespace dlfs::test
