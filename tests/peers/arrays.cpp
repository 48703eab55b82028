// Making, reshaping, indexing, joining, sorting and counting; windows and images.
#include <cstdint>

#include "dlfs/conv/im2col.hpp"
#include "dlfs/core/axes.hpp"
#include "dlfs/data/resize_and_crop.hpp"
#include "dlfs/functional/map_coordinates.hpp"
#include "dlfs/functional/quantization.hpp"
#include "dlfs/tensor/creation.hpp"
#include "dlfs/tensor/indexing.hpp"
#include "dlfs/tensor/joining.hpp"
#include "dlfs/tensor/sorting.hpp"
#include "peers/groups.hpp"

namespace dlfs::peers {
namespace {

using Reals = Types<double, float>;
using Numbers = Types<double, float, std::int64_t, std::uint8_t>;
using All = Types<double, std::int32_t, bool>;

Shape shape(const Case& c, const char* name = "shape") {
  return Shape(c.option<std::vector<Index>>(name));
}

/// A slice as Python's, with null for what is left out.
Slice slice(const nlohmann::json& range) {
  Slice result{.step = range.at(2).is_null() ? 1 : range.at(2).get<Index>()};
  if (!range.at(0).is_null()) result.start = range.at(0).get<Index>();
  if (!range.at(1).is_null()) result.stop = range.at(1).get<Index>();
  return result;
}

Subscript subscript(const nlohmann::json& part) {
  if (part.is_number()) return Subscript(part.get<Index>());
  if (part.is_array()) return Subscript(slice(part));
  return part == "..." ? Subscript(ellipsis) : Subscript(new_axis);
}

/// y = f(case, x)
template <class List, class F>
void add(Handlers& h, const std::string& kind, List types, const F& f) {
  add_each(h, kind, types, [f]<class T>(Case& c, T) { c.check("y", f(c, c.view<T>("x"))); });
}

template <class T>
void add_creation(Handlers& h) {
  h.add<T>("arange", [](Case& c) {
    c.check("y",
            arange<T>(c.get<T>("start").item(), c.get<T>("stop").item(), c.get<T>("step").item()));
  });
  h.add<T>("eye", [](Case& c) {
    c.check("y", eye<T>(c.option<Index>("rows"), c.option<Index>("columns")));
  });
  h.add<T>("zeros", [](Case& c) { c.check("y", zeros<T>(shape(c))); });
  h.add<T>("ones", [](Case& c) { c.check("y", ones<T>(shape(c))); });
  h.add<T>("full", [](Case& c) { c.check("y", full<T>(shape(c), T(7))); });
}

template <class T>
void add_ranges(Handlers& h) {
  h.add<T>("linspace", [](Case& c) {
    c.check("y", linspace<T>(c.get<T>("start").item(), c.get<T>("stop").item(),
                             c.option<Index>("count")));
  });
  h.add<T>("logspace", [](Case& c) {
    c.check("y", logspace<T>(c.get<T>("start").item(), c.get<T>("stop").item(),
                             c.option<Index>("count")));
  });
}

void add_views(Handlers& h) {
  add(h, "TensorView", All{}, [](Case& c, const auto& x) {
    const auto& parts = c.options().at("subscripts");
    switch (parts.size()) {
      case 1:
        return copy(x(subscript(parts[0])));
      case 2:
        return copy(x(subscript(parts[0]), subscript(parts[1])));
      case 3:
        return copy(x(subscript(parts[0]), subscript(parts[1]), subscript(parts[2])));
      default:
        return copy(x(subscript(parts.at(0)), subscript(parts.at(1)), subscript(parts.at(2)),
                      subscript(parts.at(3))));
    }
  });
  add(h, "Tensor", All{}, [](Case& c, const auto& x) {
    const auto extents = c.option<std::vector<Index>>("to");
    const auto dense = copy(x);
    switch (extents.size()) {
      case 1:
        return copy(dense.reshape({extents[0]}));
      case 2:
        return copy(dense.reshape({extents[0], extents[1]}));
      default:
        return copy(dense.reshape({extents.at(0), extents.at(1), extents.at(2)}));
    }
  });
  add(h, "broadcast_shapes", Types<double>{}, [](Case& c, const auto& x) {
    const Shape both = broadcast_shapes(shape(c, "a"), shape(c, "b"), "peers");
    return x.broadcast_to(both);
  });
  add(h, "swap_axes", All{}, [](Case& c, const auto& x) {
    return swap_axes(x, c.option<int>("first"), c.option<int>("second"));
  });
  add(h, "move_axis", All{}, [](Case& c, const auto& x) {
    return move_axis(x, c.option<int>("from"), c.option<int>("to"));
  });
  add(h, "expand_dims", All{},
      [](Case& c, const auto& x) { return expand_dims(x, c.option<int>("axis")); });
  add(h, "squeeze", All{}, [](Case& c, const auto& x) {
    return c.options().contains("axis") ? squeeze(x, c.option<int>("axis")) : squeeze(x);
  });
  add(h, "ravel", All{}, [](Case&, const auto& x) {
    const auto dense = copy(x);
    return copy(ravel(dense));
  });
}

void add_indexing(Handlers& h) {
  add_each(h, "take", All{}, []<class T>(Case& c, T) {
    c.check("y", take(c.view<T>("x"), c.view<std::int64_t>("indices"), c.option<int>("axis")));
  });
  add_each(h, "index_put", All{}, []<class T>(Case& c, T) {
    Tensor<T> y = c.get<T>("x");
    index_put(y, c.view<std::int64_t>("indices"), c.view<T>("values"), c.option<int>("axis"));
    c.check("y", y);
  });
  add_each(h, "take_along_axis", All{}, []<class T>(Case& c, T) {
    c.check("y", take_along_axis(c.view<T>("x"), c.view<std::int64_t>("indices"),
                                 c.option<int>("axis")));
  });
  add_each(h, "put_along_axis", All{}, []<class T>(Case& c, T) {
    Tensor<T> y = c.get<T>("x");
    put_along_axis(y, c.view<std::int64_t>("indices"), c.view<T>("values"), c.option<int>("axis"));
    c.check("y", y);
  });
  add_each(h, "extract", All{}, []<class T>(Case& c, T) {
    c.check("y", extract(c.view<bool>("mask"), c.view<T>("x")));
  });
  add_each(h, "index_put_mask", All{}, []<class T>(Case& c, T) {
    Tensor<T> y = c.get<T>("x");
    index_put(y, c.view<bool>("mask"), c.view<T>("values"));
    c.check("y", y);
  });
}

void add_joining(Handlers& h) {
  const auto parts = []<class T>(Case& c, T) {
    std::vector<Tensor<T>> found;
    while (c.has<T>(str_cat("x", found.size())))
      found.push_back(c.get<T>(str_cat("x", found.size())));
    return found;
  };
  add_each(h, "concatenate", All{}, [parts]<class T>(Case& c, T) {
    c.check("y", concatenate<T>(parts(c, T{}), c.option<int>("axis")));
  });
  add_each(h, "stack", All{}, [parts]<class T>(Case& c, T) {
    c.check("y", stack<T>(parts(c, T{}), c.option<int>("axis")));
  });
  add_each(h, "split", All{}, []<class T>(Case& c, T) {
    const auto x = c.view<T>("x");
    const auto& at = c.options().at("at");
    const int axis = c.option<int>("axis");
    const auto found = at.is_number() ? split(x, at.get<Index>(), axis)
                       : at.size() == 1
                           ? split(x, {at[0].get<Index>()}, axis)
                           : split(x, {at[0].get<Index>(), at.at(1).get<Index>()}, axis);
    for (std::size_t i = 0; i < found.size(); ++i) c.check(str_cat("y", i), found[i]);
  });
  add(h, "flip", All{}, [](Case& c, const auto& x) { return flip(x, c.option<int>("axis")); });
  add(h, "roll", All{}, [](Case& c, const auto& x) {
    return roll(x, c.option<Index>("shift"), c.option<int>("axis"));
  });
  add(h, "repeat", All{}, [](Case& c, const auto& x) {
    return repeat(x, c.option<Index>("count"), c.option<int>("axis"));
  });
  add(h, "tile", All{}, [](Case& c, const auto& x) { return tile(x, shape(c, "counts")); });
  add(h, "pad", All{}, []<class T>(Case& c, const TensorView<T>& x) {
    const auto widths = c.option<std::vector<std::vector<Index>>>("widths");
    const auto name = c.option<std::string>("mode");
    const PadMode mode = name == "constant" ? PadMode::constant
                         : name == "edge"   ? PadMode::edge
                                            : PadMode::reflect;
    const auto value = static_cast<std::remove_const_t<T>>(c.option<int>("value", 0));
    const auto width = [&](std::size_t i) {
      return Padding{widths.at(i).at(0), widths.at(i).at(1)};
    };
    if (widths.size() == 1) return pad(x, {width(0)}, mode, value);
    if (widths.size() == 2) return pad(x, {width(0), width(1)}, mode, value);
    return pad(x, {width(0), width(1), width(2)}, mode, value);
  });
}

void add_sorting(Handlers& h) {
  add(h, "sort", Numbers{},
      [](Case& c, const auto& x) { return sort(x, c.option<int>("axis", -1)); });
  add(h, "argsort", Numbers{},
      [](Case& c, const auto& x) { return argsort(x, c.option<int>("axis", -1)); });
  add_each(h, "unique", Numbers{}, []<class T>(Case& c, T) {
    const auto [values, counts] = unique(c.view<T>("x"));
    c.check("values", values);
    c.check("counts", counts);
  });
  add_each(h, "histogram", Reals{}, []<class T>(Case& c, T) {
    const auto [counts, edges] = histogram(c.view<T>("x"), c.option<Index>("bins"),
                                           c.get<T>("low").item(), c.get<T>("high").item());
    c.check("counts", counts);
    c.check("edges", edges);
  });
  h.add<double>("one_hot", [](Case& c) {
    c.check("y", one_hot<double>(c.view<std::int64_t>("labels"), c.option<Index>("classes")));
  });
}

template <class T>
void add_images(Handlers& h) {
  const auto window = [](const Case& c) {
    const auto size = [&](const char* name) {
      const auto both = c.option<std::vector<Index>>(name);
      return Size2d(both.at(0), both.at(1));
    };
    return Window2d{size("kernel"), size("stride"), size("padding"), size("dilation")};
  };
  h.add<T>("im2col", [window](Case& c) {
    Tensor<T> columns(c.get<T>("columns").shape());
    im2col(c.get<T>("image"), window(c), columns.view());
    c.check("columns", columns);
  });
  h.add<T>("col2im", [window](Case& c) {
    Tensor<T> image(c.get<T>("image").shape());
    col2im(c.get<T>("columns"), window(c), image.view());
    c.check("image", image);
  });
  h.add<T>("map_coordinates", [](Case& c) {
    Tensor<T> y(c.get<T>("y").shape());
    map_coordinates<T>(c.get<T>("x"), c.get<T>("rows"), c.get<T>("columns"), y);
    c.check("y", y);
  });
  h.add<T>("resize_and_crop", [](Case& c) {
    Tensor<T> y(c.get<T>("y").shape());
    resize_and_crop<T>(c.get<T>("x"), y.view());
    c.check("y", y);
  });
  h.add<T>("quantize", [](Case& c) {
    const auto quantized = quantize(c.view<T>("x"), c.option<int>("axis"));
    c.check("values", quantized.values);
    c.check("scales", quantized.scales);
    c.check("restored", dequantize(quantized));
  });
}

}  // namespace

Handlers arrays() {
  Handlers h;
  add_creation<double>(h);
  add_creation<float>(h);
  add_creation<std::int32_t>(h);
  add_ranges<double>(h);
  add_ranges<float>(h);
  add_views(h);
  add_indexing(h);
  add_joining(h);
  add_sorting(h);
  add_images<double>(h);
  add_images<float>(h);
  return h;
}

}  // namespace dlfs::peers
