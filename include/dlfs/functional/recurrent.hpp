#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <limits>
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

// The gates are fractions, numerator / denominator with a denominator in [1, 2], which are
// multiplied and added before they are divided. Their exponential is shorter than simd::exp: the
// absolute error of a gate in float is below 2e-7, but a gate below 1e-30 may be 0.

/// e = exp(x) for x <= 0; 0 below -80 for float, or -700 for double.
template <class V>
DLFS_INLINE void exp_of_gate(const V& x, V& e) {
  if constexpr (std::floating_point<V>) {
    e = std::exp(x);
  } else {
    using T = simd::detail::ElementOf<V>;
    if constexpr (std::numeric_limits<T>::digits > 24) {
      V n, q, scale;
      simd::detail::split_exp(x, n, q);
      simd::detail::power_of_two(n, scale);
      simd::multiply_add(scale, q, scale, e);
      e = x < T(-700) ? V{} : e;
    } else {
      // exp(x) = 2^n exp(r). The lowest bits of the sum with the rounder are n.
      using Bits = simd::detail::UnsignedBitsOf<V>;
      constexpr T rounder = simd::detail::rounder<T>;
      V sum, r;
      simd::multiply_add(x, T(0x1.715476p+0), rounder, sum);
      simd::multiply_add<V>(sum - rounder, T(-0x1.62e43p-1), x, r);
      const Bits exponent = reinterpret_cast<Bits>(sum) << (std::numeric_limits<T>::digits - 1);
      const V scale = reinterpret_cast<V>(exponent + reinterpret_cast<Bits>(V{} + T(1)));
      // The polynomial of simd::exp in an order with a shorter chain.
      const auto& factors = simd::detail::exp_factors<T>;
      const V square = r * r;
      V low, high, q;
      simd::multiply_add(r, factors[1], factors[0], low);
      simd::multiply_add(r, factors[3], factors[2], high);
      simd::multiply_add(square, factors[4], high, high);
      simd::multiply_add(square, high, low, low);
      simd::multiply_add(square, low, r, q);
      simd::multiply_add(scale, q, scale, e);
      e = x < T(-80) ? V{} : e;
    }
  }
}

/// out = -|x|.
template <class V>
DLFS_INLINE void minus_abs(const V& x, V& out) {
  if constexpr (std::floating_point<V>) {
    out = x <= 0 ? x : -x;
  } else {
    using Bits = simd::detail::BitsOf<V>;
    out = reinterpret_cast<V>(reinterpret_cast<Bits>(x) | reinterpret_cast<Bits>(-V{}));
  }
}

/// tanh(x) = numerator / denominator = (1 - e) / (1 + e), with e = exp(-2 |x|) and the sign of x.
template <class V>
DLFS_INLINE void tanh_fraction(const V& x, V& numerator, V& denominator) {
  if constexpr (std::floating_point<V>) {
    numerator = std::tanh(x);
    denominator = 1;
  } else {
    V below, e;
    minus_abs(x, below);
    exp_of_gate<V>(below + below, e);
    denominator = 1 + e;
    simd::detail::copy_sign<V>(1 - e, x, numerator);
  }
}

/// sigmoid(x) = numerator / denominator, and 1 - sigmoid(x) = other / denominator.
template <class V>
DLFS_INLINE void sigmoid_fraction(const V& x, V& numerator, V& other, V& denominator) {
  V below, e;
  minus_abs(x, below);
  exp_of_gate(below, e);
  const V one = V{} + 1;
  numerator = x <= V{} ? e : one;
  other = x <= V{} ? one : e;
  denominator = one + e;
}

/// i, f, o = sigmoid(sums)   g = tanh(sums)   c = f c_before + i g   h = o tanh(c)
struct LstmCell {
  static constexpr std::string_view kind = "lstm";
  static constexpr Index gates = 4;  // in weight_ih and weight_hh: i, f, g, o
  static constexpr Index sums = 4;   // the same
  static constexpr std::array inputs{GateColumns{0, 0, 4}};
  static constexpr std::array parts_of_x{0, 1, 2, 3};
  static constexpr std::array parts_of_h{0, 1, 2, 3};
  static constexpr bool has_state = true;
  static constexpr bool is_in_place = false;  // h takes the place of the sums
  static constexpr Store carry_store = Store::overwrite;

  /// Divisions take most of the time, so the fractions of c and h are divided once each.
  template <bool keeps_gates>
  static constexpr auto forward_formula =
      []<class V>(V& i, V& f, V& g, V& o, const V& before, V& c, V& h) {
        V top_i, top_f, top_g, top_o, bottom_i, bottom_f, bottom_g, bottom_o, unused;
        sigmoid_fraction(i, top_i, unused, bottom_i);
        sigmoid_fraction(f, top_f, unused, bottom_f);
        tanh_fraction(g, top_g, bottom_g);

        if constexpr (keeps_gates) {
          i = top_i / bottom_i;
          f = top_f / bottom_f;
          g = top_g / bottom_g;
        }
        const V bottom_ig = bottom_i * bottom_g;
        V top_c;
        simd::multiply_add<V>(top_f * before, bottom_ig, top_i * top_g * bottom_f, top_c);
        c = top_c / (bottom_f * bottom_ig);
        // Not before c, for which tanh waits.
        sigmoid_fraction(o, top_o, unused, bottom_o);
        if constexpr (keeps_gates) o = top_o / bottom_o;
        V top, bottom;
        tanh_fraction(c, top, bottom);
        h = top_o * top / (bottom_o * bottom);
      };

  /// The sums become the gates, if they are kept.
  template <class T>
  void forward(Index H, const CellStep<T>& step, bool keeps_gates) const {
    T* const i = step.sums;
    const T* const kept_not = i;
    if (keeps_gates) {
      simd::map(forward_formula<true>, H, i, i + H, i + 2 * H, i + 3 * H, step.state_before,
                step.state, step.h);
    } else {
      simd::map(forward_formula<false>, H, kept_not, kept_not + H, kept_not + 2 * H,
                kept_not + 3 * H, step.state_before, step.state, step.h);
    }
  }

  /// Calls map(formula, arrays...) with the arrays of a step besides the sums.
  template <class T, class Map>
  void step(const Map& map, const T*, T* state, T* h) const {
    map(forward_formula<false>, static_cast<const T*>(state), state, h);
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

/// r, z = sigmoid(sums)   n = tanh(sum of inputs + r q)   h = (1 - z) n + z h_before
///
/// q is the product of n's gate with h, which r multiplies.
struct GruCell {
  static constexpr std::string_view kind = "gru";
  static constexpr Index gates = 3;  // in weight_ih and weight_hh: r, z, n
  static constexpr Index sums = 4;   // r, z, q, n: the sums with h are neighbours
  static constexpr std::array inputs{GateColumns{0, 0, 2}, GateColumns{2, 3, 1}};
  static constexpr std::array parts_of_x{0, 1, -1, 2};
  static constexpr std::array parts_of_h{0, 1, 2, -1};
  static constexpr bool has_state = false;
  static constexpr bool is_in_place = false;
  static constexpr Store carry_store = Store::add;

  template <bool keeps_gates>
  static constexpr auto forward_formula =
      []<class V>(V& r, V& z, const V& q, V& n, const V& before, V& h) {
        V top_r, bottom_r, top_z, other_z, bottom_z, unused;
        sigmoid_fraction(r, top_r, unused, bottom_r);
        r = top_r / bottom_r;
        V sum;
        simd::multiply_add(r, q, n, sum);
        sigmoid_fraction(z, top_z, other_z, bottom_z);
        V top_n, bottom_n;
        tanh_fraction(sum, top_n, bottom_n);
        if constexpr (keeps_gates) {
          z = top_z / bottom_z;
          n = top_n / bottom_n;
        }
        V top;
        simd::multiply_add<V>(other_z, top_n, top_z * before * bottom_n, top);
        h = top / (bottom_z * bottom_n);
      };

  /// The sums become the gates, if they are kept.
  template <class T>
  void forward(Index H, const CellStep<T>& step, bool keeps_gates) const {
    T* const r = step.sums;
    const T* const kept_not = r;
    const T* const q = r + 2 * H;
    if (keeps_gates) {
      simd::map(forward_formula<true>, H, r, r + H, q, r + 3 * H, step.h_before, step.h);
    } else {
      simd::map(forward_formula<false>, H, kept_not, kept_not + H, q, kept_not + 3 * H,
                step.h_before, step.h);
    }
  }

  /// Calls map(formula, arrays...) with the arrays of a step besides the sums.
  template <class T, class Map>
  void step(const Map& map, const T* h_before, T*, T* h) const {
    map(forward_formula<false>, h_before, h);
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
  static constexpr std::array parts_of_x{0};
  static constexpr std::array parts_of_h{0};
  static constexpr bool has_state = false;
  static constexpr bool is_in_place = true;
  static constexpr Store carry_store = Store::overwrite;

  bool is_relu = false;

  template <class T>
  void forward(Index H, const CellStep<T>& step, bool /*keeps_gates*/) const {
    if (is_relu) {
      simd::map([]<class V>(V& h) { h = h <= V{} ? V{} : h; }, H, step.h);
    } else {
      simd::map([]<class V>(V& h) { simd::tanh<V>(V(h), h); }, H, step.h);
    }
  }

  /// Calls map(formula, arrays...) with the arrays of a step besides the sums.
  template <class T, class Map>
  void step(const Map& map, const T*, T*, T* h) const {
    if (is_relu) {
      map([]<class V>(const V& sum, V& out) { out = sum <= V{} ? V{} : sum; }, h);
    } else {
      map([]<class V>(const V& sum, V& out) { simd::tanh<V>(sum, out); }, h);
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

/// Runs all steps: memory.sums has the products with the inputs, and becomes the gates, if they are
/// kept.
///
///   weight_hh (H, gates H)
template <class Cell, class T>
void run_steps(const Cell& cell, const T* weight_hh, const StepMemory<Cell, T>& memory,
               bool keeps_gates) {
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
      for (Index n = first; n < last; ++n) {
        cell.forward(H, memory.at(step, n, zeros.data()), keeps_gates);
      }
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
