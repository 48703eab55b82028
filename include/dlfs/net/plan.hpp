#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/net/any_layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// One layer of a chain, and the range of its parameters among the chain's.
template <std::floating_point T>
struct Link {
  Index number;  // counted from 1, in the order in which the user added it
  std::string name;
  AnyLayer<T> layer;
  std::size_t first_parameter = 0;
  std::size_t parameter_count = 0;
  bool always_evaluates = false;  // whatever the mode of the network's pass

  PassMode mode(PassMode of_pass) const { return always_evaluates ? PassMode::evaluate : of_pass; }
};

/// Rows [first, last) of a batch.
struct Rows {
  Index first;
  Index last;

  /// These rows of a view, which may be a shape without data.
  template <class U>
  [[gnu::noinline]] TensorView<U> of(const TensorView<U>& view) const {
    if (view.data() == nullptr) return {nullptr, view.shape().with(0, last - first)};
    return view.rows(first, last);
  }
};

/// Layers [first, last) of a chain, which run together, tile by tile.
struct Segment {
  Index first;
  Index last;
  Index pieces;         // parts of the batch that may run at the same time
  Index tile_rows;      // maximum number of samples of a tile
  Index tile_elements;  // elements of the largest activation of a tile between two layers

  /// Calls `body(rows)` for each tile of a piece of a batch with `rows` rows, in order. A batch
  /// without rows is one empty tile, so that gradients become zero.
  template <class Body>
  void for_each_tile(Index rows, Index piece, Body&& body) const {
    const Index end = piece_begin(rows, pieces, piece + 1);
    Index row = piece_begin(rows, pieces, piece);
    do {
      body(Rows{row, std::min(row + tile_rows, end)});
      row += tile_rows;
    } while (row < end);
  }
};

/// The path of a batch of one shape through a chain of layers: the shape of each activation, the
/// position of those that outlive a tile, and the segments. Its memory is the caller's.
template <std::floating_point T>
class Plan {
 public:
  /// One layer's part of a plan.
  struct Step {
    LayerTraits traits;
    Shape y;
    Index y_offset = -1;
    Index saved_offset = 0;
    Index saved_stride = 0;  // bytes for each sample, for a layer that runs in tiles
  };

  /// `steps` is memory for a step for each layer. @throws ShapeError, naming the layer, if x does
  /// not fit.
  Plan(Step* steps, std::span<const Link<T>> chain, const Shape& x, bool with_backward)
      : steps_(steps), chain_(chain), x_(x) {
    if (chain.empty()) throw ValueError("network: it has no layers");
    if (x.rank() == 0) throw ShapeError("network: expected x of shape (N, ...), got ()");
    for (Index i = 0; i < count(); ++i) steps_[i] = step(i);
    for (Index i = 0; i + 1 < count(); ++i) {
      const bool is_read_later = traits(i).keeps_output || traits(i + 1).keeps_input;
      if (ends_segment(i) || (with_backward && is_read_later)) {
        steps_[i].y_offset = reserve(product(y(i).size(), sizeof(T)));
      }
    }
    for (Index i = 0; i < count() && with_backward; ++i) {
      const AnyLayer<T>& layer = chain_[static_cast<std::size_t>(i)].layer;
      const bool in_tiles = !traits(i).whole_batch;
      const Index bytes = layer.saved_bytes(in_tiles ? with_rows(shape_into(i), 1) : shape_into(i));
      steps_[i].saved_stride = in_tiles ? round_up(bytes) : 0;
      steps_[i].saved_offset = reserve(in_tiles ? product(rows(), round_up(bytes)) : bytes);
    }
  }

  /// A copy in other memory.
  Plan copy_in(std::vector<Step>& memory) const {
    memory.assign(steps_, steps_ + count());
    Plan copy = *this;
    copy.steps_ = memory.data();
    return copy;
  }

  Index count() const { return std::ssize(chain_); }
  Index rows() const { return x_[0]; }
  const LayerTraits& traits(Index i) const { return steps_[i].traits; }
  /// The shape of layer i's output, and of its input, for the whole batch.
  const Shape& y(Index i) const { return steps_[i].y; }
  const Shape& shape_into(Index i) const { return i == 0 ? x_ : steps_[i - 1].y; }

  /// Number of bytes for the stored activations and the layers' saved bytes.
  Index stored_bytes() const { return stored_bytes_; }

  /// Rows of layer i's output in the store; without data if it is not stored.
  [[gnu::noinline]] TensorView<T> stored_y(std::byte* store, Index i, Rows rows) const {
    const bool is_stored = steps_[i].y_offset >= 0;
    T* data = is_stored ? elements_at<T>(store + steps_[i].y_offset) : nullptr;
    return rows.of(TensorView<T>(data, y(i)));
  }

  /// The saved bytes of layer i for a tile that begins at a row.
  template <class Byte>
  Byte* saved(Byte* store, Index i, Index row) const {
    return store + steps_[i].saved_offset + row * steps_[i].saved_stride;
  }

  /// The segment that begins with layer `first`.
  Segment segment_from(Index first) const {
    Index last = first + 1;
    while (!ends_segment(last - 1)) ++last;
    return segment(first, last);
  }

  /// The segment that ends before layer `last`.
  Segment segment_to(Index last) const {
    Index first = last - 1;
    while (first > 0 && !ends_segment(first - 1)) --first;
    return segment(first, last);
  }

  /// Elements of the largest activation between two segments.
  Index largest_between_segments() const {
    Index largest = 0;
    for (Index i = 0; i + 1 < count(); ++i) {
      if (ends_segment(i)) largest = std::max(largest, y(i).size());
    }
    return largest;
  }

 private:
  // Sizes in bytes: a tile's activations stay in the second-level cache; a piece is large enough to
  // wake a thread. max_pieces keep a machine busy, and their partial gradients are still small.
  static constexpr Index tile_bytes = 2 * 1024 * 1024;
  static constexpr Index piece_bytes = 256 * 1024;
  static constexpr Index max_pieces = 16;

  Segment segment(Index first, Index last) const {
    Index row_elements = elements_per_row(shape_into(first));
    Index widest = 0;
    for (Index i = first; i < last; ++i) {
      row_elements = sum(row_elements, elements_per_row(y(i)));
      if (i + 1 < last) widest = std::max(widest, elements_per_row(y(i)));
    }
    Segment segment{first, last, 1, std::max<Index>(rows(), 1), product(widest, rows())};
    if (traits(first).whole_batch || rows() == 0 || row_elements == 0) return segment;

    const Index row_bytes = std::max<Index>(product(row_elements, sizeof(T)), 1);
    segment.pieces = std::clamp<Index>(product(rows(), row_bytes) / piece_bytes, 1,
                                       std::min<Index>(rows(), max_pieces));
    segment.tile_rows = std::clamp<Index>(tile_bytes / row_bytes, 1, rows());
    segment.tile_elements = widest * segment.tile_rows;
    return segment;
  }

  Step step(Index i) const {
    const Link<T>& link = chain_[static_cast<std::size_t>(i)];
    try {
      return {.traits = link.layer.traits(), .y = link.layer.output_shape(shape_into(i))};
    } catch (const ShapeError& error) {
      throw ShapeError("layer ", link.number, " (", link.name, "): ", error.what());
    } catch (const ValueError& error) {
      throw ValueError("layer ", link.number, " (", link.name, "): ", error.what());
    }
  }

  bool ends_segment(Index i) const {
    return i + 1 == count() || traits(i).whole_batch || traits(i + 1).whole_batch;
  }

  static Shape with_rows(const Shape& shape, Index rows) { return shape.with(0, rows); }
  static Index elements_per_row(const Shape& shape) { return shape.axes(1, shape.rank()).size(); }
  static Index round_up(Index bytes) {
    constexpr auto step = static_cast<Index>(alignment);
    return sum(bytes, step - 1) / step * step;
  }
  [[gnu::noinline]] static Index sum(Index a, Index b) { return checked_sum("network", a, b); }
  [[gnu::noinline]] static Index product(Index a, Index b) {
    return checked_product("network", a, b);
  }

  Index reserve(Index bytes) {
    const Index offset = stored_bytes_;
    stored_bytes_ = sum(offset, round_up(bytes));
    return offset;
  }

  Step* steps_;
  std::span<const Link<T>> chain_;
  Shape x_;
  Index stored_bytes_ = 0;
};

/// A plan in scratch memory.
template <std::floating_point T>
class TemporaryPlan : Scratch<typename Plan<T>::Step>, public Plan<T> {
 public:
  TemporaryPlan(std::span<const Link<T>> chain, const Shape& x, bool with_backward)
      : Scratch<typename Plan<T>::Step>(std::ssize(chain)),
        Plan<T>(this->data(), chain, x, with_backward) {}
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
