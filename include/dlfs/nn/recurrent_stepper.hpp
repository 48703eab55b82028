#pragma once

#include <algorithm>
#include <concepts>
#include <memory>
#include <vector>

#include "dlfs/core/tensor.hpp"
#include "dlfs/functional/recurrent.hpp"
#include "dlfs/gemm/row_product.hpp"
#include "dlfs/nn/layer.hpp"

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
/// A step has the sums of run_steps, each in the same order: the results are the same, bit by bit.
template <class Cell, std::floating_point T>
class RecurrentStepper {
 public:
  RecurrentStepper(const Cell& cell, Index samples, const RecurrentParameters<T>& parameters)
      : weights_(std::make_shared<const Weights>(cell, parameters)),
        samples_(samples),
        memory_({Cell::sums + (Cell::has_state ? 2 : 1) * samples, weights_->width}) {}

  void step(const T* x, T* y) {
    const Weights& weights = *weights_;
    const Index width = weights.width;
    T* const sums = memory_.data();
    T* h = sums + Cell::sums * width;
    for (Index n = 0; n < samples_; ++n, x += weights.D, y += weights.H) {
      // The inputs' part does not depend on h, so a processor computes it ahead.
      const T* start = weights.bias.data();
      for (std::size_t i = 0; i < weights.ih.size(); ++i) {
        const Index first = Cell::inputs[i].of_sums * width;
        weights.ih[i].run(x, start + first, sums + first);
      }
      if constexpr (sums_without_input > 0) {
        constexpr Index first = Cell::inputs[0].count;
        std::copy_n(start + first * width, sums_without_input * width, sums + first * width);
      }
      weights.hh.run(h, sums, sums);
      if constexpr (Cell::is_in_place) {
        weights.cell.forward(width, CellStep<T>{sums, nullptr, sums, nullptr, nullptr});
        std::copy_n(sums, width, h);
      } else {
        T* const state = Cell::has_state ? h + width : nullptr;
        weights.cell.forward(width, CellStep<T>{sums, state, h, state, h});
      }
      std::copy_n(h, weights.H, y);
      h += (Cell::has_state ? 2 : 1) * width;
    }
  }

  void reset() { std::fill(memory_.begin(), memory_.end(), T(0)); }

 private:
  // Gru's q, which stands behind the first gates.
  static constexpr Index sums_without_input = [] {
    Index count = Cell::sums;
    for (const GateColumns& gates : Cell::inputs) count -= gates.count;
    return count;
  }();

  struct Weights {
    Weights(const Cell& cell_, const RecurrentParameters<T>& parameters)
        : cell(cell_),
          D(parameters.D),
          H(parameters.H),
          width(gemm::RowProduct<T>::padded(H)),
          hh(H, Cell::gates, H, {parameters.weight_hh, Cell::gates * H, 1}),
          bias({Cell::sums, width}) {
      for (const GateColumns& gates : Cell::inputs) {
        ih.emplace_back(
            D, gates.count, H,
            gemm::Strided<const T>{parameters.weight_ih + gates.of_weight * H, Cell::gates * H, 1});
      }
      for (Index gate = 0; gate < Cell::sums; ++gate) {
        std::copy_n(parameters.bias + gate * H, H, bias.data() + gate * width);
      }
    }

    Cell cell;
    Index D;
    Index H;
    Index width;  // of a gate
    std::vector<gemm::RowProduct<T>> ih;
    gemm::RowProduct<T> hh;
    Tensor<T> bias;
  };

  std::shared_ptr<const Weights> weights_;
  Index samples_;
  Tensor<T> memory_;  // the sums of a sample; then h and the cell's state of each
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
