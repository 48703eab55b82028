#pragma once

// Arrays as plainly as can be, which the operations of the library are held against, and operands
// of any layout with their plain twins.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <vector>

#include "dlfs/core/tensor.hpp"
#include "fuzz/input.hpp"

namespace dlfs::fuzz {

using Extents = std::vector<Index>;
using Place = std::vector<Index>;  // an index for each axis

inline Index size_of(const Extents& shape) {
  Index size = 1;
  for (const Index extent : shape) size *= extent;
  return size;
}

/// Calls visit(place) for each place of a shape, the last axis fastest.
template <class Visit>
void for_each_place(const Extents& shape, const Visit& visit) {
  if (size_of(shape) == 0) return;
  Place place(shape.size(), 0);
  for (;;) {
    visit(std::as_const(place));
    std::size_t axis = shape.size();
    for (;;) {
      if (axis == 0) return;
      --axis;
      if (++place[axis] < shape[axis]) break;
      place[axis] = 0;
    }
  }
}

/// Elements of any type as doubles, which hold all values here.
struct Plain {
  Extents shape;
  std::vector<double> values;

  explicit Plain(Extents extents)
      : shape(std::move(extents)), values(static_cast<std::size_t>(size_of(shape))) {}

  /// With value_at(place) at each place.
  template <class ValueAt>
  Plain(Extents extents, const ValueAt& value_at) : Plain(std::move(extents)) {
    std::size_t i = 0;
    for_each_place(shape,
                   [&](const Place& place) { values[i++] = static_cast<double>(value_at(place)); });
  }

  std::size_t rank() const { return shape.size(); }

  double& at(const Place& place) {
    Index i = 0;
    for (std::size_t axis = 0; axis < rank(); ++axis) i = i * shape[axis] + place[axis];
    return values[static_cast<std::size_t>(i)];
  }
  double at(const Place& place) const { return const_cast<Plain&>(*this).at(place); }
};

inline Shape to_shape(const Extents& extents) { return Shape(std::span<const Index>(extents)); }

template <class T>
bool equals(const Tensor<T>& x, const Plain& plain) {
  if (x.shape() != to_shape(plain.shape)) return false;
  return std::equal(x.begin(), x.end(), plain.values.begin(), plain.values.end(),
                    [](T a, double b) { return static_cast<double>(a) == b; });
}

/// Ends the process unless act() gives the expected array, or an Error where none is expected.
template <class Act>
void check(std::string_view operation, const std::optional<Plain>& expected, const Act& act) {
  const auto fail = [&](const char* what) {
    std::fprintf(stderr, "%.*s: %s\n", static_cast<int>(operation.size()), operation.data(), what);
    std::abort();
  };
  try {
    const auto result = act();
    if (!expected) fail("an error was expected");
    if (!equals(copy(result), *expected)) {
      std::fprintf(stderr, "%s\n", to_string(result.shape()).c_str());
      fail("another result");
    }
  } catch (const Error& error) {
    if (expected) fail(error.what());
  }
}

/// A shape of few elements; some axes are longer than a vector, some empty.
inline Extents random_shape(Input& input, std::size_t most_rank = 4) {
  static constexpr Index extents[] = {1, 2, 3, 4, 2, 3, 1, 5, 7, 8, 9, 17, 33, 0, 1, 4};
  constexpr Index most_elements = 600;
  Extents shape(input.number(most_rank + 1));
  Index size = 1;
  for (Index& extent : shape) {
    extent = extents[input.number(std::size(extents))];
    if (size * extent > most_elements) extent = 1;
    size *= std::max<Index>(extent, 1);
  }
  return shape;
}

/// A view of some shape with its axes in any order, any steps, forwards or backwards, in memory
/// that is larger; and what it holds.
template <class T>
class Operand {
 public:
  Operand(Input& input, const Extents& shape) : plain(shape) {
    // The axes in the order in which they lie in memory.
    std::vector<std::size_t> order(shape.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    const bool is_plain = input.yes();
    if (!is_plain) {
      for (std::size_t i = order.size(); i > 1; --i)
        std::swap(order[i - 1], order[input.number(i)]);
    }
    Strides strides{};
    Index stride = 1, first = 0;
    for (std::size_t i = order.size(); i-- > 0;) {
      const Index extent = shape[order[i]];
      const Index step = is_plain ? 1 : input.between(1, 2);
      const bool is_reversed = !is_plain && input.yes();
      strides[order[i]] = (is_reversed ? -step : step) * stride;
      if (is_reversed) first += std::max<Index>(extent - 1, 0) * step * stride;
      stride *= std::max<Index>(extent, 1) * step + (is_plain ? 0 : input.between(0, 1));
    }
    constexpr Index margin = 3;
    memory = Tensor<T>({stride + 2 * margin});
    const bool is_signed = std::is_signed_v<T>;
    std::uint32_t noise = input.number(256) * 256u + input.number(256);
    for (T& value : memory) {
      noise = noise * 1664525u + 1013904223u;
      value = static_cast<T>(static_cast<int>((noise >> 24) % 9) - (is_signed ? 4 : 0));
    }
    view = TensorView<T>(memory.data() + margin + first, to_shape(shape), strides);
    for_each_place(shape, [&](const Place& place) {
      Index offset = margin + first;
      for (std::size_t axis = 0; axis < place.size(); ++axis) offset += place[axis] * strides[axis];
      offsets.push_back(offset);
    });
    plain.values = read(memory);
  }
  Operand(const Operand&) = delete;
  Operand& operator=(const Operand&) = delete;

  TensorView<const T> in() const { return view; }

  /// Checks an operation that writes to `view`: the elements become those of `expected`, or stay as
  /// they were where there is an error; all others stay.
  template <class Act>
  void check_write(std::string_view operation, const std::optional<Plain>& expected,
                   const Act& act) {
    Tensor<T> after = copy(memory);
    if (expected) {
      for (std::size_t i = 0; i < offsets.size(); ++i) {
        after.data()[offsets[i]] = static_cast<T>(expected->values[i]);
      }
    }
    try {
      act();
      check(operation, expected, [&] { return view; });
    } catch (const Error&) {
      check(operation, expected, []() -> TensorView<T> { throw ValueError("not written"); });
    }
    if (!std::equal(after.begin(), after.end(), memory.begin(), memory.end())) {
      std::fprintf(stderr, "%.*s: wrote elsewhere\n", static_cast<int>(operation.size()),
                   operation.data());
      std::abort();
    }
  }

  Tensor<T> memory;
  TensorView<T> view;
  std::vector<Index> offsets;  // of each element in memory
  Plain plain;

 private:
  std::vector<double> read(const Tensor<T>& from) const {
    std::vector<double> values;
    for (const Index offset : offsets) values.push_back(static_cast<double>(from.data()[offset]));
    return values;
  }
};

}  // namespace dlfs::fuzz
