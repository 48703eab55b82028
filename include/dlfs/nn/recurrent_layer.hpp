#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <functional>
#include <utility>

#include "dlfs/core/scratch.hpp"
#include "dlfs/functional/recurrent.hpp"
#include "dlfs/nn/deferred.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/nn/option_visitor.hpp"
#include "dlfs/nn/recurrent_stepper.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/tensor/matmul.hpp"
#include "dlfs/tensor/reduce.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// What Lstm, Gru and Rnn have in common: x (N, T, D) -> y (N, T, H), with a cell of
/// functional/recurrent.hpp. G = gates H columns.
///
/// The samples are independent, but a layer that sees all of them reads weight_hh once for each
/// step, not once for each tile and step. So it has the trait whole_batch, and divides the samples
/// itself.
template <class Cell, std::floating_point T>
class RecurrentLayer {
 public:
  using Scalar = T;  ///< the element type

  /// Finds D in x (N, T, D), and draws the weights, unless it has them. @throws ShapeError for
  /// another D than the options have.
  void initialize(const Shape& x, Rng& rng) {
    if (!draw_) return;
    expect_rank(Cell::kind, x, 3);
    D_ = found_size(Cell::kind, "in", D_, x[2]);
    weight_ih_.value = Tensor<T>::uninitialized({D_, checked_product(Cell::kind, Cell::gates, H_)});
    std::exchange(draw_, {})(*this, rng);
  }

  /// What a network must know of this layer.
  static constexpr LayerTraits traits() {
    return {.kind = Cell::kind, .keeps_input = true, .whole_batch = true, .skips_gradients = true};
  }

  /// @throws ShapeError unless x is (N, T, D).
  Shape output_shape(const Shape& x) const {
    expect_initialized(Cell::kind, bool(draw_));
    const Index G = Cell::gates * H_;
    expect_shape<T>(Cell::kind, weight_ih_, {D_, G});
    expect_shape<T>(Cell::kind, weight_hh_, {H_, G});
    expect_shape<T>(Cell::kind, bias_ih_, {G});
    expect_shape<T>(Cell::kind, bias_hh_, {G});
    if (x.rank() != 3 || x[2] != D_) {
      throw ShapeError(Cell::kind, ": expected x of shape (N, T, ", D_, "), got ", x);
    }
    return x.with(2, H_);
  }

  /// Floating-point operations of the products of `forward` for a batch of shape x.
  Index flops(const Shape& x) const {
    return checked_product(Cell::kind, checked_product(Cell::kind, x[0], x[1]),
                           2 * Cell::gates * H_ * (D_ + H_));
  }

  /// Bytes that `backward` needs besides x.
  Index saved_bytes(const Shape& x) const {
    const Index bytes = StepMemory<Cell, T>::size(1, H_) * static_cast<Index>(sizeof(T));
    return checked_product(Cell::kind, checked_product(Cell::kind, x[0], x[1]), bytes);
  }

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    if (pass.y.empty()) return;
    const Index rows = pass.x.extent(0) * pass.x.extent(1);
    const Scratch<T> unsaved(pass.saved == nullptr ? StepMemory<Cell, T>::size(rows, H_) : 0);
    const auto memory = memory_at(
        pass.saved == nullptr ? unsaved.data() : elements_at<T>(pass.saved), pass.x.shape());

    // The inputs' part of the sums, for all steps at once.
    const Scratch<T> x(rows * D_);
    copy_steps(pass.x.data(), x.data(), memory.samples, memory.steps, D_, reverse_);
    const Scratch<T> bias(Cell::sums * H_);
    add_biases(bias.data());
    const TensorView<T> sums(memory.sums, {rows, Cell::sums * H_});
    for (Index row = 0; row < rows; ++row) {
      std::copy_n(bias.data(), Cell::sums * H_, memory.sums + row * Cell::sums * H_);
    }
    for (const GateColumns& gates : Cell::inputs) {
      matmul(TensorView<const T>(x.data(), {rows, D_}), weight_of(gates),
             columns(sums, gates.of_sums, gates.count), Store::add);
    }

    run_steps(cell_, weight_hh_.value.data(), memory, pass.saved != nullptr);
    copy_steps(pass.y.data(), memory.h, memory.samples, memory.steps, H_, reverse_);
  }

  /// @throws ValueError for steps along another axis than 1, or from the last to the first.
  int step_axis(const Shape&, int axis) const {
    if (reverse_) {
      throw ValueError(Cell::kind, ": with `reverse`, the first step depends on the last one");
    }
    return steps_along(Cell::kind, 1, axis);
  }
  /// The shape of one step of one sequence.
  Shape step_shape() const { return {1, 1, D_}; }
  /// Computes one step at a time, of x (N, 1, D).
  RecurrentStepper<Cell, T> stepper(const Shape& x) const {
    const Scratch<T> bias(Cell::sums * H_);
    add_biases(bias.data());
    return {cell_, x[0], {D_, H_, weight_ih_.value.data(), weight_hh_.value.data(), bias.data()}};
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    if (pass.dy.empty()) return no_gradients(pass);
    const auto memory = memory_at(elements_at<T>(pass.saved), pass.x.shape());
    const Index rows = memory.rows();
    const Scratch<T> deltas(rows * Cell::sums * H_);
    {
      const Scratch<T> dy(rows * H_);
      copy_steps(pass.dy.data(), dy.data(), memory.samples, memory.steps, H_, reverse_);
      run_steps_backward(cell_, weight_hh_.value.data(), memory, std::as_const(dy).data(),
                         deltas.data());
    }

    const TensorView<const T> d_sums(deltas.data(), {rows, Cell::sums * H_});
    if (pass.needs_gradient(0)) {
      const Scratch<T> x(rows * D_);
      copy_steps(pass.x.data(), x.data(), memory.samples, memory.steps, D_, reverse_);
      for (const GateColumns& gates : Cell::inputs) {
        matmul(TensorView<const T>(x.data(), {rows, D_}).transpose(),
               columns(d_sums, gates.of_sums, gates.count),
               columns(pass.gradients[0], gates.of_weight, gates.count), pass.store);
      }
    }
    if (pass.needs_gradient(1)) {  // of h before each step, which is zero before the first
      const TensorView<const T> h(memory.h, {rows, H_});
      matmul(h.rows(0, rows - memory.samples).transpose(),
             columns(d_sums.rows(memory.samples, rows), 0, Cell::gates), pass.gradients[1],
             pass.store);
    }
    if (pass.needs_gradient(2) || pass.needs_gradient(3)) add_up_biases(pass, d_sums);
    if (pass.needs_dx()) {
      const Scratch<T> dx(rows * D_);
      Store store = Store::overwrite;
      for (const GateColumns& gates : Cell::inputs) {
        matmul(columns(d_sums, gates.of_sums, gates.count), weight_of(gates).transpose(),
               TensorView<T>(dx.data(), {rows, D_}), std::exchange(store, Store::add));
      }
      copy_steps(pass.dx.data(), dx.data(), memory.samples, memory.steps, D_, reverse_);
    }
  }

  /// What it learns.
  std::array<Parameter<T>*, 4> parameters() & {
    return {&weight_ih_, &weight_hh_, &bias_ih_, &bias_hh_};
  }

 protected:
  /// All parameters are uniform in [-1 / sqrt(H), 1 / sqrt(H)). D may be 0, to be found.
  RecurrentLayer(Cell cell, Index D, Index H, bool reverse)
      : RecurrentLayer(cell, D, H, reverse, [](RecurrentLayer& layer, Rng& rng) {
          const Uniform uniform{1 / std::sqrt(static_cast<double>(layer.H_))};
          for (Parameter<T>* parameter : layer.parameters()) uniform(parameter->value, {}, rng);
        }) {}

  /// The initializer draws both weights; the biases are 0. D may be 0, to be found.
  RecurrentLayer(Cell cell, Index D, Index H, bool reverse, const Initializer<T> auto& initializer)
      : RecurrentLayer(cell, D, H, reverse, [initializer](RecurrentLayer& layer, Rng& rng) {
          const Index columns = Cell::gates * layer.H_;
          initializer(layer.weight_ih_.value, {.in = layer.D_, .out = columns}, rng);
          initializer(layer.weight_hh_.value, {.in = layer.H_, .out = columns}, rng);
        }) {}

  Index in() const { return D_; }
  Index hidden() const { return H_; }
  bool is_reverse() const { return reverse_; }

 private:
  using Draw = std::function<void(RecurrentLayer&, Rng&)>;

  RecurrentLayer(Cell cell, Index D, Index H, bool reverse, Draw draw)
      : cell_(cell),
        D_(D),
        H_(H),
        reverse_(reverse),
        draw_(std::move(draw)),
        weight_ih_("weight_ih", {}),
        weight_hh_("weight_hh",
                   Tensor<T>::uninitialized({H, checked_product(Cell::kind, Cell::gates, H)})),
        bias_ih_("bias_ih", Tensor<T>({Cell::gates * H})),
        bias_hh_("bias_hh", Tensor<T>({Cell::gates * H})) {
    bias_ih_.decay_scale = 0;
    bias_hh_.decay_scale = 0;
  }

  StepMemory<Cell, T> memory_at(T* memory, const Shape& x) const {
    return {memory, x[1], x[0], H_};
  }

  /// Columns of a matrix, counted in gates.
  template <class U>
  TensorView<U> columns(TensorView<U> matrix, Index first, Index count) const {
    return {matrix.data() + first * H_, {matrix.extent(0), count * H_}, matrix.strides()};
  }
  TensorView<const T> weight_of(const GateColumns& gates) const {
    return columns(const_view(weight_ih_.value), gates.of_weight, gates.count);
  }

  /// bias (Cell::sums H): that of each sum.
  void add_biases(T* bias) const {
    std::fill_n(bias, Cell::sums * H_, T(0));
    std::copy_n(bias_hh_.value.data(), Cell::gates * H_, bias);
    for (const GateColumns& gates : Cell::inputs) {
      simd::map(simd::AddTo(), gates.count * H_, bias_ih_.value.data() + gates.of_weight * H_,
                bias + gates.of_sums * H_);
    }
  }

  void add_up_biases(const BackwardPass<T>& pass, const TensorView<const T>& d_sums) const {
    const Scratch<T> memory(Cell::sums * H_);
    const TensorView<T> sums(memory.data(), {Cell::sums * H_});
    sum_rows(d_sums, sums, Store::overwrite);
    const T* const from = memory.data();
    const auto store = [&](const T* numbers, Index count, T* gradient) {
      if (pass.store == Store::overwrite) std::fill_n(gradient, count, T(0));
      simd::map(simd::AddTo(), count, numbers, gradient);
    };
    if (pass.needs_gradient(2)) {
      for (const GateColumns& gates : Cell::inputs) {
        store(from + gates.of_sums * H_, gates.count * H_,
              pass.gradients[2].data() + gates.of_weight * H_);
      }
    }
    if (pass.needs_gradient(3)) store(from, Cell::gates * H_, pass.gradients[3].data());
  }

  /// For a batch without numbers in y.
  void no_gradients(const BackwardPass<T>& pass) const {
    for (std::size_t k = 0; k < 4; ++k) {
      if (pass.store == Store::add || !pass.needs_gradient(k)) continue;
      std::fill_n(pass.gradients[k].data(), pass.gradients[k].size(), T(0));
    }
  }

  Cell cell_;
  Index D_;
  Index H_;
  bool reverse_;
  Draw draw_;  // until the weights are drawn
  Parameter<T> weight_ih_;
  Parameter<T> weight_hh_;
  Parameter<T> bias_ih_;
  Parameter<T> bias_hh_;
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
