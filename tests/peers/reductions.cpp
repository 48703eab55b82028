// Reductions, products, and what is made of them.
#include <cstdint>

#include "dlfs/functional/softmax.hpp"
#include "dlfs/tensor/einsum.hpp"
#include "dlfs/tensor/matmul.hpp"
#include "dlfs/tensor/statistics.hpp"
#include "peers/groups.hpp"

namespace dlfs::peers {
namespace {

using Reals = Types<double, float>;
using Numbers = Types<double, float, std::int64_t, std::int8_t, std::uint8_t>;
using All = Types<double, float, std::int64_t, std::int8_t, std::uint8_t, bool>;

KeepDims keep_dims(const Case& c) {
  return c.option("keepdims", false) ? KeepDims::yes : KeepDims::no;
}

/// f(x) or f(x, axes, keep_dims), as the case has axes.
template <class F>
void check_reduction(Case& c, const F& f) {
  if (!c.options().contains("axes")) return c.check("y", f());
  const auto axes = c.option<std::vector<int>>("axes");
  switch (axes.size()) {
    case 0:
      return c.check("y", f(Axes(std::initializer_list<int>{}), keep_dims(c)));
    case 1:
      return c.check("y", f(Axes(axes[0]), keep_dims(c)));
    case 2:
      return c.check("y", f(Axes({axes[0], axes[1]}), keep_dims(c)));
    default:
      return c.check("y", f(Axes({axes[0], axes[1], axes[2]}), keep_dims(c)));
  }
}

template <class List, class F>
void reduction(Handlers& handlers, const std::string& kind, List types, F f) {
  add_each(handlers, kind, types, [f]<class T>(Case& c, T) {
    const auto x = c.view<T>("x");
    check_reduction(c, [&](const auto&... axes) { return f(x, axes...); });
  });
}

Norm order(const Case& c) {
  const auto name = c.option<std::string>("order");
  return name == "1" ? Norm::one : name == "2" ? Norm::two : Norm::infinity;
}

template <class T>
void add_of_reals(Handlers& h) {
  h.add<T>("norm", [](Case& c) {
    const auto x = c.view<T>("x");
    struct {
      TensorView<const T> x;
      Norm order;
      auto operator()() const { return norm(x, order); }
      auto operator()(const Axes& axes, KeepDims keep) const { return norm(x, axes, order, keep); }
    } f{x, order(c)};
    check_reduction(c, f);
  });
  h.add<T>("softmax", [](Case& c) { c.check("y", softmax(c.view<T>("x"))); });
  h.add<T>("log_softmax", [](Case& c) { c.check("y", log_softmax(c.view<T>("x"))); });
  h.add<T>("log_sum_exp", [](Case& c) { c.check("y", log_sum_exp(c.view<T>("x"))); });
  h.add<T>("sum_rows", [](Case& c) {
    const Tensor<T>& x = c.get<T>("x");
    Tensor<T> y({x.extent(1)});
    sum_rows(x, y.view());
    c.check("y", y);
    sum_rows(x, y.view(), Store::add);
    c.check("twice", y);
  });
}

template <class List>
void add_variance(Handlers& h, List types) {
  add_each(h, "variance", types, []<class T>(Case& c, T) {
    const auto x = c.view<T>("x");
    struct {
      TensorView<const T> x;
      Ddof ddof;
      auto operator()() const { return variance(x, ddof); }
      auto operator()(const Axes& axes, KeepDims keep) const {
        return variance(x, axes, keep, ddof);
      }
    } f{x, Ddof{c.option<int>("ddof")}};
    check_reduction(c, f);
  });
  add_each(h, "standard_deviation", types, []<class T>(Case& c, T) {
    const auto x = c.view<T>("x");
    struct {
      TensorView<const T> x;
      Ddof ddof;
      auto operator()() const { return standard_deviation(x, ddof); }
      auto operator()(const Axes& axes, KeepDims keep) const {
        return standard_deviation(x, axes, keep, ddof);
      }
    } f{x, Ddof{c.option<int>("ddof")}};
    check_reduction(c, f);
  });
}

template <class List>
void add_products(Handlers& h, List types) {
  add_each(h, "matmul", types,
           []<class T>(Case& c, T) { c.check("y", matmul(c.view<T>("a"), c.view<T>("b"))); });
  add_each(h, "dot", types,
           []<class T>(Case& c, T) { c.check("y", dot(c.view<T>("a"), c.view<T>("b"))); });
  add_each(h, "outer", types,
           []<class T>(Case& c, T) { c.check("y", outer(c.view<T>("a"), c.view<T>("b"))); });
  add_each(h, "tensordot", types, []<class T>(Case& c, T) {
    c.check("y", tensordot(c.view<T>("a"), c.view<T>("b"), c.option<int>("count")));
  });
  add_each(h, "einsum", types, []<class T>(Case& c, T) {
    const auto equation = c.option<std::string>("equation");
    if (!c.has<T>("b")) return c.check("y", einsum<T>(equation, {c.view<T>("a")}));
    if (!c.has<T>("c")) return c.check("y", einsum<T>(equation, {c.view<T>("a"), c.view<T>("b")}));
    c.check("y", einsum<T>(equation, {c.view<T>("a"), c.view<T>("b"), c.view<T>("c")}));
  });
}

}  // namespace

Handlers reductions() {
  Handlers h;
  reduction(h, "sum", All{}, [](const auto&... x) { return sum(x...); });
  reduction(h, "mean", All{}, [](const auto&... x) { return mean(x...); });
  reduction(h, "max", Numbers{}, [](const auto&... x) { return max(x...); });
  reduction(h, "min", Numbers{}, [](const auto&... x) { return min(x...); });
  reduction(h, "count_nonzero", All{}, [](const auto&... x) { return count_nonzero(x...); });
  reduction(h, "any_of", All{}, [](const auto&... x) { return any_of(x...); });
  reduction(h, "all_of", All{}, [](const auto&... x) { return all_of(x...); });
  add_each(h, "argmax", Numbers{}, []<class T>(Case& c, T) {
    c.check("y", argmax(c.view<T>("x"), c.option<int>("axis"), keep_dims(c)));
  });
  add_each(h, "argmin", Numbers{}, []<class T>(Case& c, T) {
    c.check("y", argmin(c.view<T>("x"), c.option<int>("axis"), keep_dims(c)));
  });
  add_each(h, "cumsum", All{}, []<class T>(Case& c, T) {
    c.check("y", cumsum(c.view<T>("x"), c.option<int>("axis")));
  });
  add_variance(h, Numbers{});
  add_of_reals<double>(h);
  add_of_reals<float>(h);
  add_products(h, Types<double, float, std::int64_t, std::uint8_t>{});
  return h;
}

}  // namespace dlfs::peers
