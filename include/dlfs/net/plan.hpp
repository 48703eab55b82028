#pragma once

#include <algorithm>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/net/any_layer.hpp"
#include "dlfs/net/arena.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// A layer of a network, and the range of its parameters among the network's.
template <std::floating_point T>
struct LayerEntry {
  AnyLayer<T> layer;
  std::size_t first_parameter = 0;
  std::size_t parameter_count = 0;
  bool always_evaluates = false;  // whatever the mode of the network's pass

  PassMode mode(PassMode of_pass) const { return always_evaluates ? PassMode::evaluate : of_pass; }
};

/// A node of a network: a layer, and the values that it reads. The values of a network are its
/// inputs, and after them the outputs of its nodes.
struct Node {
  std::string name;
  Index layer;  // among the network's; several nodes may share one
  std::vector<Index> inputs;
};

/// What a network consists of, apart from the state of a batch.
template <std::floating_point T>
struct Topology {
  std::vector<std::string> inputs;
  std::vector<LayerEntry<T>> layers;
  std::vector<Node> nodes;  // each after those that it reads
  std::vector<Index> outputs;

  Index input_count() const { return std::ssize(inputs); }
  const LayerEntry<T>& layer(Index i) const { return layers[static_cast<std::size_t>(i)]; }
  const AnyLayer<T>& layer_of(const Node& node) const { return layer(node.layer).layer; }
};

/// Calls `call`; an error gets the name of a layer, whose index counts from 0.
template <class Call>
void with_layer_name(Index index, const std::string& name, const Call& call) {
  const auto prefix = [&] { return str_cat("layer ", index + 1, " (", name, "): "); };
  try {
    call();
  } catch (const ShapeError& error) {
    throw ShapeError(prefix(), error.what());
  } catch (const ValueError& error) {
    throw ValueError(prefix(), error.what());
  }
}

/// A node at its place in the order of execution.
struct OrderedNode {
  Index node;
  Index output;  // the value that it makes
  std::vector<Index> inputs;
};

/// How many nodes and outputs of the network read each value.
template <std::floating_point T>
std::vector<Index> count_readers(const Topology<T>& network) {
  std::vector<Index> readers(network.inputs.size() + network.nodes.size());
  for (const Node& node : network.nodes) {
    for (const Index input : node.inputs) ++readers[static_cast<std::size_t>(input)];
  }
  for (const Index output : network.outputs) ++readers[static_cast<std::size_t>(output)];
  return readers;
}

/// The nodes in the order in which they run: that in which they were added, but a layer that
/// `takes_maximum` before one that `is_monotone`, if it alone reads that. Both then make the value
/// that the other would have made.
template <std::floating_point T>
std::vector<OrderedNode> in_order(const Topology<T>& network) {
  const std::vector<Index> readers = count_readers(network);
  const auto entry = [&](const OrderedNode& each) -> const LayerEntry<T>& {
    return network.layer(network.nodes[static_cast<std::size_t>(each.node)].layer);
  };
  const auto may_change_places = [&](const OrderedNode& first, const OrderedNode& second) {
    return first.inputs.size() == 1 && second.inputs.size() == 1 &&
           second.inputs.front() == first.output &&
           readers[static_cast<std::size_t>(first.output)] == 1 &&
           entry(second).layer.traits().takes_maximum && entry(first).layer.traits().is_monotone &&
           entry(first).parameter_count == 0 && entry(second).parameter_count == 0;
  };
  std::vector<OrderedNode> order;
  for (std::size_t i = 0; i < network.nodes.size(); ++i) {
    const auto node = static_cast<Index>(i);
    order.push_back({node, network.input_count() + node, network.nodes[i].inputs});
    if (i > 0 && may_change_places(order[i - 1], order[i])) {
      std::swap(order[i - 1].node, order[i].node);
    }
  }
  return order;
}

/// Rows [first, last) of a batch.
struct Rows {
  Index first;
  Index last;

  Index count() const { return last - first; }

  /// These rows of a view, which may be a shape without data.
  template <class U>
  [[gnu::noinline]] TensorView<U> of(const TensorView<U>& view) const {
    return count() == view.shape()[0] ? view : part_of(view);
  }

 private:
  template <class U>
  TensorView<U> part_of(const TensorView<U>& view) const {
    if (view.data() == nullptr) return {nullptr, view.shape().with(0, count())};
    return view.rows(first, last);
  }
};

/// The memory in which a value, or its gradient, lies.
enum class Place {
  input,   // the caller's, for an input of the network
  output,  // the caller's, for an output
  store,   // for the whole batch
  tile,    // for the rows of a tile, while a segment works on it
};

/// Steps [first, last) of a plan, which run together, tile by tile.
struct Segment {
  Index first;
  Index last;
  Index pieces = 1;  // parts of the batch that may run at the same time
  Index tile_rows;   // maximum number of samples of a tile
  Index forward_tile_bytes = 0;
  Index backward_tile_bytes = 0;
  std::vector<Index> layers{};  // those that have parameters, each once

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

/// How a batch of one shape runs through a network: the order of the nodes, the shape and the place
/// of each value, and the segments. It has no memory for numbers, and is not changed after it was
/// made, so any number of threads may follow it.
///
/// Neighbouring nodes that do not need the whole batch form a segment. A small batch, which is one
/// piece anyway, has one segment. A value lives for a tile if
/// only its segment reads it, and no backward pass.
///
/// Max pooling after ReLU, sigmoid or tanh runs before it.
template <std::floating_point T>
class Plan {
 public:
  /// A value, and its gradient.
  struct Value {
    Shape shape{};  // for the whole batch
    Strides strides{};
    Place place = Place::tile;
    Index offset = 0;  // bytes in its memory; for the caller's: the number of the input or output
    Place d_place = Place::tile;
    Index d_offset = 0;
    Index output = -1;  // the number of the output that it is, if any
  };

  /// What a node reads.
  struct Edge {
    Index value;
    bool adds = false;           // its gradient has another part already
    Index temporary_offset = 0;  // of this part, in the memory of a tile
  };

  /// A node.
  struct Step {
    Index layer;
    Index output;  // a value
    std::size_t first_edge;
    std::size_t edge_count;
    Index saved_offset = 0;
    Index saved_stride = 0;           // bytes for each sample, for a layer that runs in tiles
    std::size_t first_gradient = 0;   // among those of the segment
    bool overwrites = true;           // on the way back: the first node of its layer in the segment
    RowsFunction<T> rows_function{};  // takes the place of the layer's forward, if it has one
  };

  /// A step from dense rows to dense rows.
  struct RowsStep {
    RowsFunction<T> function;
    Index x_size;
    Index y_size;
    Index x_offset;  // elements in the memory of the tile, or -1: the input of the network
    Index y_offset;  // the same, or -1: the output
  };

  /// @throws ShapeError, naming the layer, if x does not fit; ValueError without layers.
  Plan(const Topology<T>& network, std::span<const TensorView<const T>> x, bool with_backward)
      : with_backward_(with_backward) {
    if (network.nodes.empty()) throw ValueError("network: it has no layers");
    for (const TensorView<const T>& each : x) x_.push_back(each.shape());
    expect_inputs(network, x_);
    for (const LayerEntry<T>& entry : network.layers) {
      for (const Parameter<T>* parameter : entry.layer.parameters()) watch(*parameter);
      for (const NamedTensor<T>* buffer : entry.layer.buffers()) watch(*buffer);
    }
    put_in_order(network);
    find_shapes(network);
    divide_into_segments(network);
    place_values(network);
    if (with_backward) {
      place_saved_bytes(network);
      place_gradients(network);
    } else {
      list_rows_steps();
    }
  }

  /// Whether it is the plan for inputs like these, and parameters and buffers still have their
  /// shapes.
  bool fits(std::span<const TensorView<const T>> x, bool with_backward) const {
    if (with_backward != with_backward_ || x.size() != x_.size()) return false;
    for (std::size_t i = 0; i < x.size(); ++i) {
      if (x[i].shape() != x_[i]) return false;
    }
    return changed_tensor() == nullptr;
  }

  /// A parameter or a buffer, and the shape that it had.
  struct WatchedTensor {
    const NamedTensor<T>* tensor;
    Shape shape;
  };
  /// The first one that has another shape now, or nullptr.
  const WatchedTensor* changed_tensor() const {
    for (const WatchedTensor& each : tensors_) {
      if (each.tensor->value.shape() != each.shape) return &each;
    }
    return nullptr;
  }

  Index rows() const { return x_[0][0]; }
  std::span<const Shape> inputs() const { return x_; }
  std::span<const Step> steps() const { return steps_; }
  const Step& step(Index i) const { return steps_[static_cast<std::size_t>(i)]; }
  std::span<const Edge> edges(const Step& step) const {
    return std::span(edges_).subspan(step.first_edge, step.edge_count);
  }
  const Value& value(Index i) const { return values_[static_cast<std::size_t>(i)]; }
  Index value_count() const { return std::ssize(values_); }
  std::span<const Segment> segments() const { return segments_; }
  /// The steps of a prediction that runs in one tile, through layers that all compute dense rows.
  /// Otherwise empty.
  std::span<const RowsStep> rows_steps() const { return rows_steps_; }
  /// The largest number of inputs of a node.
  std::size_t most_edges() const { return most_edges_; }

  /// The shape of an output of the network.
  const Shape& output_shape(Index output = 0) const {
    return value(outputs_[static_cast<std::size_t>(output)]).shape;
  }
  Index output_count() const { return std::ssize(outputs_); }

  /// Bytes of values that outlive a tile, and of what layers save; and of their gradients.
  Index stored_bytes() const { return stored_bytes_; }
  Index gradient_bytes() const { return gradient_bytes_; }

  /// The shapes that a step reads.
  void shapes_into(const Step& step, std::vector<Shape>& shapes) const {
    shapes.clear();
    for (const Edge& edge : edges(step)) shapes.push_back(value(edge.value).shape);
  }

  /// The saved bytes of a step for a tile that begins at a row.
  template <class Byte>
  static Byte* saved(Byte* store, const Step& step, Index row) {
    return store + step.saved_offset + row * step.saved_stride;
  }

 private:
  // Sizes in bytes: a tile's activations stay in the second-level cache; a piece is large enough to
  // wake a thread. max_pieces keep a machine busy, and their partial gradients are still small.
  static constexpr Index tile_bytes = 2 * 1024 * 1024;
  static constexpr Index piece_bytes = 256 * 1024;
  static constexpr Index max_pieces = 16;

  void watch(const NamedTensor<T>& tensor) { tensors_.push_back({&tensor, tensor.value.shape()}); }

  static void expect_inputs(const Topology<T>& network, std::span<const Shape> x) {
    if (std::ssize(x) != network.input_count()) {
      throw ShapeError("network: expected ", network.input_count(), " inputs, got ", x.size());
    }
    for (const Shape& shape : x) {
      if (shape.rank() == 0) throw ShapeError("network: expected x of shape (N, ...), got ()");
      if (shape[0] != x[0][0]) {
        throw ShapeError("network: expected inputs with the same number of rows, got ", x[0],
                         " and ", shape);
      }
    }
  }

  Value& value_at(Index i) { return values_[static_cast<std::size_t>(i)]; }
  Step& step_at(Index i) { return steps_[static_cast<std::size_t>(i)]; }
  std::span<Edge> edges_of(const Step& step) {
    return std::span(edges_).subspan(step.first_edge, step.edge_count);
  }
  Index step_count() const { return std::ssize(steps_); }

  void put_in_order(const Topology<T>& network) {
    values_.resize(network.inputs.size() + network.nodes.size());
    for (Index i = 0; i < network.input_count(); ++i) {
      value_at(i) = {.shape = x_[static_cast<std::size_t>(i)],
                     .strides = Layout::dense(x_[static_cast<std::size_t>(i)]).strides,
                     .place = Place::input,
                     .offset = i,
                     .d_place = Place::input,
                     .d_offset = i};
    }
    outputs_ = network.outputs;
    for (std::size_t k = 0; k < outputs_.size(); ++k) {
      value_at(outputs_[k]).output = static_cast<Index>(k);
    }
    const std::vector<Index> readers = count_readers(network);
    for (std::size_t i = 0; i < readers.size(); ++i) {
      if (readers[i] == 0) throw_unread(network, i);
    }
    for (const OrderedNode& each : in_order(network)) {
      nodes_.push_back(each.node);
      steps_.push_back({.layer = network.nodes[static_cast<std::size_t>(each.node)].layer,
                        .output = each.output,
                        .first_edge = edges_.size(),
                        .edge_count = each.inputs.size()});
      for (const Index input : each.inputs) edges_.push_back({input});
      most_edges_ = std::max(most_edges_, each.inputs.size());
    }
  }

  [[noreturn]] static void throw_unread(const Topology<T>& network, std::size_t value) {
    const std::size_t inputs = network.inputs.size();
    throw ValueError("network: no layer reads ", value < inputs ? "the input '" : "'",
                     value < inputs ? network.inputs[value] : network.nodes[value - inputs].name,
                     value < inputs ? "'" : "', and it is no output");
  }

  void find_shapes(const Topology<T>& network) {
    std::vector<Shape> x;
    for (Index i = 0; i < step_count(); ++i) {
      shapes_into(step(i), x);
      const Index node = nodes_[static_cast<std::size_t>(i)];
      with_layer_name(node, network.nodes[static_cast<std::size_t>(node)].name, [&] {
        const AnyLayer<T>& layer = network.layer(step(i).layer).layer;
        const Shape y = layer.output_shape(x);
        value_at(step(i).output).shape = y;
        value_at(step(i).output).strides = Layout::dense(y).strides;
        step_at(i).rows_function = layer.rows_function();
      });
    }
  }

  void divide_into_segments(const Topology<T>& network) {
    const auto is_whole = [&](Index i) {
      return network.layer(step(i).layer).layer.traits().whole_batch;
    };
    const Index all_bytes = product(product(elements_of_rows(0, step_count()), sizeof(T)), rows());
    const bool is_one_piece = all_bytes <= piece_bytes;
    for (Index first = 0; first < step_count();) {
      Index last = is_one_piece ? step_count() : first + 1;
      while (last < step_count() && !is_whole(last) && !is_whole(last - 1)) ++last;
      segments_.push_back(segment(network, first, last, is_whole(first)));
      first = last;
    }
  }

  Segment segment(const Topology<T>& network, Index first, Index last, bool is_whole) {
    Segment segment{.first = first, .last = last, .tile_rows = std::max<Index>(rows(), 1)};
    for (Index i = last; i-- > first;) {
      const LayerEntry<T>& entry = network.layer(step(i).layer);
      if (entry.parameter_count == 0) continue;
      std::size_t before = 0;
      for (const Index layer : segment.layers) {
        if (layer == step(i).layer) {
          step_at(i).overwrites = false;
          break;
        }
        before += network.layer(layer).parameter_count;
      }
      step_at(i).first_gradient = before;
      if (step(i).overwrites) segment.layers.push_back(step(i).layer);
    }

    const Index row_bytes = product(elements_of_rows(first, last), sizeof(T));
    if (is_whole || rows() == 0 || row_bytes == 0) return segment;
    segment.pieces = std::clamp<Index>(product(rows(), row_bytes) / piece_bytes, 1,
                                       std::min<Index>(rows(), max_pieces));
    segment.tile_rows = std::clamp<Index>(tile_bytes / row_bytes, 1, rows());
    return segment;
  }

  /// The numbers of one sample in all values of steps [first, last).
  Index elements_of_rows(Index first, Index last) const {
    Index sum = 0;
    std::vector<bool> counted(values_.size());
    const auto count = [&](Index i) {
      if (counted[static_cast<std::size_t>(i)]) return;
      counted[static_cast<std::size_t>(i)] = true;
      sum = checked_sum("network", sum, elements_per_row(value(i).shape));
    };
    for (Index i = first; i < last; ++i) {
      for (const Edge& edge : edges(step(i))) count(edge.value);
      count(step(i).output);
    }
    return sum;
  }

  /// For each value: the segment that makes it, or -1, and the last that reads it.
  struct Span {
    Index made = -1;
    Index last_read = -1;
    bool is_read_backward = false;
  };
  std::vector<Span> spans(const Topology<T>& network) const {
    std::vector<Span> spans(values_.size());
    for (std::size_t s = 0; s < segments_.size(); ++s) {
      for (Index i = segments_[s].first; i < segments_[s].last; ++i) {
        const LayerTraits traits = network.layer(step(i).layer).layer.traits();
        for (const Edge& edge : edges(step(i))) {
          Span& span = spans[static_cast<std::size_t>(edge.value)];
          span.last_read = static_cast<Index>(s);
          span.is_read_backward |= traits.keeps_input;
        }
        Span& span = spans[static_cast<std::size_t>(step(i).output)];
        span.made = static_cast<Index>(s);
        span.is_read_backward |= traits.keeps_output;
      }
    }
    return spans;
  }

  void place_values(const Topology<T>& network) {
    const std::vector<Span> all = spans(network);
    Arena store;
    for (std::size_t s = 0; s < segments_.size(); ++s) {
      Segment& segment = segments_[s];
      Arena tile;
      for (Index i = segment.first; i < segment.last; ++i) {
        Value& y = value_at(step(i).output);
        const Span& span = all[static_cast<std::size_t>(step(i).output)];
        if (y.output >= 0) {
          y.place = Place::output;
          y.offset = y.output;
        } else if (span.last_read > span.made || (with_backward_ && span.is_read_backward)) {
          y.place = Place::store;
          y.offset = store.take(bytes(y.shape, rows()));
        } else {
          y.offset = tile.take(bytes(y.shape, segment.tile_rows));
        }
        for_each_last_reading(segment, i, [&](const Value& x) {
          if (x.place == Place::tile) tile.release(x.offset, bytes(x.shape, segment.tile_rows));
        });
      }
      segment.forward_tile_bytes = tile.bytes();
      if (with_backward_) continue;
      for (std::size_t k = 0; k < values_.size(); ++k) {
        const Value& x = values_[k];
        if (x.place == Place::store && all[k].last_read == static_cast<Index>(s)) {
          store.release(x.offset, bytes(x.shape, rows()));
        }
      }
    }
    stored_bytes_ = store.bytes();
  }

  /// Calls visit(value) for each value that step i reads and no later step of the segment.
  template <class Visit>
  void for_each_last_reading(const Segment& segment, Index i, const Visit& visit) const {
    const std::span<const Edge> read = edges(step(i));
    for (std::size_t j = 0; j < read.size(); ++j) {
      bool is_last = true;
      for (std::size_t k = j + 1; k < read.size(); ++k) is_last &= read[k].value != read[j].value;
      for (Index later = i + 1; later < segment.last && is_last; ++later) {
        for (const Edge& edge : edges(step(later))) is_last &= edge.value != read[j].value;
      }
      if (is_last) visit(value(read[j].value));
    }
  }

  void place_saved_bytes(const Topology<T>& network) {
    std::vector<Shape> x;
    for (Step& step : steps_) {
      const AnyLayer<T>& layer = network.layer(step.layer).layer;
      const bool in_tiles = !layer.traits().whole_batch;
      shapes_into(step, x);
      if (in_tiles) {
        for (Shape& shape : x) shape = shape.with(0, 1);
      }
      const Index size = Arena::aligned(layer.saved_bytes(x));
      step.saved_stride = in_tiles ? size : 0;
      step.saved_offset = stored_bytes_;
      stored_bytes_ =
          checked_sum("network", stored_bytes_, in_tiles ? product(rows(), size) : size);
    }
  }

  void place_gradients(const Topology<T>& network) {
    const std::vector<Span> all = spans(network);
    std::vector<bool> is_placed(values_.size());
    Arena store;
    for (std::size_t s = segments_.size(); s-- > 0;) {
      Segment& segment = segments_[s];
      Arena tile;
      for (Index i = segment.last; i-- > segment.first;) {
        std::vector<std::pair<Index, Index>> temporaries;
        for (Edge& edge : edges_of(step(i))) {
          Value& x = value_at(edge.value);
          const auto k = static_cast<std::size_t>(edge.value);
          const bool is_local =
              all[k].made == static_cast<Index>(s) && all[k].last_read == static_cast<Index>(s);
          edge.adds = is_placed[k];
          if (edge.adds) {
            edge.temporary_offset = tile.take(bytes(x.shape, segment.tile_rows));
            temporaries.emplace_back(edge.temporary_offset, bytes(x.shape, segment.tile_rows));
          } else if (x.d_place != Place::input) {
            x.d_place = is_local ? Place::tile : Place::store;
            x.d_offset = is_local ? tile.take(bytes(x.shape, segment.tile_rows))
                                  : store.take(bytes(x.shape, rows()));
          }
          is_placed[k] = true;
        }
        for (const auto& [offset, size] : temporaries) tile.release(offset, size);
        Value& y = value_at(step(i).output);
        if (!is_placed[static_cast<std::size_t>(step(i).output)]) {
          y.d_place = Place::output;
          y.d_offset = y.output;
        } else if (y.d_place == Place::tile) {
          tile.release(y.d_offset, bytes(y.shape, segment.tile_rows));
        }
      }
      segment.backward_tile_bytes = tile.bytes();
      for (Index i = segment.first; i < segment.last; ++i) {
        const Value& y = value(step(i).output);
        if (y.d_place == Place::store) store.release(y.d_offset, bytes(y.shape, rows()));
      }
    }
    gradient_bytes_ = store.bytes();
  }

  void list_rows_steps() {
    const bool is_one_tile = segments_.size() == 1 && segments_[0].tile_rows >= rows();
    const auto has_function = [](const Step& each) { return each.rows_function.call != nullptr; };
    if (!is_one_tile || outputs_.size() != 1 || x_.size() != 1 ||
        !std::all_of(steps_.begin(), steps_.end(), has_function)) {
      return;
    }
    const auto offset_of = [](const Value& value) {
      return value.place == Place::tile ? value.offset / static_cast<Index>(sizeof(T)) : -1;
    };
    for (const Step& each : steps_) {
      const Value& x = value(edges(each).front().value);
      const Value& y = value(each.output);
      rows_steps_.push_back(
          {each.rows_function, x.strides[0], y.strides[0], offset_of(x), offset_of(y)});
    }
  }

  static Index elements_per_row(const Shape& shape) { return shape.axes(1, shape.rank()).size(); }
  static Index bytes(const Shape& shape, Index rows) {
    return product(product(elements_per_row(shape), rows), sizeof(T));
  }
  [[gnu::noinline]] static Index product(Index a, Index b) {
    return checked_product("network", a, b);
  }

  std::vector<Shape> x_;
  bool with_backward_;
  std::vector<WatchedTensor> tensors_;
  std::vector<Value> values_;
  std::vector<Index> nodes_;  // of each step
  std::vector<Step> steps_;
  std::vector<Edge> edges_;
  std::vector<Index> outputs_;  // values
  std::vector<Segment> segments_;
  std::vector<RowsStep> rows_steps_;
  std::size_t most_edges_ = 1;
  Index stored_bytes_ = 0;
  Index gradient_bytes_ = 0;
};

/// The plans of a network that were made so far. Any number of threads may look for one and add
/// one at the same time, without a lock.
template <std::floating_point T>
class PlanCache {
 public:
  PlanCache() = default;
  PlanCache(const PlanCache&) {}
  PlanCache(PlanCache&& other) noexcept
      : first_(other.first_.exchange(nullptr)), count_(other.count_.exchange(0)) {}
  PlanCache& operator=(const PlanCache&) = delete;
  /// Moved to itself it is empty, as the network's vectors are.
  PlanCache& operator=(PlanCache&& other) noexcept {
    clear();
    first_ = other.first_.exchange(nullptr);
    count_ = other.count_.exchange(0);
    return *this;
  }
  ~PlanCache() { clear(); }

  /// The plan for these inputs: one of the cache, which gets it if it has room, or `temporary`.
  const Plan<T>& plan_for(const Topology<T>& network, std::span<const TensorView<const T>> x,
                          bool with_backward, std::optional<Plan<T>>& temporary) const {
    for (const Entry* entry = first_.load(std::memory_order_acquire); entry != nullptr;
         entry = entry->next) {
      if (entry->plan.fits(x, with_backward)) return entry->plan;
    }
    if (is_full()) return temporary.emplace(network, x, with_backward);
    return add(Plan<T>(network, x, with_backward));
  }

  bool is_full() const { return count_.load(std::memory_order_relaxed) >= capacity; }

  /// Not while another thread uses a plan.
  void clear() {
    for (Entry* entry = first_.exchange(nullptr); entry != nullptr;) {
      delete std::exchange(entry, entry->next);
    }
    count_ = 0;
  }

 private:
  static constexpr int capacity = 64;

  struct Entry {
    Plan<T> plan;
    Entry* next = nullptr;
  };

  const Plan<T>& add(Plan<T> plan) const {
    auto* const entry = new Entry{std::move(plan)};
    entry->next = first_.load(std::memory_order_relaxed);
    while (!first_.compare_exchange_weak(entry->next, entry, std::memory_order_release,
                                         std::memory_order_relaxed)) {
    }
    count_.fetch_add(1, std::memory_order_relaxed);
    return entry->plan;
  }

  mutable std::atomic<Entry*> first_{nullptr};
  mutable std::atomic<int> count_{0};
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
