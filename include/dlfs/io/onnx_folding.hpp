#pragma once

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "dlfs/io/onnx_importer.hpp"
#include "dlfs/tensor/joining.hpp"

// Shapes and weights that exporters compute by nodes.

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail::onnx {

/// Computes what depends on constants and shapes alone.
template <std::floating_point T>
class Folder {
 public:
  explicit Folder(Importer<T>& in) : in_(in) {}

  /// Whether the node was one of these.
  bool fold() {
    const std::string_view op = in_.node().op;
    if (op == "Shape" && !in_.is_constant(0)) {
      const Value& x = in_.value(0);
      Constant<T> shape{.extents = {x.rank()}};
      const std::int64_t rank = x.rank();
      const auto place = [&](std::string_view name, std::int64_t otherwise) {
        const std::int64_t given = in_.integer(name, otherwise);
        return std::clamp<std::int64_t>(given < 0 ? given + rank : given, 0, rank);
      };
      for (auto axis = static_cast<int>(place("start", 0)); axis < place("end", rank); ++axis) {
        shape.integers.push_back(x.has_samples(axis) ? SamplesExtent::times(x.extent(axis))
                                                     : x.extent(axis));
      }
      shape.extents = {std::ssize(shape.integers)};
      return set(std::move(shape));
    }
    if (op == "CastLike" && in_.is_constant(0)) return set(*in_.constant(0));
    if (in_.node().inputs.empty()) return false;
    bool all_whole = true;
    for (std::size_t i = 0; i < in_.node().inputs.size(); ++i) {
      if (!in_.has_input(i)) continue;
      if (!in_.is_constant(i)) return false;
      inputs_.push_back(*in_.constant(i));
      all_whole &= inputs_.back().is_integer();
    }
    if (inputs_.empty()) return false;
    if (op == "Identity") return set(inputs_[0]);
    if (op == "ConstantOfShape") return fill_shape();
    if (op == "Expand") {
      const auto extents = whole(1);
      if (inputs_[0].fill) return set({.extents = extents, .fill = inputs_[0].fill});
      const Tensor<T> numbers = in_.to_tensor(inputs_[0]);
      in_.expect(numbers.size() > 0, "it repeats nothing");
      const T first = numbers.data()[0];
      in_.expect(std::all_of(numbers.begin(), numbers.end(), [&](T each) { return each == first; }),
                 "it repeats more than one number");
      return set({.extents = extents, .fill = static_cast<double>(first)});
    }
    if (op == "Cast") return cast();
    if (op == "Shape") return set_list(inputs_[0].extents);
    if (all_whole) return fold_integers(op);
    if (fold_zeros(op) || fold_view_of_fill(op)) return true;
    return fold_numbers(op);
  }

 private:
  bool set(Constant<T> constant) {
    in_.spend_list(constant.integers.size());
    in_.spend_list(constant.extents.size());
    in_.set_constant(std::move(constant));
    return true;
  }
  bool set(Tensor<T> tensor) {
    Constant<T> constant;
    constant.extents.assign(tensor.shape().begin(), tensor.shape().end());
    constant.tensor = std::make_shared<const Tensor<T>>(std::move(tensor));
    return set(std::move(constant));
  }
  bool set_list(const std::vector<std::int64_t>& list) {
    constexpr std::size_t most = 1 << 20;
    in_.expect(list.size() <= most, "a list of more than ", most, " numbers is computed");
    return set({.extents = {std::ssize(list)}, .integers = list});
  }
  const std::vector<std::int64_t>& whole(std::size_t i) const& {
    in_.expect(i < inputs_.size() && inputs_[i].is_integer(), "expected whole numbers");
    return inputs_[i].integers;
  }

  bool fill_shape() {
    const auto& extents = whole(0);
    const auto value = in_.attribute("value");
    if (!value.tensor) return set({.extents = extents, .fill = 0.0});
    const StoredTensor number = in_.attribute_tensor(*value.tensor);
    in_.expect(number.count == 1, "expected one number");
    constexpr std::int64_t most_axes = max_rank;
    const bool is_shape = is_integer(number.type) && extents.size() == 1 && extents[0] >= 0 &&
                          extents[0] <= most_axes;
    if (!is_shape) return set({.extents = extents, .fill = number.number(0)});
    return set_list(std::vector(static_cast<std::size_t>(extents[0]), number.integer(0)));
  }

  /// What the first states of recurrent layers become, which are 0 for each sample.
  bool fold_zeros(std::string_view op) {
    const bool is_first = inputs_[0].is_zero_of_samples();
    if (inputs_.size() < 2 || (!is_first && !inputs_[1].is_zero_of_samples())) {
      return false;
    }
    const Constant<T>& zeros = inputs_[is_first ? 0 : 1];
    const Constant<T>& other = inputs_[is_first ? 1 : 0];
    if (op == "Mul") return set(zeros);
    if (op == "Add" || (op == "Sub" && !is_first)) return set_rows(zeros, other);
    if (op == "MatMul" && is_first && other.extents.size() == 2 && !zeros.extents.empty()) {
      Constant<T> product = zeros;
      product.extents.back() = other.extents[1];
      return set(std::move(product));
    }
    return false;
  }
  /// A row for each of the places of zeros.
  bool set_rows(const Constant<T>& zeros, const Constant<T>& row) {
    if (row.fill || row.extents.size() != 1) return set(row);
    const Tensor<T> numbers = in_.to_tensor(row);
    in_.expect(zeros.extents.back() == numbers.size(), "tensors of two shapes");
    in_.spend(numbers.shape());
    Shape shape;
    for (std::size_t i = 1; i < std::min<std::size_t>(zeros.extents.size(), max_rank); ++i) {
      shape.push_back(1);
    }
    shape.push_back(numbers.size());
    return set({.extents = zeros.extents,
                .tensor = std::make_shared<const Tensor<T>>(copy(numbers.view().reshape(shape)))});
  }

  /// Other axes of numbers that are all the same, which may be along the samples.
  bool fold_view_of_fill(std::string_view op) {
    const Constant<T>& x = inputs_[0];
    const auto rank = static_cast<int>(std::min<std::size_t>(x.extents.size(), max_rank));
    if (!x.fill || rank == 0) return false;
    Constant<T> view = x;
    auto& extents = view.extents;
    const auto at = [&](int axis) -> std::int64_t& {
      return extents[static_cast<std::size_t>(axis)];
    };
    if (op == "Unsqueeze" || op == "Squeeze") {
      const auto axes = in_.list("axes", 1);
      if (!axes || axes->size() > max_rank) return false;
      const bool adds = op == "Unsqueeze";
      std::set<int> named;
      for (const std::int64_t each : *axes) {
        named.insert(in_.axis(each, rank + (adds ? static_cast<int>(axes->size()) : 0)));
      }
      if (adds) {
        for (const int axis : named) {
          in_.expect(axis <= std::ssize(extents), "an axis stands twice");
          extents.insert(extents.begin() + axis, 1);
        }
      } else {
        for (auto axis = named.rbegin(); axis != named.rend(); ++axis) {
          extents.erase(extents.begin() + *axis);
        }
      }
      return set(std::move(view));
    }
    if (op == "Transpose") {
      const std::vector<int> order = in_.order_of_axes(rank);
      for (int axis = 0; axis < rank; ++axis) {
        at(axis) = x.extents[static_cast<std::size_t>(order[static_cast<std::size_t>(axis)])];
      }
      return set(std::move(view));
    }
    if (op == "Slice") {
      const auto starts = in_.list("starts", 1), stops = in_.list("ends", 2);
      const auto axes = in_.list("axes", 3), steps = in_.list("steps", 4);
      in_.expect(starts && stops && starts->size() == stops->size() &&
                     (!axes || axes->size() == starts->size()) &&
                     (!steps || steps->size() == starts->size()),
                 "its lists differ");
      for (std::size_t i = 0; i < starts->size(); ++i) {
        const int axis = in_.axis(axes ? (*axes)[i] : static_cast<std::int64_t>(i), rank);
        if (SamplesExtent::factor(at(axis))) continue;
        in_.expect(at(axis) >= 0, "an axis of ", at(axis));
        at(axis) =
            detail::positions_of(
                {.start = (*starts)[i], .stop = (*stops)[i], .step = steps ? (*steps)[i] : 1},
                at(axis))
                .count;
      }
      return set(std::move(view));
    }
    if (op == "Gather") {
      const int axis = in_.axis(in_.integer("axis", 0), rank);
      in_.expect(inputs_.size() == 2, "it has no places");
      const auto& places = inputs_[1].extents;
      extents.erase(extents.begin() + axis);
      extents.insert(extents.begin() + axis, places.begin(), places.end());
      return set(std::move(view));
    }
    return false;
  }

  bool cast() {
    const std::int64_t to = in_.integer("to", 1);
    const bool to_whole = is_integer(static_cast<DataType>(to));
    Constant<T> constant = inputs_[0];
    if (to_whole == constant.is_integer() || constant.fill) return set(std::move(constant));
    if (!to_whole) {
      for (const std::int64_t each : constant.integers) {
        in_.expect(!SamplesExtent::factor(each), "the number of samples is no constant");
      }
      in_.spend(Shape{std::ssize(constant.integers)});
      return set(in_.to_tensor(constant));
    }
    const Tensor<T> numbers = in_.to_tensor(constant);
    Constant<T> list{.extents = constant.extents};
    for (const T each : numbers) {
      in_.expect(std::abs(static_cast<double>(each)) < 1e15, "no whole number");
      list.integers.push_back(static_cast<std::int64_t>(each));
    }
    return set(std::move(list));
  }

  bool fold_integers(std::string_view op) {
    const auto& x = whole(0);
    const std::int64_t count = std::ssize(x);
    if (op == "Gather") {
      in_.expect(in_.integer("axis", 0) == 0 && inputs_[0].extents.size() == 1, "only of a list");
      const auto& places = whole(1);
      Constant<T> taken{.extents = inputs_[1].extents};
      for (const std::int64_t each : places) {
        in_.expect(each >= -count && each < count, "there is no place ", each, " of ", count);
        taken.integers.push_back(x[static_cast<std::size_t>(each < 0 ? each + count : each)]);
      }
      return set(std::move(taken));
    }
    if (op == "Concat") {
      std::vector<std::int64_t> list;
      for (const Constant<T>& each : inputs_) {
        list.insert(list.end(), each.integers.begin(), each.integers.end());
        in_.expect(list.size() < (1U << 20), "too long a list");
      }
      return set_list(list);
    }
    if (op == "Neg") {
      Constant<T> computed{.extents = inputs_[0].extents};
      for (const std::int64_t each : x) computed.integers.push_back(result_of("Sub", 0, each));
      return set(std::move(computed));
    }
    if (op == "Where") {
      const auto &y = whole(1), &z = whole(2);
      const auto at = [](const auto& list, std::size_t i) {
        return list[list.size() == 1 ? 0 : i];
      };
      std::vector<std::int64_t> chosen(std::max({x.size(), y.size(), z.size()}));
      for (const auto* list : {&x, &y, &z}) {
        in_.expect(list->size() == chosen.size() || list->size() == 1, "lists of two lengths");
      }
      for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] = at(x, i) ? at(y, i) : at(z, i);
      return set_list(chosen);
    }
    const bool is_list = inputs_[0].extents.size() <= 1 &&
                         (op != "Reshape" || inputs_.size() < 2 || whole(1).size() <= 1);
    if (!is_list) return fold_numbers(op);
    if (op == "Unsqueeze" || op == "Squeeze" || op == "Reshape") {
      in_.expect(count == 1 || op != "Unsqueeze" || inputs_[0].extents.size() <= 1,
                 "only of a list");
      if (op == "Squeeze" && count == 1) return set({.extents = {}, .integers = x});
      return set_list(x);
    }
    if (op == "Slice") {
      const auto start = in_.list("starts", 1), stop = in_.list("ends", 2),
                 step = in_.list("steps", 4);
      in_.expect(
          start && stop && start->size() == 1 && stop->size() == 1 && (!step || step->size() == 1),
          "only of a list");
      const auto positions = detail::positions_of(
          {.start = (*start)[0], .stop = (*stop)[0], .step = step ? (*step)[0] : 1}, count);
      std::vector<std::int64_t> list;
      for (Index i = 0; i < positions.count; ++i) {
        list.push_back(x[static_cast<std::size_t>(positions.first + i * positions.step)]);
      }
      return set_list(list);
    }
    if (op == "Add" || op == "Sub" || op == "Mul" || op == "Div" || op == "Mod" || op == "Equal" ||
        op == "Greater" || op == "Less") {
      const auto& y = whole(1);
      in_.expect(x.size() == y.size() || x.size() == 1 || y.size() == 1, "lists of two lengths");
      const bool repeats_x = x.size() == 1 && (y.size() != 1 || inputs_[0].extents.size() <=
                                                                    inputs_[1].extents.size());
      Constant<T> computed{.extents = inputs_[repeats_x ? 1 : 0].extents};
      for (std::size_t i = 0; i < (repeats_x ? y : x).size(); ++i) {
        computed.integers.push_back(
            result_of(op, x[x.size() == 1 ? 0 : i], y[y.size() == 1 ? 0 : i]));
      }
      return set(std::move(computed));
    }
    return false;
  }

  std::int64_t result_of(std::string_view op, std::int64_t a, std::int64_t b) const {
    const auto of_samples = SamplesExtent::factor(a), times = SamplesExtent::factor(b);
    if (op == "Mul" && of_samples.has_value() != times.has_value()) {
      const std::int64_t k = of_samples ? *of_samples : *times, number = of_samples ? b : a;
      in_.expect(number > 0 && number < (1 << 16) && k < (1 << 15), "too many samples");
      return SamplesExtent::times(k * number);
    }
    if (op == "Div" && of_samples && b > 0 && *of_samples % b == 0) {
      return SamplesExtent::times(*of_samples / b);
    }
    std::int64_t result = 0;
    bool fails = of_samples || times;
    if (op == "Add") {
      fails |= __builtin_add_overflow(a, b, &result);
    } else if (op == "Sub") {
      fails |= __builtin_sub_overflow(a, b, &result);
    } else if (op == "Mul") {
      fails |= __builtin_mul_overflow(a, b, &result);
    } else if (op == "Equal") {
      result = a == b;
    } else if (op == "Greater") {
      result = a > b;
    } else if (op == "Less") {
      result = a < b;
    } else if (b == 0 || b == -1) {
      fails = true;
    } else if (op == "Div") {
      result = a / b;
    } else {
      result = a % b;
      if (result != 0 && (result < 0) != (b < 0)) result += b;
    }
    in_.expect(!fails, "the number of samples is no constant, or the result is none");
    return result;
  }

  /// One number of each of the inputs, for every place of the largest; the others have its shape,
  /// or one number.
  template <class Function>
  bool set_elementwise(std::vector<Tensor<T>> x, const Function& function) {
    const auto largest = std::max_element(
        x.begin(), x.end(), [](const auto& a, const auto& b) { return a.size() < b.size(); });
    for (const Tensor<T>& each : x) {
      in_.expect(each.size() == 1 || each.shape() == largest->shape(), "tensors of two shapes");
    }
    Tensor<T> computed(largest->shape());
    in_.spend(computed.shape());
    for (Index i = 0; i < computed.size(); ++i) {
      const auto at = [&](std::size_t k) { return x[k].data()[x[k].size() == 1 ? 0 : i]; };
      computed.data()[i] = function(at);
    }
    return set(std::move(computed));
  }

  static T (*function_of(std::string_view op))(T) {
    if (op == "Sqrt") return [](T x) { return std::sqrt(x); };
    if (op == "Reciprocal") return [](T x) { return 1 / x; };
    if (op == "Neg") return [](T x) { return -x; };
    if (op == "Sigmoid") return [](T x) { return 1 / (1 + std::exp(-x)); };
    if (op == "Tanh") return [](T x) { return std::tanh(x); };
    return nullptr;
  }

  bool fold_numbers(std::string_view op) {
    const auto number = [&](std::size_t i) {
      in_.expect(i < inputs_.size(), "it has no input ", i);
      return in_.to_tensor(inputs_[i]);
    };
    if (op == "Transpose") {
      const Tensor<T> x = number(0);
      const Layout layout = x.view().layout().transpose(in_.order_of_axes(x.rank()));
      in_.spend(layout.shape);
      return set(copy(TensorView<const T>(x.data(), layout.shape, layout.strides)));
    }
    if (op == "Slice") {
      const auto starts = in_.list("starts", 1), stops = in_.list("ends", 2);
      const auto axes = in_.list("axes", 3), steps = in_.list("steps", 4);
      Tensor<T> x = number(0);
      in_.expect(starts && stops && starts->size() == stops->size() &&
                     (!axes || axes->size() == starts->size()) &&
                     (!steps || steps->size() == starts->size()),
                 "its lists differ");
      in_.spend(x.shape());
      for (std::size_t i = 0; i < starts->size(); ++i) {
        const int axis = in_.axis(axes ? (*axes)[i] : static_cast<std::int64_t>(i), x.rank());
        x = copy(x.view().slice(
            axis, {.start = (*starts)[i], .stop = (*stops)[i], .step = steps ? (*steps)[i] : 1}));
      }
      return set(std::move(x));
    }
    if (op == "Concat") {
      std::vector<Tensor<T>> parts;
      for (std::size_t i = 0; i < inputs_.size(); ++i) {
        parts.push_back(number(i));
        in_.spend(parts.back().shape());
      }
      return set(concatenate<T>(parts, in_.axis(in_.integer("axis", 0), parts[0].rank())));
    }
    if (op == "Unsqueeze" || op == "Squeeze" || op == "Reshape") {
      const Tensor<T> x = number(0);
      in_.spend(x.shape());
      return set(
          copy(x.view().reshape(op == "Reshape" ? Shape(std::span<const Index>(resolved(x.shape())))
                                                : changed(x.shape(), op == "Squeeze"))));
    }
    if (const auto function = function_of(op)) {
      Tensor<T> x = number(0);
      in_.spend(x.shape());
      std::transform(x.begin(), x.end(), x.begin(), function);
      return set(std::move(x));
    }
    if (op == "Add" || op == "Sub" || op == "Mul" || op == "Div" || op == "Equal") {
      return set_elementwise({number(0), number(1)}, [&](const auto& at) {
        const T a = at(0), b = at(1);
        if (op == "Equal") return static_cast<T>(a == b);
        return op == "Add" ? a + b : op == "Sub" ? a - b : op == "Mul" ? a * b : a / b;
      });
    }
    if (op == "Where") {
      return set_elementwise({number(0), number(1), number(2)},
                             [](const auto& at) { return at(0) != 0 ? at(1) : at(2); });
    }
    if (op == "Trilu") {
      const Tensor<T> x = number(0);
      const auto shift = inputs_.size() > 1 ? in_.only_number(inputs_[1]) : 0.0;
      const bool keeps_upper = in_.integer("upper", 1) != 0;
      in_.expect(x.rank() == 2, "expected a matrix");
      in_.spend(x.shape());
      Tensor<T> y(x.shape());
      for (Index i = 0; i < x.extent(0); ++i) {
        for (Index j = 0; j < x.extent(1); ++j) {
          const auto above = static_cast<double>(j - i);
          if (keeps_upper ? above >= shift : above <= shift) y(i, j) = x(i, j);
        }
      }
      return set(std::move(y));
    }
    return false;
  }

  std::vector<Index> resolved(const Shape& x) const {
    const auto target = in_.list("shape", 1).value_or(std::vector<std::int64_t>{});
    std::vector<Index> extents(target.begin(), target.end());
    Index known = 1;
    Index* open = nullptr;
    for (std::size_t i = 0; i < extents.size(); ++i) {
      if (extents[i] == 0 && static_cast<int>(i) < x.rank()) extents[i] = x[static_cast<int>(i)];
      if (extents[i] == -1 && open == nullptr) {
        open = &extents[i];
        continue;
      }
      in_.expect(extents[i] >= 0, "an axis of ", extents[i]);
      known = detail::checked_product("reshape", known, extents[i]);
    }
    if (open != nullptr) {
      in_.expect(known > 0 && x.size() % known == 0, "the numbers do not fill it");
      *open = x.size() / known;
      known *= *open;
    }
    in_.expect(known == x.size(), "the numbers do not fill it");
    return extents;
  }

  Shape changed(const Shape& x, bool is_squeeze) const {
    auto axes = in_.list("axes", 1).value_or(std::vector<std::int64_t>{});
    const int rank =
        x.rank() +
        (is_squeeze ? 0 : static_cast<int>(std::min<std::size_t>(axes.size(), max_rank)));
    std::set<int> named;
    for (const std::int64_t each : axes) named.insert(in_.axis(each, rank));
    std::vector<Index> extents(x.begin(), x.end());
    if (is_squeeze) {
      extents.clear();
      for (int axis = 0; axis < x.rank(); ++axis) {
        const bool is_named = named.empty() ? x[axis] == 1 : named.contains(axis);
        in_.expect(!is_named || x[axis] == 1, "axis ", axis, " does not have an extent of 1");
        if (!is_named) extents.push_back(x[axis]);
      }
    } else {
      for (const int axis : named) {
        in_.expect(axis <= std::ssize(extents), "an axis stands twice");
        extents.insert(extents.begin() + axis, 1);
      }
    }
    return Shape(std::span<const Index>(extents));
  }

  Importer<T>& in_;
  std::vector<Constant<T>> inputs_;
};

}  // namespace dlfs::detail::onnx
DLFS_STRICT_MATH_END
