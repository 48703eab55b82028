#pragma once

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <exception>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dlfs/core/eigen.hpp"
#include "dlfs/core/rng.hpp"
#include "dlfs/core/strict_math.hpp"
#include "dlfs/net/any_layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Memory for a layer to write, with margins on both sides in which it must not write.
template <class T>
class GuardedTensor {
 public:
  GuardedTensor(const Shape& shape, T value)
      : shape_(shape), margin_(margin_of(shape)), memory_({shape.size() + 2 * margin_}) {
    std::fill_n(memory_.data(), memory_.size(), T(guard));
    std::fill_n(view().data(), shape.size(), value);
  }

  TensorView<T> view() { return {memory_.data() + margin_, shape_}; }
  Tensor<T> copy() const {
    return {shape_, std::span(memory_.data() + margin_, static_cast<std::size_t>(shape_.size()))};
  }

  bool is_intact() const {
    const auto is_guard = [](T element) { return element == T(guard); };
    return std::all_of(memory_.begin(), memory_.begin() + margin_, is_guard) &&
           std::all_of(memory_.end() - margin_, memory_.end(), is_guard);
  }

 private:
  static constexpr int guard = 113;

  /// One more row, rounded up to whole cache lines.
  static Index margin_of(const Shape& shape) {
    const Index row = shape.size() / std::max<Index>(1, shape.rank() > 0 ? shape[0] : 1);
    constexpr auto unit = static_cast<Index>(alignment);
    return (row / unit + 1) * unit;
  }

  Shape shape_;
  Index margin_;
  Tensor<T> memory_;
};

/// Checks every sentence of nn/layer.hpp for a layer, on a batch x. Each violation becomes a
/// sentence in `faults`.
template <std::floating_point T>
class LayerContract {
 public:
  LayerContract(std::string name, const AnyLayer<T>& layer, const Tensor<T>& x, PassMode mode,
                std::uint64_t seed, std::vector<std::string>& faults)
      : name_(std::move(name)), layer_(layer), x_(x), mode_(mode), rng_(seed), faults_(&faults) {}

  /// Whether a network can run the layer within its memory. @throws what the layer throws for the
  /// unchanged batch.
  bool check() {
    if (!check_sizes()) return false;
    dy_ = random_normal<T>(layer_.output_shape(x_.shape()), rng_);
    check_parameters();
    const std::vector<Tensor<T>> buffers = buffers_of(layer_);
    const Results expected = run({});
    if (faults_->size() > faults_at_start_) return false;
    if (!check_what_is_read(expected)) return false;
    check_what_is_written(expected);
    check_store(expected);
    check_memory(expected);
    if (!check_without_dx(expected)) return false;
    check_skipped_gradients(expected);
    check_modes(expected);
    check_forward_rows(expected);
    check_threads(expected);
    if (!traits_.whole_batch) {
      check_rows();
      check_no_rows();
    }
    check_copies(expected);
    check_update_buffers();
    check_traits(expected);
    if (!are_same(buffers_of(layer_), buffers)) {
      fail("forward or backward change its buffers(); only update_buffers may");
    }
    return true;
  }

 private:
  static constexpr T nan = std::numeric_limits<T>::quiet_NaN();

  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

  /// One way to run a batch forward and backward.
  struct Way {
    T fill = nan;  // initial value of memory that the layer overwrites
    Store store = Store::overwrite;
    bool gives_x = true;  // whether backward gets x, or NaNs instead
    bool gives_y = true;
    bool wants_dx = true;
    std::size_t skipped = none;  // the parameter whose gradient is not wanted
    PassMode mode = PassMode::train;
    std::uint64_t step = 0;
    Index first_sample = 0;
  };

  struct Results {
    Tensor<T> y;
    Tensor<T> dx;
    std::vector<Tensor<T>> gradients;
  };

  void fail(const std::string& what) { faults_->push_back(str_cat(name_, ": ", what)); }

  /// Calls `call`; an exception becomes a fault.
  template <class Call>
  bool attempt(const std::string& what, const Call& call) {
    try {
      call();
      return true;
    } catch (const std::exception& error) {
      fail(str_cat(what, " throws: ", error.what()));
      return false;
    }
  }

  static std::vector<Tensor<T>> buffers_of(AnyLayer<T>& layer) {
    std::vector<Tensor<T>> values;
    for (const NamedTensor<T>* buffer : layer.buffers()) values.push_back(buffer->value);
    return values;
  }

  static bool are_same(const Tensor<T>& a, const Tensor<T>& b) {
    return a.shape() == b.shape() &&
           (a.empty() ||
            std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.size()) * sizeof(T)) == 0);
  }
  static bool are_same(const std::vector<Tensor<T>>& a, const std::vector<Tensor<T>>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& one, const auto& other) { return are_same(one, other); });
  }
  static bool are_same(const Results& a, const Results& b) {
    return are_same(a.y, b.y) && are_same(a.dx, b.dx) && are_same(a.gradients, b.gradients);
  }

  /// Whether tensors are equal up to the rounding of sums in another order.
  static bool are_close(const Tensor<T>& a, const Tensor<T>& b) {
    if (a.shape() != b.shape()) return false;
    T largest = 0;
    for (const T element : b) largest = std::max(largest, std::abs(element));
    const T limit = T(1e-9) * (largest + T(1e-3));
    for (Index i = 0; i < a.size(); ++i) {
      if (!(std::abs(a.data()[i] - b.data()[i]) <= limit) && !are_same_bits(a, b, i)) return false;
    }
    return true;
  }
  static bool are_same_bits(const Tensor<T>& a, const Tensor<T>& b, Index i) {
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): the bits of a NaN, too
    return std::memcmp(a.data() + i, b.data() + i, sizeof(T)) == 0;
  }

  /// The memory of consecutive samples of a batch, which passes from forward to backward.
  struct Memory {
    Memory(const AnyLayer<T>& layer, const Shape& x, T fill)
        : y(layer.output_shape(x), fill),
          saved({layer.saved_bytes(x)}, is_nan(fill) ? std::byte{0xff} : std::byte{0}) {}
    GuardedTensor<T> y;
    GuardedTensor<std::byte> saved;
  };

  Memory forward(const AnyLayer<T>& layer, const Tensor<T>& x, const Way& way) {
    Memory memory(layer, x.shape(), way.fill);
    // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): a wrong layer may change x
    const Tensor<T> before = x;
    layer.forward({.x = x,
                   .y = memory.y.view(),
                   .saved = memory.saved.view().data(),
                   .mode = way.mode,
                   .step = way.step,
                   .first_sample = way.first_sample});
    if (!memory.y.is_intact()) fail("forward writes outside of pass.y");
    if (!memory.saved.is_intact()) fail("forward writes more than saved_bytes() into pass.saved");
    if (!are_same(x, before)) fail("forward changes x");
    return memory;
  }

  /// Adds to `results.gradients` if the way says so.
  void backward(const AnyLayer<T>& layer, const Tensor<T>& x, const Tensor<T>& dy, Memory& memory,
                const Way& way, Results& results) {
    const auto parameters = std::as_const(layer).parameters();
    GuardedTensor<T> dx(x.shape(), way.fill);
    std::vector<GuardedTensor<T>> gradients;
    std::vector<TensorView<T>> views;
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      gradients.emplace_back(parameters[k]->value.shape(), way.fill);
      if (way.store == Store::add) {
        std::copy(results.gradients[k].begin(), results.gradients[k].end(),
                  gradients[k].view().data());
      }
    }
    views.reserve(gradients.size());
    for (auto& gradient : gradients) views.push_back(gradient.view());
    if (way.skipped != none) views[way.skipped] = {nullptr, views[way.skipped].shape()};
    const Tensor<T> unknown_x = full<T>(way.gives_x ? Shape{0} : x.shape(), nan);
    const Tensor<T> y = memory.y.copy();
    const Tensor<T> unknown_y = full<T>(way.gives_y ? Shape{0} : y.shape(), nan);
    // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): a wrong layer may change dy
    const Tensor<T> dy_before = dy;
    layer.backward({.x = way.gives_x ? x : unknown_x,
                    .y = way.gives_y ? y : unknown_y,
                    .dy = dy,
                    .dx = way.wants_dx ? dx.view() : TensorView<T>(),
                    .gradients = views,
                    .store = way.store,
                    .saved = memory.saved.view().data(),
                    .mode = way.mode});
    if (!dx.is_intact()) fail("backward writes outside of pass.dx");
    if (!memory.saved.is_intact()) fail("backward writes outside of pass.saved");
    if (!are_same(dy, dy_before)) fail("backward changes pass.dy");
    results.dx = dx.copy();
    results.gradients.clear();
    for (std::size_t k = 0; k < gradients.size(); ++k) {
      if (!gradients[k].is_intact()) {
        fail(str_cat("backward writes outside of the gradient of ", parameters[k]->name));
      }
      results.gradients.push_back(gradients[k].copy());
    }
  }

  Results run(Way way) {
    way.mode = mode_;
    return run(layer_, x_, dy_, way);
  }
  Results run(const AnyLayer<T>& layer, const Tensor<T>& x, const Tensor<T>& dy, const Way& way) {
    Results results;
    Memory memory = forward(layer, x, way);
    results.y = memory.y.copy();
    backward(layer, x, dy, memory, way, results);
    return results;
  }

  /// "output_shape(x)" and the other sizes that decide how much memory the network provides.
  bool check_sizes() {
    const Shape& x = x_.shape();
    const Shape y = layer_.output_shape(x);
    if (traits_.kind.empty()) fail("traits() has no kind");
    if (y.rank() == 0 || y[0] != x[0] || layer_.output_shape(x) != y) {
      fail(str_cat("output_shape gives ", y, " for x ", x,
                   "; it must have as many rows, each time"));
      return false;
    }
    if (layer_.saved_bytes(x) < 0) {
      fail(str_cat("saved_bytes is ", layer_.saved_bytes(x)));
      return false;
    }
    if (layer_.flops(x) < 0) fail(str_cat("flops is ", layer_.flops(x)));
    for (const Index rows : {Index{1}, checked_product("check_gradients", x[0], 2)}) {
      if (traits_.whole_batch) break;
      const Shape part = x.with(0, rows);
      if (layer_.output_shape(part) != y.with(0, rows)) {
        fail(str_cat("output_shape gives ", layer_.output_shape(part), " for x ", part, ", but ", y,
                     " for x ", x, "; only the rows may differ"));
        return false;
      }
      constexpr auto unit = static_cast<Index>(alignment);
      const Index of_a_row = (layer_.saved_bytes(x.with(0, 1)) + unit - 1) / unit * unit;
      if (layer_.saved_bytes(part) > rows * of_a_row) {
        fail(str_cat("saved_bytes is ", layer_.saved_bytes(part), " for x ", part, ", more than ",
                     rows, " times that of a row"));
        return false;
      }
    }
    return true;
  }

  void check_parameters() {
    const auto parameters = layer_.parameters();
    if (layer_.parameters() != parameters) fail("parameters() gives other pointers each time");
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      if (parameters[k]->name.empty()) fail(str_cat("parameter ", k, " has no name"));
      for (std::size_t i = 0; i < k; ++i) {
        if (parameters[i] == parameters[k] || parameters[i]->name == parameters[k]->name) {
          fail(str_cat("parameters() names ", parameters[k]->name, " twice"));
        }
      }
    }
  }

  bool check_what_is_read(const Results& expected) {
    const auto check = [&](Way way, std::string_view view, std::string_view trait) {
      Results results;
      const bool works = attempt(str_cat("backward without ", view), [&] { results = run(way); });
      if (works && are_same(results, expected)) return true;
      if (works) fail(str_cat("backward reads ", view, ", but traits() has no ", trait));
      return false;
    };
    if (!are_same(run({}), expected)) {
      fail(
          "the same pass gives other numbers the second time; random ones derive from pass.step "
          "and the sample's number");
      return false;
    }
    return (traits_.keeps_input || check({.gives_x = false}, "pass.x", "keeps_input")) &&
           (traits_.keeps_output || check({.gives_y = false}, "pass.y", "keeps_output"));
  }

  void check_what_is_written(const Results& expected) {
    const Results other = run({.fill = T(1)});
    if (!are_same(other.y, expected.y)) fail("forward does not overwrite all of pass.y");
    if (!are_same(other.dx, expected.dx)) fail("backward does not overwrite all of pass.dx");
    for (std::size_t k = 0; k < other.gradients.size(); ++k) {
      if (are_same(other.gradients[k], expected.gradients[k])) continue;
      fail(str_cat("backward does not overwrite the gradient of ", parameter_name(k),
                   " where pass.store is Store::overwrite"));
    }
  }

  std::string parameter_name(std::size_t k) { return layer_.parameters()[k]->name; }

  void check_store(const Results& expected) {
    Results results;
    std::vector<Tensor<T>> sums;
    for (const Tensor<T>& gradient : expected.gradients) {
      results.gradients.push_back(random_normal<T>(gradient.shape(), rng_));
      sums.push_back(results.gradients.back());
      as_array(sums.back()) += as_array(gradient);
    }
    const Way way{.store = Store::add, .mode = mode_};
    Memory memory = forward(layer_, x_, way);
    backward(layer_, x_, dy_, memory, way, results);
    for (std::size_t k = 0; k < sums.size(); ++k) {
      if (are_close(results.gradients[k], sums[k])) continue;
      fail(str_cat("backward does not add to the gradient of ", parameter_name(k),
                   " where pass.store is Store::add"));
    }
  }

  /// "It remembers nothing of a batch", and backward does not change what forward saved.
  void check_memory(const Results& expected) {
    const Way way{.mode = mode_};
    Memory memory = forward(layer_, x_, way);
    Tensor<T> other = x_;
    std::reverse(other.begin(), other.end());
    forward(layer_, other, way);
    Results results;
    results.y = memory.y.copy();
    backward(layer_, x_, dy_, memory, way, results);
    if (!are_same(results, expected)) {
      fail(
          "backward gives other numbers after a forward pass of another batch: the layer must "
          "remember nothing of a batch");
    }
    backward(layer_, x_, dy_, memory, way, results);
    if (!are_same(results, expected)) {
      fail("a second backward of one pass gives other numbers: pass.saved must stay as it is");
    }
  }

  /// "Only a layer that `skips_gradients` gets views without data."
  void check_skipped_gradients(const Results& expected) {
    for (std::size_t k = 0; traits_.skips_gradients && k < expected.gradients.size(); ++k) {
      Results results;
      const std::string without = str_cat("backward without the gradient of ", parameter_name(k));
      if (!attempt(without, [&] { results = run({.skipped = k}); })) continue;
      results.gradients[k] = expected.gradients[k];
      if (!are_same(results, expected)) fail(str_cat(without, " gives other numbers"));
    }
  }

  bool check_without_dx(const Results& expected) {
    if (layer_.parameters().empty()) return true;
    Results results;
    const bool works = attempt("backward where nobody wants dx (see pass.needs_dx())",
                               [&] { results = run({.wants_dx = false}); });
    if (works && !are_same(results.gradients, expected.gradients)) {
      fail("backward gives other gradients of parameters where nobody wants dx");
    }
    return works;
  }

  void check_modes(const Results& expected) {
    Tensor<T> y = full<T>(expected.y.shape(), nan);
    const bool works = attempt("forward without pass.saved",
                               [&] { layer_.forward({.x = x_, .y = y, .mode = mode_}); });
    if (works && !are_same(y, expected.y)) fail("forward gives another y without pass.saved");
    if (!layer_.buffers().empty()) return;
    const auto y_of = [&](const Way& way) { return forward(layer_, x_, way).y.copy(); };
    const Tensor<T> trained = y_of({});
    if (!are_same(y_of({.step = 1, .first_sample = 1000}), trained)) return;  // it draws numbers
    if (!are_same(y_of({.mode = PassMode::evaluate}), trained)) {
      fail(
          "forward gives another y in PassMode::evaluate, but draws no numbers and has no "
          "buffers()");
    }
  }

  void check_forward_rows(const Results& expected) {
    const RowsFunction<T> function = layer_.rows_function();
    if (function.call == nullptr) return;
    if (layer_.saved_bytes(x_.shape()) > 0 || !layer_.buffers().empty()) {
      fail("forward_rows is for a layer that saves nothing for backward and has no buffers()");
    }
    GuardedTensor<T> y(expected.y.shape(), nan);
    const TensorView<const T> x = x_;
    const bool works = attempt("forward_rows", [&] {
      function.call(function.layer, {.x = x.data(),
                                     .y = y.view().data(),
                                     .rows = x.extent(0),
                                     .x_size = x.stride(0),
                                     .y_size = y.view().stride(0)});
    });
    if (!y.is_intact()) fail("forward_rows writes outside of rows.y");
    if (works && !are_same(y.copy(), expected.y)) fail("forward_rows gives another y than forward");
  }

  /// "Any number of threads may call forward and backward of one layer at the same time."
  void check_threads(const Results& expected) {
    constexpr int turns = 4;
    std::atomic<int> waiting{2};
    std::atomic<bool> is_right{true};
    const auto work = [&] {
      std::vector<std::string> faults;
      LayerContract other(*this, faults);  // the same layer
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      try {
        for (int turn = 0; turn < turns; ++turn) {
          const Way way{.mode = mode_};
          if (!are_same(other.run(layer_, x_, dy_, way), expected)) is_right = false;
        }
      } catch (const std::exception&) {
        is_right = false;
      }
    };
    std::thread thread;
    try {
      thread = std::thread(work);
    } catch (const std::exception&) {  // the system has no thread that could disagree
      return;
    }
    work();
    thread.join();
    if (!is_right) fail("two threads that use the layer at the same time get other numbers");
  }

  /// For another thread.
  LayerContract(const LayerContract& other, std::vector<std::string>& faults)
      : name_(other.name_), layer_(Identity()), mode_(other.mode_), rng_(0), faults_(&faults) {}

  struct Identity {
    using Scalar = T;
    static LayerTraits traits() { return {.kind = "identity"}; }
    Shape output_shape(const Shape& x) const { return x; }
    void forward(const ForwardPass<T>&) const {}
    void backward(const BackwardPass<T>&) const {}
  };

  static Tensor<T> rows_of(const Tensor<T>& x, Index first, Index last) {
    const auto rows = x.rows(first, last);
    return {rows.shape(), std::span(rows.data(), static_cast<std::size_t>(rows.size()))};
  }
  static Tensor<T> twice(const Tensor<T>& x) {
    auto both = Tensor<T>::uninitialized(x.shape().with(0, 2 * x.extent(0)));
    std::copy(x.begin(), x.end(), std::copy(x.begin(), x.end(), both.begin()));
    return both;
  }

  /// Rows of a larger batch, in pieces of several sizes, must give the same as in the whole batch.
  void check_rows() {
    const Index n = x_.extent(0);
    if (n == 0) return;
    const Tensor<T> x = twice(x_);
    const Tensor<T> dy = random_normal<T>(layer_.output_shape(x.shape()), rng_);
    const Results whole = run(layer_, x, dy, {.mode = mode_});
    std::vector<Tensor<T>> sums;
    const Index ends[] = {0, 1, n + 1, 2 * n};
    for (std::size_t i = 0; i + 1 < std::size(ends); ++i) {
      const Index first = ends[i];
      const Index last = std::min(ends[i + 1], 2 * n);
      if (first == last) continue;
      Results part;
      part.gradients = sums;
      const Way way{
          .store = i == 0 ? Store::overwrite : Store::add, .mode = mode_, .first_sample = first};
      const Tensor<T> x_part = rows_of(x, first, last);
      Memory memory = forward(layer_, x_part, way);
      backward(layer_, x_part, rows_of(dy, first, last), memory, way, part);
      if (!are_close(memory.y.copy(), rows_of(whole.y, first, last)) ||
          !are_close(part.dx, rows_of(whole.dx, first, last))) {
        fail(str_cat("rows ", first, " to ", last - 1,
                     " of a batch give other numbers than within ",
                     "it; a layer that needs all of them has the trait whole_batch"));
        return;
      }
      sums = part.gradients;
    }
    for (std::size_t k = 0; k < sums.size(); ++k) {
      if (are_close(sums[k], whole.gradients[k])) continue;
      fail(str_cat("the gradients of ", parameter_name(k), " of parts of a batch do not add up to ",
                   "that of the batch"));
    }
  }

  void check_no_rows() {
    attempt("a batch of no rows", [&] {
      const Tensor<T> x(x_.shape().with(0, 0));
      const Tensor<T> dy(layer_.output_shape(x.shape()));
      const Results results = run(layer_, x, dy, {.mode = mode_});
      for (std::size_t k = 0; k < results.gradients.size(); ++k) {
        if (are_close(results.gradients[k], zeros<T>(results.gradients[k].shape()))) continue;
        fail(str_cat("a batch of no rows gives a gradient of ", parameter_name(k),
                     " that is not zero"));
      }
    });
  }

  /// "A layer is a value type": a copy has its own parameters, and each of the two uses its own.
  void check_copies(const Results& expected) {
    AnyLayer<T> copy = layer_;
    const auto parameters = copy.parameters();
    const auto buffers = copy.buffers();
    const auto originals = layer_.parameters();
    if (parameters.empty() && buffers.empty()) return;
    if (!follows_parameters(copy)) return;  // the gradient check reports this
    for (Parameter<T>* parameter : parameters) {
      const Tensor<T> noise = random_normal<T>(parameter->value.shape(), rng_, 0.1);
      as_array(parameter->value) += as_array(noise);
    }
    for (NamedTensor<T>* buffer : buffers) as_array(buffer->value) *= T(1.5);
    if (!are_same(run({}), expected)) {
      fail("a copy of the layer shares its parameters or buffers with it");
    } else if (!follows_parameters(copy)) {
      fail(
          "after the parameters changed, backward does not belong to forward: the layer keeps "
          "something of what they were");
    }
  }

  /// Whether the gradients predict the change of the output along one random direction.
  bool follows_parameters(AnyLayer<T>& layer) {
    const Way way{.mode = mode_};
    const Results results = run(layer, x_, dy_, way);
    Tensor<T> x = x_;
    std::vector<Tensor<T>*> variables{&x};
    std::vector<const Tensor<T>*> gradients{&results.dx};
    const auto parameters = layer.parameters();
    for (std::size_t k = 0; k < parameters.size(); ++k) {
      variables.push_back(&parameters[k]->value);
      gradients.push_back(&results.gradients[k]);
    }
    std::vector<Tensor<T>> values;
    std::vector<Tensor<T>> directions;
    T predicted = 0;
    T magnitude = 0;
    for (std::size_t k = 0; k < variables.size(); ++k) {
      values.push_back(*variables[k]);
      directions.push_back(random_normal<T>(values[k].shape(), rng_));
      const auto products = as_array(directions[k]) * as_array(*gradients[k]);
      predicted += products.sum();
      magnitude += products.abs().sum();
    }
    const auto value_at = [&](T distance) {
      for (std::size_t k = 0; k < variables.size(); ++k) {
        as_array(*variables[k]) = as_array(values[k]) + distance * as_array(directions[k]);
      }
      const Tensor<T> y = forward(layer, x, way).y.copy();
      for (std::size_t k = 0; k < variables.size(); ++k) *variables[k] = values[k];
      return (as_array(y) * as_array(dy_)).sum();
    };
    constexpr T h = T(1e-6);
    const T measured = (value_at(h) - value_at(-h)) / (2 * h);
    return std::abs(measured - predicted) <= T(1e-4) * (magnitude + T(1e-3));
  }

  void check_update_buffers() {
    if (layer_.buffers().empty() || mode_ != PassMode::train) return;
    Memory memory = forward(layer_, x_, {});
    AnyLayer<T> first = layer_;
    AnyLayer<T> second = layer_;
    first.update_buffers(x_.shape(), memory.saved.view().data());
    second.update_buffers(x_.shape(), memory.saved.view().data());
    if (!are_same(buffers_of(first), buffers_of(second))) {
      fail("update_buffers gives other buffers() for the same saved bytes");
    }
  }

  /// The traits that allow a network to exchange two layers.
  void check_traits(const Results& expected) {
    if (!traits_.is_monotone && !traits_.takes_maximum) return;
    if (!layer_.parameters().empty()) fail("is_monotone and takes_maximum are for no parameters");
    const Way way{.mode = mode_};
    if (traits_.is_monotone) {
      Tensor<T> reversed = x_;
      std::reverse(reversed.begin(), reversed.end());
      Tensor<T> y = forward(layer_, reversed, way).y.copy();
      std::reverse(y.begin(), y.end());
      std::vector<Index> order(static_cast<std::size_t>(x_.size()));
      std::iota(order.begin(), order.end(), Index{0});
      const auto by_x = [&](Index i, Index j) { return x_.data()[i] < x_.data()[j]; };
      const auto by_y = [&](Index i, Index j) { return y.data()[i] < y.data()[j]; };
      std::sort(order.begin(), order.end(), by_x);
      if (!are_close(y, expected.y) || !std::is_sorted(order.begin(), order.end(), by_y)) {
        fail("traits() says is_monotone, but y does not rise with x, element by element");
      }
    }
    if (traits_.takes_maximum) {
      Tensor<T> x = x_;
      Tensor<T> expected_y = expected.y;
      for (T& element : x) element = std::atan(element);
      for (T& element : expected_y) element = std::atan(element);
      if (!are_close(forward(layer_, x, way).y.copy(), expected_y)) {
        fail("traits() says takes_maximum, but y is other than a maximum of x");
      }
    }
  }

  std::string name_;
  AnyLayer<T> layer_;
  Tensor<T> x_;
  PassMode mode_;
  Rng rng_;
  std::vector<std::string>* faults_;
  std::size_t faults_at_start_ = faults_->size();
  LayerTraits traits_ = layer_.traits();
  Tensor<T> dy_;
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
