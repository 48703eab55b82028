#pragma once

#include <algorithm>
#include <concepts>
#include <memory>

#include "dlfs/core/tensor.hpp"
#include "dlfs/functional/recurrent.hpp"
#include "dlfs/nn/layer.hpp"
#include "dlfs/simd/kernels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// The parameters of a recurrent layer, from D to H numbers.
template <class T>
struct RecurrentParameters {
  Index D;
  Index H;
  const T* weight_ih;  // (D, gates H)
  const T* weight_hh;  // (H, gates H)
  const T* bias;       // (Cell::sums H), of each sum
};

/// One step of a recurrent layer at a time, for N sequences: x (N, D) -> y (N, H). In its memory
/// each gate fills whole vectors, so that products and cell work without ends of rows. Lanes at the
/// end of a gate have weights and biases of 0, and h stays 0 there.
///
/// A step has the formula and the sums of run_steps, but a sum may be several chains: see
/// Kernels::row_product.
template <class Cell, std::floating_point T>
class RecurrentStepper {
 public:
  RecurrentStepper(const Cell& cell, Index samples, const RecurrentParameters<T>& parameters)
      : weights_(std::make_shared<const Weights>(cell, parameters)),
        memory_({samples, rows, weights_->width}) {}

  void step(const T* x, T* y) {
    const Weights& weights = *weights_;
    const Index width = weights.width;
    T* memory = memory_.data();
    T* const end = memory + memory_.size();
    // A step reads all of h while it writes the next one.
    const Index before = is_odd_ ? width : 0;
    is_odd_ = !is_odd_;
    for (; memory != end; memory += rows * width, x += weights.D, y += weights.H) {
      const T* const h_before = memory + before;
      T* const h = memory + (width - before);
      const auto map = [&](const auto& formula, auto*... arrays) {
        simd::map_sums<Cell::parts_of_x, Cell::parts_of_h>(
            weights.level, formula, width, weights.bias.data(),
            simd::RowTimesMatrix<T>{x, weights.D, weights.ih.data(), Cell::gates * width},
            simd::RowTimesMatrix<T>{h_before, weights.H, weights.hh.data(), Cell::gates * width},
            arrays...);
      };
      weights.cell.step(map, h_before, memory + 2 * width, h);
      std::copy_n(h, weights.H, y);
    }
  }

  void reset() { std::fill(memory_.begin(), memory_.end(), T(0)); }

 private:
  static constexpr Index rows = Cell::has_state ? 3 : 2;  // h twice, and the cell's state

  struct Weights {
    Weights(const Cell& cell_, const RecurrentParameters<T>& parameters)
        : cell(cell_),
          level(simd::level()),
          D(parameters.D),
          H(parameters.H),
          width((H + lanes() - 1) / lanes() * lanes()),
          ih({D, Cell::gates * width}),
          hh({H, Cell::gates * width}),
          bias({Cell::sums, width}) {
      simd::pack_parts(lanes(), D, Cell::gates, H, width, parameters.weight_ih, ih.data());
      simd::pack_parts(lanes(), H, Cell::gates, H, width, parameters.weight_hh, hh.data());
      for (Index gate = 0; gate < Cell::sums; ++gate) {
        std::copy_n(parameters.bias + gate * H, H, bias.data() + gate * width);
      }
    }

    static Index lanes() { return simd::kernels<T>().lanes; }

    Cell cell;
    simd::Level level;  // for which the weights are packed
    Index D;
    Index H;
    Index width;   // of a gate
    Tensor<T> ih;  // packed
    Tensor<T> hh;  // packed
    Tensor<T> bias;
  };

  std::shared_ptr<const Weights> weights_;
  bool is_odd_ = false;  // of the number of steps
  Tensor<T> memory_;     // (N, rows, width)
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
