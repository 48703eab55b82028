#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <type_traits>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/gemm/gemm.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"

// The steps of recurrent layers. Arrays are in the order of steps: (T, N, ...) for T steps of N
// samples, so that the numbers of one step are neighbours. The products with the inputs are
// computed for all steps before; a step adds the product with the output h of the step before it,
// and applies a cell: the formula of each sample.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Neighbouring gates of weight_ih, and their place among the sums of a step. In units of H
/// columns.
struct GateColumns {
  Index of_weight;
  Index of_sums;
  Index count;
};

/// One step of one sample: pointers to H numbers each, except `sums`.
template <class T>
struct CellStep {
  T* sums;   // of products; then the gates
  T* state;  // nullptr for a cell without a state besides h
  T* h;
  const T* state_before;
  const T* h_before;
};

/// The gradients of one step of one sample.
template <class T>
struct CellGradients {
  const T* dy;
  T* carry;        // from the step after it; then the part of this step that is no product
  T* state_carry;  // from the step after it; then for the step before
  T* deltas;       // of the sums
};

/// i, f, o = sigmoid(sums)   g = tanh(sums)   c = f c_before + i g   h = o tanh(c)
struct LstmCell {
  static constexpr std::string_view kind = "lstm";
  static constexpr Index gates = 4;  // in weight_ih and weight_hh: i, f, g, o
  static constexpr Index sums = 4;   // the same
  static constexpr std::array inputs{GateColumns{0, 0, 4}};
  static constexpr bool has_state = true;
  static constexpr bool is_in_place = false;  // h takes the place of the sums
  static constexpr Store carry_store = Store::overwrite;

  template <class T>
  void forward(Index H, const CellStep<T>& step) const {
    const auto formula = []<class V>(V& i, V& f, V& g, V& o, const V& before, V& c, V& h) {
      simd::sigmoid<V>(V(i), i);
      simd::sigmoid<V>(V(f), f);
      simd::tanh<V>(V(g), g);
      simd::sigmoid<V>(V(o), o);
      const V kept = f * before;
      simd::multiply_add(i, g, kept, c);
      V squashed;
      simd::tanh<V>(c, squashed);
      h = o * squashed;
    };
    T* const i = step.sums;
    simd::map(formula, H, i, i + H, i + 2 * H, i + 3 * H, step.state_before, step.state, step.h);
  }

  template <class T>
  void backward(Index H, const CellStep<T>& step, const CellGradients<T>& d) const {
    const auto formula = []<class V>(const V& i, const V& f, const V& g, const V& o,
                                     const V& before, const V& c, const V& dy, const V& carry,
                                     V& dc, V& di, V& df, V& dg, V& d_o) {
      const V dh = dy + carry;
      V squashed, slope, g_slope;
      simd::tanh(c, squashed);
      simd::multiply_add<V>(-squashed, squashed, 1, slope);
      simd::multiply_add<V>(-g, g, 1, g_slope);
      V total;
      simd::multiply_add<V>(dh * o, slope, dc, total);
      di = total * g * (i * (1 - i));
      df = total * before * (f * (1 - f));
      dg = total * i * g_slope;
      d_o = dh * squashed * (o * (1 - o));
      dc = total * f;
    };
    const T* const i = step.sums;
    const T* const c = step.state;
    const T* const carry = d.carry;
    simd::map(formula, H, i, i + H, i + 2 * H, i + 3 * H, step.state_before, c, d.dy, carry,
              d.state_carry, d.deltas, d.deltas + H, d.deltas + 2 * H, d.deltas + 3 * H);
  }
};

/// r, z = sigmoid(sums)   n = tanh(sum of inputs + r q)   h = n + z (h_before - n)
///
/// q is the product of n's gate with h, which r multiplies.
struct GruCell {
  static constexpr std::string_view kind = "gru";
  static constexpr Index gates = 3;  // in weight_ih and weight_hh: r, z, n
  static constexpr Index sums = 4;   // r, z, q, n: the sums with h are neighbours
  static constexpr std::array inputs{GateColumns{0, 0, 2}, GateColumns{2, 3, 1}};
  static constexpr bool has_state = false;
  static constexpr bool is_in_place = false;
  static constexpr Store carry_store = Store::add;

  template <class T>
  void forward(Index H, const CellStep<T>& step) const {
    const auto formula = []<class V>(V& r, V& z, const V& q, V& n, const V& before, V& h) {
      simd::sigmoid<V>(V(r), r);
      simd::sigmoid<V>(V(z), z);
      V sum;
      simd::multiply_add(r, q, n, sum);
      simd::tanh<V>(sum, n);
      simd::multiply_add<V>(z, before - n, n, h);
    };
    T* const r = step.sums;
    const T* const q = r + 2 * H;
    simd::map(formula, H, r, r + H, q, r + 3 * H, step.h_before, step.h);
  }

  template <class T>
  void backward(Index H, const CellStep<T>& step, const CellGradients<T>& d) const {
    const auto formula = []<class V>(const V& r, const V& z, const V& q, const V& n,
                                     const V& before, const V& dy, V& carry, V& dr, V& dz, V& dq,
                                     V& dn) {
      const V dh = dy + carry;
      V slope;
      simd::multiply_add<V>(-n, n, 1, slope);
      const V of_sum = dh * (1 - z) * slope;
      dr = of_sum * q * (r * (1 - r));
      dz = dh * (before - n) * (z * (1 - z));
      dq = of_sum * r;
      dn = of_sum;
      carry = dh * z;
    };
    const T* const r = step.sums;
    simd::map(formula, H, r, r + H, r + 2 * H, r + 3 * H, step.h_before, d.dy, d.carry, d.deltas,
              d.deltas + H, d.deltas + 2 * H, d.deltas + 3 * H);
  }
};

/// h = tanh(sums), or max(sums, 0).
struct RnnCell {
  static constexpr std::string_view kind = "rnn";
  static constexpr Index gates = 1;
  static constexpr Index sums = 1;
  static constexpr std::array inputs{GateColumns{0, 0, 1}};
  static constexpr bool has_state = false;
  static constexpr bool is_in_place = true;
  static constexpr Store carry_store = Store::overwrite;

  bool is_relu = false;

  template <class T>
  void forward(Index H, const CellStep<T>& step) const {
    if (is_relu) {
      simd::map([]<class V>(V& h) { h = h <= V{} ? V{} : h; }, H, step.h);
    } else {
      simd::map([]<class V>(V& h) { simd::tanh<V>(V(h), h); }, H, step.h);
    }
  }

  template <class T>
  void backward(Index H, const CellStep<T>& step, const CellGradients<T>& d) const {
    const T* const h = step.h;
    const T* const carry = d.carry;
    if (is_relu) {
      const auto formula = []<class V>(const V& y, const V& dy, const V& later, V& delta) {
        delta = y <= V{} ? V{} : dy + later;
      };
      simd::map(formula, H, h, d.dy, carry, d.deltas);
    } else {
      const auto formula = []<class V>(const V& y, const V& dy, const V& later, V& delta) {
        V slope;
        simd::multiply_add<V>(-y, y, 1, slope);
        delta = (dy + later) * slope;
      };
      simd::map(formula, H, h, d.dy, carry, d.deltas);
    }
  }
};

/// The numbers of all steps that the backward pass needs, in one block of memory.
template <class Cell, class T>
struct StepMemory {
  Index steps, samples, H;
  T* h;      // (T, N, H)
  T* sums;   // (T, N, Cell::sums H)
  T* state;  // (T, N, H), if the cell has a state

  /// The number of elements, for `rows` = T N.
  static Index size(Index rows, Index H) {
    constexpr Index parts = 1 + (Cell::is_in_place ? 0 : Cell::sums) + (Cell::has_state ? 1 : 0);
    return rows * parts * H;
  }

  StepMemory(T* memory, Index steps_, Index samples_, Index H_)
      : steps(steps_),
        samples(samples_),
        H(H_),
        h(memory),
        sums(Cell::is_in_place ? memory : memory + rows() * H),
        state(Cell::has_state ? sums + rows() * Cell::sums * H : nullptr) {}

  Index rows() const { return steps * samples; }

  /// Row `sample` of a step. What comes before the first step is `zeros` (H).
  CellStep<T> at(Index step, Index sample, const T* zeros) const {
    const Index row = step * samples + sample;
    const Index before = row - samples;
    return {sums + row * Cell::sums * H, Cell::has_state ? state + row * H : nullptr, h + row * H,
            step == 0 || !Cell::has_state ? zeros : state + before * H,
            step == 0 ? zeros : h + before * H};
  }
};

/// Calls body(first, last) for ranges of samples on several threads. No number depends on the
/// ranges, so they may depend on the number of threads.
template <class Body>
void for_each_range_of_samples(Index samples, const Body& body) {
  constexpr Index least_samples = 8;  // with fewer, a step reads weight_hh for too little work
  const Index pieces = std::clamp<Index>(samples / least_samples, 1, thread_count());
  parallel_for(pieces, [&](Index piece) {
    const Index first = piece_begin(samples, pieces, piece);
    const Index last = piece_begin(samples, pieces, piece + 1);
    if (first < last) body(first, last);
  });
}

/// Runs all steps: memory.sums has the products with the inputs, and becomes the gates.
///
///   weight_hh (H, gates H)
template <class Cell, class T>
void run_steps(const Cell& cell, const T* weight_hh, const StepMemory<Cell, T>& memory) {
  const Index H = memory.H;
  const Index columns = Cell::gates * H;
  const Index stride = Cell::sums * H;
  const Scratch<T> zeros(H);
  std::fill_n(zeros.data(), H, T(0));
  for_each_range_of_samples(memory.samples, [&](Index first, Index last) {
    for (Index step = 0; step < memory.steps; ++step) {
      if (step > 0) {
        const CellStep<T> row = memory.at(step, first, zeros.data());
        gemm::gemm<T>(last - first, H, columns, {row.h_before, H, 1}, {weight_hh, columns, 1},
                      {row.sums, stride, 1}, Store::add);
      }
      for (Index n = first; n < last; ++n) cell.forward(H, memory.at(step, n, zeros.data()));
    }
  });
}

/// The gradients of the sums, deltas (T, N, Cell::sums H), from those of the outputs, dy (T, N, H).
template <class Cell, class T>
void run_steps_backward(const Cell& cell, const T* weight_hh, const StepMemory<Cell, T>& memory,
                        const T* dy, T* deltas) {
  const Index H = memory.H;
  const Index columns = Cell::gates * H;
  const Index stride = Cell::sums * H;
  const Scratch<T> zeros(H);
  std::fill_n(zeros.data(), H, T(0));
  const Scratch<T> transposed(columns * H);
  simd::kernels<T>().transpose(H, columns, weight_hh, columns, transposed.data(), H);
  for_each_range_of_samples(memory.samples, [&](Index first, Index last) {
    const Index count = (last - first) * H;
    const Scratch<T> carry(count);
    const Scratch<T> state_carry(Cell::has_state ? count : 0);
    std::fill_n(carry.data(), count, T(0));
    if (Cell::has_state) std::fill_n(state_carry.data(), count, T(0));
    for (Index step = memory.steps - 1; step >= 0; --step) {
      const Index row = step * memory.samples;
      for (Index n = first; n < last; ++n) {
        const Index offset = (n - first) * H;
        cell.backward(H, memory.at(step, n, zeros.data()),
                      CellGradients<T>{dy + (row + n) * H, carry.data() + offset,
                                       Cell::has_state ? state_carry.data() + offset : nullptr,
                                       deltas + (row + n) * stride});
      }
      if (step > 0) {
        gemm::gemm<T>(last - first, columns, H, {deltas + (row + first) * stride, stride, 1},
                      {transposed.data(), H, 1}, {carry.data(), H, 1}, Cell::carry_store);
      }
    }
  });
}

/// Copies between the order of samples, x (N, T, D), and the order of steps, (T, N, D). The first
/// step is the last time if `reverse`.
template <class T, class U>
void copy_steps(U* x, T* by_step, Index samples, Index steps, Index D, bool reverse) {
  for (Index n = 0; n < samples; ++n) {
    for (Index step = 0; step < steps; ++step) {
      const Index time = reverse ? steps - 1 - step : step;
      U* const of_sample = x + (n * steps + time) * D;
      T* const of_step = by_step + (step * samples + n) * D;
      if constexpr (std::is_const_v<U>) {
        std::copy_n(of_sample, D, of_step);
      } else {
        std::copy_n(of_step, D, of_sample);
      }
    }
  }
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
