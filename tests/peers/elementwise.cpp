// Functions and operators, element by element.
#include <cstdint>

#include "dlfs/tensor/comparison.hpp"
#include "dlfs/tensor/functions.hpp"
#include "dlfs/tensor/logic.hpp"
#include "peers/groups.hpp"

namespace dlfs::peers {
namespace {

using Reals = Types<double, float>;
using Numbers = Types<double, float, std::int64_t, std::int32_t, std::int16_t, std::int8_t,
                      std::uint64_t, std::uint8_t>;
using All = Types<double, float, std::int64_t, std::int8_t, std::uint8_t, bool>;
using Bool = Types<bool>;

template <class List, class F>
void unary(Handlers& handlers, const std::string& kind, List types, F f) {
  add_each(handlers, kind, types, [f]<class T>(Case& c, T) { c.check("y", f(c.view<T>("x"))); });
}

template <class List, class F>
void binary(Handlers& handlers, const std::string& kind, List types, F f) {
  add_each(handlers, kind, types,
           [f]<class T>(Case& c, T) { c.check("y", f(c.view<T>("a"), c.view<T>("b"))); });
}

/// Operands of two types.
template <class A, class B, class F>
void mixed(Handlers& handlers, const std::string& kind, F f) {
  handlers.add(kind, type_name<A>() + ' ' + type_name<B>(),
               [f](Case& c) { c.check("y", f(c.view<A>("a"), c.view<B>("b"))); });
}

/// f(y, b) changes y, at first a.
template <class List, class F>
void in_place(Handlers& handlers, const std::string& kind, List types, F f) {
  add_each(handlers, kind, types, [f]<class T>(Case& c, T) {
    Tensor<T> y = copy(c.view<T>("a"));
    f(y, c.view<T>("b"));
    c.check("y", y);
  });
}

template <class From, class To>
void add_cast(Handlers& handlers) {
  handlers.add("cast", type_name<From>() + ' ' + type_name<To>(),
               [](Case& c) { c.check("y", cast<To>(c.view<From>("x"))); });
}

}  // namespace

Handlers elementwise() {
  Handlers h;
  unary(h, "exp", Reals{}, [](const auto& x) { return exp(x); });
  unary(h, "expm1", Reals{}, [](const auto& x) { return expm1(x); });
  unary(h, "sigmoid", Reals{}, [](const auto& x) { return sigmoid(x); });
  unary(h, "log", Reals{}, [](const auto& x) { return log(x); });
  unary(h, "log2", Reals{}, [](const auto& x) { return log2(x); });
  unary(h, "log10", Reals{}, [](const auto& x) { return log10(x); });
  unary(h, "log1p", Reals{}, [](const auto& x) { return log1p(x); });
  unary(h, "sqrt", Reals{}, [](const auto& x) { return sqrt(x); });
  unary(h, "cbrt", Reals{}, [](const auto& x) { return cbrt(x); });
  unary(h, "reciprocal", Reals{}, [](const auto& x) { return reciprocal(x); });
  unary(h, "sin", Reals{}, [](const auto& x) { return sin(x); });
  unary(h, "cos", Reals{}, [](const auto& x) { return cos(x); });
  unary(h, "tan", Reals{}, [](const auto& x) { return tan(x); });
  unary(h, "arcsin", Reals{}, [](const auto& x) { return arcsin(x); });
  unary(h, "arccos", Reals{}, [](const auto& x) { return arccos(x); });
  unary(h, "arctan", Reals{}, [](const auto& x) { return arctan(x); });
  unary(h, "sinh", Reals{}, [](const auto& x) { return sinh(x); });
  unary(h, "cosh", Reals{}, [](const auto& x) { return cosh(x); });
  unary(h, "tanh", Reals{}, [](const auto& x) { return tanh(x); });
  unary(h, "floor", Reals{}, [](const auto& x) { return floor(x); });
  unary(h, "ceil", Reals{}, [](const auto& x) { return ceil(x); });
  unary(h, "round", Reals{}, [](const auto& x) { return round(x); });
  unary(h, "trunc", Reals{}, [](const auto& x) { return trunc(x); });
  unary(h, "isnan", Reals{}, [](const auto& x) { return isnan(x); });
  unary(h, "isinf", Reals{}, [](const auto& x) { return isinf(x); });
  unary(h, "isfinite", Reals{}, [](const auto& x) { return isfinite(x); });
  unary(h, "abs", Numbers{}, [](const auto& x) { return abs(x); });
  unary(h, "sign", Numbers{}, [](const auto& x) { return sign(x); });
  unary(h, "square", Numbers{}, [](const auto& x) { return square(x); });
  unary(h, "operator- of one", Numbers{}, [](const auto& x) { return -x; });
  unary(h, "logical_not", Bool{}, [](const auto& x) { return logical_not(x); });
  unary(h, "copy", All{}, [](const auto& x) { return copy(x); });
  unary(h, "vectorize", Reals{}, []<class T>(const TensorView<T>& x) {
    return vectorize(x, [](auto v) { return v / 2 + 1; });
  });

  binary(h, "operator+", Numbers{}, [](const auto& a, const auto& b) { return a + b; });
  binary(h, "operator-", Numbers{}, [](const auto& a, const auto& b) { return a - b; });
  binary(h, "operator*", Numbers{}, [](const auto& a, const auto& b) { return a * b; });
  binary(h, "operator/", Reals{}, [](const auto& a, const auto& b) { return a / b; });
  binary(h, "operator<", Numbers{}, [](const auto& a, const auto& b) { return a < b; });
  binary(h, "operator<=", Numbers{}, [](const auto& a, const auto& b) { return a <= b; });
  binary(h, "operator>", Numbers{}, [](const auto& a, const auto& b) { return a > b; });
  binary(h, "operator>=", Numbers{}, [](const auto& a, const auto& b) { return a >= b; });
  binary(h, "equal", All{}, [](const auto& a, const auto& b) { return equal(a, b); });
  binary(h, "not_equal", All{}, [](const auto& a, const auto& b) { return not_equal(a, b); });
  binary(h, "maximum", Numbers{}, [](const auto& a, const auto& b) { return maximum(a, b); });
  binary(h, "minimum", Numbers{}, [](const auto& a, const auto& b) { return minimum(a, b); });
  binary(h, "power", Numbers{}, [](const auto& a, const auto& b) { return power(a, b); });
  binary(h, "floor_divide", Numbers{},
         [](const auto& a, const auto& b) { return floor_divide(a, b); });
  binary(h, "remainder", Numbers{}, [](const auto& a, const auto& b) { return remainder(a, b); });
  binary(h, "arctan2", Reals{}, [](const auto& a, const auto& b) { return arctan2(a, b); });
  binary(h, "logical_and", Bool{}, [](const auto& a, const auto& b) { return logical_and(a, b); });
  binary(h, "logical_or", Bool{}, [](const auto& a, const auto& b) { return logical_or(a, b); });
  binary(h, "logical_xor", Bool{}, [](const auto& a, const auto& b) { return logical_xor(a, b); });

  const auto times = [](const auto& a, const auto& b) { return a * b; };
  mixed<std::uint8_t, std::int8_t>(h, "operator*", times);
  mixed<std::int32_t, float>(h, "operator*", times);
  mixed<float, double>(h, "operator*", times);
  mixed<bool, double>(h, "operator*", times);
  mixed<std::int64_t, std::uint64_t>(h, "operator*", times);
  mixed<std::uint8_t, float>(h, "operator*", times);

  in_place(h, "operator+=", Numbers{}, [](auto& y, const auto& b) { y += b; });
  in_place(h, "operator-=", Numbers{}, [](auto& y, const auto& b) { y -= b; });
  in_place(h, "operator*=", Numbers{}, [](auto& y, const auto& b) { y *= b; });
  in_place(h, "operator/=", Reals{}, [](auto& y, const auto& b) { y /= b; });
  in_place(h, "assign", All{}, [](auto& y, const auto& b) { assign(y, b); });

  add_each(h, "where", All{}, []<class T>(Case& c, T) {
    c.check("y", where(c.view<bool>("condition"), c.view<T>("a"), c.view<T>("b")));
  });
  add_each(h, "clip", Numbers{}, []<class T>(Case& c, T) {
    c.check("y", clip(c.view<T>("x"), c.get<T>("low").item(), c.get<T>("high").item()));
  });
  add_each(h, "allclose", Reals{}, []<class T>(Case& c, T) {
    const Tolerance closeness{c.option<double>("relative"), c.option<double>("absolute"),
                              c.option<bool>("equal_nan")};
    c.check("y", allclose(c.view<T>("a"), c.view<T>("b"), closeness));
  });
  binary(h, "array_equal", All{},
         [](const auto& a, const auto& b) { return full<bool>({}, array_equal(a, b)); });
  add_cast<double, float>(h);
  add_cast<float, double>(h);
  add_cast<double, std::int64_t>(h);
  add_cast<double, bool>(h);
  add_cast<std::int64_t, double>(h);
  add_cast<std::int64_t, float>(h);
  add_cast<std::int64_t, std::uint8_t>(h);
  add_cast<std::uint8_t, std::int8_t>(h);
  add_cast<bool, float>(h);
  return h;
}

}  // namespace dlfs::peers
