#pragma once

#include <algorithm>
#include <cctype>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/core/axes.hpp"
#include "dlfs/tensor/elementwise.hpp"
#include "dlfs/tensor/matmul.hpp"
#include "dlfs/tensor/reduce.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// A tensor whose axes are named by letters.
template <class T>
struct Labelled {
  Tensor<T> values;
  std::string labels;
};

inline bool has(std::string_view labels, char label) {
  return labels.find(label) != std::string_view::npos;
}

/// The product of the extents of x at these labels.
template <class T>
Index extent_of(const Labelled<T>& x, std::string_view labels) {
  Index product = 1;
  for (char label : labels) product *= x.values.extent(static_cast<int>(x.labels.find(label)));
  return product;
}

/// x with its axes in the order of `labels`, a permutation of its own.
template <class T>
Tensor<T> in_order(const Labelled<T>& x, std::string_view labels) {
  return copy(reorder_axes(x.values.view(), [&](int axis) {
    return static_cast<int>(x.labels.find(labels[static_cast<std::size_t>(axis)]));
  }));
}

/// Merges axes of the same label into one, like the diagonal of a matrix.
template <class T>
Labelled<T> diagonal(TensorView<const T> x, std::string_view labels, std::string_view equation) {
  if (x.rank() != static_cast<int>(labels.size())) {
    throw ShapeError("einsum ", equation, ": \"", labels, "\" stands for an operand of shape ",
                     x.shape());
  }
  std::string names;
  Shape shape;
  Strides strides{};
  for (int axis = 0; axis < x.rank(); ++axis) {
    const char label = labels[static_cast<std::size_t>(axis)];
    const auto place = names.find(label);
    if (place == std::string::npos) {
      strides[names.size()] = x.stride(axis);
      shape.push_back(x.extent(axis));
      names += label;
      continue;
    }
    strides[place] += x.stride(axis);
    if (shape[static_cast<int>(place)] != x.extent(axis)) {
      throw ShapeError("einsum ", equation, ": the axes \"", label, "\" of the shape ", x.shape(),
                       " differ");
    }
  }
  return {copy(TensorView<const T>(x.data(), shape, strides)), names};
}

/// x summed over the labels that are not in `kept`.
template <class T>
Labelled<T> sum_others(Labelled<T> x, std::string_view kept) {
  for (std::size_t axis = x.labels.size(); axis-- > 0;) {
    if (has(kept, x.labels[axis])) continue;
    x.values = cast<T>(sum(x.values, static_cast<int>(axis)));
    x.labels.erase(axis, 1);
  }
  return x;
}

/// The product of a and b, summed over the labels that are not in `kept`. It is a matrix product
/// for each combination of the labels that both have and that are kept.
template <class T>
Labelled<T> contract(Labelled<T> a, Labelled<T> b, std::string_view kept,
                     std::string_view equation) {
  a = sum_others(std::move(a), str_cat(kept, b.labels));
  b = sum_others(std::move(b), str_cat(kept, a.labels));
  std::string batch, summed, left, right;
  for (char label : a.labels) {
    (!has(b.labels, label) ? left : has(kept, label) ? batch : summed) += label;
  }
  for (char label : b.labels) {
    if (!has(a.labels, label)) right += label;
  }
  for (char label : str_cat(batch, summed)) {
    const Index in_a = extent_of(a, {&label, 1});
    const Index in_b = extent_of(b, {&label, 1});
    if (in_a == in_b) continue;
    throw ShapeError("einsum ", equation, ": \"", label, "\" is ", in_a, " and ", in_b);
  }
  const Index batches = extent_of(a, batch);
  const Index inner = extent_of(a, summed);
  Tensor<T> product = matmul(
      in_order(a, str_cat(batch, left, summed)).reshape({batches, extent_of(a, left), inner}),
      in_order(b, str_cat(batch, summed, right)).reshape({batches, inner, extent_of(b, right)}));
  Shape shape;
  for (char label : str_cat(batch, left)) shape.push_back(extent_of(a, {&label, 1}));
  for (char label : right) shape.push_back(extent_of(b, {&label, 1}));
  return {std::move(product).reshape(shape), str_cat(batch, left, right)};
}

/// The labels of each operand, and those of the result: "ij,jk->ik".
struct Equation {
  std::vector<std::string> operands;
  std::string result;
};

inline Equation parse_equation(std::string_view text) {
  const auto fail = [&](auto... why) { throw ValueError("einsum ", text, ": ", why...); };
  Equation equation;
  const auto arrow = text.find("->");
  equation.operands.emplace_back();
  for (char c : text.substr(0, arrow)) {
    if (c == ',') {
      equation.operands.emplace_back();
    } else if (std::isalpha(static_cast<unsigned char>(c)) != 0) {
      equation.operands.back() += c;
    } else if (c != ' ') {
      fail("expected letters, commas and ->, got '", c, "'");
    }
  }
  std::string all;
  for (const std::string& labels : equation.operands) all += labels;
  if (arrow == std::string_view::npos) {  // the labels that occur once, in alphabetical order
    for (char label : all) {
      if (std::count(all.begin(), all.end(), label) == 1) equation.result += label;
    }
    std::sort(equation.result.begin(), equation.result.end());
    return equation;
  }
  for (char c : text.substr(arrow + 2)) {
    if (c == ' ') continue;
    if (!has(all, c)) fail("the result's '", c, "' is no operand's");
    if (has(equation.result, c)) fail("the result names '", c, "' twice");
    equation.result += c;
  }
  return equation;
}

}  // namespace detail

/// Einstein summation: the products of the operands' elements, summed over the letters that the
/// result does not name. Axes with the same letter have the same index. Without "->" the result has
/// the letters that occur once, in alphabetical order. Operands are combined in pairs from the
/// left; each pair is a matrix product.
///
///   einsum<double>("ij,jk->ik", {a, b})      a matrix product
///   einsum<double>("bij,bij->b", {x, y})     the inner product of each pair of matrices
///   einsum<double>("ii", {a})                the trace
///
/// @throws ValueError for an equation that cannot be parsed or has another number of operands;
/// ShapeError if the shapes do not fit.
template <class T>
Tensor<T> einsum(std::string_view equation, std::initializer_list<TensorArg<T>> operands) {
  const auto [labels, result] = detail::parse_equation(equation);
  if (labels.size() != operands.size()) {
    throw ValueError("einsum ", equation, ": ", labels.size(), " operands are named and ",
                     operands.size(), " given");
  }
  auto total = detail::diagonal<T>(*operands.begin(), labels[0], equation);
  for (std::size_t i = 1; i < labels.size(); ++i) {
    std::string needed = result;
    for (std::size_t later = i + 1; later < labels.size(); ++later) needed += labels[later];
    total = detail::contract(std::move(total),
                             detail::diagonal<T>(operands.begin()[i], labels[i], equation), needed,
                             equation);
  }
  return detail::in_order(detail::sum_others(std::move(total), result), result);
}

/// The inner product of two vectors. @throws ShapeError unless both are vectors of one length.
template <AnyTensor A, AnyTensor B>
  requires(std::same_as<Element<A>, Element<B>>)
auto dot(const A& a, const B& b) {
  if (a.rank() != 1 || a.shape() != b.shape()) {
    throw ShapeError("dot: expected two vectors of one length, got ", a.shape(), " and ",
                     b.shape());
  }
  return sum(const_view(a) * const_view(b));
}

/// All products of an element of a and an element of b: (M), (N) -> (M, N). Other shapes are
/// flattened.
template <AnyTensor A, AnyTensor B>
  requires(std::same_as<Element<A>, Element<B>>)
Tensor<Element<A>> outer(const A& a, const B& b) {
  return copy(a).reshape({a.size(), 1}) * copy(b).reshape({1, b.size()});
}

/// The products of a (..., K...) and b (K..., ...), summed over the last `count` axes of a, which
/// are the first `count` axes of b. @throws ShapeError unless these axes exist with equal extents.
template <AnyTensor A, AnyTensor B>
  requires(std::same_as<Element<A>, Element<B>>)
Tensor<Element<A>> tensordot(const A& a, const B& b, int count) {
  const bool has_axes = count >= 0 && count <= std::min(a.rank(), b.rank());
  const int kept = has_axes ? a.rank() - count : 0;
  if (!has_axes || a.shape().axes(kept, a.rank()) != b.shape().axes(0, count)) {
    throw ShapeError("tensordot: the last ", count, " axes of ", a.shape(),
                     " are not the first of ", b.shape());
  }
  const Index inner = b.shape().axes(0, count).size();
  Shape shape = a.shape().axes(0, kept);
  const Index rows = shape.size();
  for (Index extent : b.shape().axes(count, b.rank())) shape.push_back(extent);
  const Index columns = b.shape().axes(count, b.rank()).size();
  auto product = matmul(copy(a).reshape({rows, inner}), copy(b).reshape({inner, columns}));
  return std::move(product).reshape(shape);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
