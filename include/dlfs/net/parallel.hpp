#pragma once

#include <algorithm>
#include <concepts>
#include <initializer_list>
#include <string>
#include <vector>

#include "dlfs/net/branches.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// A branch in the list that constructs a Parallel.
template <std::floating_point T>
struct NamedBranch {
  std::string name;      ///< stands before the names of its parameters
  Sequential<T> layers;  ///< what the branch computes
};

/// Networks side by side, all on x; their outputs are concatenated along the channels.
///
///   Parallel<float>{{"conv1x1", {{"conv", ...}}}, {"conv3x3", {{"conv", ...}, {"relu", ...}}}}
///
///   x (N, ...) -> y (N, C1 + C2 + ..., ...) from (N, C1, ...), (N, C2, ...), ...
///
/// Its parameters are named "conv1x1.conv.weight".
/// Source: Szegedy et al., "Going deeper with convolutions" (2015); Saitoh, "Deep Learning from
/// Scratch" vol. 1, section 8.2.3.
template <std::floating_point T>
class Parallel {
 public:
  using Scalar = T;  ///< the element type

  /// @throws ValueError without a branch, or for a name that is empty or used twice.
  Parallel(std::initializer_list<NamedBranch<T>> branches) {
    if (branches.size() == 0) throw ValueError("parallel: expected at least one branch");
    for (const auto& [name, layers] : branches) branches_.add(name, layers);
  }

  /// What a network must know of this layer.
  LayerTraits traits() const { return branches_.traits("parallel"); }

  /// @throws ShapeError unless the outputs of all branches agree in all axes except axis 1.
  Shape output_shape(const Shape& x) const {
    Shape y = branches_.output_shape(0, x);
    if (y.rank() < 2) {
      throw ShapeError(traits().kind, ": expected branches that give (N, C, ...), got ", y);
    }
    for (Index i = 1; i < branches_.count(); ++i) {
      const Shape other = branches_.output_shape(i, x);
      if (other.rank() != y.rank() || other.with(1, y[1]) != y) {
        throw ShapeError(traits().kind, ": branch ", branches_.name(0), " gives ",
                         branches_.output_shape(0, x), ", but branch ", branches_.name(i),
                         " gives ", other);
      }
      y = y.with(1, detail::checked_sum(traits().kind, y[1], other[1]));
    }
    return y;
  }

  /// Bytes that `backward` needs besides x and y.
  Index saved_bytes(const Shape& x) const { return branches_.saved_bytes(x); }
  /// Floating-point operations of `forward` for a batch of shape x.
  Index flops(const Shape& x) const { return branches_.flops(x); }

  /// The layers that it consists of.
  Composition<T> composition() const& {
    return {Composition<T>::Join::concatenation, branches_.parts()};
  }
  Composition<T> composition() const&& = delete;

  /// Writes pass.y.
  void forward(const ForwardPass<T>& pass) const {
    Index first = 0;
    branches_.forward(pass, [&](Index, TensorView<const T> y) {
      for_each_slice(pass.y, y, first, [](T* of_all, const T* of_branch, Index count) {
        std::copy_n(of_branch, count, of_all);
      });
      first += y.extent(1);
    });
  }

  /// Writes pass.gradients, and pass.dx where it is wanted.
  void backward(const BackwardPass<T>& pass) const {
    Index first = 0;
    branches_.backward(pass, [&](Index, TensorView<T> room) {
      for_each_slice(pass.dy, room, first, [](const T* of_all, T* of_branch, Index count) {
        std::copy_n(of_all, count, of_branch);
      });
      first += room.extent(1);
      return room;
    });
  }

  /// What it learns.
  std::vector<Parameter<T>*> parameters() & { return branches_.parameters(); }
  /// What it collects while it trains.
  std::vector<NamedTensor<T>*> buffers() & { return branches_.buffers(); }
  /// Takes what a training pass has saved into the buffers.
  void update_buffers(const Shape& x, const std::byte* saved) {
    branches_.update_buffers(x, saved);
  }

 private:
  /// Calls `visit(in_whole, in_branch, count)` for each sample: with its part of the whole from
  /// channel `first` on, and with the sample of the branch.
  template <class U, class V, class Visit>
  static void for_each_slice(TensorView<U> whole, TensorView<V> branch, Index first,
                             const Visit& visit) {
    const Index plane = branch.shape().axes(2, branch.rank()).size();
    const Index count = branch.extent(1) * plane;
    parallel_for(branch.extent(0), [&](Index n) {
      visit(whole.data() + (n * whole.extent(1) + first) * plane, branch.data() + n * count, count);
    });
  }

  detail::Branches<T> branches_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
