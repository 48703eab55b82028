// Every sum of the library is as exact as a pairwise one: `reductions` lists them all, with the
// header that holds them. A header that adds up and is not in the list fails the last test.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "support/levels.hpp"

namespace dlfs {
namespace {

using Exact = long double;

/// A sum without rounding to speak of.
class ExactSum {
 public:
  void add(Exact term) {
    const Exact next = sum_ + term;
    rest_ += std::abs(sum_) >= std::abs(term) ? (sum_ - next) + term : (term - next) + sum_;
    sum_ = next;
    magnitude_ += std::abs(term);
  }
  Exact value() const { return sum_ + rest_; }
  /// Of all terms: what rounding is measured by.
  Exact magnitude() const { return magnitude_; }

 private:
  Exact sum_ = 0;
  Exact rest_ = 0;
  Exact magnitude_ = 0;
};

/// What came out, what is right, and what an error is divided by: together with the type's epsilon,
/// it makes the error's unit.
struct Result {
  Exact value;
  Exact exact;
  Exact scale;
};

Result result(Exact value, const ExactSum& sum) { return {value, sum.value(), sum.magnitude()}; }
Result mean_result(Exact value, const ExactSum& sum, Exact n) {
  return {value, sum.value() / n, sum.magnitude() / n};
}

template <class T>
ExactSum exact_sum(const std::vector<T>& numbers) {
  ExactSum sum;
  for (T number : numbers) sum.add(number);
  return sum;
}

/// The sum of term(x[i], i).
template <class T, class Term>
ExactSum exact_sum(const std::vector<T>& x, const Term& term) {
  ExactSum sum;
  for (std::size_t i = 0; i < x.size(); ++i) sum.add(term(static_cast<Exact>(x[i]), i));
  return sum;
}

struct Moments {
  Exact mean;
  Exact variance;
};

template <class T>
Moments exact_moments(const std::vector<T>& x) {
  const auto n = static_cast<Exact>(x.size());
  // From the first number, so that equal ones have no variance.
  const auto first = static_cast<Exact>(x[0]);
  const auto distance = [first](Exact number, std::size_t) { return number - first; };
  const Exact mean = first + exact_sum(x, distance).value() / n;
  const auto square = [mean](Exact number, std::size_t) {
    return (number - mean) * (number - mean);
  };
  return {mean, exact_sum(x, square).value() / n};
}

template <class T>
Tensor<T> tensor(const std::vector<T>& x, const Shape& shape) {
  return Tensor<T>(shape, std::span<const T>(x));
}
template <class T>
Tensor<T> column(const std::vector<T>& x) {
  return tensor(x, {std::ssize(x), 1});
}
template <class T>
Tensor<T> row(const std::vector<T>& x) {
  return tensor(x, {1, std::ssize(x)});
}

template <class T>
constexpr Exact epsilon = std::numeric_limits<T>::epsilon();

/// Numbers that go with the others: of both signs, none like another.
template <class T>
std::vector<T> companions(std::size_t count) {
  Rng rng(7);
  std::vector<T> numbers(count);
  for (T& number : numbers) number = static_cast<T>(rng.normal());
  return numbers;
}

template <class T>
struct Reduction {
  std::string name;
  std::string header;
  std::function<std::vector<Result>(const std::vector<T>&)> run;
};

/// The mean of a column, and its variance. A mean is rounded to T, so that is what its error is
/// measured by; an error of the variance is relative.
template <class T>
std::vector<Result> moment_results(const std::vector<T>& x, Exact mean, Exact variance) {
  const Moments exact = exact_moments(x);
  return {{mean, exact.mean, std::abs(exact.mean) + std::sqrt(exact.variance)},
          {variance, exact.variance, exact.variance}};
}

/// y = (x - mean) / deviation: a mean that is rounded to T leaves its error in all of them.
template <class T>
std::vector<Result> normal_results(const std::vector<T>& x, const Tensor<T>& y, Exact added) {
  const Moments exact = exact_moments(x);
  const Exact deviation = std::sqrt(exact.variance + added);
  std::vector<Result> results;
  for (std::size_t i = 0; i < x.size(); i += 61) {
    const Exact normal = (static_cast<Exact>(x[i]) - exact.mean) / deviation;
    results.push_back(
        {y.data()[i], normal, 1 + (std::abs(normal) + std::abs(exact.mean) / deviation)});
  }
  return results;
}

template <class T>
std::vector<Reduction<T>> reductions() {
  std::vector<Reduction<T>> list;
  const auto add = [&list](std::string name, std::string header, auto run) {
    list.push_back({std::move(name), std::move(header), run});
  };

  add("sum", "tensor/reduce.hpp", [](const auto& x) {
    return std::vector{result(sum(row(x)), exact_sum(x)),
                       result(sum(column(x), 0)(0), exact_sum(x))};
  });
  add("mean", "tensor/reduce.hpp", [](const auto& x) {
    return std::vector{mean_result(mean(row(x)), exact_sum(x), static_cast<Exact>(x.size()))};
  });
  add("sum_rows", "tensor/reduce.hpp", [](const auto& x) {
    Tensor<T> sums({1});
    sum_rows(column(x), sums);
    return std::vector{result(sums(0), exact_sum(x))};
  });
  add("variance", "tensor/statistics.hpp", [](const auto& x) {
    const Exact exact = exact_moments(x).variance;
    std::vector<Result> results;
    for (const Exact value :
         {static_cast<Exact>(variance(row(x))), static_cast<Exact>(variance(row(x), 1)(0)),
          static_cast<Exact>(variance(column(x), 0)(0))}) {
      results.push_back({value, exact, exact});
    }
    results.push_back({standard_deviation(row(x)), std::sqrt(exact), std::sqrt(exact)});
    return results;
  });
  add("norm", "tensor/statistics.hpp", [](const auto& x) {
    const auto squares = exact_sum(x, [](Exact a, std::size_t) { return a * a; });
    const auto magnitudes = exact_sum(x, [](Exact a, std::size_t) { return std::abs(a); });
    const Exact length = std::sqrt(squares.value());
    return std::vector{result(norm(row(x), Norm::one), magnitudes),
                       Result{norm(row(x)), length, length}};
  });
  add("cumsum", "tensor/statistics.hpp", [](const auto& x) {
    // In double it is as exact as a chain, like NumPy's.
    const Exact chain = std::is_same_v<T, double> ? static_cast<Exact>(x.size()) : 1;
    Result last = result(cumsum(row(x), 1)(0, std::ssize(x) - 1), exact_sum(x));
    last.scale *= chain;
    return std::vector{last};
  });
  add("softmax", "functional/softmax.hpp", [](const auto& x) {
    const T largest = *std::max_element(x.begin(), x.end());
    const auto sum = exact_sum(x, [&](Exact a, std::size_t) { return std::exp(a - largest); });
    const Exact log_sum = largest + std::log(sum.value());
    return std::vector{
        Result{max(softmax(row(x))), 1 / sum.value(), 1 / sum.value()},
        Result{max(log_softmax(row(x))), largest - log_sum, std::abs(largest - log_sum) + 1},
        Result{log_sum_exp(row(x))(0), log_sum, std::abs(log_sum) + 1}};
  });
  add("cross entropy of many classes", "functional/cross_entropy.hpp", [](const auto& x) {
    const T largest = *std::max_element(x.begin(), x.end());
    const auto sum = exact_sum(x, [&](Exact a, std::size_t) { return std::exp(a - largest); });
    const Exact loss = std::log(sum.value()) - (x[0] - static_cast<Exact>(largest));
    SoftmaxCrossEntropy<T> entropy;
    Tensor<T> one_hot({1, std::ssize(x)});
    one_hot(0, 0) = 1;
    return std::vector{Result{entropy.forward(row(x), array<std::int32_t>({0})), loss, loss},
                       Result{entropy.forward(row(x), one_hot), loss, loss}};
  });
  add("cross entropy of many samples", "functional/cross_entropy.hpp", [](const auto& x) {
    // Two classes, whose logits are 0 and x / 1000.
    Tensor<T> logits({std::ssize(x), 2});
    const auto sum = exact_sum(x, [&](Exact, std::size_t i) {
      const auto n = static_cast<Index>(i);
      logits(n, 1) = x[i] / 1000;
      return std::log1p(std::exp(static_cast<Exact>(logits(n, 1))));
    });
    SoftmaxCrossEntropy<T> entropy;
    const T loss = entropy.forward(logits, Labels({std::ssize(x)}));
    return std::vector{mean_result(loss, sum, static_cast<Exact>(x.size()))};
  });
  add("mean squared error", "functional/elementwise_loss.hpp", [](const auto& x) {
    const auto t = companions<T>(x.size());
    // y - t, which is rounded, too.
    const auto squares =
        exact_sum(x, [&](Exact a, std::size_t i) { return (a - t[i]) * (a - t[i]); });
    MeanSquaredError<T> loss;
    return std::vector{
        mean_result(loss.forward(row(x), row(t)), squares, static_cast<Exact>(x.size()))};
  });
  add("clip_gradient_norm", "optim/clip_gradients.hpp", [](const auto& x) {
    const auto squares = exact_sum(x, [](Exact a, std::size_t) { return a * a; });
    Parameter<T> parameter("weight", row(x));
    parameter.gradient = row(x);
    const std::array<Parameter<T>*, 1> parameters{&parameter};
    const Exact length = std::sqrt(squares.value());
    return std::vector{Result{clip_gradient_norm<T>(parameters, 1e300), length, length}};
  });
  for (const bool as_planes : {false, true}) {
    add(as_planes ? "statistics of planes" : "statistics of a column",
        "functional/batch_normalization.hpp", [as_planes](const auto& x) {
          // Beside it is a column of zeros.
          const Index n = std::ssize(x);
          const Shape shape = as_planes ? Shape{n / 5000, 2, 5000} : Shape{n, 2, 1};
          Tensor<T> columns(shape);
          for (Index i = 0; i < n; ++i) {
            columns(i / shape[2], 0, i % shape[2]) = x[static_cast<std::size_t>(i)];
          }
          Tensor<T> mean({2});
          Tensor<T> variance({2});
          batch_statistics(columns, mean, variance);
          return moment_results(x, mean(0), variance(0));
        });
  }
  add("batch normalization", "functional/batch_normalization.hpp", [](const auto& x) {
    const BatchNormalization<T> layer({.features = 1});
    const Tensor<T> in = column(x);
    Tensor<T> y(in.shape());
    layer.forward({.x = in, .y = y, .saved = nullptr, .mode = PassMode::train});
    return normal_results(x, y, 1e-5L);
  });
  add("gradients of batch normalization", "functional/batch_normalization.hpp", [](const auto& x) {
    const auto t = companions<T>(x.size());
    const Index n = std::ssize(x);
    const T mean_value = t[0];
    const Tensor<T> mean({1}, std::span(&mean_value, 1));
    const Tensor<T> one = ones<T>({1});
    Tensor<T> dgamma({1});
    Tensor<T> dbeta({1});
    const Tensor<T> in = tensor(t, {n, 1, 1});
    const Tensor<T> dy = tensor(x, {n, 1, 1});
    batch_normalization_backward(in, dy, {mean, one, one}, BatchStatistics::of_the_batch, dgamma,
                                 dbeta, Store::overwrite, {nullptr, {n, 1, 1}});
    return std::vector{
        result(dgamma(0),
               exact_sum(x, [&](Exact a, std::size_t i) { return a * (t[i] - mean_value); })),
        result(dbeta(0), exact_sum(x))};
  });
  add("layer normalization", "functional/layer_normalization.hpp", [](const auto& x) {
    const Index n = std::ssize(x);
    Tensor<T> y({1, n});
    Tensor<T> statistics({1, 2});
    const auto gamma = ones<T>({n});
    const Tensor<T> beta({n});
    layer_normalization(row(x), gamma, beta, T(1e-5), y, statistics);
    const Moments exact = exact_moments(x);
    const Exact inverse = 1 / std::sqrt(exact.variance + static_cast<Exact>(T(1e-5)));
    auto results = normal_results(x, y, static_cast<Exact>(T(1e-5)));
    results.push_back({statistics(0, 1), inverse, inverse});
    results.push_back(moment_results(x, statistics(0, 0), exact.variance)[0]);
    return results;
  });
  add("gradients of layer normalization", "functional/layer_normalization.hpp", [](const auto& x) {
    const Index n = std::ssize(x);
    const auto t = companions<T>(x.size());
    // Many rows of one number, whose statistics are given, and one row of many.
    Tensor<T> statistics({n, 2});
    for (Index i = 0; i < n; ++i) statistics(i, 1) = 1;
    Tensor<T> dgamma({1});
    Tensor<T> dbeta({1});
    const Tensor<T> dy = column(x);
    const Tensor<T> one = ones<T>({1});
    layer_normalization_backward(column(t), dy, statistics, one, dgamma, dbeta, Store::overwrite,
                                 {nullptr, {n, 1}});
    const auto products = exact_sum(x, [&](Exact a, std::size_t i) { return a * t[i]; });
    const auto sums = exact_sum(x);
    std::vector<Result> results{result(dgamma(0), products), result(dbeta(0), sums)};

    Tensor<T> dgammas({n});
    Tensor<T> dbetas({n});
    Tensor<T> dx({1, n});
    const Tensor<T> dy_row = row(x);
    const Tensor<T> gamma = ones<T>({n});
    layer_normalization_backward(row(t), dy_row, statistics.rows(0, 1), gamma, dgammas, dbetas,
                                 Store::overwrite, dx);
    const auto count = static_cast<Exact>(n);
    const Exact right = x[0] - sums.value() / count - t[0] * products.value() / count;
    const Exact scale = std::abs(static_cast<Exact>(x[0])) + sums.magnitude() / count +
                        std::abs(t[0]) * products.magnitude() / count;
    results.push_back({dx(0, 0), right, scale});
    return results;
  });
  add("RMS normalization", "functional/rms_normalization.hpp", [](const auto& x) {
    const Index n = std::ssize(x);
    Tensor<T> y({n});
    Tensor<T> inverse_rms({1});
    const auto gamma = ones<T>({n});
    detail::rms_normalization(1, n, x.data(), gamma.data(), T(1), y.data(), inverse_rms.data());
    const auto squares = exact_sum(x, [](Exact a, std::size_t) { return a * a; });
    const Exact inverse = 1 / std::sqrt(squares.value() / static_cast<Exact>(n) + 1);
    std::vector<Result> results{{inverse_rms(0), inverse, inverse}};

    // Many rows of one number.
    const auto t = companions<T>(x.size());
    const auto one = ones<T>({n});
    Tensor<T> dgamma({1});
    detail::rms_normalization_backward<T>(n, 1, t.data(), x.data(), one.data(), one.data(),
                                          dgamma.data(), Store::overwrite, nullptr);
    results.push_back(
        result(dgamma(0), exact_sum(x, [&](Exact a, std::size_t i) { return a * t[i]; })));
    return results;
  });
  add("gradient of an embedding", "functional/embedding.hpp", [](const auto& x) {
    const Tensor<Index> rows({std::ssize(x)});
    Tensor<T> sum({1, 1});
    detail::add_up_by_number(rows.data(), std::ssize(x), 1, x.data(), 1, sum.data(),
                             Store::overwrite);
    return std::vector{result(sum(0, 0), exact_sum(x))};
  });
  add("group normalization", "functional/group_normalization.hpp", [](const auto& x) {
    const Index n = std::ssize(x);
    const GroupNormalization<T> layer({.features = 1});
    const Tensor<T> in = tensor(x, {1, 1, n});
    Tensor<T> y(in.shape());
    layer.forward({.x = in, .y = y});
    return normal_results(x, y, 1e-5L);
  });
  add("gradients of group normalization", "functional/group_normalization.hpp", [](const auto& x) {
    const Index n = std::ssize(x);
    const auto t = companions<T>(x.size());
    const Exact products = exact_sum(x, [&](Exact a, std::size_t i) { return a * t[i]; }).value();
    const ExactSum terms = exact_sum(x, [&](Exact a, std::size_t i) { return a * t[i]; });
    const ExactSum sums = exact_sum(x);
    const T one = 1;
    std::vector<Result> results;
    // Many samples of one number, and one of many; the mean is 0 and the deviation 1.
    for (const Shape& shape : {Shape{n, 1, 1}, Shape{1, 1, n}}) {
      std::vector<T> statistics;
      for (Index i = 0; i < shape[0]; ++i) statistics.insert(statistics.end(), {T(0), T(1)});
      T dgamma = 0, dbeta = 0;
      Tensor<T> dx(shape);
      const Tensor<T> in = tensor(t, shape), dy = tensor(x, shape);
      detail::group_normalization_backward<T>(in, dy, 1, statistics.data(), &one, &dgamma, &dbeta,
                                              Store::overwrite, dx);
      results.push_back(result(dgamma, terms));
      results.push_back(result(dbeta, sums));
      if (shape[0] > 1) continue;
      const auto count = static_cast<Exact>(n);
      const Exact right = x[0] - sums.value() / count - t[0] * products / count;
      const Exact scale = std::abs(static_cast<Exact>(x[0])) + sums.magnitude() / count +
                          std::abs(t[0]) * terms.magnitude() / count;
      results.push_back({dx.data()[0], right, scale});
    }
    return results;
  });
  add("gradient of prelu's slope", "functional/prelu.hpp", [](const auto& x) {
    const Index n = std::ssize(x);
    auto t = companions<T>(x.size());
    for (T& number : t) number = -std::abs(number);
    const ExactSum terms = exact_sum(x, [&](Exact a, std::size_t i) { return a * t[i]; });
    std::vector<Result> results;
    for (const Shape& shape : {Shape{n, 1, 1}, Shape{1, 1, n}}) {
      const T slope = 1;
      T dslope = 0;
      const Tensor<T> in = tensor(t, shape), dy = tensor(x, shape);
      detail::prelu_backward<T>(in, dy, &slope, &dslope, Store::overwrite, {nullptr, shape});
      results.push_back(result(dslope, terms));
    }
    return results;
  });
  add("gradients of softmax", "functional/softmax_gradient.hpp", [](const auto& x) {
    const auto t = companions<T>(x.size());
    const ExactSum sum = exact_sum(x);
    const ExactSum terms = exact_sum(x, [&](Exact a, std::size_t i) { return a * t[i]; });
    const Tensor<T> dy = row(x), y = row(t);
    Tensor<T> dx(dy.shape());
    detail::softmax_backward<T>(y, dy, dx);
    const Exact first = static_cast<Exact>(x[0]);
    std::vector<Result> results{{dx(0, 0), t[0] * (first - terms.value()),
                                 std::abs(t[0]) * (std::abs(first) + terms.magnitude())}};
    const Tensor<T> zeros_of_y(y.shape());
    detail::log_softmax_backward<T>(zeros_of_y, dy, dx);
    results.push_back({dx(0, 0), first - sum.value(), std::abs(first) + sum.magnitude()});
    return results;
  });
  add("gradient of upsampling", "conv/upsampling.hpp", [](const auto& x) {
    const Index height = 100;
    const Index width = std::ssize(x) / height;
    T dx = 0;
    const Tensor<T> dy = tensor(x, {1, 1, height, width});
    detail::repeat_pixels_backward<T>(dy, {height, width}, {&dx, {1, 1, 1, 1}});
    return std::vector{result(dx, exact_sum(x))};
  });
  add("adaptive average pooling", "conv/adaptive_pooling.hpp", [](const auto& x) {
    const Index height = 100;
    T y = 0;
    const Tensor<T> image = tensor(x, {1, 1, height, std::ssize(x) / height});
    detail::adaptive_average_pooling<T>(image, {&y, {1, 1, 1, 1}});
    return std::vector{mean_result(y, exact_sum(x), static_cast<Exact>(x.size()))};
  });
  add("average pooling", "conv/pooling.hpp", [](const auto& x) {
    const Index height = 100;
    const Index width = std::ssize(x) / height;
    const Tensor<T> image = tensor(x, {1, 1, height, width});
    std::vector<Result> results;
    for (const Index margin : {0, 1}) {  // the whole image, and all but its last row
      Tensor<T> y({1, 1, 1 + margin, 1});
      average_pooling(image, {.kernel = {height - margin, width}}, y);
      const std::vector<T> pooled(x.begin(), x.end() - margin * width);
      results.push_back(
          mean_result(y(0, 0, 0, 0), exact_sum(pooled), static_cast<Exact>(pooled.size())));
    }
    return results;
  });
  const auto add_gradients = [&](std::string name, std::string header, const Shape& image,
                                 auto make_layer) {
    add(std::move(name), std::move(header), [image, make_layer](const auto& x) {
      // One filter, whose bias has x for its gradient.
      const Index samples = std::ssize(x) / image.size();
      const auto layer = make_layer();
      const Tensor<T> in(Shape{samples, 1, image[0], image[1]});
      const Tensor<T> dy = tensor(x, {samples, 1, image[0], image[1]});
      Tensor<T> dweight(Shape{1, 1, 1, 1});
      Tensor<T> dbias({1});
      const std::array<TensorView<T>, 2> gradients{dweight.view(), dbias.view()};
      layer.backward({.x = in,
                      .y = dy,
                      .dy = dy,
                      .dx = {nullptr, in.shape()},
                      .gradients = gradients,
                      .store = Store::overwrite,
                      .saved = nullptr,
                      .mode = PassMode::train});
      return std::vector{result(dbias(0), exact_sum(x))};
    });
  };
  for (const Shape& image : {Shape{30, 1000}, Shape{2, 2}}) {
    add_gradients(str_cat("bias of a convolution of ", image), "conv/bias_gradient.hpp", image, [] {
      return Convolution<T>({.in = 1, .filters = 1, .kernel = 1}, Tensor<T>(Shape{1, 1, 1, 1}),
                            Tensor<T>({1}));
    });
    add_gradients(str_cat("bias of a transposed convolution of ", image), "conv/bias_gradient.hpp",
                  image, [] {
                    return TransposedConvolution<T>({.in = 1, .filters = 1, .kernel = 1},
                                                    Tensor<T>(Shape{1, 1, 1, 1}), Tensor<T>({1}));
                  });
  }
  add("bias of an affine layer", "tensor/reduce.hpp", [](const auto& x) {
    const Affine<T> layer(Tensor<T>({1, 1}), Tensor<T>({1}));
    const Tensor<T> dy = column(x);
    Tensor<T> dweight({1, 1});
    Tensor<T> dbias({1});
    const std::array<TensorView<T>, 2> gradients{dweight.view(), dbias.view()};
    layer.backward({.x = dy,
                    .y = dy,
                    .dy = dy,
                    .dx = {nullptr, dy.shape()},
                    .gradients = gradients,
                    .store = Store::overwrite,
                    .saved = nullptr,
                    .mode = PassMode::train});
    return std::vector{result(dbias(0), exact_sum(x))};
  });
  add("weight average", "train/exponential_moving_average.hpp", [](const auto& x) {
    // Steps so small that the average in T would not move.
    const auto network = [](T weight) {
      return Sequential<T>{{"affine", Affine<T>(full<T>({1, 1}, weight), Tensor<T>({1}))}};
    };
    const double decay = std::is_same_v<T, float> ? 0.999 : 0.99;
    ExponentialMovingAverage<T> average(network(x[0]), decay);
    Exact exact = x[0];
    Exact scale = std::abs(exact);
    for (Index n = 0; n < 5000; ++n) {
      const T weight = x[static_cast<std::size_t>(n)];
      average.update(network(weight));
      const double kept =
          std::min(decay, (1 + static_cast<double>(n)) / (10 + static_cast<double>(n)));
      exact += static_cast<Exact>(static_cast<T>(1 - kept)) * (static_cast<Exact>(weight) - exact);
      scale = std::max(scale, std::abs(static_cast<Exact>(weight)));
    }
    return std::vector{Result{average.network().parameters()[0]->value(0, 0), exact, scale}};
  });
  return list;
}

/// Numbers that are hard to add up.
template <class T>
std::map<std::string, std::vector<T>> hard_numbers() {
  static constexpr std::size_t n = 30'000;
  Rng rng(3);
  const auto fill = [](const auto& number) {
    std::vector<T> x(n);
    for (std::size_t i = 0; i < n; ++i) x[i] = static_cast<T>(number(i));
    return x;
  };
  return {
      {"years", fill([](std::size_t i) { return 2000.0 + static_cast<double>(i * 7919 % 25); })},
      {"years in order",
       fill([](std::size_t i) { return 2000.0 + static_cast<double>(i / 1'200); })},
      {"a constant", fill([](std::size_t) { return 100.3; })},
      {"a small constant", fill([](std::size_t) { return 0.1; })},
      {"alternating", fill([](std::size_t i) { return i % 2 == 0 ? 1000.1 : -1000; })},
      {"a wide range", fill([&](std::size_t i) {
         return (i % 3 == 0 ? -1 : 1) * std::pow(10, rng.uniform(-5, 3));
       })},
      {"one outlier first", fill([](std::size_t i) { return i == 0 ? 1e6 : 0.3; })},
      {"normal", fill([&](std::size_t) { return rng.normal(); })},
  };
}

template <class T>
class Sums : public testing::Test {};
using Elements = testing::Types<float, double>;
TYPED_TEST_SUITE(Sums, Elements);

TYPED_TEST(Sums, AreAsExactAsPairwiseOnes) {
  using T = TypeParam;
  constexpr Exact most_units = 12;
  const auto list = reductions<T>();
  for (const auto& hard : hard_numbers<T>()) {
    test::at_every_level([&] {
      for (const Reduction<T>& reduction : list) {
        for (const Result& each : reduction.run(hard.second)) {
          const Exact error = std::abs(each.value - each.exact);
          EXPECT_LE(error, most_units * epsilon<T> * each.scale)
              << reduction.name << " of " << hard.first << ": " << each.value << " instead of "
              << each.exact << ", " << error / (epsilon<T> * each.scale) << " units";
        }
      }
    });
  }
}

/// What adds up by itself, in words of the code.
bool adds_up(const std::string& code) {
  for (const char* word :
       {".sum()", ".mean()", ".dot(", ".norm()", "accumulate(", "add_up_rows(", "add_up_columns(",
        "add_up_halves(", "sum_pairwise<", "sum += ", "loss += "}) {
    if (code.find(word) != std::string::npos) return true;
  }
  return false;
}

// Whoever adds a reduction adds it to the list above, or says here why it is not one.
TEST(Sums, AreAllInTheList) {
  namespace fs = std::filesystem;
  std::map<std::string, std::string> known{
      {"functional/deviations.hpp", "terms, which others add up"},
      {"simd/kernels-inl.hpp", "products, each sum a chain"},
      {"simd/kernels.hpp", "what all others call; its own test"},
      {"simd/vector_math.hpp", "the formula of one addition"},
      {"conv/narrow_weight_gradient.hpp", "products, each sum a chain over positions"},
      {"conv/weight_gradient.hpp", "products, each sum a chain over positions"},
      {"functional/attention.hpp", "calls add_up_columns for a row of scores or features"},
      {"functional/map_coordinates.hpp", "four neighbours"},
      {"simd/wrap_around.hpp", "integers, whose sums are exact"},
      {"nn/initializers.hpp", "in double"},
      {"net/execution.hpp", "one addition for each reader of a value"},
      {"net/plan.hpp", "bytes"},
      {"net/neural_network.hpp", "FLOP"},
      {"data/augmentation.hpp", "the few weights of a window, in double"},
      {"tools/check_gradients.hpp", "in double"},
      {"tools/layer_contract.hpp", "compares layers with themselves"},
      {"tools/profile.hpp", "milliseconds, in double"},
      {"train/evaluation.hpp", "one loss for each batch, in double"},
      {"train/metrics.hpp", "in double; its own test"},
      {"train/trainer.hpp", "one loss for each step, in double"},
      {"io/network_file.hpp", "numbers of elements"},
      {"io/cpp_file.hpp", "no numbers, but text"},
      {"io/cpp_functions.hpp", "text of programs for devices"},
      {"data/batches.hpp", "weights of samples, in double"},
      {"data/resize_and_crop.hpp", "the few pixels of a window, in double"},
      {"nn/layers/standardization.hpp", "in double; its own test"},
  };
  for (const auto& reduction : reductions<float>()) known[reduction.header] = reduction.name;
  std::set<std::string> found;
  const fs::path root = fs::path(DLFS_INCLUDE_DIRECTORY) / "dlfs";
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string name = fs::relative(entry.path(), root).generic_string();
    if (entry.path().extension() != ".hpp" || name.find("reference/") != std::string::npos)
      continue;
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    if (!adds_up(text.str())) continue;
    EXPECT_TRUE(known.contains(name)) << name << " adds up and is not in the list";
    found.insert(name);
  }
  EXPECT_GE(found.size(), 15u);
}

}  // namespace
}  // namespace dlfs
