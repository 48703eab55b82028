#pragma once

#include <bit>
#include <vector>

#include <dlfs/core/tensor.hpp>
#include <dlfs/simd/kernels.hpp>

namespace dlfs::bench {

/// The micro-kernel of products on a tile that stays in the nearest cache: what a core does at the
/// most.
class FmaPeak {
 public:
  FmaPeak() : a_({kernels_.mr, depth}), b_({depth, columns_}), c_({kernels_.mr, columns_}) {
    for (Index t = 0; t < depth; ++t) terms_.push_back({t * kernels_.mr, t * columns_});
    tile_ = {.terms = terms_.data(), .depth = depth, .a = a_.data(), .a_stride = 1};
    tile_.c_stride = columns_;
    tile_.start = start_.data();
    for (int v = 0; v < simd::nr_vectors; ++v) {
      tile_.b[v] = b_.data() + v * kernels_.lanes;
      tile_.c[v] = c_.data() + v * kernels_.lanes;
    }
  }

  FmaPeak(const FmaPeak&) = delete;
  FmaPeak& operator=(const FmaPeak&) = delete;

  void run() const {
    const int rows = std::countr_zero(static_cast<unsigned>(kernels_.mr));
    kernels_.micro_kernel[rows][simd::nr_vectors - 1](tile_);
    asm volatile("" : : : "memory");
  }

  /// Of one run.
  double flop() const { return 2.0 * static_cast<double>(c_.size() * depth); }

 private:
  static constexpr Index depth = 128;

  const simd::Kernels<float>& kernels_ = simd::kernels<float>();
  const Index columns_ = simd::nr_vectors * kernels_.lanes;
  Tensor<float> a_, b_, c_;
  const Tensor<float> start_{Shape{kernels_.mr}};
  std::vector<simd::Term> terms_;
  simd::Tile<float> tile_{};
};

}  // namespace dlfs::bench
