#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/core/scratch.hpp"
#include "dlfs/net/sequential.hpp"
#include "dlfs/simd/kernels.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// The networks that a composite layer runs side by side, all on its input. Each branch has a part
/// of the saved bytes: for its layers, then for its output if its last layer reads that in the
/// backward pass.
template <std::floating_point T>
class Branches {
 public:
  /// @throws ValueError for a name that is empty or already used.
  void add(const std::string& name, Sequential<T> layers) {
    if (name.empty()) throw ValueError("network: a branch's name is empty");
    for (const Branch& branch : branches_) {
      if (branch.name == name) {
        throw ValueError("network: two branches have the name '", name, "'");
      }
    }
    for (auto* parameter : layers.parameters()) {
      parameter->name = str_cat(name, '.', parameter->name);
    }
    for (auto* buffer : layers.buffers()) buffer->name = str_cat(name, '.', buffer->name);
    const std::size_t parameter_count = layers.parameters().size();
    branches_.push_back({name, std::move(layers), parameter_count});
  }

  LayerTraits traits(std::string_view kind) const {
    LayerTraits traits{.kind = kind, .skips_gradients = true};
    for (const Branch& branch : branches_) {
      traits.keeps_input |= branch.layers.traits().keeps_input;
      traits.whole_batch |= branch.layers.traits().whole_batch;
    }
    return traits;
  }

  Index count() const { return std::ssize(branches_); }
  const std::string& name(Index i) const& { return branch(i).name; }

  /// @throws ShapeError, naming the branch and the layer, if x does not fit.
  Shape output_shape(Index i, const Shape& x) const {
    try {
      return branch(i).layers.output_shape(x);
    } catch (const ShapeError& error) {
      throw ShapeError("branch ", name(i), ": ", error.what());
    } catch (const ValueError& error) {
      throw ValueError("branch ", name(i), ": ", error.what());
    }
  }

  Index saved_bytes(const Shape& x) const {
    Index sum = 0;
    for (const Branch& branch : branches_)
      sum = checked_sum("network", sum, saved_bytes(branch, x));
    return sum;
  }

  Index flops(const Shape& x) const {
    Index sum = 0;
    for (const Branch& branch : branches_) sum = checked_sum("flops", sum, branch.layers.flops(x));
    return sum;
  }

  std::vector<typename Composition<T>::Part> parts() const {
    std::vector<typename Composition<T>::Part> parts;
    for (const Branch& branch : branches_) parts.push_back({branch.name, &branch.layers});
    return parts;
  }

  std::vector<Parameter<T>*> parameters() & {
    std::vector<Parameter<T>*> all;
    for (Branch& branch : branches_) {
      for (Parameter<T>* parameter : branch.layers.parameters()) all.push_back(parameter);
    }
    return all;
  }

  std::vector<NamedTensor<T>*> buffers() & {
    std::vector<NamedTensor<T>*> all;
    for (Branch& branch : branches_) {
      for (NamedTensor<T>* buffer : branch.layers.buffers()) all.push_back(buffer);
    }
    return all;
  }

  void update_buffers(const Shape& x, const std::byte* saved) {
    for (Branch& branch : branches_) {
      branch.layers.update_buffers(x, saved);
      saved += saved_bytes(branch, x);
    }
  }

  /// Runs every branch forward, and passes its output to `take(i, y)`.
  template <class Take>
  void forward(const ForwardPass<T>& pass, const Take& take) const {
    std::byte* saved = pass.saved;
    for (Index i = 0; i < count(); ++i) {
      const Shape shape = branch(i).layers.output_shape(pass.x.shape());
      T* const kept = saved == nullptr ? nullptr : kept_output(branch(i), pass.x.shape(), saved);
      const Scratch<T> temporary(kept == nullptr ? shape.size() : 0);
      const TensorView<T> y(kept == nullptr ? temporary.data() : kept, shape);
      branch(i).layers.forward({.x = pass.x,
                                .y = y,
                                .saved = saved,
                                .mode = pass.mode,
                                .step = pass.step,
                                .first_sample = pass.first_sample});
      take(i, y);
      if (saved != nullptr) saved += saved_bytes(branch(i), pass.x.shape());
    }
  }

  /// Runs every branch backward from its gradient `dy_of(i, room)`, which may be stored in `room`,
  /// a contiguous view of the branch's output shape. pass.dx becomes the sum of the input
  /// gradients.
  template <class DyOf>
  void backward(const BackwardPass<T>& pass, const DyOf& dy_of) const {
    std::byte* saved = pass.saved;
    std::size_t first_parameter = 0;
    for (Index i = 0; i < count(); ++i) {
      const Shape shape = branch(i).layers.output_shape(pass.x.shape());
      const Scratch<T> room(shape.size());
      const bool adds = pass.needs_dx() && i > 0;
      const Scratch<T> part(adds ? pass.dx.size() : 0);
      branch(i).layers.backward(
          {.x = pass.x,
           .y = {kept_output(branch(i), pass.x.shape(), saved), shape},
           .dy = dy_of(i, TensorView<T>(room.data(), shape)),
           .dx = adds ? TensorView<T>(part.data(), pass.dx.shape()) : pass.dx,
           .gradients = pass.gradients.subspan(first_parameter, branch(i).parameter_count),
           .store = pass.store,
           .saved = saved,
           .mode = pass.mode});
      if (adds) add_to(pass.dx, TensorView<const T>(part.data(), pass.dx.shape()));
      first_parameter += branch(i).parameter_count;
      saved += saved_bytes(branch(i), pass.x.shape());
    }
  }

  /// sum += x for contiguous views, sample by sample.
  static void add_to(TensorView<T> sum, TensorView<const T> x) {
    if (x.empty()) return;
    const Index count = x.shape().axes(1, x.rank()).size();
    parallel_for(x.extent(0), [&](Index n) {
      simd::map(simd::AddTo(), count, x.data() + n * count, sum.data() + n * count);
    });
  }

 private:
  struct Branch {
    std::string name;
    AnyLayer<T> layers;
    std::size_t parameter_count;
  };

  const Branch& branch(Index i) const {
    if (i >= count()) throw ValueError("network: a layer of branches was moved away");
    return branches_[static_cast<std::size_t>(i)];
  }

  static Index aligned(Index bytes) {
    constexpr auto step = static_cast<Index>(alignment);
    return checked_sum("network", bytes, step - 1) / step * step;
  }

  static Index saved_bytes(const Branch& branch, const Shape& x) {
    const Index own = aligned(branch.layers.saved_bytes(x));
    if (!branch.layers.traits().keeps_output) return own;
    const Index size = branch.layers.output_shape(x).size();
    return checked_sum("network", own, aligned(checked_product("network", size, sizeof(T))));
  }

  /// Null if the branch does not need its output in the backward pass.
  static T* kept_output(const Branch& branch, const Shape& x, std::byte* saved) {
    if (!branch.layers.traits().keeps_output) return nullptr;
    return elements_at<T>(saved + aligned(branch.layers.saved_bytes(x)));
  }

  std::vector<Branch> branches_;
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
