// Every public function with sizes, positions, axes, shapes and values at the ends of their types.
// A call gives a result, or throws one of the library's errors or std::bad_alloc; the sanitizers
// see all that goes wrong otherwise.
//
// `tests/support/public_interface.py` holds the table below against the headers.
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "dlfs/io.hpp"
#include "dlfs/io/cpp_file.hpp"
#include "dlfs/io/folded_network.hpp"
#include "dlfs/io/history.hpp"
#include "dlfs/io/load_onnx.hpp"
#include "dlfs/io/network_file.hpp"
#include "dlfs/io/save_onnx.hpp"

// As on a machine with little memory: under the address sanitizer, what cannot be had ends the
// process.
void* operator new(std::size_t bytes) {
  void* const memory = bytes < (std::size_t{1} << 28) ? std::malloc(bytes + 1) : nullptr;
  return memory != nullptr ? memory : throw std::bad_alloc();
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return std::malloc(bytes + 1);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace dlfs {
namespace {

constexpr Index most = std::numeric_limits<Index>::max();
constexpr Index least = std::numeric_limits<Index>::min();

/// Counts, positions and extents. No large one is so small that its elements find room in memory.
const std::vector<Index> numbers{0,
                                 1,
                                 -1,
                                 3,
                                 most,
                                 most - 1,
                                 least,
                                 least + 1,
                                 most / 2,
                                 most / 2 + 1,
                                 most / 8,
                                 most / 64,
                                 -most / 2,
                                 Index{1} << 61,
                                 Index{1} << 30};
const std::vector<int> axes{
    0, 1, -1, 7, 8, -8, -9, std::numeric_limits<int>::max(), std::numeric_limits<int>::min()};

/// Shapes without elements or of few, with extents that overflow when they are multiplied or added.
std::vector<Shape> shapes() {
  return {{},
          {0},
          {1},
          {2, 3},
          {2, 3, 4, 4},
          {0, 3, 4, 4},
          {1, 1, 1, 1, 1, 1, 1, 1},
          {0, most},
          {most, 0},
          {0, most / 2, 2},
          {0, 1, most, 1},
          {0, 3, most / 4, 1},
          {0, 3, 1, most / 4},
          {0, most / 8, 2, 2},
          {0, Index{1} << 31, Index{1} << 31}};
}

template <class T>
std::vector<T> values() {
  using Limits = std::numeric_limits<T>;
  if constexpr (std::integral<T>) {
    return {Limits::lowest(),
            Limits::max(),
            T(0),
            T(1),
            T(Limits::max() - 1),
            T(0) == T(1) ? T(1) : T(Limits::lowest() + 1)};
  } else {
    return {Limits::lowest(),
            Limits::max(),
            Limits::min(),
            Limits::denorm_min(),
            T(0),
            T(-0.0),
            T(1),
            Limits::infinity(),
            -Limits::infinity(),
            Limits::quiet_NaN()};
  }
}

/// Runs a call to its result or its error.
template <class Call>
void attempt(const Call& call) {
  try {
    (void)call();
  } catch (const Error& error) {
    EXPECT_STRNE(error.what(), "");
  } catch (const std::bad_alloc&) {
  }
}
/// A call without a result.
template <class Call>
auto done(const Call& call) {
  return [call](const auto&... arguments) {
    call(arguments...);
    return 0;
  };
}

/// Tensors of extreme shapes, and of 40 extreme values each: enough for vectors and what is left of
/// them.
template <class T, class Call>
void for_tensors_of(const Call& call) {
  for (const Shape& shape : shapes())
    attempt([&] {
      call(Tensor<T>(shape));
      return 0;
    });
  for (T value : values<T>()) call(full<T>({40}, value)), call(full<T>({4, 10}, value));
  Tensor<T> all_values({40});
  const auto list = values<T>();
  for (Index i = 0; i < 40; ++i) all_values(i) = list[static_cast<std::size_t>(i) % list.size()];
  call(all_values);
}
template <class Call>
void for_reals(const Call& call) {
  const auto each = [&](const auto& x) { attempt([&] { return call(x); }); };
  for_tensors_of<float>(each);
}
template <class Call>
void for_integers(const Call& call) {
  const auto each = [&](const auto& x) { attempt([&] { return call(x); }); };
  for_tensors_of<std::int8_t>(each);
  for_tensors_of<std::int64_t>(each);
}
template <class Call>
void for_all_tensors(const Call& call) {
  for_reals(call);
  for_integers(call);
}

const Tensor<float>& small() {
  static const Tensor<float> x = array<float>({{1, 2, 3}, {4, 5, 6}});
  return x;
}
const Tensor<float>& image() {
  static const Tensor<float> x({1, 2, 4, 4});
  return x;
}
/// One element, seen as more than memory holds.
TensorView<const float> endless(const Shape& shape) {
  static const Tensor<float> one({1});
  return one.view().broadcast_to(shape);
}

template <class Call>
void for_numbers(const Call& call) {
  for (Index n : numbers) attempt([&] { return call(n); });
}
template <class Call>
void for_axes(const Call& call) {
  for (int axis : axes) attempt([&] { return call(axis); });
}
template <class Call>
void for_numbers_and_axes(const Call& call) {
  for_numbers([&](Index n) {
    for_axes([&](int axis) { return call(n, axis); });
    return 0;
  });
}
template <class Call>
void for_pairs(const Call& call) {
  for_numbers([&](Index a) {
    for_numbers([&](Index b) { return call(a, b); });
    return 0;
  });
}
template <class Call>
void for_windows(const Call& call) {
  for_numbers([&](Index n) {
    for (Window2d window :
         {Window2d{.kernel = n}, Window2d{.stride = n}, Window2d{.padding = n},
          Window2d{.dilation = n}, Window2d{.kernel = {2, n}, .stride = 2, .padding = {n, 1}},
          Window2d{.kernel = {Index{1} << 30, 2}, .dilation = Index{1} << 30}}) {
      attempt([&] { return call(window); });
    }
    return 0;
  });
}
template <class Call>
void for_shapes(const Call& call) {
  for (const Shape& shape : shapes()) attempt([&] { return call(shape); });
  attempt([&] { return call(Shape{most / 4, 1, 1, 1}); });
  attempt([&] { return call(Shape{1, 3, most / 64, 4}); });
  attempt([&] { return call(Shape{2, 3, 4, Index{1} << 31}); });
  attempt([&] { return call(Shape{Index{1} << 40, 3, Index{1} << 20, 1}); });
}

/// Calls call(state) for streams through some networks, whose steps have any shape.
template <class Call>
void for_streams(const Call& call) {
  Rng rng(1);
  const std::vector<Sequential<float>> networks{
      {{"identity", Identity<float>()}},
      {{"lstm", Lstm<float>({.in = 1, .hidden = 2}, rng)}},
      {{"convolution", Convolution1d<float>({.in = 1, .causal = true}, He{}, rng)}},
      {{"both", Parallel<float>{{"a", {{"identity", Identity<float>()}}},
                                {"b", {{"identity", Identity<float>()}}}}}}};
  for (const Sequential<float>& network : networks) {
    for_shapes([&](const Shape& x) {
      StreamState<float> state = initial_state(network, x);
      call(state);
      return 0;
    });
  }
}

/// What a layer says of shapes, and what a network of it does with batches that hold nothing.
template <class Layer>
void check_layer(Layer layer) {
  AnyLayer<float> any(layer);
  for_shapes([&](const Shape& x) { return any.output_shape(x); });
  for_shapes([&](const Shape& x) {
    (void)any.output_shape(x);
    return any.flops(x);
  });
  for_shapes([&](const Shape& x) {
    (void)any.output_shape(x);
    return any.saved_bytes(x);
  });
  for_shapes([&](const Shape& x) {
    Sequential<float> network{{"layer", any}};
    (void)network.output_shape(x);
    if (x.size() > 1'000) return 0;  // what has elements was looked at by its shape
    const Tensor<float> batch(x);
    (void)network.predict(batch);
    const Tensor<float> y = network.forward(batch);
    network.backward(y);
    (void)network.backward_to_input(y);
    return 0;
  });
}

/// A layer of several inputs, which are one here.
template <class Layer>
void check_joint_layer(const Layer& layer) {
  check_layer(
      Graph<float>({"x"}, {{"relu", Relu<float>(), {"x"}}, {"joint", layer, {"x", "relu"}}}));
}

/// x from its end.
template <class T>
Tensor<T> flip_of(const Tensor<T>& x) {
  return x.rank() == 0 ? x : copy(flip(x, 0));
}

/// An arange, unless it is one of very many elements that still find room.
template <class T>
Tensor<T> few_steps(T start, T stop, T step) {
  const double count =
      (static_cast<double>(stop) - static_cast<double>(start)) / static_cast<double>(step);
  return count > 1e4 && count < 1e15 ? Tensor<T>() : arange<T>(start, stop, step);
}

/// Parameters with extreme weights and gradients, and an extreme rate or limit.
template <class Call>
void for_gradients(const Call& call) {
  for (float gradient : values<float>()) {
    for (double rate : values<double>()) {
      attempt([&] {
        Parameter<float> parameter("w", full<float>({3}, gradient));
        parameter.gradient = full<float>({3}, gradient);
        Parameter<float>* const pointer = &parameter;
        return call(std::span<Parameter<float>* const>(&pointer, 1), rate);
      });
    }
  }
}

/// x as samples (N, F, S) of a batch normalisation, with ones (F).
template <class Call>
void for_features(const Call& call) {
  for_reals([&]<class T>(const Tensor<T>& x) {
    const Index rank = x.rank();
    auto features = copy(x).reshape(
        rank == 3  ? x.shape()
        : rank > 1 ? Shape{x.extent(0), x.extent(1), x.shape().axes(2, x.rank()).size()}
                   : Shape{x.size(), 1, 1});
    auto one = ones<T>({features.extent(1)});
    return call(features, one);
  });
}
/// x as rows (N, D) of a layer normalisation, with ones (D), and statistics of each row.
template <class Call>
void for_rows(const Call& call) {
  for_reals([&]<class T>(const Tensor<T>& x) {
    auto rows = copy(x).reshape(
        x.rank() > 0 ? Shape{x.extent(0), x.shape().axes(1, x.rank()).size()} : Shape{1, 1});
    auto one = ones<T>({rows.extent(1)});
    Tensor<T> statistics({rows.extent(0), 2});
    return call(rows, one, statistics);
  });
}

/// Calls call(options) for the option "a" of odd values.
template <class Call>
void for_options(const Call& call) {
  for (const char* text :
       {"{}", R"({"a": 18446744073709551615})", R"({"a": -1})", R"({"a": 1e300})", R"({"a": "b"})",
        R"({"a": [1, 2, 3, 4]})", R"({"a": null})"}) {
    const auto json = nlohmann::json::parse(text);
    attempt([&] { return call(StoredOptions(json, 2)); });
  }
}

constexpr const char* odd_paths[] = {"", "/", ".", "no such folder/file", "/dev/null/file"};

struct Named {
  const char* name;
  std::function<void()> run;
};
Rng rng(1);

const std::vector<Named> table{
    // Element by element.
    {"abs", [] { for_all_tensors([](const auto& x) { return abs(x); }); }},
    {"sign", [] { for_all_tensors([](const auto& x) { return sign(x); }); }},
    {"square", [] { for_all_tensors([](const auto& x) { return square(x); }); }},
    {"copy", [] { for_all_tensors([](const auto& x) { return copy(x); }); }},
    {"const_view", [] { for_all_tensors([](const auto& x) { return const_view(x); }); }},
    {"to_string", [] { for_all_tensors([](const auto& x) { return to_string(x); }); }},
    {"count_nonzero", [] { for_all_tensors([](const auto& x) { return count_nonzero(x); }); }},
    {"any_of", [] { for_all_tensors([](const auto& x) { return any_of(x); }); }},
    {"all_of", [] { for_all_tensors([](const auto& x) { return all_of(x); }); }},
    {"sum", [] { for_all_tensors([](const auto& x) { return sum(x); }); }},
    {"mean", [] { for_all_tensors([](const auto& x) { return mean(x); }); }},
    {"variance", [] { for_all_tensors([](const auto& x) { return variance(x); }); }},
    {"standard_deviation",
     [] { for_all_tensors([](const auto& x) { return standard_deviation(x); }); }},
    {"unique", [] { for_all_tensors([](const auto& x) { return unique(x); }); }},
    {"exp", [] { for_reals([](const auto& x) { return exp(x); }); }},
    {"expm1", [] { for_reals([](const auto& x) { return expm1(x); }); }},
    {"sigmoid", [] { for_reals([](const auto& x) { return sigmoid(x); }); }},
    {"log", [] { for_reals([](const auto& x) { return log(x); }); }},
    {"log2", [] { for_reals([](const auto& x) { return log2(x); }); }},
    {"log10", [] { for_reals([](const auto& x) { return log10(x); }); }},
    {"log1p", [] { for_reals([](const auto& x) { return log1p(x); }); }},
    {"sqrt", [] { for_reals([](const auto& x) { return sqrt(x); }); }},
    {"cbrt", [] { for_reals([](const auto& x) { return cbrt(x); }); }},
    {"reciprocal", [] { for_reals([](const auto& x) { return reciprocal(x); }); }},
    {"sin", [] { for_reals([](const auto& x) { return sin(x); }); }},
    {"cos", [] { for_reals([](const auto& x) { return cos(x); }); }},
    {"tan", [] { for_reals([](const auto& x) { return tan(x); }); }},
    {"arcsin", [] { for_reals([](const auto& x) { return arcsin(x); }); }},
    {"arccos", [] { for_reals([](const auto& x) { return arccos(x); }); }},
    {"arctan", [] { for_reals([](const auto& x) { return arctan(x); }); }},
    {"sinh", [] { for_reals([](const auto& x) { return sinh(x); }); }},
    {"cosh", [] { for_reals([](const auto& x) { return cosh(x); }); }},
    {"tanh", [] { for_reals([](const auto& x) { return tanh(x); }); }},
    {"floor", [] { for_reals([](const auto& x) { return floor(x); }); }},
    {"ceil", [] { for_reals([](const auto& x) { return ceil(x); }); }},
    {"round", [] { for_reals([](const auto& x) { return round(x); }); }},
    {"trunc", [] { for_reals([](const auto& x) { return trunc(x); }); }},
    {"isnan", [] { for_reals([](const auto& x) { return isnan(x); }); }},
    {"isinf", [] { for_reals([](const auto& x) { return isinf(x); }); }},
    {"isfinite", [] { for_reals([](const auto& x) { return isfinite(x); }); }},
    {"softmax", [] { for_reals([](const auto& x) { return softmax(x); }); }},
    {"log_softmax", [] { for_reals([](const auto& x) { return log_softmax(x); }); }},
    {"log_sum_exp", [] { for_reals([](const auto& x) { return log_sum_exp(x); }); }},
    {"max", [] { for_all_tensors([](const auto& x) { return max(x); }); }},
    {"min", [] { for_all_tensors([](const auto& x) { return min(x); }); }},
    {"norm", [] { for_reals([](const auto& x) { return norm(x); }); }},
    {"logical_not", [] { for_tensors_of<bool>([](const auto& x) { return logical_not(x); }); }},
    {"logical_and", [] { for_tensors_of<bool>([](const auto& x) { return logical_and(x, x); }); }},
    {"logical_or", [] { for_tensors_of<bool>([](const auto& x) { return logical_or(x, x); }); }},
    {"logical_xor", [] { for_tensors_of<bool>([](const auto& x) { return logical_xor(x, x); }); }},
    {"maximum", [] { for_all_tensors([](const auto& x) { return maximum(x, flip_of(x)); }); }},
    {"minimum", [] { for_all_tensors([](const auto& x) { return minimum(x, flip_of(x)); }); }},
    {"power", [] { for_all_tensors([](const auto& x) { return power(x, flip_of(x)); }); }},
    {"floor_divide",
     [] { for_all_tensors([](const auto& x) { return floor_divide(x, flip_of(x)); }); }},
    {"remainder", [] { for_all_tensors([](const auto& x) { return remainder(x, flip_of(x)); }); }},
    {"equal", [] { for_all_tensors([](const auto& x) { return equal(x, flip_of(x)); }); }},
    {"not_equal", [] { for_all_tensors([](const auto& x) { return not_equal(x, flip_of(x)); }); }},
    {"array_equal",
     [] { for_all_tensors([](const auto& x) { return array_equal(x, flip_of(x)); }); }},
    {"arctan2", [] { for_reals([](const auto& x) { return arctan2(x, flip_of(x)); }); }},
    {"allclose", [] { for_reals([](const auto& x) { return allclose(x, flip_of(x)); }); }},
    {"clip",
     [] {
       for_all_tensors(
           []<class T>(const Tensor<T>& x) { return clip(x, values<T>()[0], values<T>()[1]); });
     }},
    {"where",
     [] { for_all_tensors([](const auto& x) { return where(equal(x, x), x, flip_of(x)); }); }},
    {"vectorize",
     [] { for_all_tensors([](const auto& x) { return vectorize(x, [](auto v) { return v; }); }); }},
    {"assign",
     [] {
       for_all_tensors([](const auto& x) {
         auto y = copy(x);
         assign(y, x);
         return y;
       });
     }},
    {"cast",
     [] {
       for_reals([](const auto& x) { return cast<Eigen::half>(x); });
       for_integers([](const auto& x) { return cast<std::int8_t>(x); });
     }},
    {"relu",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         relu(x, y.view());
         return y;
       });
     }},
    {"gelu",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         gelu(x, y.view());
         return y;
       });
     }},
    {"gelu_tanh",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         gelu_tanh(x, y.view());
         return y;
       });
     }},
    {"softplus",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         softplus(x, y.view());
         return y;
       });
     }},
    {"swish",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         swish(x, y.view());
         return y;
       });
     }},
    {"elu",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         elu(x, std::numeric_limits<float>::max(), y.view());
         return y;
       });
     }},
    {"leaky_relu",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         leaky_relu(x, std::numeric_limits<float>::max(), y.view());
         return y;
       });
     }},
    {"hard_sigmoid",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         hard_sigmoid(x, y.view());
         return y;
       });
     }},
    {"hard_sigmoid_backward",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         hard_sigmoid_backward(x, x, y.view());
         return y;
       });
     }},
    {"hard_swish",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         hard_swish(x, y.view());
         return y;
       });
     }},
    {"hard_swish_backward",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         hard_swish_backward(x, x, y.view());
         return y;
       });
     }},
    {"hard_tanh",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         hard_tanh(x, -1, std::numeric_limits<float>::max(), y.view());
         return y;
       });
     }},
    {"hard_tanh_backward",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         hard_tanh_backward(x, -1, std::numeric_limits<float>::max(), x, y.view());
         return y;
       });
     }},
    {"relu_backward",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         relu_backward(x, x, y.view());
         return y;
       });
     }},
    {"gelu_backward",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         gelu_backward(x, x, y.view());
         return y;
       });
     }},
    {"gelu_tanh_backward",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         gelu_tanh_backward(x, x, y.view());
         return y;
       });
     }},
    {"softplus_backward",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         softplus_backward(x, x, y.view());
         return y;
       });
     }},
    {"swish_backward",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         swish_backward(x, x, y.view());
         return y;
       });
     }},
    {"sigmoid_backward",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         sigmoid_backward(x, x, y.view());
         return y;
       });
     }},
    {"tanh_backward",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         tanh_backward(x, x, y.view());
         return y;
       });
     }},
    {"elu_backward",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         elu_backward(x, std::numeric_limits<float>::max(), x, y.view());
         return y;
       });
     }},
    {"leaky_relu_backward",
     [] {
       for_reals([](const auto& x) {
         auto y = copy(x);
         leaky_relu_backward(x, std::numeric_limits<float>::max(), x, y.view());
         return y;
       });
     }},

    // Axes and reductions.
    {"argmax",
     [] {
       for_axes([](int axis) {
         for_all_tensors([&](const auto& x) { return argmax(x, axis); });
         return 0;
       });
     }},
    {"argmin",
     [] {
       for_axes([](int axis) {
         for_all_tensors([&](const auto& x) { return argmin(x, axis); });
         return 0;
       });
     }},
    {"sort",
     [] {
       for_axes([](int axis) {
         for_all_tensors([&](const auto& x) { return sort(x, axis); });
         return 0;
       });
     }},
    {"argsort",
     [] {
       for_axes([](int axis) {
         for_all_tensors([&](const auto& x) { return argsort(x, axis); });
         return 0;
       });
     }},
    {"cumsum",
     [] {
       for_axes([](int axis) {
         for_all_tensors([&](const auto& x) { return cumsum(x, axis); });
         return 0;
       });
     }},
    {"sum_rows",
     [] {
       for_all_tensors([](const auto& x) {
         auto y = zeros<Element<decltype(x)>>(x.rank() > 1 ? Shape{x.extent(1)} : Shape{});
         sum_rows(x, y.view(), Store::add);
         sum_rows(x, y.view(), Store::add);
         return y;
       });
     }},
    {"swap_axes",
     [] {
       for_axes([](int a) {
         for_axes([&](int b) { return swap_axes(small(), a, b).size(); });
         return 0;
       });
     }},
    {"move_axis",
     [] {
       for_axes([](int a) {
         for_axes([&](int b) { return move_axis(small(), a, b).size(); });
         return 0;
       });
     }},
    {"squeeze",
     [] {
       for_axes([](int axis) {
         for_all_tensors([&](const auto& x) { return squeeze(x, axis).size(); });
         return 0;
       });
     }},
    {"expand_dims",
     [] {
       for_axes([](int axis) {
         for_all_tensors([&](const auto& x) { return expand_dims(x, axis).size(); });
         return 0;
       });
     }},
    {"flip",
     [] {
       for_axes([](int axis) {
         for_all_tensors([&](const auto& x) { return flip(x, axis).size(); });
         return 0;
       });
     }},
    {"ravel", [] { for_all_tensors([](const auto& x) { return ravel(x).size(); }); }},

    // Parts and indices.
    {"take",
     [] {
       for_numbers_and_axes(
           [](Index n, int axis) { return take(small(), full<Index>({2}, n), axis); });
       for_numbers([](Index n) {
         Tensor<float> batch;
         const std::vector<Index> chosen{n, 0};
         take(small(), std::span<const Index>(chosen), batch);
         return batch;
       });
     }},
    {"slice",
     [] {
       for_pairs(
           [](Index a, Index b) { return slice(generated_digits<float>(3, rng), a, b).size(); });
     }},
    {"index_put",
     [] {
       for_numbers_and_axes([](Index n, int axis) {
         auto x = copy(small());
         index_put(x, full<Index>({2}, n), 1.0f, axis);
         return x;
       });
       for_all_tensors([]<class T>(const Tensor<T>& x) {
         auto y = copy(x);
         index_put(y, equal(x, x), values<T>()[0]);
         return y;
       });
     }},
    {"take_along_axis",
     [] {
       for_numbers_and_axes([](Index n, int axis) {
         return take_along_axis(small(), full<Index>({2, 3}, n), axis);
       });
     }},
    {"put_along_axis",
     [] {
       for_numbers_and_axes([](Index n, int axis) {
         auto x = copy(small());
         put_along_axis(x, full<Index>({2, 3}, n), 1.0f, axis);
         return x;
       });
     }},
    {"extract", [] { for_all_tensors([](const auto& x) { return extract(equal(x, x), x); }); }},
    {"split",
     [] {
       for_numbers_and_axes([](Index n, int axis) {
         return split(small(), n, axis).size() + split(small(), {n, Index{1}}, axis).size();
       });
     }},
    {"Tensor",
     [] {
       for_pairs([](Index a, Index b) { return small().rows(a, b).size(); });
       for_pairs([](Index a, Index b) { return small()(a, b); });
       for_numbers_and_axes([](Index n, int axis) {
         return small().slice(axis, {n, {}, n}).size();
       });
       for_pairs([](Index a, Index b) { return small()(Slice{a, b}, Slice{b, a, -1}).size(); });
       for_pairs([](Index a, Index b) { return small().reshape({a, b}).size(); });
       for_axes([](int axis) {
         return small().transpose({axis, 0}).size() + small().extent(axis);
       });
       for_shapes([](const Shape& shape) {
         return small().broadcast_to(shape).size() + small().reshape(shape).size();
       });
       for_pairs([](Index a, Index b) { return Tensor<double>::uninitialized({a, b}); });
       for_numbers([](Index n) {
         Tensor<double> x;
         x.resize({n});
         return x;
       });
     }},
    {"TensorView",
     [] {
       const auto x = small().view();
       for_pairs([=](Index a, Index b) { return x.rows(a, b).size(); });
       for_pairs([=](Index a, Index b) { return x(a, b); });
       for_numbers([=](Index n) { return x[n].size(); });
       for_numbers_and_axes([=](Index n, int axis) {
         return x.slice(axis, {n, {}, n}).size() + x.stride(axis);
       });
       for_pairs([=](Index a, Index b) { return x.reshape({a, b}).size(); });
       for_shapes([=](const Shape& shape) { return x.broadcast_to(shape).size(); });
       for_axes([=](int axis) { return x.transpose({axis, 0}).size() + x.extent(axis); });
     }},
    {"Layout",
     [] {
       const Layout x = small().view().layout();
       for_pairs([=](Index a, Index b) { return x.part({Slice{a, b, a}, b}).offset; });
       for_numbers_and_axes([=](Index n, int axis) { return x.slice(axis, {n, n, n}).offset; });
       for_shapes([=](const Shape& shape) {
         return x.reshape(shape).shape.size() + x.broadcast_to(shape).shape.size() +
                Layout::dense(shape).shape.size();
       });
       for_pairs([=](Index a, Index b) { return x.resolve({a, b}).size(); });
     }},
    {"Shape",
     [] {
       for_pairs([](Index a, Index b) { return Shape{a, b}.size(); });
       for_pairs([](Index a, Index b) {
         Shape shape{3, a};
         shape.push_back(b);
         return shape.size();
       });
       for_numbers_and_axes([](Index n, int axis) {
         return Shape{2, 3}.with(axis, n).size() - Shape{2, 3}.extent(axis);
       });
       for_numbers([](Index n) {
         return Shape{2, 3}.normalize_index(1, n) +
                Shape{2, 3}.normalize_index(1, static_cast<std::uint64_t>(n));
       });
       for_axes([](int a) {
         for_axes([&](int b) {
           return Shape{2, 3}.axes(a, b).size() + Shape{2, 3}.normalize_axis(a);
         });
         return 0;
       });
     }},
    {"broadcast_shapes",
     [] {
       for_shapes([](const Shape& a) {
         for_shapes([&](const Shape& b) { return broadcast_shapes(a, b, "test").size(); });
         return 0;
       });
     }},

    // Tensors made and joined.
    {"array", [] { for_numbers([](Index n) {
                     return array<Index>({{n, 1}, {2, n}});
                   }); }},
    {"full", [] { for_pairs([](Index a, Index b) {
                    return full<float>({a, b}, 1);
                  }); }},
    {"zeros", [] { for_pairs([](Index a, Index b) {
                     return zeros<float>({a, b});
                   }); }},
    {"ones", [] { for_pairs([](Index a, Index b) {
                    return ones<float>({a, b});
                  }); }},
    {"eye", [] { for_pairs([](Index a, Index b) { return eye<float>(a, b); }); }},
    {"from_range", [] { attempt([] { return from_range(std::vector<float>()); }); }},
    {"arange",
     [] {
       for_pairs([](Index a, Index b) {
         for_numbers([&](Index step) { return few_steps<Index>(a, b, step); });
         return 0;
       });
       for (double a : values<double>())
         for (double b : values<double>())
           for (double step : values<double>())
             attempt([&] { return few_steps<double>(a, b, step); });
       attempt([] { return arange<std::uint64_t>(1, std::numeric_limits<std::uint64_t>::max()); });
       attempt([] { return arange<std::int8_t>(-128, 127, 127); });
     }},
    {"linspace",
     [] {
       for_numbers([](Index n) {
         return linspace(std::numeric_limits<double>::lowest(), std::numeric_limits<double>::max(),
                         n);
       });
     }},
    {"logspace", [] { for_numbers([](Index n) { return logspace(-400.0, 400.0, n); }); }},
    {"concatenate",
     [] {
       for_axes([](int axis) { return concatenate<float>({small(), small()}, axis); });
       attempt([] {
         return concatenate<float>({endless({most / 2}), endless({most / 2}), endless({most / 2})},
                                   0);
       });
     }},
    {"stack",
     [] {
       for_axes([](int axis) { return stack<float>({small(), small()}, axis); });
       attempt([] {
         return stack<float>({endless({most / 2}), endless({most / 2}), endless({most / 2})}, 0);
       });
     }},
    {"roll",
     [] { for_numbers_and_axes([](Index n, int axis) { return roll(small(), n, axis); }); }},
    {"repeat",
     [] {
       for_numbers_and_axes([](Index n, int axis) { return repeat(small(), n, axis); });
       for_numbers([](Index n) { return repeat(endless({most / 2, 1}), n, 0); });
     }},
    {"tile", [] { for_pairs([](Index a, Index b) {
                    return tile(small(), {a, b});
                  }); }},
    {"pad",
     [] {
       for_pairs([](Index a, Index b) {
         for (PadMode mode : {PadMode::constant, PadMode::edge, PadMode::reflect})
           attempt([&] { return pad(small(), {{a, b}}, mode); });
         return 0;
       });
     }},
    {"one_hot",
     [] {
       for_pairs([](Index label, Index classes) {
         return one_hot<float>(full<Index>({2}, label), classes);
       });
     }},
    {"histogram",
     [] {
       for_numbers([](Index n) { return histogram(small(), n, 0, 1).counts; });
       for (float low : values<float>())
         for (float high : values<float>())
           for_reals([&](const auto& x) { return histogram(cast<float>(x), 3, low, high).counts; });
     }},
    {"piece_begin",
     [] {
       for (Index rows : {Index{0}, Index{1}, most})
         for (Index pieces : {Index{1}, Index{2}, most})
           for (Index piece : {Index{0}, Index{1}}) (void)piece_begin(rows, pieces, piece);
     }},
    {"parallel_for",
     [] {
       for_numbers([](Index n) {
         if (n > 1000) return 0;
         parallel_for(n, [](Index) {});
         return 0;
       });
     }},
    {"set_thread_count",
     [] {
       const int before = thread_count();
       for_axes([](int n) {
         set_thread_count(n);
         return 0;
       });
       set_thread_count(before);
     }},
    {"as_array", [] { for_reals([](const auto& x) { return as_array(x).size(); }); }},
    {"as_matrix", [] { for_reals([](const auto& x) { return as_matrix(x).size(); }); }},
    {"as_view",
     [] {
       attempt([] {
         Eigen::MatrixXf x(0, 3);
         return as_view(x).size();
       });
     }},
    {"NestedList",
     [] {
       attempt([] { return array<float>({{}, {}}); });
       attempt([] { return array<float>({{1}, {}}); });
     }},
    {"str_cat",
     [] {
       for_pairs([](Index a, Index b) { return str_cat(a, b).size(); });
       for (double x : values<double>()) (void)str_cat(x);
     }},

    // Random numbers.
    {"Rng",
     [] {
       for_numbers([](Index n) { return rng.below(n); });
       for (double a : values<double>())
         for (double b : values<double>())
           attempt([&] { return rng.uniform(a, b) + rng.normal(a, b); });
       for_numbers([](Index n) { return rng.stream(static_cast<std::uint64_t>(n))(); });
       attempt([] {
         std::vector<int> none;
         rng.shuffle(none);
         return 0;
       });
     }},
    {"random_integers",
     [] {
       for_pairs(
           [](Index low, Index high) { return random_integers<Index>({50}, rng, low, high); });
       attempt([] {
         return random_integers<std::uint64_t>({50}, rng, 0,
                                               std::numeric_limits<std::uint64_t>::max());
       });
       attempt([] { return random_integers<std::int8_t>({50}, rng, -128, 127); });
     }},
    {"random_normal",
     [] {
       for_numbers([](Index n) {
         return random_normal<float>({n}, rng, std::numeric_limits<double>::max());
       });
     }},
    {"random_uniform",
     [] {
       for_numbers([](Index n) { return random_uniform<float>({n}, rng); });
       for (double a : values<double>())
         for (double b : values<double>())
           attempt([&] { return random_uniform<float>({9}, rng, a, b); });
     }},
    {"permutation", [] { for_numbers([](Index n) { return permutation(n, rng); }); }},
    {"choice",
     [] {
       for_pairs([](Index a, Index b) {
         (void)choice(a, b, rng);
         return choice(a, b, rng, false);
       });
     }},
    {"BatchSampler",
     [] {
       for_pairs([](Index a, Index b) {
         return BatchSampler(a, b, rng).batch_count() +
                BatchSampler(a, b, rng, {.sampling = BatchSampler::Sampling::with_replacement})
                    .batch_count();
       });
       for_numbers([](Index n) {
         BatchSampler sampler(10, 3, rng);
         sampler.begin_epoch(n);
         return 0;
       });
       for_numbers([](Index n) {
         const BatchSampler sampler(10, 3, rng);
         return sampler.batch(n).size();
       });
     }},
    {"balanced_weights",
     [] {
       for_numbers([](Index n) {
         return balanced_weights(cast<std::int32_t>(full<Index>({2}, std::min<Index>(n, 1000))));
       });
     }},
    {"FunctionSource",
     [] {
       for_numbers([](Index n) {
         const FunctionSource<float> source(
             n, [](std::span<const Index> samples, Dataset<float>& batch) {
               batch.inputs.resize({std::ssize(samples), 1});
               batch.targets.resize({std::ssize(samples)});
             });
         Dataset<float> batch;
         source.take(std::array<Index, 1>{n}, batch);
         return source.size();
       });
     }},
    {"Loader",
     [] {
       const Dataset<float> data{zeros<float>({5, 1}), Labels({5})};
       for_pairs([&](Index a, Index b) {
         Loader<float> loader(data, rng, {.batch_size = 2});
         loader.begin_epoch(a, b);
         return loader.next().size();
       });
       for_numbers([&](Index n) {
         Loader<float> loader(data, rng, {.batch_size = n, .threads = n < 5 ? n : 0});
         return loader.next().size();
       });
     }},
    {"generated_digits",
     [] { for_numbers([](Index n) { return generated_digits<float>(n, rng).size(); }); }},

    // Products.
    {"matmul",
     [] {
       for_all_tensors([](const auto& x) { return matmul(x, x); });
       for_all_tensors([](const auto& x) { return matmul(x, x.transpose()); });
       for_shapes([](const Shape& a) {
         for_shapes([&](const Shape& b) {
           return a.size() > 1000 ? Tensor<float>() : matmul(Tensor<float>(a), Tensor<float>(b));
         });
         return 0;
       });
     }},
    {"dot", [] { for_all_tensors([](const auto& x) { return dot(x, x); }); }},
    {"outer", [] { for_all_tensors([](const auto& x) { return outer(x, x); }); }},
    {"tensordot",
     [] {
       for_axes([](int count) {
         for_shapes([&](const Shape& a) {
           return a.size() > 1000 ? Tensor<float>()
                                  : tensordot(Tensor<float>(a), Tensor<float>(a), count);
         });
         return 0;
       });
     }},
    {"einsum",
     [] {
       for_all_tensors([]<class T>(const Tensor<T>& x) { return einsum<T>("ij,kj->ik", {x, x}); });
       attempt([] { return einsum<float>("", {small()}); });
       attempt([] { return einsum<float>("ij->->", {small()}); });
     }},

    // Windows.
    {"Window2d",
     [] {
       for_windows([](const Window2d& window) {
         return window.output_size({5, 5}, "test").height;
       });
       for_windows([](const Window2d& window) {
         return window.output_size({most, most}, "test").height;
       });
       for_windows([](const Window2d& window) {
         for_pairs([&](Index a, Index b) {
           return window.input_size({a, 2}, {b, 0}, "test").height;
         });
         return 0;
       });
     }},
    {"columns_shape",
     [] {
       for_windows([](const Window2d& window) {
         for_shapes([&](const Shape& x) { return columns_shape(x, window, "test").size(); });
         return columns_shape({most / 4, 2, 2}, window, "test").size();
       });
     }},
    {"im2col",
     [] {
       for_windows([](const Window2d& window) {
         for_shapes([&](const Shape& x) {
           return x.size() > 1000 ? Tensor<float>() : im2col(Tensor<float>(x), window);
         });
         return 0;
       });
     }},
    {"col2im",
     [] {
       for_windows([](const Window2d& window) {
         Tensor<float> x({2, 4, 4});
         col2im(Tensor<float>(columns_shape(x.shape(), window, "test")), window, x.view());
         return x;
       });
     }},
    {"convolution_shape",
     [] {
       for_windows([](const Window2d& window) {
         for_shapes([&](const Shape& x) {
           for_numbers([&](Index groups) {
             return convolution_shape(x, {4, 3, window.kernel.height, window.kernel.width}, window,
                                      groups)
                 .size();
           });
           return 0;
         });
         return 0;
       });
     }},
    {"pooling_shape",
     [] {
       for_windows([](const Window2d& window) {
         for_shapes([&](const Shape& x) { return pooling_shape(x, window, "test").size(); });
         return 0;
       });
     }},
    {"convolution",
     [] {
       for_windows([](const Window2d& window) {
         for_numbers([&](Index groups) {
           Tensor<float> w({2, 2, window.kernel.height, window.kernel.width}), b({2}),
               y(convolution_shape(image().shape(), w.shape(), window, groups));
           convolution(image(), w, b, window, groups, y);
           return y;
         });
         return 0;
       });
     }},
    {"convolution_backward_input",
     [] {
       for_windows([](const Window2d& window) {
         for_numbers([&](Index groups) {
           Tensor<float> w({2, 2, window.kernel.height, window.kernel.width}), dx({1, 2, 4, 4}),
               dy(convolution_shape(image().shape(), w.shape(), window, groups));
           convolution_backward_input(dy, w, window, groups, dx);
           return dx;
         });
         return 0;
       });
     }},
    {"convolution_backward_weights",
     [] {
       for_windows([](const Window2d& window) {
         for_numbers([&](Index groups) {
           Tensor<float> w({2, 2, window.kernel.height, window.kernel.width}), b({2}),
               dy(convolution_shape(image().shape(), w.shape(), window, groups));
           convolution_backward_weights(image(), dy, window, groups, w, b);
           return w;
         });
         return 0;
       });
     }},
    {"transposed_convolution",
     [] {
       for_windows([](const Window2d& window) {
         Tensor<float> w({2, 2, window.kernel.height, window.kernel.width}), b({2});
         const Size2d size = window.input_size({4, 4}, 0, "test");
         Tensor<float> y({1, 2, size.height, size.width});
         transposed_convolution(image(), w, b, window, 1, y);
         return y;
       });
     }},
    {"transposed_convolution_backward_input",
     [] {
       for_windows([](const Window2d& window) {
         Tensor<float> w({2, 2, window.kernel.height, window.kernel.width}), dx({1, 2, 4, 4});
         const Size2d size = window.input_size({4, 4}, 0, "test");
         transposed_convolution_backward_input(Tensor<float>({1, 2, size.height, size.width}), w,
                                               window, 1, dx);
         return dx;
       });
     }},
    {"transposed_convolution_backward_weights",
     [] {
       for_windows([](const Window2d& window) {
         Tensor<float> w({2, 2, window.kernel.height, window.kernel.width}), b({2});
         const Size2d size = window.input_size({4, 4}, 0, "test");
         transposed_convolution_backward_weights(
             image(), Tensor<float>({1, 2, size.height, size.width}), window, 1, w, b);
         return w;
       });
     }},
    {"max_pooling",
     [] {
       for_windows([](const Window2d& window) {
         Tensor<float> y(pooling_shape(image().shape(), window, "test"));
         max_pooling(image(), window, y, nullptr);
         return y;
       });
     }},
    {"max_pooling_backward",
     [] {
       for_windows([](const Window2d& window) {
         Tensor<float> dx({1, 2, 4, 4}), dy(pooling_shape(dx.shape(), window, "test"));
         const Tensor<std::uint16_t> argmax = full<std::uint16_t>(dy.shape(), 65535);
         max_pooling_backward(dy, argmax.data(), window, dx);
         return dx;
       });
     }},
    {"rounded_up_pooling_shape",
     [] {
       for_windows([](const Window2d& window) {
         return rounded_up_pooling_shape(image().shape(), window, "test").size();
       });
       for_shapes([](const Shape& x) {
         return rounded_up_pooling_shape(x, {.kernel = 2, .stride = 2}, "test").size();
       });
     }},
    {"average_pooling",
     [] {
       for_windows([](const Window2d& window) {
         Tensor<float> y(pooling_shape(image().shape(), window, "test"));
         average_pooling(image(), window, y);
         return y;
       });
     }},
    {"average_pooling_backward",
     [] {
       for_windows([](const Window2d& window) {
         Tensor<float> dx({1, 2, 4, 4}), dy(pooling_shape(dx.shape(), window, "test"));
         average_pooling_backward(dy, window, dx);
         return dx;
       });
     }},
    {"map_coordinates",
     [] {
       for (float at : values<float>())
         attempt([&] {
           Tensor<float> y({1, 2, 2});
           map_coordinates<float>(Tensor<float>({1, 3, 3}), full<float>({2, 2}, at),
                                  full<float>({2, 2}, at), y);
           return y;
         });
       for_shapes([](const Shape& shape) {
         if (shape.rank() != 4 || shape.size() > 0) return 0;
         Tensor<float> x(shape.axes(0, 3)), y({shape[0], 1, 1});
         map_coordinates<float>(x, Tensor<float>({1, 1}), Tensor<float>({1, 1}), y.view());
         return 0;
       });
     }},

    // What layers call.
    {"batch_statistics",
     [] {
       for_features([](const auto& x, auto& one) {
         auto v = one;
         batch_statistics(x, one.view(), v.view());
         return v;
       });
     }},
    {"batch_normalization",
     [] {
       for_features([](const auto& x, auto& one) {
         auto y = x;
         batch_normalization(x, {one, one, one}, one, y.view());
         return y;
       });
     }},
    {"batch_normalization_backward",
     [] {
       for_features([](const auto& x, auto& one) {
         auto y = x;
         auto dgamma = one, dbeta = one;
         batch_normalization_backward(x, x, {one, one, one}, BatchStatistics::of_the_batch,
                                      dgamma.view(), dbeta.view(), Store::add, y.view());
         return y;
       });
     }},
    {"layer_normalization",
     [] {
       for_rows([]<class T>(const Tensor<T>& x, auto& one, auto& statistics) {
         auto y = x;
         layer_normalization(x, one, one, T(1e-5), y.view(), statistics.view());
         return y;
       });
     }},
    {"layer_normalization_backward",
     [] {
       for_rows([](const auto& x, auto& one, auto& statistics) {
         auto y = x;
         auto dgamma = one, dbeta = one;
         layer_normalization_backward(x, x, statistics, one, dgamma.view(), dbeta.view(),
                                      Store::add, y.view());
         return y;
       });
     }},
    {"softmax_cross_entropy",
     [] {
       for_numbers([](Index n) {
         Tensor<float> g({2, 3});
         return softmax_cross_entropy(small(), cast<std::int32_t>(full<Index>({2}, n)), g.view());
       });
       for_reals([]<class T>(const Tensor<T>& x) {
         auto g = copy(x);
         return softmax_cross_entropy(x, x, g.view());
       });
       for_reals([]<class T>(const Tensor<T>& x) {
         auto g = copy(x);
         return softmax_cross_entropy(x, zeros<std::int32_t>({x.rank() > 0 ? x.extent(0) : 0}),
                                      g.view());
       });
     }},
    {"kullback_leibler",
     [] {
       for_reals([]<class T>(const Tensor<T>& x) {
         auto g = copy(x);
         return kullback_leibler(x, x, g.view());
       });
     }},
    {"quantize",
     [] {
       for_axes([](int axis) {
         for_reals([&](const auto& x) { return quantize(x, axis).values; });
         return 0;
       });
     }},
    {"dequantize",
     [] {
       for_axes([](int axis) {
         return dequantize(Quantized<float>{Tensor<std::int8_t>({2, 3}), Tensor<float>({1}), axis});
       });
     }},
    {"draw_kept",
     [] {
       std::byte kept[3];
       for (double ratio : values<double>()) draw_kept(ratio, rng, kept, 3);
       draw_kept(0.5, rng, kept, 0);
     }},
    {"scale_kept",
     [] {
       const std::byte kept[40]{};
       for_reals([&]<class T>(const Tensor<T>& x) {
         if (x.size() > 40) return 0;
         auto y = copy(x);
         scale_kept(x, kept, values<T>()[1], y.view());
         return 0;
       });
     }},
    {"numerical_gradient",
     [] {
       for (double h : values<double>())
         attempt([&] {
           return numerical_gradient([](const Tensor<double>& x) { return sum(x); },
                                     Tensor<double>({2}), h);
         });
     }},

    // Layers: shapes, and what a network of each does with batches that hold nothing.
    {"Affine", [] { check_layer(Affine<float>({.in = 3, .out = 2}, He{}, rng)); }},
    {"AveragePooling", [] { check_layer(AveragePooling<float>({.kernel = 2, .stride = 2})); }},
    {"MaxPooling", [] { check_layer(MaxPooling<float>({.kernel = 2, .stride = 2})); }},
    {"BatchNormalization", [] { check_layer(BatchNormalization<float>({.features = 3})); }},
    {"LayerNormalization", [] { check_layer(LayerNormalization<float>({.features = 3})); }},
    {"Convolution",
     [] {
       check_layer(Convolution<float>(
           {.in = 3, .filters = 2, .kernel = 2, .padding = Index{1} << 30}, He{}, rng));
     }},
    {"Standardization",
     [] {
       check_layer(Standardization<float>({.features = 3}));
       check_layer(Standardization<float>({.features = 3, .inverse = true}));
       for_shapes([](const Shape& x) {
         return x.size() < 1'000
                    ? Standardization<float>::fit(Tensor<float>(x)).traits().kind.size()
                    : 0;
       });
     }},
    {"Lstm", [] { check_layer(Lstm<float>({.in = 4, .hidden = 3}, rng)); }},
    {"Gru", [] { check_layer(Gru<float>({.in = 4, .hidden = 3}, rng)); }},
    {"Rnn", [] { check_layer(Rnn<float>({.in = 4, .hidden = 3}, rng)); }},
    {"Embedding",
     [] { check_layer(Embedding<float>({.count = 4, .features = 3}, Normal{}, rng)); }},
    {"Linear", [] { check_layer(Linear<float>({.in = 4, .out = 3}, He{}, rng)); }},
    {"RmsNormalization", [] { check_layer(RmsNormalization<float>({.features = 3})); }},
    {"PositionalEncoding",
     [] { check_layer(PositionalEncoding<float>({.length = 4, .features = 3})); }},
    {"LearnedPositionalEncoding",
     [] {
       check_layer(LearnedPositionalEncoding<float>({.length = 4, .features = 3}, Normal{}, rng));
     }},
    {"MultiHeadAttention",
     [] { check_layer(MultiHeadAttention<float>({.features = 4, .heads = 2}, rng)); }},
    {"LastStep", [] { check_layer(LastStep<float>()); }},
    {"Dropout", [] { check_layer(Dropout<float>({.ratio = 0.5}, rng)); }},
    {"Elu", [] { check_layer(Elu<float>()); }},
    {"Flatten", [] { check_layer(Flatten<float>()); }},
    {"Gelu",
     [] {
       check_layer(Gelu<float>());
       check_layer(Gelu<float>({.approximate = GeluApproximation::tanh}));
     }},
    {"GlobalAveragePooling", [] { check_layer(GlobalAveragePooling<float>()); }},
    {"Identity", [] { check_layer(Identity<float>()); }},
    {"LeakyRelu", [] { check_layer(LeakyRelu<float>()); }},
    {"Relu", [] { check_layer(Relu<float>()); }},
    {"HardSigmoid", [] { check_layer(HardSigmoid<float>()); }},
    {"HardSwish", [] { check_layer(HardSwish<float>()); }},
    {"HardTanh", [] { check_layer(HardTanh<float>()); }},
    {"Softmax", [] { check_layer(Softmax<float>()); }},
    {"LogSoftmax", [] { check_layer(LogSoftmax<float>()); }},
    {"PRelu",
     [] {
       check_layer(PRelu<float>());
       check_layer(PRelu<float>({.slopes = 3}));
     }},
    {"GroupNormalization",
     [] { check_layer(GroupNormalization<float>({.groups = 3, .features = 3})); }},
    {"InstanceNormalization", [] { check_layer(InstanceNormalization<float>({.features = 3})); }},
    {"Reshape",
     [] {
       for_shapes([](const Shape& shape) {
         check_layer(Reshape<float>(shape));
         return 0;
       });
     }},
    {"Permute",
     [] {
       check_layer(Permute<float>({0, 2, 1}));
       check_layer(Permute<float>({0, 3, 1, 2}));
       for_axes([](int axis) { return Permute<float>({0, axis}).traits().kind.size(); });
     }},
    {"SliceAxis",
     [] {
       for_axes([](int axis) {
         check_layer(SliceAxis<float>(axis, {.start = 1}));
         return 0;
       });
       for_numbers([](Index n) {
         check_layer(SliceAxis<float>(1, {.start = n, .stop = n, .step = n}));
         check_layer(SliceAxis<float>(1, {.step = n}));
         return 0;
       });
     }},
    {"PixelShuffle",
     [] {
       check_layer(PixelShuffle<float>(1));
       for_numbers([](Index n) {
         check_layer(PixelShuffle<float>(n));
         return 0;
       });
     }},
    {"Upsampling",
     [] {
       for (const auto interpolation : {Interpolation::nearest, Interpolation::bilinear}) {
         check_layer(Upsampling<float>({.interpolation = interpolation}));
         for_numbers([&](Index n) {
           check_layer(Upsampling<float>({.factor = {2, n}, .interpolation = interpolation}));
           return 0;
         });
       }
     }},
    {"AdaptiveAveragePooling",
     [] {
       check_layer(AdaptiveAveragePooling<float>(3));
       for_numbers([](Index n) {
         return AdaptiveAveragePooling<float>({1, n}).traits().kind.size();
       });
     }},
    {"MaxPooling1d", [] { check_layer(MaxPooling1d<float>({.kernel = 2, .stride = 2})); }},
    {"AveragePooling1d", [] { check_layer(AveragePooling1d<float>({.kernel = 2, .stride = 2})); }},
    {"Window1d",
     [] {
       for_numbers([](Index n) {
         Window1d{.kernel = n, .stride = n, .padding = n, .dilation = n}.check("test");
         return 0;
       });
     }},
    {"Convolution1d",
     [] {
       check_layer(Convolution1d<float>({.in = 3, .filters = 2, .kernel = 2}, He{}, rng));
       for_numbers([](Index n) {
         check_layer(Convolution1d<float>(
             {.in = 3, .filters = 2, .kernel = 2, .dilation = n, .causal = true}, He{}, rng));
         return 0;
       });
     }},
    {"Convolution3d",
     [] {
       check_layer(Convolution3d<float>({.in = 3, .filters = 2, .kernel = 2}, He{}, rng));
       for_numbers([](Index n) {
         check_layer(Convolution3d<float>(
             {.in = 3, .filters = 2, .kernel = {1, 2, 2}, .padding = {n, 0, 1}}, He{}, rng));
         return 0;
       });
     }},
    {"MaxPooling3d", [] { check_layer(MaxPooling3d<float>({.kernel = 2, .stride = 2})); }},
    {"AveragePooling3d", [] { check_layer(AveragePooling3d<float>({.kernel = 2, .stride = 2})); }},
    {"Size3d", [] { for_numbers([](Index n) { return Size3d(n, 1, 1) == Size3d(1); }); }},
    {"Window3d",
     [] {
       for_numbers([](Index n) {
         Window3d{.kernel = n, .stride = n, .padding = n, .dilation = n}.check("test");
         return 0;
       });
       for_shapes(
           [](const Shape& x) { return Window3d{.kernel = 2}.output_size(x, "test").depth; });
     }},
    {"Add", [] { check_joint_layer(Add<float>()); }},
    {"Multiply", [] { check_joint_layer(Multiply<float>()); }},
    {"Concatenate",
     [] {
       check_joint_layer(Concatenate<float>());
       for_numbers([](Index n) {
         check_joint_layer(Concatenate<float>({.axis = n}));
         return 0;
       });
     }},
    {"Sigmoid", [] { check_layer(Sigmoid<float>()); }},
    {"Softplus", [] { check_layer(Softplus<float>()); }},
    {"Swish", [] { check_layer(Swish<float>()); }},
    {"Tanh", [] { check_layer(Tanh<float>()); }},
    {"OneHot",
     [] {
       const OneHot encoding = OneHot::fit({"a", ""});
       for (const char* text : {"a", "", "b"}) {
         attempt([&] { return encoding.labels({text}); });
         attempt([&] { return encoding.apply<float>({text, text}); });
       }
     }},
    {"PadChannels",
     [] {
       for_numbers([](Index n) {
         check_layer(PadChannels<float>({.channels = n}));
         return 0;
       });
     }},
    {"TransposedConvolution",
     [] {
       check_layer(TransposedConvolution<float>({.in = 3, .filters = 2, .stride = Index{1} << 30},
                                                He{}, rng));
       for_numbers([](Index n) {
         check_layer(TransposedConvolution<float>(
             {.in = 3, .filters = 2, .kernel = 1, .stride = n, .padding = n}, He{}, rng));
         return 0;
       });
       for_numbers([](Index n) {
         check_layer(TransposedConvolution<float>({.in = n, .filters = n, .groups = n}, He{}, rng));
         return 0;
       });
     }},
    {"Parallel",
     [] {
       check_layer(Parallel<float>{{"a", {}}, {"b", {}}});
       check_layer(Parallel<float>{{"a", {{"p", PadChannels<float>({.channels = most / 2})}}},
                                   {"b", {{"p", PadChannels<float>({.channels = most / 2 + 2})}}}});
     }},
    {"Residual",
     [] {
       check_layer(Residual<float>(Sequential<float>{{"r", Relu<float>()}}));
     }},
    {"Graph",
     [] {
       for_shapes([](const Shape& x) {
         const std::vector<Shape> shapes{x, {2, 3}};
         return Graph<float>({"a", "b"}, {{"sum", Add<float>(), {"a", "b"}}}).output_shape(shapes);
       });
       for_shapes([](const Shape& x) {
         if (x.size() > 1'000) return Index{0};  // the weights are as many
         return Graph<float>({{"a", x}}, rng, {{"affine", Affine<float>({.out = 2}, He{}), {"a"}}})
             .layer_count();
       });
       for (const char* name : {"", "a", "b"}) {
         attempt([&] { return Graph<float>({name}).layer_count(); });
         attempt([&] {
           return Graph<float>({"a"}, {{name, Relu<float>(), {name}}}).layer_count();
         });
         attempt([&] {
           return Graph<float>({"a"}, {{"r", Relu<float>(), {"a"}}})
               .add_shared(name, name, {name})
               .layer_count();
         });
         attempt([&] {
           return Graph<float>({"a"}, {{"r", Relu<float>(), {"a"}}})
               .set_outputs({name})
               .layer_count();
         });
       }
     }},
    {"AnyLayer", [] { check_layer(AnyLayer<float>(Relu<float>())); }},
    {"NeuralNetwork",
     [] {
       for_numbers([](Index n) {
         Sequential<float> net{{"r", Relu<float>()}};
         net.set_step(n);
         (void)net.forward(Tensor<float>({1, 2}));
         return net.layer(n).traits().kind.size();
       });
       for_numbers([](Index n) {
         const Sequential<float> net{{"r", Relu<float>()}};
         return net.layer_name(n).size();
       });
       for_numbers([](Index n) {
         Sequential<float> net{{"r", Relu<float>()}};
         (void)net.forward(Tensor<float>({1, 2}));
         return net.output(n).size();
       });
       for_shapes([](const Shape& x) {
         if (x.size() > 1'000) return Index{0};
         const Sequential<float> net{{"r", Relu<float>()}};
         Tensor<float> y({1, 2});
         net.predict(Tensor<float>(x), y.view());
         return net.predict_all({Tensor<float>(x)}).front().size();
       });
     }},
    {"Sequential",
     [] {
       check_layer(Sequential<float>{
           {"t", TransposedConvolution<float>(
                     {.in = 3, .filters = 3, .kernel = 1, .stride = Index{1} << 29}, He{}, rng)},
           {"r", Relu<float>()}});
       for_shapes([](const Shape& x) {
         if (x.size() > 1'000) return Index{0};
         return Sequential<float>(x, rng, {{"a", Affine<float>({.out = 2}, He{})}}).layer_count();
       });
     }},

    // Networks, training and tools.
    {"activations",
     [] {
       for_shapes([](const Shape& x) {
         return x.size() > 1000
                    ? 0u
                    : activations(Sequential<float>{{"r", Relu<float>()}}, Tensor<float>(x)).size();
       });
     }},
    {"for_each_activation",
     [] {
       for_shapes([](const Shape& x) {
         if (x.size() < 1000)
           for_each_activation(Sequential<float>{{"r", Relu<float>()}}, Tensor<float>(x),
                               PassMode::train, [](const auto&, const auto&) {});
         return 0;
       });
     }},
    {"summary",
     [] {
       for_shapes([](const Shape& x) {
         return summary(Sequential<float>{{"r", Relu<float>()}}, x).flops;
       });
       for_shapes([](const Shape& x) {
         return summary(
                    Sequential<float>{
                        {"a", Convolution<float>({.in = 3, .filters = 2, .kernel = 1}, He{}, rng)}},
                    x)
             .flops;
       });
     }},
    {"to_dot",
     [] {
       for_shapes([](const Shape& x) {
         return to_dot(Sequential<float>{{"r", Relu<float>()}}, x).size();
       });
     }},
    {"profile",
     [] {
       for_shapes([](const Shape& x) {
         return x.size() > 1000 ? 0u
                                : profile(Sequential<float>{{"r", Relu<float>()}}, Tensor<float>(x),
                                          {.steps = 1})
                                      .layers.size();
       });
       attempt([] {
         return profile(Sequential<float>{{"r", Relu<float>()}}, small(), {.steps = -1})
             .layers.size();
       });
     }},
    {"check_gradients",
     [] {
       for_shapes([](const Shape& x) {
         return x.size() > 1000 ? true
                                : check_gradients(Relu<double>(), Tensor<double>(x)).passes(0);
       });
     }},
    {"GradientReport",
     [] { (void)GradientReport().passes(std::numeric_limits<double>::quiet_NaN()); }},
    {"accuracy",
     [] {
       for_reals([](const auto& x) {
         return accuracy(x, zeros<std::int32_t>({x.rank() > 0 ? x.extent(0) : 0}));
       });
       for_numbers([](Index n) {
         return accuracy(Sequential<float>{{"f", Flatten<float>()}},
                         generated_digits<float>(2, rng), n);
       });
     }},
    {"top_k_accuracy",
     [] {
       for_numbers([](Index k) { return top_k_accuracy(small(), zeros<std::int32_t>({2}), k); });
       for_numbers([](Index n) {
         return top_k_accuracy(small(), cast<std::int32_t>(full<Index>({2}, n)), 1);
       });
     }},
    {"confusion_matrix",
     [] {
       for_reals([](const auto& x) {
         return confusion_matrix(x, zeros<std::int32_t>({x.rank() > 0 ? x.extent(0) : 0}));
       });
       for_numbers([](Index n) {
         return confusion_matrix(small(), cast<std::int32_t>(full<Index>({2}, n)));
       });
     }},
    {"precision_recall",
     [] {
       for (Index n : numbers)
         attempt([&] { return precision_recall(full<Index>({3, 3}, n)).recall; });
       for_shapes([](const Shape& x) {
         return precision_recall(x.size() > 1000 ? Tensor<Index>() : Tensor<Index>(x)).recall;
       });
     }},
    {"intersection_over_union",
     [] {
       for (Index n : numbers)
         attempt([&] { return intersection_over_union(full<Index>({3, 3}, n)); });
       for_shapes([](const Shape& x) {
         return intersection_over_union(x.size() > 1000 ? Tensor<Index>() : Tensor<Index>(x));
       });
     }},
    {"r2_score", [] { for_reals([](const auto& x) { return r2_score(copy(x), copy(x)); }); }},
    {"mean_absolute_error",
     [] { for_reals([](const auto& x) { return mean_absolute_error(copy(x), copy(x)); }); }},
    {"binary_accuracy",
     [] { for_reals([](const auto& x) { return binary_accuracy(copy(x), copy(x)); }); }},
    {"EpochRecord",
     [] {
       for (const char* name : {"", "accuracy", "loss"}) {
         attempt([&] {
           const EpochRecord record{.metrics = {{.name = "accuracy"}}};
           (void)record.train(name);
           (void)record.validation(name);
           return 0;
         });
       }
     }},
    {"BackwardPass",
     [] {
       for_numbers([](Index n) {
         return BackwardPass<float>().needs_gradient(static_cast<std::size_t>(n)) ? 1 : 0;
       });
     }},
    {"initial_state", [] { for_streams([](const StreamState<float>&) {}); }},
    {"predict_step",
     [] {
       for_streams([](StreamState<float>& state) {
         (void)predict_step(Tensor<float>(state.input_shape()), state);
         for_shapes([&](const Shape& x) {
           return predict_step(x.size() > 1000 ? Tensor<float>() : Tensor<float>(x), state).size();
         });
         attempt([&] { return predict_step(1e30f, state); });
       });
     }},
    {"AnyStepper",
     [] {
       const float x[2]{1e30f, -1e30f};
       float y = 0;
       const AnyLayer<float> layer = Linear<float>({.in = 2, .out = 1}, He{}, rng);
       AnyStepper<float> stepper = layer.stepper({1, 1, 2});
       stepper.step(x, &y);
     }},
    {"predict_labels",
     [] {
       const Sequential<float> net{{"i", Identity<float>()}};
       for_shapes([&](const Shape& x) {
         return predict_labels(net, x.size() > 1000 ? Tensor<float>() : Tensor<float>(x));
       });
     }},
    {"predict_probabilities",
     [] {
       const Sequential<float> net{{"i", Identity<float>()}};
       for_shapes([&](const Shape& x) {
         return predict_probabilities(net, x.size() > 1000 ? Tensor<float>() : Tensor<float>(x));
       });
     }},
    {"Dataset",
     [] {
       attempt([] {
         Dataset<float>{Tensor<float>(Shape()), Labels(Shape())}.check("test");
         return 0;
       });
       attempt([] {
         Dataset<float>{Tensor<float>({0, most}), Labels({0})}.check("test");
         return 0;
       });
     }},
    {"random_search",
     [] {
       for_numbers([](Index n) {
         return n > 1000 && n < most / 64
                    ? 0u
                    : random_search({{"x", 0, 1}}, {.trials = n}, [](const Trial&) {
                        return 0.0;
                      }).size();
       });
     }},
    {"successive_halving",
     [] {
       for_numbers([](Index n) {
         return successive_halving({{"x", 0, 1}}, {.trials = 9, .first_budget = n, .factor = 3},
                                   [](const Trial&, Index) { return 0.0; })
             .size();
       });
       for_numbers([](Index n) {
         return successive_halving({{"x", 0, 1}}, {.trials = 9, .first_budget = 2, .factor = n},
                                   [](const Trial&, Index) { return 0.0; })
             .size();
       });
       for_numbers([](Index n) {
         return successive_halving({{"x", 0, 1}}, {.trials = n},
                                   [](const Trial&, Index) { return 0.0; })
             .size();
       });
     }},
    {"draw_trial",
     [] {
       for (double a : values<double>())
         for (double b : values<double>())
           attempt([&] { return draw_trial({{"x", a, b}}, 1).values.size(); });
     }},
    {"ExponentialMovingAverage",
     [] {
       for (double decay : values<double>())
         attempt([&] {
           Sequential<float> net{{"a", Affine<float>({.in = 3, .out = 2}, He{}, rng)}};
           ExponentialMovingAverage<float> average(net, decay);
           average.update(net);
           return 0;
         });
     }},
    {"BinaryCrossEntropy",
     [] {
       for_reals(
           []<class T>(const Tensor<T>& x) { return BinaryCrossEntropy<T>().forward(x, x, x); });
     }},
    {"Huber",
     [] { for_reals([]<class T>(const Tensor<T>& x) { return Huber<T>().forward(x, x, x); }); }},
    {"KullbackLeibler",
     [] {
       for_reals([]<class T>(const Tensor<T>& x) { return KullbackLeibler<T>().forward(x, x, x); });
     }},
    {"MeanAbsoluteError",
     [] {
       for_reals(
           []<class T>(const Tensor<T>& x) { return MeanAbsoluteError<T>().forward(x, x, x); });
     }},
    {"SigmoidFocal",
     [] {
       for_reals([]<class T>(const Tensor<T>& x) { return SigmoidFocal<T>().forward(x, x, x); });
     }},
    {"MeanSquaredError",
     [] {
       for_reals(
           []<class T>(const Tensor<T>& x) { return MeanSquaredError<T>().forward(x, x, x); });
     }},
    {"SoftmaxCrossEntropy",
     [] {
       for_reals([]<class T>(const Tensor<T>& x) {
         return SoftmaxCrossEntropy<T>().forward(
             x, zeros<std::int32_t>({x.rank() > 0 ? x.extent(0) : 0}));
       });
       for_reals([]<class T>(const Tensor<T>& x) {
         return SoftmaxCrossEntropy<T>({.label_smoothing = 0.1, .class_weights = x})
             .forward(x, x, x);
       });
     }},
    {"clip_gradient_norm",
     [] {
       for_gradients([](auto parameters, double limit) {
         return clip_gradient_norm<float>(parameters, limit);
       });
     }},
    {"clip_gradient_values",
     [] {
       for_gradients([](auto parameters, double limit) {
         clip_gradient_values<float>(parameters, limit);
         return 0;
       });
     }},
    {"Sgd",
     [] {
       for_gradients([](auto parameters, double rate) {
         Sgd<float> optimizer({.learning_rate = rate});
         optimizer.step(parameters);
         optimizer.step(parameters);
         return 0;
       });
     }},
    {"Momentum",
     [] {
       for_gradients([](auto parameters, double rate) {
         Momentum<float> optimizer({.learning_rate = rate});
         optimizer.step(parameters);
         optimizer.step(parameters);
         return 0;
       });
     }},
    {"Nesterov",
     [] {
       for_gradients([](auto parameters, double rate) {
         Nesterov<float> optimizer({.learning_rate = rate});
         optimizer.step(parameters);
         optimizer.step(parameters);
         return 0;
       });
     }},
    {"AdaGrad",
     [] {
       for_gradients([](auto parameters, double rate) {
         AdaGrad<float> optimizer({.learning_rate = rate});
         optimizer.step(parameters);
         optimizer.step(parameters);
         return 0;
       });
     }},
    {"RmsProp",
     [] {
       for_gradients([](auto parameters, double rate) {
         RmsProp<float> optimizer({.learning_rate = rate});
         optimizer.step(parameters);
         optimizer.step(parameters);
         return 0;
       });
     }},
    {"Adam",
     [] {
       for_gradients([](auto parameters, double rate) {
         Adam<float> optimizer({.learning_rate = rate});
         optimizer.step(parameters);
         optimizer.step(parameters);
         return 0;
       });
     }},
    {"AdamW",
     [] {
       for_gradients([](auto parameters, double rate) {
         AdamW<float> optimizer({.learning_rate = rate});
         optimizer.step(parameters);
         optimizer.step(parameters);
         return 0;
       });
     }},
    {"OptimizerState",
     [] {
       for_gradients([](auto parameters, double) {
         OptimizerState<float> state(0);
         state.begin_step(2, parameters);
         return 0;
       });
     }},
    {"Trainer",
     [] {
       for_numbers([](Index n) {
         Sequential<float> net{{"a", Affine<float>({.in = 784, .out = 10}, He{}, rng)}};
         const auto data = generated_digits<float>(20, rng);
         Trainer trainer(net, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                         {.epochs = n, .batch_size = 5, .evaluation_samples = n});
         trainer.on_epoch([&](const EpochRecord&) { trainer.stop(); });
         trainer.fit(data, data);
         trainer.fit(data, data);
         return 0;
       });
       for_numbers([](Index n) {
         Sequential<float> net{{"a", Affine<float>({.in = 784, .out = 10}, He{}, rng)}};
         const auto data = generated_digits<float>(20, rng);
         Trainer trainer(net, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                         {.epochs = 2, .batch_size = n, .patience = n});
         trainer.fit(data, data);
         return 0;
       });
     }},

    // Known architectures.
    {"alexnet",
     [] {
       for_numbers([](Index n) {
         return alexnet<float>(
                    {.channels = n, .image = 32, .filters = {2, 2, 2, 2, 2}, .hidden = 2}, rng)
             .layer_count();
       });
       for_numbers([](Index n) {
         return alexnet<float>({.image = n, .filters = {2, 2, 2, 2, 2}, .hidden = 2}, rng)
             .layer_count();
       });
     }},
    {"inception",
     [] {
       for_numbers([](Index n) {
         inception<float>({.in = n}, rng);
         return 0;
       });
       for_numbers([](Index n) {
         inception<float>({.in = 3, .filters_1x1 = n, .filters_3x3 = n}, rng);
         return 0;
       });
     }},
    {"lenet5",
     [] {
       for_numbers([](Index n) { return lenet5<float>({.channels = n}, rng).layer_count(); });
       for_numbers([](Index n) { return lenet5<float>({.image = n}, rng).layer_count(); });
       for_numbers([](Index n) { return lenet5<float>({.classes = n}, rng).layer_count(); });
     }},
    {"multi_layer_net",
     [] {
       for_numbers([](Index n) {
         return multi_layer_net<float>({.in = n}, He{}, rng).layer_count() +
                multi_layer_net<float>({.hidden = {n, 3}}, He{}, rng).layer_count() +
                multi_layer_net<float>({.out = n}, He{}, rng).layer_count();
       });
     }},
    {"residual_block",
     [] {
       for_pairs([](Index a, Index b) {
         residual_block<float>(a, b, 1, rng);
         residual_block<float>(2, a, b, rng);
         return 0;
       });
     }},
    {"resnet",
     [] {
       for_numbers([](Index n) {
         return resnet<float>({.channels = n, .filters = {2, 4}}, rng).layer_count();
       });
       for_numbers([](Index n) { return resnet<float>({.filters = {n, 4}}, rng).layer_count(); });
       for_numbers([](Index n) {
         return resnet<float>({.filters = {2, 4}, .classes = n}, rng).layer_count();
       });
     }},
    {"vgg",
     [] {
       for_numbers([](Index n) {
         return vgg<float>({.channels = n, .image = 8, .blocks = {{1, 2}}, .hidden = {2}}, rng)
             .layer_count();
       });
       for_numbers([](Index n) {
         return vgg<float>({.image = n, .blocks = {{1, 2}}, .hidden = {2}}, rng).layer_count();
       });
     }},

    // Files: paths that are none, and shapes that no file holds.
    {"CsvTable",
     [] {
       const std::string path = "extremes.csv";
       write_csv(path, {"a", "b"}, array<float>({{1e30f, -0.0f}}));
       const CsvTable csv = read_csv(path);
       for (const char* name : {"a", "b", "", "\n"}) {
         attempt([&] { return csv.column<float>(name); });
         attempt([&] { return csv.column<std::int8_t>(name); });
         attempt([&] { return csv.text(name).size(); });
       }
       std::remove(path.c_str());
     }},
    {"read_csv",
     [] {
       for (const char* path : odd_paths) attempt([&] { return read_csv(path).rows(); });
     }},
    {"write_csv",
     [] {
       for (const char* path : odd_paths)
         for (const std::vector<std::string>& names : {std::vector<std::string>{}, {"a", "b"}})
           for_shapes([&](const Shape& x) {
             write_csv(path, names, endless(x));
             return 0;
           });
     }},
    {"read_idx",
     [] {
       for (const char* path : odd_paths) attempt([&] { return read_idx(path), 0; });
     }},
    {"read_npy",
     [] {
       for (const char* path : odd_paths) attempt([&] { return read_npy<float>(path), 0; });
     }},
    {"read_npz",
     [] {
       for (const char* path : odd_paths) attempt([&] { return read_npz<float>(path), 0; });
     }},
    {"NpzFile",
     [] {
       for (const char* path : odd_paths)
         for (const char* name : odd_paths)
           attempt([&] {
             const NpzFile file(path);
             return file.contains(name) && file.shape(name) == Shape{} && file.type(name) == "" &&
                    file.read<float>(name).empty();
           });
     }},
    {"read_pickle",
     [] {
       for (const char* path : odd_paths) attempt([&] { return read_pickle<float>(path), 0; });
     }},
    {"read_pytorch",
     [] {
       for (const char* path : odd_paths) attempt([&] { return read_pytorch<float>(path), 0; });
     }},
    {"read_safetensors",
     [] {
       for (const char* path : odd_paths) attempt([&] { return read_safetensors<float>(path), 0; });
     }},
    {"read_safetensors_metadata",
     [] {
       for (const char* path : odd_paths)
         attempt([&] { return read_safetensors_metadata(path), 0; });
     }},
    {"write_safetensors",
     [] {
       for (const char* path : odd_paths)
         for_shapes([&](const Shape& x) {
           write_safetensors<float>(path, {{"a", endless(x)}});
           return 0;
         });
     }},
    {"read_jpeg",
     [] {
       for (const char* path : odd_paths) attempt([&] { return read_jpeg(path), 0; });
     }},
    {"read_png",
     [] {
       for (const char* path : odd_paths) attempt([&] { return read_png(path), 0; });
     }},
    {"load_cifar10",
     [] {
       for (const char* path : odd_paths) attempt([&] { return load_cifar10(path), 0; });
     }},
    {"load_cifar100",
     [] {
       for (const char* path : odd_paths) attempt([&] { return load_cifar100(path), 0; });
     }},
    {"load_idx",
     [] {
       for (const char* path : odd_paths)
         for_numbers([&](Index n) { return load_idx(path, path, n), 0; });
     }},
    {"load_emnist",
     [] {
       for (const char* path : odd_paths)
         for (const char* split : {"", "letters", "no split"})
           attempt([&] { return load_emnist(path, split), 0; });
     }},
    {"load_mnist_bytes",
     [] {
       for (const char* path : odd_paths) attempt([&] { return load_mnist_bytes(path), 0; });
     }},
    {"PictureFolder",
     [] {
       for (const char* path : odd_paths)
         for_numbers(
             [&](Index n) { return PictureFolder(path, {.height = n, .width = n}).size(); });
     }},
    {"resize_and_crop",
     [] {
       for_shapes([](const Shape& from) {
         for_shapes([&](const Shape& to) {
           if (from.size() > 1'000 || to.size() > 1'000) return 0;
           Tensor<float> y(to);
           resize_and_crop<float>(Tensor<float>(from), y);
           return 0;
         });
         return 0;
       });
     }},
    {"ByteDataset",
     [] {
       for_numbers([](Index n) {
         Dataset<float> batch;
         const std::vector<Index> samples{n};
         ByteDataset{Tensor<std::uint8_t>({2, 3}), Labels({2})}.take<float>(samples, batch);
         return batch.size();
       });
     }},
    {"load_mnist",
     [] {
       for (const char* path : odd_paths) attempt([&] { return load_mnist<float>(path), 0; });
     }},
    {"load_checkpoint",
     [] {
       for (const char* path : odd_paths) attempt([&] { return load_checkpoint<float>(path), 0; });
     }},
    {"load_weights",
     [] {
       for (const char* path : odd_paths)
         attempt([&] {
           Sequential<float> net;
           load_weights(path, net);
           return 0;
         });
     }},
    {"save_weights",
     [] {
       for (const char* path : odd_paths)
         attempt([&] {
           save_weights(path, Sequential<float>{{"r", Relu<float>()}});
           return 0;
         });
     }},
    {"OptionVisitor",
     [] {
       attempt([] {
         detail::JsonOptions visit;
         visit.seed(std::numeric_limits<std::uint64_t>::max());
         visit("a", std::numeric_limits<Index>::min());
         visit("b", std::numeric_limits<double>::quiet_NaN());
         return visit.options.size();
       });
     }},
    {"StoredOptions",
     [] {
       for_options([](const StoredOptions& o) { return o.has("a"); });
       for_options([](const StoredOptions& o) { return o.integer("a"); });
       for_options([](const StoredOptions& o) { return o.integers("a").size(); });
       for_options([](const StoredOptions& o) { return o.number("a"); });
       for_options([](const StoredOptions& o) { return o.size("a"); });
       for_options([](const StoredOptions& o) { return o.extents<Size2d>("a").height; });
       for_options([](const StoredOptions& o) { return o.extents<Size3d>("a").depth; });
       for_options([](const StoredOptions& o) { return o.flag("a"); });
       for_options([](const StoredOptions& o) { return o.word("a", {std::pair("b", 1)}); });
       for_options([](const StoredOptions& o) {
         o.expect_all_read();
         return 0;
       });
     }},
    {"load_network",
     [] {
       for (const char* path : odd_paths)
         attempt([&] { return load_network<float>(path).layer_count(); });
     }},
    {"save_network",
     [] {
       const Sequential<float> network{{"r", Relu<float>()}};
       for (const char* path : odd_paths)
         for_shapes([&](const Shape& x) {
           save_network<float>(path, network, {Tensor<float>(x)});
           return 0;
         });
     }},
    {"write_cpp",
     [] {
       const Sequential<float> network{{"r", Relu<float>()}};
       for (const char* path : odd_paths)
         for_shapes([&](const Shape& x) {
           write_cpp(path, network, x);
           return 0;
         });
     }},
    {"folded",
     [] {
       attempt([&] { return folded(Sequential<float>{{"r", Relu<float>()}}).layer_count(); });
       attempt([&] { return folded(Sequential<float>()).layer_count(); });
     }},
    {"load_onnx",
     [] {
       for (const char* path : odd_paths)
         attempt([&] { return load_onnx<float>(path).layer_count(); });
     }},
    {"save_onnx",
     [] {
       const Sequential<float> network{{"r", Relu<float>()}};
       for (const char* path : odd_paths)
         for_shapes([&](const Shape& x) {
           save_onnx(path, network, x);
           return 0;
         });
     }},
    {"save_history",
     [] {
       for (const char* path : odd_paths)
         attempt([&] {
           save_history(path, History());
           return 0;
         });
     }},
    {"keep_checkpoint",
     [] {
       for (const char* path : odd_paths) {
         attempt([&] {
           Sequential<float> net{{"a", Affine<float>({.in = 784, .out = 10}, He{}, rng)}};
           Trainer trainer(net, SoftmaxCrossEntropy<float>(), Sgd<float>(), {.epochs = 1});
           keep_checkpoint(trainer, path, std::chrono::duration<double>(-1));
           trainer.fit(generated_digits<float>(3, rng));
           return 0;
         });
       }
     }},
    {"Progress",
     [] {
       for_pairs([](Index a, Index b) {
         const ProgressDisplay nowhere{std::tmpfile(), 20, [] { return 0.0; }};
         {
           Progress progress(a, {.epochs = b}, nowhere);
           progress.update(b, std::numeric_limits<double>::quiet_NaN());
         }
         std::fclose(nowhere.stream);
         return 0;
       });
     }},
    {"show_progress",
     [] {
       for (const int columns : {0, 1, 2, std::numeric_limits<int>::max()}) {
         attempt([&] {
           Sequential<float> net{{"a", Affine<float>({.in = 784, .out = 10}, He{}, rng)}};
           Trainer trainer(net, SoftmaxCrossEntropy<float>(), Sgd<float>(), {.epochs = 1});
           std::FILE* const file = std::tmpfile();
           show_progress(trainer, {file, columns, [] {
                                     static double now = 0;
                                     return now += 1;
                                   }});
           trainer.fit(generated_digits<float>(3, rng));
           std::fclose(file);
           return 0;
         });
       }
     }},
    {"save_checkpoint",
     [] {
       for (const char* path : odd_paths)
         attempt([&] {
           save_checkpoint(path, TrainerState<float>{});
           return 0;
         });
     }},
    {"write_npy",
     [] {
       for (const char* path : odd_paths)
         for_shapes([&](const Shape& x) {
           write_npy(path, endless(x));
           return 0;
         });
     }},
    {"write_npz",
     [] {
       for (const char* path : odd_paths)
         attempt([&] {
           write_npz<float>(path, {});
           return 0;
         });
     }},
    {"write_png",
     [] {
       for (const char* path : odd_paths)
         for_shapes([&](const Shape& x) {
           if (x.size() < 1000) write_png(path, Tensor<std::uint8_t>(x));
           return 0;
         });
     }},
    {"GzipFile",
     [] {
       for (const char* path : odd_paths)
         attempt([&] {
           GzipFile file(path);
           return 0;
         });
     }},
};

class Extremes : public testing::TestWithParam<Named> {};
TEST_P(Extremes, GiveAResultOrAnError) { GetParam().run(); }
INSTANTIATE_TEST_SUITE_P(, Extremes, testing::ValuesIn(table),
                         [](const auto& entry) { return std::string(entry.param.name); });

}  // namespace
}  // namespace dlfs
