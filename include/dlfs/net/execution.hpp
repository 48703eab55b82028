#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/net/partial_gradients.hpp"
#include "dlfs/net/plan.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"

// How a batch follows its plan. Pieces depend only on shapes, and their gradients are added in
// order: results are the same, bit by bit, for any number of threads.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// One forward pass of a network: like ForwardPass, for several inputs and outputs.
template <std::floating_point T>
struct NetworkForward {
  std::span<const TensorView<const T>> x;
  std::span<const TensorView<T>> y;
  std::byte* saved = nullptr;
  PassMode mode = PassMode::evaluate;
  std::uint64_t step = 0;
  Index first_sample = 0;
};

/// One backward pass of a network: like BackwardPass, for several inputs and outputs.
template <std::floating_point T>
struct NetworkBackward {
  std::span<const TensorView<const T>> x;
  std::span<const TensorView<const T>> y;
  std::span<const TensorView<const T>> dy;
  std::span<const TensorView<T>> dx;
  std::span<const TensorView<T>> gradients;
  Store store = Store::overwrite;
  std::byte* saved = nullptr;
  PassMode mode = PassMode::train;
};

/// sum += x for contiguous views.
template <std::floating_point T>
void add_to(const TensorView<T>& sum, const TensorView<const T>& x) {
  constexpr Index block = 16 * 1024;  // elements: enough to wake a thread
  parallel_for((x.size() + block - 1) / block, [&](Index i) {
    const Index first = i * block;
    simd::map(simd::AddTo(), std::min(block, x.size() - first), x.data() + first,
              sum.data() + first);
  });
}

/// Rows of a value, or of its gradient: from `data` on, which is nullptr for a shape alone.
template <std::floating_point T, class U>
[[gnu::noinline]] TensorView<U> rows_of(const typename Plan<T>::Value& value, Rows rows, U* data) {
  if (rows.count() == value.shape[0]) return {data, value.shape, value.strides};
  return {data, value.shape.with(0, rows.count()), value.strides};
}

/// Where rows of a value begin, given where the whole value does.
template <std::floating_point T, class U>
U* begin_of(const typename Plan<T>::Value& value, Rows rows, U* data) {
  return data + rows.first * value.strides[0];
}

/// The same in a block of memory for the whole batch.
template <std::floating_point T>
TensorView<T> rows_in(std::byte* block, Index offset, const typename Plan<T>::Value& value,
                      Rows rows) {
  return rows_of<T>(value, rows, begin_of<T>(value, rows, elements_at<T>(block + offset)));
}

/// The same in the memory of a tile.
template <std::floating_point T>
TensorView<T> in_tile(std::byte* tile, Index offset, const typename Plan<T>::Value& value,
                      Rows rows) {
  return rows_of<T>(value, rows, elements_at<T>(tile + offset));
}

/// A tile on its way forward.
template <std::floating_point T>
class ForwardTile {
 public:
  ForwardTile(const Topology<T>& network, const Plan<T>& plan, const NetworkForward<T>& pass,
              std::byte* store, std::byte* tile)
      : network_(network), plan_(plan), pass_(pass), store_(store), tile_(tile) {}

  void run(const typename Plan<T>::Step& step, Rows rows) const {
    const auto edges = plan_.edges(step);
    const Value& y = plan_.value(step.output);
    if (const RowsFunction<T>& function = step.rows_function; function.call != nullptr) {
      const Value& x = plan_.value(edges.front().value);
      return function.call(function.layer, {.x = data_of_input(x, rows),
                                            .y = data_of_output(y, rows),
                                            .rows = rows.count(),
                                            .x_size = x.strides[0],
                                            .y_size = y.strides[0]});
    }
    if (edges.size() == 1) {
      const TensorView<const T> x = view_of(edges.front(), rows);
      return run(step, {&x, 1}, rows);
    }
    const Scratch<TensorView<const T>> inputs(std::ssize(edges));
    for (std::size_t j = 0; j < edges.size(); ++j) {
      inputs[static_cast<Index>(j)] = view_of(edges[j], rows);
    }
    run(step, {inputs.data(), edges.size()}, rows);
  }

 private:
  using Step = typename Plan<T>::Step;
  using Value = typename Plan<T>::Value;

  [[gnu::noinline]] void run(const Step& step, std::span<const TensorView<const T>> inputs,
                             Rows rows) const {
    const LayerEntry<T>& entry = network_.layer(step.layer);
    const Value& y = plan_.value(step.output);
    entry.layer.forward(
        {.x = inputs.front(),
         .y = rows_of<T>(y, rows, data_of_output(y, rows)),
         .saved = pass_.saved == nullptr ? nullptr : plan_.saved(pass_.saved, step, rows.first),
         .mode = entry.mode(pass_.mode),
         .step = pass_.step,
         .first_sample = pass_.first_sample + rows.first,
         .inputs = inputs});
  }

  TensorView<const T> view_of(const typename Plan<T>::Edge& edge, Rows rows) const {
    const Value& x = plan_.value(edge.value);
    return rows_of<T>(x, rows, data_of_input(x, rows));
  }
  const T* data_of_input(const Value& value, Rows rows) const {
    if (value.place != Place::input) return data_of_output(value, rows);
    return begin_of<T>(value, rows, pass_.x[static_cast<std::size_t>(value.offset)].data());
  }
  T* data_of_output(const Value& value, Rows rows) const {
    switch (value.place) {
      case Place::output:
        return begin_of<T>(value, rows, pass_.y[static_cast<std::size_t>(value.offset)].data());
      case Place::store:
        return begin_of<T>(value, rows, elements_at<T>(store_ + value.offset));
      case Place::input:
      case Place::tile:
        break;
    }
    return elements_at<T>(tile_ + value.offset);
  }

  const Topology<T>& network_;
  const Plan<T>& plan_;
  const NetworkForward<T>& pass_;
  std::byte* store_;
  std::byte* tile_;
};

template <std::floating_point T>
void run_segments(const Topology<T>& network, const Plan<T>& plan, const NetworkForward<T>& pass,
                  std::byte* store) {
  for (const Segment& segment : plan.segments()) {
    parallel_for(segment.pieces, [&](Index piece) {
      const Scratch<std::byte> memory(segment.forward_tile_bytes);
      const ForwardTile<T> tile(network, plan, pass, store, memory.data());
      segment.for_each_tile(plan.rows(), piece, [&](Rows rows) {
        for (Index i = segment.first; i < segment.last; ++i) tile.run(plan.step(i), rows);
      });
    });
  }
}

/// Writes pass.y.
template <std::floating_point T>
void run_forward(const Topology<T>& network, const Plan<T>& plan, const NetworkForward<T>& pass) {
  if (pass.saved != nullptr || plan.stored_bytes() == 0) {
    return run_segments(network, plan, pass, pass.saved);
  }
  const Scratch<std::byte> store(plan.stored_bytes());
  run_segments(network, plan, pass, store.data());
}

/// Predicts by a plan that has `rows_steps`, from dense x to dense y.
template <std::floating_point T>
void run_rows(const Plan<T>& plan, const T* x, T* y) {
  // A small network takes less time than to take scratch memory.
  constexpr std::size_t few_bytes = 2048;
  alignas(alignment) std::byte few[few_bytes];
  const Index bytes = plan.segments().front().forward_tile_bytes;
  std::optional<Scratch<std::byte>> many;
  T* const tile = elements_at<T>(bytes <= Index{few_bytes} ? few : many.emplace(bytes).data());
  for (const auto& step : plan.rows_steps()) {
    step.function.call(step.function.layer, {.x = step.x_offset < 0 ? x : tile + step.x_offset,
                                             .y = step.y_offset < 0 ? y : tile + step.y_offset,
                                             .rows = plan.rows(),
                                             .x_size = step.x_size,
                                             .y_size = step.y_size});
  }
}

/// The nodes of a network that a backward pass visits: those that learn, and those through which a
/// gradient reaches one that does, or an input.
template <std::floating_point T>
class Visited {
 public:
  Visited(const Topology<T>& network, const Plan<T>& plan, const NetworkBackward<T>& pass)
      : values_(plan.value_count()) {
    for (std::size_t k = 0; k < pass.dx.size(); ++k) {
      values_[static_cast<Index>(k)] = pass.dx[k].data() != nullptr;
    }
    for (const auto& step : plan.steps()) {
      const LayerEntry<T>& entry = network.layer(step.layer);
      bool is_visited = false;
      for (std::size_t k = 0; k < entry.parameter_count; ++k) {
        is_visited |= pass.gradients[entry.first_parameter + k].data() != nullptr;
      }
      for (const auto& edge : plan.edges(step)) is_visited |= values_[edge.value];
      values_[step.output] = is_visited;
    }
  }

  /// Whether the gradient of a value is wanted: the node that makes it is visited.
  bool wants(Index value) const { return values_[value]; }

 private:
  Scratch<bool> values_;
};

/// A tile on its way back.
template <std::floating_point T>
class BackwardTile {
 public:
  BackwardTile(const Topology<T>& network, const Plan<T>& plan, const NetworkBackward<T>& pass,
               const Visited<T>& visited, std::byte* gradients, std::byte* tile)
      : network_(network),
        plan_(plan),
        pass_(pass),
        visited_(visited),
        gradients_(gradients),
        tile_(tile),
        inputs_(static_cast<Index>(plan.most_edges())),
        dxs_(static_cast<Index>(plan.most_edges())) {}

  /// `gradients` are those of the step's layer.
  void run(const typename Plan<T>::Step& step, Rows rows, std::span<const TensorView<T>> gradients,
           Store store) const {
    const auto edges = plan_.edges(step);
    for (std::size_t j = 0; j < edges.size(); ++j) {
      const auto& edge = edges[j];
      const Value& x = plan_.value(edge.value);
      inputs_[static_cast<Index>(j)] = kept(x, rows);
      TensorView<T>& dx = dxs_[static_cast<Index>(j)];
      if (!visited_.wants(edge.value)) {
        dx = {};
      } else if (edge.adds) {
        dx = in_tile<T>(tile_, edge.temporary_offset, x, rows);
      } else {
        dx = gradient(x, rows);
      }
    }
    const LayerEntry<T>& entry = network_.layer(step.layer);
    const Value& y = plan_.value(step.output);
    entry.layer.backward({.x = inputs_[0],
                          .y = kept(y, rows),
                          .dy = gradient_of_output(y, rows),
                          .dx = dxs_[0],
                          .gradients = gradients,
                          .store = store,
                          .saved = plan_.saved(pass_.saved, step, rows.first),
                          .mode = entry.mode(pass_.mode),
                          .inputs = {inputs_.data(), edges.size()},
                          .dxs = {dxs_.data(), edges.size()}});
    for (std::size_t j = 0; j < edges.size(); ++j) {
      if (!edges[j].adds || !visited_.wants(edges[j].value)) continue;
      add_to<T>(gradient(plan_.value(edges[j].value), rows), dxs_[static_cast<Index>(j)]);
    }
  }

 private:
  using Value = typename Plan<T>::Value;

  /// A value that was kept for the way back; without data if it was not.
  TensorView<const T> kept(const Value& value, Rows rows) const {
    const auto number = static_cast<std::size_t>(value.offset);
    switch (value.place) {
      case Place::input:
        return rows.of(pass_.x[number]);
      case Place::output:
        return rows.of(pass_.y[number]);
      case Place::store:
        return rows_in<T>(pass_.saved, value.offset, value, rows);
      case Place::tile:
        break;
    }
    return rows_of<T, const T>(value, rows, nullptr);
  }

  TensorView<T> gradient(const Value& value, Rows rows) const {
    if (value.d_place == Place::input) {
      return rows.of(pass_.dx[static_cast<std::size_t>(value.d_offset)]);
    }
    return value.d_place == Place::tile ? in_tile<T>(tile_, value.d_offset, value, rows)
                                        : rows_in<T>(gradients_, value.d_offset, value, rows);
  }

  /// The gradient of what a node made: the caller's, that of the nodes that read it, or the sum.
  TensorView<const T> gradient_of_output(const Value& value, Rows rows) const {
    if (value.output < 0) return gradient(value, rows);
    const TensorView<const T> dy = rows.of(pass_.dy[static_cast<std::size_t>(value.output)]);
    if (value.d_place == Place::output) return dy;
    add_to<T>(gradient(value, rows), dy);
    return gradient(value, rows);
  }

  const Topology<T>& network_;
  const Plan<T>& plan_;
  const NetworkBackward<T>& pass_;
  const Visited<T>& visited_;
  std::byte* gradients_;
  std::byte* tile_;
  Scratch<TensorView<const T>> inputs_;
  Scratch<TensorView<T>> dxs_;
};

/// The gradients of the layers of a segment, and whether the segment is the first to write them.
template <std::floating_point T>
class SegmentGradients {
 public:
  /// `is_written` has a flag for each layer of the network, which is set.
  SegmentGradients(const Topology<T>& network, const Segment& segment,
                   std::span<const TensorView<T>> all, Store store, const Scratch<bool>& is_written)
      : views_(count(network, segment)), stores_(count(network, segment)) {
    for (const Index layer : segment.layers) {
      const LayerEntry<T>& entry = network.layer(layer);
      for (std::size_t k = 0; k < entry.parameter_count; ++k, ++count_) {
        views_[count_] = all[entry.first_parameter + k];
        stores_[count_] = is_written[layer] ? Store::add : store;
      }
      is_written[layer] = true;
    }
  }

  std::span<const TensorView<T>> views() const {
    return {views_.data(), static_cast<std::size_t>(count_)};
  }
  std::span<const Store> stores() const {
    return {stores_.data(), static_cast<std::size_t>(count_)};
  }

 private:
  static Index count(const Topology<T>& network, const Segment& segment) {
    std::size_t count = 0;
    for (const Index layer : segment.layers) count += network.layer(layer).parameter_count;
    return static_cast<Index>(count);
  }

  Scratch<TensorView<T>> views_;
  Scratch<Store> stores_;
  Index count_ = 0;
};

/// Writes pass.gradients, and pass.dx where it is wanted.
template <std::floating_point T>
void run_backward(const Topology<T>& network, const Plan<T>& plan, const NetworkBackward<T>& pass) {
  const Visited<T> visited(network, plan, pass);
  const WrittenGradients<T> written(network.layers, pass.gradients);
  const Scratch<bool> is_written(std::ssize(network.layers));
  std::fill_n(is_written.data(), network.layers.size(), false);
  const Scratch<std::byte> gradients(plan.gradient_bytes());
  for (auto segment = plan.segments().rbegin(); segment != plan.segments().rend(); ++segment) {
    const SegmentGradients<T> totals(network, *segment, written.views(), pass.store, is_written);
    const PartialGradients<T> partial(segment->pieces, totals.views());
    parallel_for(segment->pieces, [&](Index piece) {
      const Scratch<std::byte> memory(segment->backward_tile_bytes);
      const BackwardTile<T> tile(network, plan, pass, visited, gradients.data(), memory.data());
      bool is_first_tile = true;
      segment->for_each_tile(plan.rows(), piece, [&](Rows rows) {
        for (Index i = segment->last; i-- > segment->first;) {
          const auto& step = plan.step(i);
          if (!visited.wants(step.output)) continue;
          const std::size_t count = network.layer(step.layer).parameter_count;
          Store store = Store::add;
          if (is_first_tile && step.overwrites) {
            const bool is_total = segment->pieces == 1 && count > 0;
            store = is_total ? totals.stores()[step.first_gradient] : Store::overwrite;
          }
          tile.run(step, rows, partial.of(piece).subspan(step.first_gradient, count), store);
        }
        is_first_tile = false;
      });
    });
    partial.add_up(totals.stores());
  }
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
