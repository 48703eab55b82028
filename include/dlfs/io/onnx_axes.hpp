#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <limits>
#include <set>
#include <utility>
#include <vector>

#include "dlfs/io/onnx_layers.hpp"
#include "dlfs/nn/layers/concatenate.hpp"
#include "dlfs/nn/layers/embedding.hpp"
#include "dlfs/nn/layers/flatten.hpp"
#include "dlfs/nn/layers/slice_axis.hpp"
#include "dlfs/nn/layers/upsampling.hpp"

// The operators of ONNX that reorder, split, join and leave out axes.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail::onnx {

template <std::floating_point T>
void read_transpose(Importer<T>& in) {
  Value y = in.value(0);
  const std::vector<ValueAxis> before = y.axes;
  const std::vector<int> order = in.order_of_axes(y.rank());
  for (std::size_t i = 0; i < order.size(); ++i) {
    y.axes[i] = before[static_cast<std::size_t>(order[i])];
  }
  in.result_view(std::move(y));
}

template <std::floating_point T>
void read_squeeze(Importer<T>& in) {
  Value y = in.value(0);
  auto axes = in.list("axes", 1);
  if (!axes) {
    axes.emplace();
    for (int axis = 0; axis < y.rank(); ++axis) {
      if (!y.has_samples(axis) && y.extent(axis) == 1) axes->push_back(axis);
    }
  }
  std::set<int> left_out;
  for (const std::int64_t each : *axes) left_out.insert(in.axis(each, y.rank()));
  for (auto axis = left_out.rbegin(); axis != left_out.rend(); ++axis) {
    in.expect(!y.has_samples(*axis) && y.extent(*axis) == 1, "axis ", *axis,
              " does not have an extent of 1");
    y.axes.erase(y.axes.begin() + *axis);
  }
  in.result_view(std::move(y));
}

template <std::floating_point T>
void read_unsqueeze(Importer<T>& in) {
  Value y = in.value(0);
  auto axes = in.list("axes", 1).value_or(std::vector<std::int64_t>{});
  const int rank = y.rank() + static_cast<int>(std::min<std::size_t>(axes.size(), max_rank));
  in.expect(rank <= max_rank, "it has too many axes");
  for (std::int64_t& axis : axes) axis = in.axis(axis, rank);
  std::sort(axes.begin(), axes.end());
  for (const std::int64_t axis : axes) {
    in.expect(axis <= y.rank(), "an axis stands twice");
    y.axes.insert(y.axes.begin() + axis, ValueAxis());
  }
  in.result_view(std::move(y));
}

template <std::floating_point T>
void read_reshape_to(Importer<T>& in, const std::vector<std::int64_t>& extents) {
  const Value& x = in.value(0);
  in.expect(!extents.empty() && extents.size() <= max_rank, "its shape has ", extents.size(),
            " axes");
  auto y = reshape(x, extents, in.fixed_samples());
  // Axes that no view can split are split as those of an output.
  if (!y && x.rank() > 0 && x.is_samples(0)) {
    const Value plain = in.plain(x);
    y = reshape(in.layer(Flatten<T>(), {plain}), extents, in.fixed_samples());
  }
  in.expect(y.has_value(),
            "it does not keep the samples apart, or the numbers of x do not fill it");
  in.result_view(std::move(*y));
}

template <std::floating_point T>
void read_flatten(Importer<T>& in) {
  const Value& x = in.value(0);
  in.expect(in.axis(in.integer("axis", 1), x.rank() + 1) == 1 && x.is_samples(0),
            "it does not keep the samples apart");
  read_reshape_to(in, {SamplesExtent::times(1), -1});
}

template <std::floating_point T>
void read_reshape(Importer<T>& in) {
  const Value& x = in.value(0);
  auto extents = in.list("shape", 1).value_or(std::vector<std::int64_t>{});
  for (std::size_t i = 0; i < extents.size() && i < max_rank; ++i) {
    if (extents[i] != 0 || in.integer("allowzero", 0) != 0) continue;
    const int axis = static_cast<int>(i);
    in.expect(axis < x.rank(), "x has no axis ", i);
    extents[i] = x.has_samples(axis) ? SamplesExtent::times(x.extent(axis)) : x.extent(axis);
  }
  read_reshape_to(in, extents);
}

template <std::floating_point T>
void read_concat(Importer<T>& in) {
  std::vector<Value> inputs;
  for (std::size_t i = 0; i < in.node().inputs.size(); ++i) inputs.push_back(in.value(i));
  in.expect(!inputs.empty(), "it has no inputs");
  const int axis = in.axis(in.integer("axis", 1), inputs.front().rank());
  in.result_view(in.side_by_side(inputs, axis, [&](const auto& x, int place) {
    return in.layer(Concatenate<T>({.axis = place}), x);
  }));
}

/// x with an axis of extent 1 repeated.
template <std::floating_point T>
Value repeated(Importer<T>& in, const Value& x, int axis, Index times) {
  // Upsampling repeats the rows of an image: the axes before this one are its rows, those after it
  // its columns.
  Value image{x.source, x.shape, {x.axis(0), {}, {}, {}}, x.offsets, x.node};
  for (int i = 1; i < x.rank(); ++i) {
    ValueAxis& to = image.axes[i < axis ? 2 : 3];
    to.insert(to.end(), x.axis(i).begin(), x.axis(i).end());
  }
  Value y = in.layer(Upsampling<T>({.factor = {times, 1}}), {in.plain(image)});
  std::vector<ValueAxis> axes(static_cast<std::size_t>(x.rank()));
  Index row = 1, column = 1;
  for (int i = x.rank(); i-- > 1;) {
    const Index extent = i == axis ? times : x.extent(i);
    Index& stride = i <= axis ? row : column;
    axes[static_cast<std::size_t>(i)] = {{i <= axis ? 2 : 3, extent, stride}};
    stride *= extent;
  }
  axes[0] = y.axis(0);
  y.axes = std::move(axes);
  return y;
}

template <std::floating_point T>
void read_expand(Importer<T>& in) {
  Value y = in.value(0);
  const auto extents = in.list("shape", 1).value_or(std::vector<std::int64_t>{});
  in.expect(extents.size() <= max_rank, "its shape has ", extents.size(), " axes");
  y.prepend_axes(std::max(0, static_cast<int>(extents.size()) - y.rank()));
  in.expect(y.is_samples(0), "the samples are not along axis 0");
  for (int axis = y.rank() - static_cast<int>(extents.size()), i = 0; axis < y.rank();
       ++axis, ++i) {
    const std::int64_t extent = extents[static_cast<std::size_t>(i)];
    const bool is_kept = extent == 1 || extent == y.extent(axis) || y.has_samples(axis);
    in.expect(is_kept || (y.extent(axis) == 1 && extent > 0), "axis ", axis, " is not repeated");
    if (!is_kept) y = repeated(in, y, axis, extent);
  }
  in.result_view(std::move(y));
}

/// Leaves of an axis the places from `start` on.
template <std::floating_point T>
void take_range(Importer<T>& in, Value& x, int axis, Index start, Index count) {
  if (count == x.extent(axis)) return;
  ValueAxis& factors = x.axes[static_cast<std::size_t>(axis)];
  // An axis of several factors becomes one of a layer's output first.
  if (factors.size() > 1) {
    x = in.in_order_of(x, [](const Value& plain) { return plain; });
    return take_range(in, x, axis, start, count);
  }
  Factor& factor = factors.front();
  x.offsets[static_cast<std::size_t>(factor.axis)] += start * factor.stride;
  factor.extent = count;
}

template <std::floating_point T>
void read_gather(Importer<T>& in) {
  if (in.is_constant(0)) {  // rows of a table
    in.expect(in.integer("axis", 0) == 0, "an embedding is along axis 0");
    Tensor<T> table = in.tensor(0);
    in.expect(table.rank() == 2 && !table.empty(), "an embedding of a table ", table.shape());
    const Value x = in.plain(1);
    Rng rng(0);
    Embedding<T> layer({.count = table.extent(0), .features = table.extent(1)}, NoInitializer{},
                       rng);
    return in.result(in.layer(with_weights<T>(std::move(layer), {std::move(table)}), {x},
                              {in.node().inputs[0]}));
  }
  const auto place = in.constant(1);
  Value y = in.value(0);
  const int axis = in.axis(in.integer("axis", 0), y.rank());
  in.expect(place && place->is_integer() && place->integers.size() == 1 &&
                place->extents.size() <= 1 && !y.has_samples(axis),
            "no layer gathers these");
  const std::int64_t extent = y.extent(axis), index = place->integers[0];
  in.expect(index >= -extent && index < extent, "there is no place ", index, " along axis ", axis);
  take_range(in, y, axis, index < 0 ? index + extent : index, 1);
  if (place->extents.empty()) y.axes.erase(y.axes.begin() + axis);
  in.result_view(std::move(y));
}

template <std::floating_point T>
void read_split(Importer<T>& in) {
  const Value& x = in.value(0);
  const int axis = in.axis(in.integer("axis", 0), x.rank());
  const Index extent = x.extent(axis);
  auto sizes = in.list("split", 1);
  if (!sizes) {
    const auto count = std::ssize(in.node().outputs);
    sizes.emplace();
    for (Index left = extent; left > 0; left -= sizes->back()) {
      sizes->push_back(std::min(left, (extent + count - 1) / count));
    }
  }
  in.expect(!x.has_samples(axis) && std::ssize(*sizes) == std::ssize(in.node().outputs),
            "it splits the samples, or its parts are not its outputs");
  Index start = 0;
  for (const std::int64_t size : *sizes) {
    in.expect(size > 0 && size <= extent - start, "its parts are not those of x ", x.shape);
    Value part = x;
    take_range(in, part, axis, start, size);
    in.result_view(std::move(part));
    start += size;
  }
  in.expect(start == extent, "its parts are not those of x ", x.shape);
}

template <std::floating_point T>
void read_slice(Importer<T>& in) {
  Value x = in.value(0);
  const bool is_batch = x.rank() > 0 && x.is_samples(0);
  if (is_batch) x = in.plain(x);
  const auto starts = in.list("starts", 1), stops = in.list("ends", 2);
  in.expect(starts && stops && starts->size() == stops->size(), "it has no starts and ends");
  auto axes = in.list("axes", 3);
  if (!axes) {
    axes.emplace();
    for (std::size_t i = 0; i < starts->size(); ++i) axes->push_back(static_cast<std::int64_t>(i));
  }
  const auto steps = in.list("steps", 4).value_or(std::vector<std::int64_t>(starts->size(), 1));
  in.expect(axes->size() == starts->size() && steps.size() == starts->size(), "its lists differ");
  for (std::size_t i = 0; i < starts->size(); ++i) {
    const int axis = in.axis((*axes)[i], x.rank());
    const std::int64_t start = (*starts)[i], stop = (*stops)[i];
    if (x.has_samples(axis)) {
      in.expect(x.is_samples(axis) && start == 0 &&
                    stop >= std::numeric_limits<std::int32_t>::max() && steps[i] == 1,
                "it takes some of the samples");
      continue;
    }
    // Behind the last and before the first place: what our slices leave out.
    const std::int64_t extent = x.extent(axis);
    in.expect(steps[i] != 0, "a step of 0");
    Slice range{.start = start, .stop = stop, .step = steps[i]};
    if (stop >= extent || stop < -extent) range.stop.reset();
    if (start >= extent || start < -extent) range.start.reset();
    if (steps[i] > 0) {
      in.expect(start < extent && stop >= -extent, "it leaves nothing of axis ", axis);
    } else {
      in.expect(start >= -extent && stop < extent, "it leaves nothing of axis ", axis);
    }
    if (steps[i] == 1 && (!range.start || start == 0) && !range.stop) continue;
    if (is_batch) {
      x = in.layer(SliceAxis<T>(axis, range), {x});
    } else {
      const auto taken = detail::positions_of(range, extent);
      in.expect(taken.step == 1, "no layer takes these");
      take_range(in, x, axis, taken.first, taken.count);
    }
  }
  in.result_view(std::move(x));
}

}  // namespace dlfs::detail::onnx
DLFS_STRICT_MATH_END
