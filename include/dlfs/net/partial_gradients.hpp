#pragma once

#include <algorithm>
#include <concepts>
#include <span>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/scratch.hpp"
#include "dlfs/core/store.hpp"
#include "dlfs/net/plan.hpp"
#include "dlfs/simd/kernels.hpp"
#include "dlfs/simd/vector_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Gradients that the pieces of a batch compute at the same time, each in its own memory. They are
/// then added in the order of the pieces. A single piece writes to the totals directly. Totals
/// without data are of frozen parameters, and stay so.
template <std::floating_point T>
class PartialGradients {
 public:
  PartialGradients(Index pieces, std::span<const TensorView<T>> totals)
      : pieces_(pieces),
        totals_(totals),
        elements_(count_elements(totals)),
        memory_(pieces > 1 ? pieces * elements_ : 0),
        views_(pieces > 1 ? pieces * std::ssize(totals) : 0) {
    if (pieces == 1) return;
    T* next = memory_.data();
    for (Index i = 0; i < pieces * std::ssize(totals); ++i) {
      const TensorView<T>& total = totals[static_cast<std::size_t>(i % std::ssize(totals))];
      views_[i] = total;
      if (total.data() == nullptr) continue;
      views_[i] = {next, total.shape()};
      next += total.size();
    }
  }

  /// The views to which a piece writes, one for each total.
  std::span<const TensorView<T>> of(Index piece) const {
    if (pieces_ == 1) return totals_;
    return {views_.data() + piece * std::ssize(totals_), totals_.size()};
  }

  /// `stores` says for each total whether the sum overwrites it.
  void add_up(std::span<const Store> stores) const {
    if (pieces_ == 1) return;
    const Index blocks = (elements_ + block_elements - 1) / block_elements;
    parallel_for(blocks, [&](Index block) {
      const Index first = block * block_elements;
      const Index count = std::min(block_elements, elements_ - first);
      T* const sum = memory_.data() + first;
      for (Index piece = 1; piece < pieces_; ++piece) {
        const T* const partial = sum + piece * elements_;
        simd::map(simd::AddTo(), count, partial, sum);
      }
    });
    for (std::size_t i = 0; i < totals_.size(); ++i) {
      const TensorView<T>& total = totals_[i];
      if (total.data() == nullptr) continue;
      const T* const sum = views_[static_cast<Index>(i)].data();
      if (stores[i] == Store::overwrite) std::fill_n(total.data(), total.size(), T(0));
      simd::map(simd::AddTo(), total.size(), sum, total.data());
    }
  }

 private:
  static constexpr Index block_elements = 16 * 1024;

  static Index count_elements(std::span<const TensorView<T>> views) {
    Index elements = 0;
    for (const auto& view : views) elements += view.data() == nullptr ? 0 : view.size();
    return elements;
  }

  Index pieces_;
  std::span<const TensorView<T>> totals_;
  Index elements_;
  Scratch<T> memory_;
  Scratch<TensorView<T>> views_;
};

/// The gradients that the layers of a network write: those that the caller gave, and memory that
/// nobody reads for a frozen parameter of a layer that cannot leave out its gradient.
template <std::floating_point T>
class WrittenGradients {
 public:
  WrittenGradients(std::span<const LayerEntry<T>> layers, std::span<const TensorView<T>> given)
      : given_(given),
        unread_elements_(count_elements(layers, given)),
        memory_(unread_elements_),
        views_(unread_elements_ > 0 ? std::ssize(given) : 0) {
    if (unread_elements_ == 0) return;
    std::fill_n(memory_.data(), unread_elements_, T(0));
    std::copy(given.begin(), given.end(), views_.data());
    T* next = memory_.data();
    for_each_unread(layers, given, [&](std::size_t k) {
      views_[static_cast<Index>(k)] = {next, given[k].shape()};
      next += given[k].size();
    });
  }

  std::span<const TensorView<T>> views() const {
    if (unread_elements_ == 0) return given_;
    return {views_.data(), given_.size()};
  }

 private:
  template <class Visit>
  static void for_each_unread(std::span<const LayerEntry<T>> layers,
                              std::span<const TensorView<T>> given, const Visit& visit) {
    for (const LayerEntry<T>& entry : layers) {
      const std::size_t end = entry.first_parameter + entry.parameter_count;
      for (std::size_t k = entry.first_parameter; k < end; ++k) {
        if (given[k].data() == nullptr && !entry.layer.traits().skips_gradients) visit(k);
      }
    }
  }

  static Index count_elements(std::span<const LayerEntry<T>> layers,
                              std::span<const TensorView<T>> given) {
    Index elements = 0;
    for_each_unread(layers, given, [&](std::size_t k) { elements += given[k].size(); });
    return elements;
  }

  std::span<const TensorView<T>> given_;
  Index unread_elements_;
  Scratch<T> memory_;
  Scratch<TensorView<T>> views_;
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
