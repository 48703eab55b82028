#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dlfs/core/error.hpp"
#include "dlfs/core/shape.hpp"
#include "dlfs/io/onnx_model.hpp"

// What a node of an ONNX file gives, as a view of what a layer gives: exporters reorder, split and
// join axes more often than layers need it.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail::onnx {

/// k times the number of samples, as an extent of a shape that a file computes. k is below 2^32.
struct SamplesExtent {
  static constexpr std::int64_t none = std::numeric_limits<std::int64_t>::min() / 2;

  static std::int64_t times(Index k) { return none + k; }
  /// k, or none for another number.
  static std::optional<Index> factor(std::int64_t extent) {
    constexpr std::int64_t most = std::int64_t{1} << 32;
    if (extent <= none || extent >= none + most) return std::nullopt;
    return extent - none;
  }
};

/// Places along an axis of a layer's output: `extent` of them, `stride` apart. Axis 0 has the
/// samples, whose extent is 1 here and stands for any number.
struct Factor {
  int axis;
  Index extent, stride;

  bool is_samples() const { return axis == 0; }
  friend bool operator==(const Factor&, const Factor&) = default;
};

/// An axis of a value: factors, the slowest first. Without any, it is a new axis of extent 1.
using ValueAxis = std::vector<Factor>;

/// A view of what a layer or an input of the network gives.
struct Value {
  std::string source;  // the layer or input
  Shape shape;         // of a batch of one sample
  std::vector<ValueAxis> axes;
  std::vector<Index> offsets;  // of the first place along each axis of `shape`
  const Node* node = nullptr;  // the last one that changed the view

  static Value plain(std::string source, const Shape& shape) {
    Value value{
        std::move(source), shape, {}, std::vector<Index>(std::size_t(shape.rank())), nullptr};
    for (int axis = 0; axis < shape.rank(); ++axis) value.axes.push_back({{axis, shape[axis], 1}});
    return value;
  }
  /// Adds axes of extent 1 in front.
  void prepend_axes(int count) {
    axes.insert(axes.begin(), static_cast<std::size_t>(count), ValueAxis());
  }
  int rank() const { return static_cast<int>(axes.size()); }
  const ValueAxis& axis(int i) const& { return axes[static_cast<std::size_t>(i)]; }
  /// The extent of an axis, where the number of samples is 1.
  Index extent(int i) const {
    Index extent = 1;
    for (const Factor& factor : axis(i)) extent *= factor.extent;
    return extent;
  }
  bool has_samples(int i) const {
    return std::any_of(axis(i).begin(), axis(i).end(),
                       [](const Factor& factor) { return factor.is_samples(); });
  }
  /// Whether an axis is that of the samples, and of nothing else.
  bool is_samples(int i) const { return axis(i).size() == 1 && axis(i)[0].is_samples(); }
  /// The axes but the samples', which have to be the first one.
  Shape sample() const {
    Shape sample;
    for (int i = 1; i < rank(); ++i) sample.push_back(extent(i));
    return sample;
  }
  /// Whether it is what the layer gives, axis by axis.
  bool is_plain() const {
    if (rank() != shape.rank()) return false;
    for (int i = 0; i < rank(); ++i) {
      if (axis(i).size() != 1 || axis(i)[0] != Factor{i, shape[i], 1}) return false;
    }
    return true;
  }
  /// A text of the view.
  std::string key() const {
    std::string text = source;
    for (const ValueAxis& each : axes) {
      text += '|';
      for (const Factor& factor : each) {
        text += str_cat(factor.axis, ',', factor.extent, ',', factor.stride, ';');
      }
    }
    for (const Index offset : offsets) text += str_cat('+', offset);
    return text;
  }
  /// All factors in the order of the axes. Neighbours are joined where they are one range.
  std::vector<Factor> all_factors() const { return joined(/*with_ones=*/true); }
  /// The same without those of one place.
  std::vector<Factor> factors() const { return joined(/*with_ones=*/false); }

 private:
  std::vector<Factor> joined(bool with_ones) const {
    std::vector<Factor> all;
    for (const ValueAxis& each : axes) {
      for (const Factor& factor : each) {
        if (!with_ones && factor.extent == 1 && !factor.is_samples()) continue;
        const bool is_joined = !all.empty() && !factor.is_samples() &&
                               all.back().axis == factor.axis &&
                               all.back().stride == factor.extent * factor.stride;
        if (is_joined) {
          all.back() = {factor.axis, all.back().extent * factor.extent, factor.stride};
        } else {
          all.push_back(factor);
        }
      }
    }
    return all;
  }
};

/// The same elements in the same order with other axes; none if an axis would have to be made of
/// parts of several. `extents` are numbers, SamplesExtent, or once -1 for what is left.
/// `fixed_samples` is the number of samples where the file gives one, which extents may contain.
inline std::optional<Value> reshape(const Value& x, std::vector<std::int64_t> extents,
                                    std::optional<std::int64_t> fixed_samples) {
  std::vector<Factor> all = x.factors();
  Index size = 1;
  for (const Factor& factor : all) size *= factor.extent;
  if (size == 0) return std::nullopt;
  Index known = 1;
  std::optional<std::size_t> open;
  bool names_samples = false;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    const std::optional<Index> of_samples = SamplesExtent::factor(extents[i]);
    if (extents[i] == -1 && !open) {
      open = i;
      continue;
    }
    if (!of_samples && extents[i] < 1) return std::nullopt;
    if (__builtin_mul_overflow(known, of_samples.value_or(extents[i]), &known)) return std::nullopt;
    names_samples |= of_samples.has_value();
  }
  // The number of samples within plain numbers: that of the file, or 1.
  Index samples = 0;
  const auto fits = [&](Index n) {
    Index all_places = 0;
    return n > 0 && !__builtin_mul_overflow(size, n, &all_places) &&
           (open ? all_places % known == 0 : all_places == known);
  };
  if (!names_samples) {
    if (fits(fixed_samples.value_or(0))) {
      samples = *fixed_samples;
    } else if (!open && fits(1)) {
      samples = 1;
    }
  }
  if (open) {
    if (samples > 0) {
      extents[*open] = size * samples / known;
    } else {
      if (size % known != 0) return std::nullopt;
      extents[*open] = names_samples ? size / known : SamplesExtent::times(size / known);
    }
  }

  std::deque<Factor> left(all.begin(), all.end());
  Value y{x.source, x.shape, {}, x.offsets, nullptr};
  const auto take = [&] {
    y.axes.back().push_back(left.front());
    left.pop_front();
  };
  for (std::size_t i = 0; i < extents.size(); ++i) {
    const std::optional<Index> of_samples = SamplesExtent::factor(extents[i]);
    Index missing = of_samples.value_or(extents[i]);
    bool misses_samples = of_samples.has_value();
    y.axes.emplace_back();
    if (samples == 1 && missing == 1 && !left.empty() && left.front().is_samples()) take();
    while (missing > 1 || misses_samples) {
      if (left.empty()) return std::nullopt;
      Factor& next = left.front();
      if (next.is_samples()) {
        if (samples == 0 && !misses_samples) return std::nullopt;
        if (samples > 0 && missing % samples != 0) return std::nullopt;
        if (samples > 0) missing /= samples;
        misses_samples = false;
        take();
      } else if (missing > 1 && missing % next.extent == 0) {
        missing /= next.extent;
        take();
      } else if (missing > 1 && next.extent % missing == 0) {
        const Index rest = next.extent / missing;
        const Factor inner{next.axis, rest, next.stride};
        next = {next.axis, missing, rest * next.stride};
        take();
        left.push_front(inner);
        missing = 1;
      } else {
        return std::nullopt;
      }
    }
    // One sample between two axes that grow together belongs to the first.
    const bool ends_before_samples =
        samples == 1 && !y.axes.back().empty() && !left.empty() && left.front().is_samples();
    if (ends_before_samples && (i + 1 == extents.size() || extents[i + 1] != 1)) take();
  }
  if (!left.empty()) return std::nullopt;
  return y;
}

}  // namespace dlfs::detail::onnx
DLFS_STRICT_MATH_END
