#pragma once

#include <array>
#include <iterator>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/core/rng.hpp"
#include "dlfs/optim/optimizer.hpp"
#include "optim/book_paths.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

// What is asked of every optimizer.

namespace dlfs::test {

/// A parameter with its gradient, shaped alike.
template <class T>
Parameter<T> parameter(std::string name, Tensor<T> value, Tensor<T> gradient) {
  Parameter<T> result(std::move(name), std::move(value));
  result.gradient = std::move(gradient);
  return result;
}

/// A step for parameters that the test owns.
template <Optimizer O>
void step(O& optimizer, std::vector<Parameter<typename O::Scalar>>& parameters) {
  std::vector<Parameter<typename O::Scalar>*> pointers;
  for (auto& one : parameters) pointers.push_back(&one);
  optimizer.step(pointers);
}

struct Point {
  double x;
  double y;
};

/// Section 6.1.3 of the book: 31 points of the way down f = x^2 / 20 + y^2 from (-7, 2). x and y
/// are parameters of their own.
template <Optimizer O>
std::vector<Point> descend(O optimizer) {
  std::vector<Parameter<double>> parameters{parameter("x", array<double>({-7}), zeros<double>({1})),
                                            parameter("y", array<double>({2}), zeros<double>({1}))};
  double& x = parameters[0].value(0);
  double& y = parameters[1].value(0);
  std::vector<Point> path{{x, y}};
  for (int i = 0; i < 30; ++i) {
    parameters[0].gradient(0) = x / 10;
    parameters[1].gradient(0) = 2 * y;
    step(optimizer, parameters);
    path.push_back({x, y});
  }
  return path;
}

/// The recorded points of a path, to 1e-10.
inline void expect_path(const std::vector<Point>& path,
                        const double (&expected)[std::size(book::recorded_steps)][2]) {
  for (std::size_t i = 0; i < std::size(expected); ++i) {
    const Point point = path[static_cast<std::size_t>(book::recorded_steps[i])];
    EXPECT_NEAR(point.x / expected[i][0], 1, 1e-10) << "step " << book::recorded_steps[i];
    EXPECT_NEAR(point.y / expected[i][1], 1, 1e-10) << "step " << book::recorded_steps[i];
  }
}

/// Sizes from one element to several blocks for the threads, and one that ends in the middle.
template <class T>
std::vector<Parameter<T>> parameters_of_many_sizes() {
  Rng rng(1);
  std::vector<Parameter<T>> parameters;
  for (const Shape& shape : {Shape{1}, Shape{7, 3}, Shape{4096}, Shape{4097}, Shape{317, 331}}) {
    parameters.push_back(parameter(str_cat(shape), random_normal<T>(shape, rng), Tensor<T>(shape)));
  }
  return parameters;
}

/// Other gradients for each step.
template <class T>
void draw_gradients(std::vector<Parameter<T>>& parameters, std::uint64_t step) {
  Rng rng(100 + step);
  for (auto& one : parameters) one.gradient = random_normal<T>(one.value.shape(), rng);
}

inline constexpr int steps_to_compare = 3;

/// `scalar_step(w, dw, state, t)` is the optimizer's formula for one element in step t = 1, 2, ...,
/// with two numbers of memory that are 0 at first.
template <Optimizer O, class ScalarStep>
void expect_scalar_formula(O optimizer, ScalarStep&& scalar_step) {
  using T = typename O::Scalar;
  std::vector<Parameter<T>> parameters = parameters_of_many_sizes<T>();
  std::vector<Parameter<T>> expected = parameters;
  std::vector<std::vector<std::array<T, 2>>> states;
  for (const auto& one : parameters) {
    states.emplace_back(static_cast<std::size_t>(one.value.size()));
  }
  for (int t = 1; t <= steps_to_compare; ++t) {
    draw_gradients(parameters, static_cast<std::uint64_t>(t));
    step(optimizer, parameters);
    for (std::size_t k = 0; k < expected.size(); ++k) {
      for (Index i = 0; i < expected[k].value.size(); ++i) {
        scalar_step(expected[k].value.data()[i], parameters[k].gradient.data()[i],
                    states[k][static_cast<std::size_t>(i)], t);
      }
    }
  }
  for (std::size_t k = 0; k < expected.size(); ++k) {
    SCOPED_TRACE(expected[k].name);
    expect_close(parameters[k].value, expected[k].value, std::is_same_v<T, float> ? 1e-6 : 1e-14);
  }
}

/// The same bits with 1, 2 and 3 threads.
template <Optimizer O>
void expect_same_for_any_thread_count(const O& optimizer) {
  using T = typename O::Scalar;
  const auto train = [&](int threads) {
    set_thread_count(threads);
    O fresh = optimizer;
    std::vector<Parameter<T>> parameters = parameters_of_many_sizes<T>();
    for (int t = 1; t <= steps_to_compare; ++t) {
      draw_gradients(parameters, static_cast<std::uint64_t>(t));
      step(fresh, parameters);
    }
    return parameters;
  };
  const int before = thread_count();
  const auto with_one = train(1);
  for (const int threads : {2, 3}) {
    const auto with_more = train(threads);
    for (std::size_t k = 0; k < with_one.size(); ++k) {
      expect_equal(with_more[k].value, with_one[k].value);
    }
  }
  set_thread_count(before);
}

/// Without a gradient a step throws, changes no parameter and does not count.
template <Optimizer O>
void expect_refusal_without_gradient(const O& fresh) {
  using T = typename O::Scalar;
  std::vector<Parameter<T>> parameters{parameter("conv1.weight", ones<T>({2, 3}), ones<T>({2, 3})),
                                       Parameter<T>("conv1.bias", ones<T>({3}))};
  O optimizer = fresh;
  EXPECT_EQ(error_of<ShapeError>([&] { step(optimizer, parameters); }),
            "optimizer: parameter conv1.bias of shape (3,) has a gradient of shape (0,); has there "
            "been a backward pass?");
  parameters[1].gradient = ones<T>({4});
  EXPECT_EQ(error_of<ShapeError>([&] { step(optimizer, parameters); }),
            "optimizer: parameter conv1.bias of shape (3,) has a gradient of shape (4,); has there "
            "been a backward pass?");
  expect_equal(parameters[0].value, ones<T>({2, 3}));

  parameters[1].gradient = ones<T>({3});
  std::vector<Parameter<T>> expected = parameters;
  O other = fresh;
  step(optimizer, parameters);
  step(other, expected);
  for (std::size_t k = 0; k < 2; ++k) expect_equal(parameters[k].value, expected[k].value);
}

/// An optimizer with a memory refuses other parameters than those of its first step.
template <Optimizer O>
void expect_refusal_of_other_parameters(O optimizer) {
  using T = typename O::Scalar;
  const auto weight = parameter("conv1.weight", ones<T>({2, 3}), ones<T>({2, 3}));
  const auto bias = parameter("conv1.bias", ones<T>({3}), ones<T>({3}));
  const auto other = parameter("conv2.bias", ones<T>({4}), ones<T>({4}));
  std::vector<Parameter<T>> parameters{weight, bias};
  step(optimizer, parameters);

  std::vector<Parameter<T>> fewer{weight};
  EXPECT_EQ(error_of<ShapeError>([&] { step(optimizer, fewer); }),
            "optimizer: expected the 2 parameters of its first step, got 1");
  std::vector<Parameter<T>> others{weight, other};
  EXPECT_EQ(error_of<ShapeError>([&] { step(optimizer, others); }),
            "optimizer: parameter conv2.bias was of shape (3,) and is now (4,)");
  expect_equal(others[0].value, ones<T>({2, 3}));
  others = {parameter("conv1.weight", ones<T>({3, 2}), ones<T>({3, 2})), bias};
  EXPECT_EQ(error_of<ShapeError>([&] { step(optimizer, others); }),
            "optimizer: parameter conv1.weight was of shape (2, 3) and is now (3, 2)");
  others[0] = weight;
  others[1] = parameter("conv2.bias", ones<T>({3}), ones<T>({3}));
  EXPECT_EQ(error_of<ShapeError>([&] { step(optimizer, others); }),
            "optimizer: expected parameter conv1.bias of its first step, got conv2.bias");
  const O moved = std::move(optimizer);
  EXPECT_THROW(step(optimizer, parameters), ShapeError);
}

}  // namespace dlfs::test
