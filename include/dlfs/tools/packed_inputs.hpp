#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "dlfs/core/scratch.hpp"
#include "dlfs/net/any_layer.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// The samples of several inputs side by side: each x (N, ...) -> (N, K), K numbers for a sample.
template <std::floating_point T>
Tensor<T> packed(std::span<const Tensor<T>> inputs) {
  Index width = 0;
  for (const Tensor<T>& x : inputs) width += x.shape().axes(1, x.rank()).size();
  Tensor<T> all({inputs.front().extent(0), width});
  Index first = 0;
  for (const Tensor<T>& x : inputs) {
    const Index count = x.shape().axes(1, x.rank()).size();
    for (Index n = 0; n < x.extent(0); ++n) {
      std::copy_n(x.data() + n * count, count, all.data() + n * width + first);
    }
    first += count;
  }
  return all;
}

/// A layer of several inputs as a layer of one, which has them packed. So tools that know layers of
/// one input can check it.
template <std::floating_point T>
class PackedInputs {
 public:
  using Scalar = T;

  /// `shapes` are those of the inputs, for any number of rows.
  PackedInputs(AnyLayer<T> layer, std::vector<Shape> shapes)
      : layer_(std::move(layer)), shapes_(std::move(shapes)) {}

  LayerTraits traits() const { return layer_.traits(); }
  Shape output_shape(const Shape& x) const { return layer_.output_shape(shapes(x)); }
  Index saved_bytes(const Shape& x) const { return layer_.saved_bytes(shapes(x)); }
  Index flops(const Shape& x) const { return layer_.flops(shapes(x)); }

  void forward(const ForwardPass<T>& pass) const {
    const Scratch<T> memory(pass.x.size());
    const std::vector<TensorView<T>> inputs = parts(memory.data(), pass.x.shape());
    split(pass.x, inputs);
    const std::vector<TensorView<const T>> read(inputs.begin(), inputs.end());
    ForwardPass<T> own = pass;
    own.x = read.front();
    own.inputs = read;
    layer_.forward(own);
  }

  void backward(const BackwardPass<T>& pass) const {
    const bool has_x = pass.x.data() != nullptr;
    const Scratch<T> x_memory(has_x ? pass.x.size() : 0);
    const std::vector<TensorView<T>> inputs =
        parts(has_x ? x_memory.data() : nullptr, pass.x.shape());
    if (has_x) split(pass.x, inputs);
    const std::vector<TensorView<const T>> read(inputs.begin(), inputs.end());
    const Scratch<T> dx_memory(pass.needs_dx() ? pass.x.size() : 0);
    const std::vector<TensorView<T>> dxs =
        parts(pass.needs_dx() ? dx_memory.data() : nullptr, pass.x.shape());
    BackwardPass<T> own = pass;
    own.x = read.front();
    own.inputs = read;
    own.dx = dxs.front();
    own.dxs = dxs;
    layer_.backward(own);
    if (!pass.needs_dx()) return;
    for_each_row(pass.dx, dxs, [](T* row, T* part, Index count) { std::copy_n(part, count, row); });
  }

  std::vector<Parameter<T>*> parameters() & { return layer_.parameters(); }
  std::vector<NamedTensor<T>*> buffers() & { return layer_.buffers(); }
  void update_buffers(const Shape& x, const std::byte* saved) {
    layer_.update_buffers(shapes(x), saved);
  }

 private:
  std::vector<Shape> shapes(const Shape& x) const {
    std::vector<Shape> shapes;
    for (const Shape& shape : shapes_) shapes.push_back(shape.with(0, x[0]));
    return shapes;
  }

  /// The inputs in a block of memory, one behind the other; without memory, their shapes.
  std::vector<TensorView<T>> parts(T* memory, const Shape& x) const {
    std::vector<TensorView<T>> parts;
    for (const Shape& shape : shapes(x)) {
      parts.emplace_back(memory, shape);
      if (memory != nullptr) memory += shape.size();
    }
    return parts;
  }

  void split(const TensorView<const T>& x, const std::vector<TensorView<T>>& inputs) const {
    for_each_row(x, inputs,
                 [](const T* row, T* part, Index count) { std::copy_n(row, count, part); });
  }

  template <class U, class Visit>
  static void for_each_row(const TensorView<U>& all, const std::vector<TensorView<T>>& parts,
                           const Visit& visit) {
    Index first = 0;
    for (const TensorView<T>& part : parts) {
      const Index count = part.shape().axes(1, part.rank()).size();
      for (Index n = 0; n < part.extent(0); ++n) {
        visit(all.data() + n * all.extent(1) + first, part.data() + n * count, count);
      }
      first += count;
    }
  }

  AnyLayer<T> layer_;
  std::vector<Shape> shapes_;
};

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
