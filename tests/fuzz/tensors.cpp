// Operations on tensors of random shapes, layouts and types against plain loops. All values are
// small whole numbers, so results are exact in every type, in any order of the sums.
#include <array>
#include <cstring>
#include <numeric>
#include <string>

#include "dlfs/dlfs.hpp"
#include "fuzz/plain.hpp"

using namespace dlfs;
using fuzz::check;
using fuzz::Extents;
using fuzz::Input;
using fuzz::Operand;
using fuzz::Place;
using fuzz::Plain;

namespace {

/// The axis, from 0 on; nothing for one that is not there.
std::optional<std::size_t> normalized(int axis, std::size_t rank) {
  const int count = static_cast<int>(rank);
  if (axis < -count || axis >= count) return {};
  return static_cast<std::size_t>(axis < 0 ? axis + count : axis);
}

/// An axis, now and then one that is not there.
int random_axis(Input& input, std::size_t rank) {
  const int count = static_cast<int>(rank);
  return static_cast<int>(input.between(-count - (input.number(8) == 1 ? 1 : 0),
                                        count - (input.number(8) == 1 ? 0 : 1)));
}

Extents with(Extents shape, std::size_t axis, Index extent) {
  shape[axis] = extent;
  return shape;
}

std::optional<Extents> broadcast(const Extents& a, const Extents& b) {
  Extents shape(std::max(a.size(), b.size()), 1);
  for (std::size_t i = 1; i <= shape.size(); ++i) {
    const Index in_a = i <= a.size() ? a[a.size() - i] : 1;
    const Index in_b = i <= b.size() ? b[b.size() - i] : 1;
    if (in_a != in_b && in_a != 1 && in_b != 1) return {};
    shape[shape.size() - i] = in_a == 1 ? in_b : in_a;
  }
  return shape;
}

/// Where the element of `place` lies in a shape that is broadcast.
Place place_in(const Extents& shape, const Place& place) {
  Place there(place.end() - static_cast<std::ptrdiff_t>(shape.size()), place.end());
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) there[i] = 0;
  }
  return there;
}

/// A shape that often broadcasts with this one.
Extents related_shape(Input& input, Extents shape) {
  if (input.number(8) == 1) return fuzz::random_shape(input);
  const auto dropped = input.number(shape.size() + 1);
  if (input.yes()) shape.erase(shape.begin(), shape.begin() + static_cast<std::ptrdiff_t>(dropped));
  for (Index& extent : shape) {
    if (input.number(4) == 1) extent = 1;
  }
  return shape;
}

/// f of the elements of two arrays, broadcast.
template <class F>
std::optional<Plain> combined(const Plain& a, const Plain& b, const F& f) {
  const auto shape = broadcast(a.shape, b.shape);
  if (!shape) return {};
  return Plain(*shape, [&](const Place& place) {
    return f(a.at(place_in(a.shape, place)), b.at(place_in(b.shape, place)));
  });
}

template <class T>
void binary(Input& input) {
  const Operand<T> a(input, fuzz::random_shape(input));
  const Operand<T> b(input, related_shape(input, a.plain.shape));
  const auto x = a.in(), y = b.in();
  const auto expected = [&](auto f) {
    return combined(a.plain, b.plain,
                    [&](double p, double q) { return f(static_cast<T>(p), static_cast<T>(q)); });
  };
  switch (input.number(11)) {
    case 0:
      return check("+", expected([](T p, T q) { return T(p + q); }), [&] { return x + y; });
    case 1:
      return check("-", expected([](T p, T q) { return T(p - q); }), [&] { return x - y; });
    case 2:
      return check("*", expected([](T p, T q) { return T(p * q); }), [&] { return x * y; });
    case 3:
      return check("maximum", expected([](T p, T q) { return std::max(p, q); }),
                   [&] { return maximum(x, y); });
    case 4:
      return check("minimum", expected([](T p, T q) { return std::min(p, q); }),
                   [&] { return minimum(x, y); });
    case 5:
      return check("<", expected([](T p, T q) { return p < q; }), [&] { return x < y; });
    case 6:
      return check(">=", expected([](T p, T q) { return p >= q; }), [&] { return x >= y; });
    case 7:
      return check("equal", expected([](T p, T q) { return p == q; }), [&] { return equal(x, y); });
    case 8:
      return check("not_equal", expected([](T p, T q) { return p != q; }),
                   [&] { return not_equal(x, y); });
    case 9: {
      const auto mask = fuzz::Operand<T>(input, related_shape(input, b.plain.shape)).plain;
      Tensor<bool> condition(fuzz::to_shape(mask.shape));
      std::transform(mask.values.begin(), mask.values.end(), condition.begin(),
                     [](double value) { return value > 1; });
      std::optional<Plain> chosen;
      const auto shape = broadcast(a.plain.shape, b.plain.shape);
      if (shape) {
        // The condition picks from an array of all places.
        Plain places(*shape);
        std::iota(places.values.begin(), places.values.end(), 0.0);
        const auto wide_a = *expected([](T p, T) { return p; });
        const auto wide_b = *expected([](T, T q) { return q; });
        chosen = combined(mask, places, [&](double value, double place) {
          const auto i = static_cast<std::size_t>(place);
          return value > 1 ? wide_a.values[i] : wide_b.values[i];
        });
      }
      return check("where", chosen, [&] { return where(condition, x, y); });
    }
    default:
      return check("x * 2 - x", expected([](T p, T q) { return T(T(p * 2) - q); }),
                   [&] { return x * T(2) - y; });
  }
}

template <class T>
void unary(Input& input) {
  const Operand<T> a(input, fuzz::random_shape(input));
  const auto x = a.in();
  const auto expected = [&](auto f) {
    return Plain(a.plain.shape, [&](const Place& place) { return f(T(a.plain.at(place))); });
  };
  switch (input.number(7)) {
    case 0:
      return check("-", expected([](T v) { return T(T(0) - v); }), [&] { return -x; });
    case 1:
      return check("abs", expected([](T v) { return T(std::abs(double(v))); }),
                   [&] { return abs(x); });
    case 2:
      return check("square", expected([](T v) { return T(v * v); }), [&] { return square(x); });
    case 3:
      return check("sign", expected([](T v) { return (v > 0) - (v < 0); }),
                   [&] { return sign(x); });
    case 4:
      return check("clip", expected([](T v) { return std::clamp(v, T(1), T(3)); }),
                   [&] { return clip(x, T(1), T(3)); });
    case 5:
      return check("cast", expected([](T v) { return static_cast<std::int16_t>(v); }),
                   [&] { return cast<std::int16_t>(x); });
    default:
      return check("copy", expected([](T v) { return v; }), [&] { return copy(x); });
  }
}

template <class T>
void in_place(Input& input) {
  Operand<T> a(input, fuzz::random_shape(input));
  const Operand<T> b(input, related_shape(input, a.plain.shape));
  const auto y = b.in();
  const auto expected = [&](auto f) -> std::optional<Plain> {
    if (broadcast(a.plain.shape, b.plain.shape) != a.plain.shape) return {};
    return combined(a.plain, b.plain, [&](double p, double q) { return f(T(p), T(q)); });
  };
  switch (input.number(6)) {
    case 0:
      return a.check_write("+=", expected([](T p, T q) { return T(p + q); }), [&] { a.view += y; });
    case 1:
      return a.check_write("*=", expected([](T p, T q) { return T(p * q); }), [&] { a.view *= y; });
    case 2:
      return a.check_write("assign", expected([](T, T q) { return q; }),
                           [&] { assign(a.view, y); });
    case 3: {
      Plain halved = a.plain;
      for (double& value : halved.values) value = T(static_cast<int>(value) - 1);
      return a.check_write("-= 1", halved, [&] { a.view -= T(1); });
    }
    default: {
      // To itself, reversed along an axis or with two axes exchanged.
      const auto rank = a.plain.rank();
      if (rank == 0) return;
      const auto i = input.number(rank), j = input.number(rank);
      const bool swaps = a.plain.shape[i] == a.plain.shape[j] && input.yes();
      const auto source = [&](Place place) {
        if (swaps) {
          std::swap(place[i], place[j]);
        } else {
          place[i] = a.plain.shape[i] - 1 - place[i];
        }
        return a.plain.at(place);
      };
      const Plain moved(a.plain.shape, source);
      const auto from = swaps ? swap_axes(a.view, int(i), int(j)) : flip(a.view, int(i));
      if (input.yes()) {
        return a.check_write("assign to itself", moved, [&] { assign(a.view, from); });
      }
      Plain added = a.plain;
      for (std::size_t k = 0; k < added.values.size(); ++k) {
        added.values[k] = T(added.values[k] + moved.values[k]);
      }
      return a.check_write("+= of itself", added, [&] { a.view += from; });
    }
  }
}

/// finish(the elements that meet in one place of the result), in their order.
template <class Finish>
Plain reduced(const Plain& x, const std::vector<bool>& axes, bool keeps, const Finish& finish) {
  Extents kept, shape;
  for (std::size_t axis = 0; axis < x.rank(); ++axis) {
    kept.push_back(axes[axis] ? 1 : x.shape[axis]);
    if (keeps || !axes[axis]) shape.push_back(kept.back());
  }
  std::vector<std::vector<double>> groups(static_cast<std::size_t>(fuzz::size_of(kept)));
  Plain numbers(kept);
  std::iota(numbers.values.begin(), numbers.values.end(), 0.0);
  fuzz::for_each_place(x.shape, [&](const Place& place) {
    groups[static_cast<std::size_t>(numbers.at(place_in(kept, place)))].push_back(x.at(place));
  });
  Plain result(shape);
  for (std::size_t i = 0; i < groups.size(); ++i) result.values[i] = finish(groups[i]);
  return result;
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

template <class T>
void reduction(Input& input) {
  const Operand<T> a(input, fuzz::random_shape(input));
  const auto x = a.in();
  const auto rank = a.plain.rank();
  const auto count = 1 + input.number(3);
  std::array<int, 3> named{};
  std::vector<bool> axes(rank, false);
  bool is_right = true;
  for (std::size_t i = 0; i < count; ++i) {
    named[i] = random_axis(input, rank);
    const auto axis = normalized(named[i], rank);
    if (!axis || axes[*axis]) {
      is_right = false;
    } else {
      axes[*axis] = true;
    }
  }
  const Axes list = count == 1   ? Axes(named[0])
                    : count == 2 ? Axes({named[0], named[1]})
                                 : Axes({named[0], named[1], named[2]});
  const bool keeps = input.yes();
  const auto keep = keeps ? KeepDims::yes : KeepDims::no;
  const auto expected = [&](auto finish) {
    return is_right ? std::optional(reduced(a.plain, axes, keeps, finish)) : std::nullopt;
  };
  // A largest element of none is an error.
  bool has_elements = true;
  const auto extreme = [&](auto finish) {
    const auto result = expected([&](const std::vector<double>& values) {
      if (values.empty()) has_elements = false;
      return values.empty() ? 0 : finish(values);
    });
    return has_elements ? result : std::nullopt;
  };
  const auto largest = [](const auto& values) {
    return *std::max_element(values.begin(), values.end());
  };
  const auto smallest = [](const auto& values) {
    return *std::min_element(values.begin(), values.end());
  };
  const auto nonzero = [](const auto& values) {
    return double(values.size()) - double(std::count(values.begin(), values.end(), 0.0));
  };
  switch (input.number(8)) {
    case 0:
      return check("sum", expected(sum_of), [&] { return sum(x, list, keep); });
    case 1:
      return check("max", extreme(largest), [&] { return max(x, list, keep); });
    case 2:
      return check("min", extreme(smallest), [&] { return min(x, list, keep); });
    case 3:
      return check("count_nonzero", expected(nonzero),
                   [&] { return count_nonzero(x, list, keep); });
    case 4:
      return check("any_of", expected([&](const auto& v) { return nonzero(v) > 0; }),
                   [&] { return any_of(x, list, keep); });
    case 5:
      return check("all_of",
                   expected([&](const auto& v) { return nonzero(v) == double(v.size()); }),
                   [&] { return all_of(x, list, keep); });
    case 6:
      if (count != 1) return;
      return check("argmax", extreme([](const auto& v) {
                     return double(std::max_element(v.begin(), v.end()) - v.begin());
                   }),
                   [&] { return argmax(x, named[0], keep); });
    default: {
      if (count != 1) return;
      std::optional<Plain> sums;
      if (is_right) {
        const auto axis = *normalized(named[0], rank);
        sums = Plain(a.plain.shape, [&](const Place& place) {
          double total = 0;
          Place there = place;
          for (there[axis] = 0; there[axis] <= place[axis]; ++there[axis])
            total += a.plain.at(there);
          return total;
        });
      }
      return check("cumsum", sums, [&] { return cumsum(x, named[0]); });
    }
  }
}

/// The positions of Python's slice, one after the other.
std::optional<std::vector<Index>> positions_of(const Slice& slice, Index extent) {
  if (slice.step == 0) return {};
  const auto bounded = [&](Index position, Index least, Index most) {
    if (position < 0) position += extent;
    return position < least ? least : position > most ? most : position;
  };
  std::vector<Index> positions;
  if (slice.step > 0) {
    const Index start = slice.start ? bounded(*slice.start, 0, extent) : 0;
    const Index stop = slice.stop ? bounded(*slice.stop, 0, extent) : extent;
    for (Index i = start; i < stop; i += slice.step) positions.push_back(i);
  } else {
    const Index start = slice.start ? bounded(*slice.start, -1, extent - 1) : extent - 1;
    const Index stop = slice.stop ? bounded(*slice.stop, -1, extent - 1) : -1;
    for (Index i = start; i > stop; i += slice.step) positions.push_back(i);
  }
  return positions;
}

Slice random_slice(Input& input, Index extent) {
  Slice slice;
  if (input.yes()) slice.start = input.between(-extent - 2, extent + 2);
  if (input.yes()) slice.stop = input.between(-extent - 2, extent + 2);
  slice.step = input.number(16) == 1 ? 0
               : input.yes()         ? input.between(1, 3)
                                     : input.between(-3, -1);
  return slice;
}

template <class T>
void part(Input& input) {
  const Operand<T> a(input, fuzz::random_shape(input));
  const auto x = a.in();
  // Up to three subscripts: a position, a range, a new axis or an ellipsis.
  const auto count = 1 + input.number(3);
  std::vector<Subscript> subscripts;
  std::size_t consumed = 0, ellipses = 0;
  std::vector<int> kinds;
  for (std::size_t i = 0; i < count; ++i) {
    const int kind = static_cast<int>(input.number(4));
    kinds.push_back(kind);
    if (kind < 2) ++consumed;
    if (kind == 3) ++ellipses;
  }
  bool is_right = consumed <= a.plain.rank() && ellipses <= 1;
  // For each axis of x the positions, and whether it stays; and for each axis of the result the one
  // of x, or -1.
  std::vector<std::vector<Index>> positions;
  std::vector<int> sources;
  const auto whole = [&] {
    std::vector<Index> everything(static_cast<std::size_t>(a.plain.shape[positions.size()]));
    std::iota(everything.begin(), everything.end(), Index{0});
    sources.push_back(static_cast<int>(positions.size()));
    positions.push_back(everything);
  };
  for (const int kind : kinds) {
    const Index extent = positions.size() < a.plain.rank() ? a.plain.shape[positions.size()] : 1;
    switch (kind) {
      case 0: {
        const Index position = input.between(-extent - (input.number(8) == 1 ? 1 : 0), extent);
        subscripts.push_back(position);
        if (position < -extent || position >= extent) is_right = false;
        positions.push_back({position < 0 ? position + extent : position});
        break;
      }
      case 1: {
        const Slice slice = random_slice(input, extent);
        subscripts.push_back(slice);
        const auto found = positions_of(slice, extent);
        if (!found) is_right = false;
        sources.push_back(static_cast<int>(positions.size()));
        positions.push_back(found.value_or(std::vector<Index>()));
        break;
      }
      case 2:
        subscripts.push_back(new_axis);
        sources.push_back(-1);
        break;
      default:
        subscripts.push_back(ellipsis);
        if (is_right) {
          for (std::size_t left = a.plain.rank() - consumed; left > 0; --left) whole();
        }
    }
  }
  std::optional<Plain> expected;
  if (is_right) {
    while (positions.size() < a.plain.rank()) whole();
    Extents shape;
    for (const int source : sources) {
      shape.push_back(source < 0 ? 1 : std::ssize(positions[static_cast<std::size_t>(source)]));
    }
    expected = Plain(shape, [&](const Place& place) {
      Place there;
      for (const auto& list : positions) there.push_back(list.empty() ? 0 : list[0]);
      for (std::size_t i = 0; i < sources.size(); ++i) {
        if (sources[i] < 0) continue;
        const auto axis = static_cast<std::size_t>(sources[i]);
        there[axis] = positions[axis][static_cast<std::size_t>(place[i])];
      }
      return a.plain.at(there);
    });
  }
  check("part", expected, [&] {
    const auto& s = subscripts;
    return count == 1 ? x(s[0]) : count == 2 ? x(s[0], s[1]) : x(s[0], s[1], s[2]);
  });
}

template <class T>
void reshaping(Input& input) {
  const Operand<T> a(input, fuzz::random_shape(input));
  const auto x = a.in();
  const auto rank = a.plain.rank();
  const int axis = random_axis(input, rank), other = random_axis(input, rank);
  const auto i = normalized(axis, rank), j = normalized(other, rank);
  switch (input.number(5)) {
    case 0: {
      std::optional<Plain> expected;
      if (i && j) {
        Extents shape = a.plain.shape;
        std::swap(shape[*i], shape[*j]);
        expected = Plain(shape, [&](Place place) {
          std::swap(place[*i], place[*j]);
          return a.plain.at(place);
        });
      }
      return check("swap_axes", expected, [&] { return swap_axes(x, axis, other); });
    }
    case 1: {
      std::optional<Plain> expected;
      if (i && j) {
        const auto moved = [&](Extents shape, std::size_t from, std::size_t to) {
          const Index extent = shape[from];
          shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(from));
          shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(to), extent);
          return shape;
        };
        expected = Plain(moved(a.plain.shape, *i, *j),
                         [&](const Place& place) { return a.plain.at(moved(place, *j, *i)); });
      }
      return check("move_axis", expected, [&] { return move_axis(x, axis, other); });
    }
    case 2: {
      Extents shape(a.plain.shape.rbegin(), a.plain.shape.rend());
      const Plain expected(shape, [&](const Place& place) {
        return a.plain.at(Place(place.rbegin(), place.rend()));
      });
      return check("transpose", expected, [&] { return x.transpose(); });
    }
    case 3: {
      const Extents shape = related_shape(input, a.plain.shape);
      const Operand<T> b(input, shape);
      std::optional<Plain> expected;
      if (broadcast(shape, a.plain.shape) == a.plain.shape) {
        expected = Plain(a.plain.shape,
                         [&](const Place& place) { return b.plain.at(place_in(shape, place)); });
      }
      return check("broadcast_to", expected,
                   [&] { return b.in().broadcast_to(fuzz::to_shape(a.plain.shape)); });
    }
    default: {
      // What is dense takes any shape of the same size.
      const Tensor<T> dense = copy(x);
      Extents shape = fuzz::random_shape(input, 2);
      const bool guesses = input.yes() && !shape.empty() && fuzz::size_of(a.plain.shape) > 0;
      std::optional<Plain> expected;
      if (guesses) {
        shape[0] = 1;
        const Index others = fuzz::size_of(shape);
        const Index size = fuzz::size_of(a.plain.shape);
        shape[0] = -1;
        if (others > 0 && size % others == 0) {
          expected = Plain(with(shape, 0, size / others));
          expected->values = a.plain.values;
        }
      } else if (fuzz::size_of(shape) == fuzz::size_of(a.plain.shape)) {
        expected = Plain(shape);
        expected->values = a.plain.values;
      }
      return check("reshape", expected, [&]() -> TensorView<const T> {
        const auto view = dense.view();
        if (shape.size() == 2) return view.reshape({shape[0], shape[1]});
        if (shape.size() == 1) return view.reshape({shape[0]});
        return view.reshape(Shape());
      });
    }
  }
}

template <class T>
void joining(Input& input) {
  const Operand<T> a(input, fuzz::random_shape(input, 3));
  const auto x = a.in();
  const auto rank = a.plain.rank();
  const int axis = random_axis(input, rank);
  const auto i = normalized(axis, rank);
  /// Entries along the axis from elsewhere on it.
  const auto gathered = [&](Index extent, const auto& source) -> std::optional<Plain> {
    if (!i) return {};
    return Plain(with(a.plain.shape, *i, extent), [&](const Place& place) {
      return a.plain.at(with(place, *i, source(place[*i])));
    });
  };
  const Index extent = i ? a.plain.shape[*i] : 0;
  switch (input.number(7)) {
    case 0: {
      Extents shape = a.plain.shape;
      if (i) shape[*i] = input.number(4);
      if (input.number(8) == 1) shape = fuzz::random_shape(input, 3);
      const Operand<T> b(input, shape);
      std::optional<Plain> expected;
      if (i && shape.size() == rank && with(shape, *i, extent) == a.plain.shape) {
        expected = Plain(with(shape, *i, extent + shape[*i]), [&](const Place& place) {
          return place[*i] < extent ? a.plain.at(place)
                                    : b.plain.at(with(place, *i, place[*i] - extent));
        });
      }
      return check("concatenate", expected, [&] { return concatenate<T>({x, b.in()}, axis); });
    }
    case 1: {
      const Operand<T> b(input,
                         input.number(8) == 1 ? fuzz::random_shape(input, 3) : a.plain.shape);
      const int new_at = random_axis(input, rank + 1);
      const auto at = normalized(new_at, rank + 1);
      std::optional<Plain> expected;
      if (at && a.plain.shape == b.plain.shape) {
        Extents shape = a.plain.shape;
        shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(*at), 2);
        expected = Plain(shape, [&](Place place) {
          const Index which = place[*at];
          place.erase(place.begin() + static_cast<std::ptrdiff_t>(*at));
          return (which == 0 ? a : b).plain.at(place);
        });
      }
      return check("stack", expected, [&] { return stack<T>({x, b.in()}, new_at); });
    }
    case 2: {
      const Index shift = input.between(-50, 50);
      return check(
          "roll",
          gathered(extent, [&](Index k) { return ((k - shift) % extent + extent) % extent; }),
          [&] { return roll(x, shift, axis); });
    }
    case 3: {
      const Index count = input.number(4);
      return check("repeat", gathered(extent * count, [&](Index k) { return k / count; }),
                   [&] { return repeat(x, count, axis); });
    }
    case 4:
      return check("flip", gathered(extent, [&](Index k) { return extent - 1 - k; }),
                   [&] { return flip(x, axis); });
    case 5: {
      Extents counts(input.number(4));
      for (Index& count : counts) count = input.number(4);
      const auto wide = std::max(rank, counts.size());
      Extents padded(wide - rank, 1);
      padded.insert(padded.end(), a.plain.shape.begin(), a.plain.shape.end());
      Extents shape = padded;
      for (std::size_t k = 0; k < counts.size(); ++k) shape[wide - counts.size() + k] *= counts[k];
      const Plain expected(shape, [&](const Place& place) {
        Place there;
        for (std::size_t k = wide - rank; k < wide; ++k) there.push_back(place[k] % padded[k]);
        return a.plain.at(there);
      });
      return check("tile", expected, [&] { return tile(x, fuzz::to_shape(counts)); });
    }
    default: {
      if (rank == 0) return;
      const auto mode = static_cast<PadMode>(input.number(3));
      std::array<Padding, 3> widths{};
      const auto count = input.number(4) == 1 ? 1 : rank;
      for (std::size_t k = 0; k < count; ++k) {
        widths[k] = {Index(input.number(7)), Index(input.number(7))};
      }
      Extents shape = a.plain.shape;
      bool is_right = true;
      for (std::size_t k = 0; k < rank; ++k) {
        const Padding& width = widths[count == 1 ? 0 : k];
        shape[k] += width.before + width.after;
        if (mode != PadMode::constant && a.plain.shape[k] == 0 && shape[k] > 0) is_right = false;
      }
      std::optional<Plain> expected;
      if (is_right) {
        expected = Plain(shape, [&](Place place) -> double {
          for (std::size_t k = 0; k < rank; ++k) {
            place[k] -= widths[count == 1 ? 0 : k].before;
            const Index last = a.plain.shape[k] - 1;
            if (mode == PadMode::constant && (place[k] < 0 || place[k] > last)) return 3;
            if (mode == PadMode::edge || last == 0) place[k] = std::clamp<Index>(place[k], 0, last);
            while (place[k] < 0 || place[k] > last) {
              place[k] = place[k] < 0 ? -place[k] : 2 * last - place[k];
            }
          }
          return a.plain.at(place);
        });
      }
      return check("pad", expected, [&] {
        const auto& w = widths;
        return count == 1   ? pad(x, {w[0]}, mode, T(3))
               : count == 2 ? pad(x, {w[0], w[1]}, mode, T(3))
                            : pad(x, {w[0], w[1], w[2]}, mode, T(3));
      });
    }
  }
}

/// Positions on an axis as a tensor, now and then one that is not there.
Tensor<std::int64_t> random_indices(Input& input, const Extents& shape, Index extent) {
  Tensor<std::int64_t> indices(fuzz::to_shape(shape));
  const Index beyond = input.number(16) == 1 ? 1 : 0;
  for (auto& index : indices)
    index = input.between(-extent, std::max<Index>(extent - 1 + beyond, -extent));
  return indices;
}

template <class T>
void indexing(Input& input) {
  Operand<T> a(input, fuzz::random_shape(input, 3));
  const auto x = a.in();
  const auto rank = a.plain.rank();
  const int axis = random_axis(input, rank);
  const auto i = normalized(axis, rank);
  const Index extent = i ? a.plain.shape[*i] : 1;
  const auto is_inside = [&](const Tensor<std::int64_t>& indices) {
    return std::all_of(indices.begin(), indices.end(),
                       [&](Index k) { return k >= -extent && k < extent; });
  };
  const auto from_front = [&](double k) {
    return static_cast<Index>(k < 0 ? k + double(extent) : k);
  };
  const auto plain_of = [](const auto& tensor) {
    Plain plain(Extents(tensor.shape().begin(), tensor.shape().end()));
    std::copy(tensor.begin(), tensor.end(), plain.values.begin());
    return plain;
  };
  switch (input.number(5)) {
    case 0: {
      const auto indices = random_indices(input, fuzz::random_shape(input, 2), extent);
      const Plain places = plain_of(indices);
      std::optional<Plain> expected;
      if (i && is_inside(indices)) {
        Extents shape = a.plain.shape;
        shape.erase(shape.begin() + static_cast<std::ptrdiff_t>(*i));
        shape.insert(shape.begin() + static_cast<std::ptrdiff_t>(*i), places.shape.begin(),
                     places.shape.end());
        expected = Plain(shape, [&](Place place) {
          const auto first = place.begin() + static_cast<std::ptrdiff_t>(*i);
          const auto last = first + static_cast<std::ptrdiff_t>(places.rank());
          const Index there = from_front(places.at(Place(first, last)));
          place.insert(place.erase(first, last), there);
          return a.plain.at(place);
        });
      }
      return check("take", expected, [&] { return take(x, indices, axis); });
    }
    case 1: {
      const auto indices = random_indices(input, {Index(input.number(5))}, extent);
      std::optional<Plain> expected;
      if (i && is_inside(indices)) {
        expected = a.plain;
        fuzz::for_each_place(a.plain.shape, [&](const Place& place) {
          for (const auto index : indices) {
            if (from_front(double(index)) == place[*i]) expected->at(place) = 5;
          }
        });
      }
      return a.check_write("index_put", expected, [&] { index_put(a.view, indices, T(5), axis); });
    }
    case 2: {
      if (!i) return;
      const auto indices =
          random_indices(input, with(a.plain.shape, *i, Index(input.number(4))), extent);
      const Plain places = plain_of(indices);
      std::optional<Plain> expected;
      if (is_inside(indices)) {
        expected = Plain(places.shape, [&](const Place& place) {
          return a.plain.at(with(place, *i, from_front(places.at(place))));
        });
      }
      return check("take_along_axis", expected, [&] { return take_along_axis(x, indices, axis); });
    }
    default: {
      // A mask of the first axes, now and then of others.
      Extents covered = a.plain.shape;
      covered.resize(input.number(rank + 1));
      if (input.number(8) == 1) covered = fuzz::random_shape(input, 2);
      Tensor<bool> mask(fuzz::to_shape(covered));
      for (bool& is_chosen : mask) is_chosen = input.yes();
      const Plain chosen = plain_of(mask);
      const bool is_right = covered.size() <= rank &&
                            std::equal(covered.begin(), covered.end(), a.plain.shape.begin());
      const auto is_chosen = [&](const Place& place) {
        return chosen.at(Place(place.begin(),
                               place.begin() + static_cast<std::ptrdiff_t>(covered.size()))) != 0;
      };
      if (input.yes()) {
        std::optional<Plain> expected;
        if (is_right) {
          Extents shape(a.plain.shape.begin() + static_cast<std::ptrdiff_t>(covered.size()),
                        a.plain.shape.end());
          shape.insert(shape.begin(), std::count(mask.begin(), mask.end(), true));
          expected = Plain(shape);
          std::size_t k = 0;
          fuzz::for_each_place(a.plain.shape, [&](const Place& place) {
            if (is_chosen(place)) expected->values[k++] = a.plain.at(place);
          });
        }
        return check("extract", expected, [&] { return extract(mask, x); });
      }
      std::optional<Plain> expected;
      if (is_right) {
        expected = a.plain;
        fuzz::for_each_place(a.plain.shape, [&](const Place& place) {
          if (is_chosen(place)) expected->at(place) = 5;
        });
      }
      return a.check_write("index_put", expected, [&] { index_put(a.view, mask, T(5)); });
    }
  }
}

template <class T>
void sorting(Input& input) {
  const Operand<T> a(input, fuzz::random_shape(input, 3));
  const auto x = a.in();
  const auto rank = a.plain.rank();
  const int axis = random_axis(input, rank);
  const auto i = normalized(axis, rank);
  if (input.number(3) == 0) {
    auto values = a.plain.values;
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    Plain expected({std::ssize(values)});
    expected.values = values;
    const auto found = unique(x);
    check("unique", expected, [&] { return found.values; });
    for (std::size_t k = 0; k < values.size(); ++k) {
      expected.values[k] =
          double(std::count(a.plain.values.begin(), a.plain.values.end(), values[k]));
    }
    return check("unique's counts", expected, [&] { return found.counts; });
  }
  // How many come before each element is its place.
  std::optional<Plain> sorted, order;
  if (i) {
    sorted = order = Plain(a.plain.shape);
    fuzz::for_each_place(a.plain.shape, [&](const Place& place) {
      Index before = 0;
      for (Index k = 0; k < a.plain.shape[*i]; ++k) {
        const double other = a.plain.at(with(place, *i, k)), own = a.plain.at(place);
        if (other < own || (other == own && k < place[*i])) ++before;
      }
      sorted->at(with(place, *i, before)) = a.plain.at(place);
      order->at(with(place, *i, before)) = double(place[*i]);
    });
  }
  if (input.yes()) return check("sort", sorted, [&] { return sort(x, axis); });
  check("argsort", order, [&] { return argsort(x, axis); });
}

template <class T>
void products(Input& input) {
  const Index m = input.between(0, 20), k = input.between(0, 20), n = input.between(0, 20);
  switch (input.number(4)) {
    case 0: {
      const Index depth = input.number(8) == 1 ? input.between(0, 20) : k;
      const Operand<T> a(input, {m, k}), b(input, {depth, n});
      std::optional<Plain> expected;
      if (depth == k) {
        expected = Plain({m, n}, [&](const Place& place) {
          double sum = 0;
          for (Index l = 0; l < k; ++l)
            sum += a.plain.at({place[0], l}) * b.plain.at({l, place[1]});
          return T(std::int64_t(sum));
        });
      }
      return check("matmul", expected, [&] { return matmul(a.in(), b.in()); });
    }
    case 1: {
      // Batches that broadcast.
      Extents left = fuzz::random_shape(input, 2);
      Extents right = related_shape(input, left);
      const auto batch = broadcast(left, right);
      const Index rows = m % 5, depth = k % 5, columns = n % 5;
      left.insert(left.end(), {rows, depth});
      right.insert(right.end(), {depth, columns});
      const Operand<T> a(input, left), b(input, right);
      std::optional<Plain> expected;
      if (batch) {
        Extents shape = *batch;
        shape.insert(shape.end(), {rows, columns});
        const auto at = [](const Plain& x, Place place, Index row, Index column) {
          place.resize(place.size() - 2);
          Place there = place_in(Extents(x.shape.begin(), x.shape.end() - 2), place);
          there.insert(there.end(), {row, column});
          return x.at(there);
        };
        expected = Plain(shape, [&](const Place& place) {
          double sum = 0;
          for (Index l = 0; l < depth; ++l) {
            sum += at(a.plain, place, place[place.size() - 2], l) *
                   at(b.plain, place, l, place.back());
          }
          return T(std::int64_t(sum));
        });
      }
      return check("matmul of batches", expected, [&] { return matmul(a.in(), b.in()); });
    }
    default: {
      // Letters with extents, for two operands and a result.
      constexpr Index extents[] = {2, 3, 4, 1};
      constexpr std::string_view letters = "abcd";
      std::array<std::string, 2> names;
      for (auto& name : names) {
        for (auto count = 1 + input.number(3); count > 0; --count) name += letters[input.number(4)];
      }
      std::string result;
      for (const char letter : letters) {
        const bool occurs = names[0].find(letter) != std::string::npos ||
                            names[1].find(letter) != std::string::npos;
        if (occurs && input.yes()) result.insert(input.number(result.size() + 1), 1, letter);
      }
      const auto shape_of = [&](const std::string& name) {
        Extents shape;
        for (const char letter : name) shape.push_back(extents[letter - 'a']);
        return shape;
      };
      const Operand<T> a(input, shape_of(names[0])), b(input, shape_of(names[1]));
      Plain expected(shape_of(result));
      std::string all_letters;
      for (const char letter : letters) {
        if ((names[0] + names[1]).find(letter) != std::string::npos) all_letters += letter;
      }
      fuzz::for_each_place(shape_of(all_letters), [&](const Place& place) {
        const auto pick = [&](const std::string& name) {
          Place there;
          for (const char letter : name) there.push_back(place[all_letters.find(letter)]);
          return there;
        };
        double& sum = expected.at(pick(result));
        sum += a.plain.at(pick(names[0])) * b.plain.at(pick(names[1]));
      });
      for (double& value : expected.values) value = T(std::int64_t(value));
      return check("einsum " + names[0] + "," + names[1] + "->" + result, expected, [&] {
        return einsum<T>(names[0] + "," + names[1] + "->" + result, {a.in(), b.in()});
      });
    }
  }
}

template <class T>
void operation(Input& input) {
  switch (input.number(10)) {
    case 0:
      return binary<T>(input);
    case 1:
      return unary<T>(input);
    case 2:
      return in_place<T>(input);
    case 3:
      return reduction<T>(input);
    case 4:
      return part<T>(input);
    case 5:
      return reshaping<T>(input);
    case 6:
      return joining<T>(input);
    case 7:
      return indexing<T>(input);
    case 8:
      return sorting<T>(input);
    default:
      return products<T>(input);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  switch (input.number(3)) {
    case 0:
      operation<float>(input);
      break;
    case 1:
      operation<std::int32_t>(input);
      break;
    default:
      operation<std::uint8_t>(input);
  }
  return 0;
}
