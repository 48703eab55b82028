// What looks into an object must not outlive it. Each way to look into one that expires is listed
// here: it does not compile, or gives a value, or takes the object over.
// tests/layering/references_test.cpp finds the member functions that are not ref-qualified.
#include <concepts>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <Eigen/Core>
#include <gtest/gtest.h>

#include "dlfs/core/tensor.hpp"
#include "dlfs/dlfs.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

#define DLFS_X std::forward<decltype(x)>(x)
#define DLFS_WAY(...)                             \
  [](auto&& x) requires requires { __VA_ARGS__; } \
  {}

template <class Way, class Object>
constexpr bool compiles = std::is_invocable_v<Way, Object>;

/// Whether a way is open to an object that lasts, and to none that expires.
template <class Object, class Way>
constexpr bool is_of_lasting(Way) {
  return compiles<Way, Object&> && !compiles<Way, Object> && !compiles<Way, const Object>;
}
/// The same, and a const object is no hindrance.
template <class Object, class Way>
constexpr bool is_of_any_lasting(Way way) {
  return is_of_lasting<Object>(way) && compiles<Way, const Object&>;
}

using Float = Tensor<float>;
using View = TensorView<const float>;

// Views by the members of a tensor.
static_assert(is_of_any_lasting<Float>(DLFS_WAY(DLFS_X.view())));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(DLFS_X[0])));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(DLFS_X.rows(0, 1))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(DLFS_X.slice(0, {}))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(DLFS_X(all))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(DLFS_X(0, ellipsis))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(DLFS_X.transpose())));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(DLFS_X.transpose({0, 1}))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(DLFS_X.broadcast_to(Shape{1}))));

// Pointers into one.
static_assert(is_of_any_lasting<Float>(DLFS_WAY(DLFS_X.data())));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(DLFS_X.begin())));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(DLFS_X.end())));
static_assert(is_of_any_lasting<Shape>(DLFS_WAY(DLFS_X.begin())));
static_assert(is_of_any_lasting<Shape>(DLFS_WAY(DLFS_X.end())));
static_assert(is_of_any_lasting<AlignedBuffer<float>>(DLFS_WAY(DLFS_X.data())));
static_assert(is_of_any_lasting<Scratch<float>>(DLFS_WAY(DLFS_X.data())));
static_assert(is_of_any_lasting<Scratch<float>>(DLFS_WAY(DLFS_X[0])));

// Views by a conversion, wherever a view is initialised, kept or assigned.
static_assert(is_of_any_lasting<Float>(DLFS_WAY(View(DLFS_X))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(View{DLFS_X})));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(static_cast<View>(DLFS_X))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(std::declval<View&>() = DLFS_X)));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(std::optional<View>(DLFS_X))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(std::pair<int, View>(1, DLFS_X))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(std::vector<View>{DLFS_X, DLFS_X})));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(std::initializer_list<View>{DLFS_X})));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(std::vector<View>().push_back(DLFS_X))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(ForwardPass<float>{.x = DLFS_X, .y = {}})));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(NormalizedBy<float>{.mean = DLFS_X})));
static_assert(std::is_convertible_v<Float&, View> && std::is_convertible_v<const Float&, View>);
static_assert(!std::is_convertible_v<Float, View> && !std::is_convertible_v<const Float, View>);
static_assert(!std::is_constructible_v<View, Float> && !std::is_assignable_v<View&, Float>);
static_assert(!std::is_convertible_v<Float, TensorView<float>>);

// Views, maps and lists by functions.
static_assert(is_of_any_lasting<Float>(DLFS_WAY(const_view(DLFS_X))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(as_matrix(DLFS_X))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(as_array(DLFS_X))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(as_matrix<const float>(DLFS_X))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(as_array<const float>(DLFS_X))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(swap_axes(DLFS_X, 0, 1))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(move_axis(DLFS_X, 0, 1))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(squeeze(DLFS_X))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(squeeze(DLFS_X, 0))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(expand_dims(DLFS_X, 0))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(ravel(DLFS_X))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(flip(DLFS_X, 0))));
static_assert(is_of_any_lasting<Float>(DLFS_WAY(split(DLFS_X, 2))));
static_assert(is_of_any_lasting<Eigen::MatrixXf>(DLFS_WAY(as_view(DLFS_X))));

// An argument is not kept.
using Arg = TensorArg<float>;
static_assert(std::is_convertible_v<Float, Arg> && std::is_convertible_v<const Float&, Arg> &&
              std::is_convertible_v<View, Arg> && std::is_convertible_v<TensorView<float>, Arg>);
static_assert(std::is_convertible_v<Arg&, Arg> && std::is_convertible_v<Arg&, View>);
static_assert(!std::is_copy_constructible_v<Arg> && !std::is_move_constructible_v<Arg> &&
              !std::is_assignable_v<Arg&, Float> && !std::is_assignable_v<Arg&, Arg&>);

// References and pointers into networks, layers and what belongs to them.
using Net = Sequential<float>;
static_assert(is_of_lasting<Net>(DLFS_WAY(DLFS_X.forward(std::declval<Float&>()))));
static_assert(is_of_lasting<Net>(DLFS_WAY(DLFS_X.forward(std::declval<Float>()))));
static_assert(is_of_lasting<Net>(DLFS_WAY(DLFS_X.backward_to_input(std::declval<Float&>()))));
static_assert(is_of_any_lasting<Net>(DLFS_WAY(DLFS_X.parameters())));
static_assert(is_of_any_lasting<Net>(DLFS_WAY(DLFS_X.buffers())));
static_assert(is_of_any_lasting<Net>(DLFS_WAY(DLFS_X.layer(0))));
static_assert(is_of_any_lasting<Net>(DLFS_WAY(DLFS_X.layer_name(0))));
static_assert(is_of_any_lasting<Net>(DLFS_WAY(DLFS_X.composition())));
static_assert(is_of_any_lasting<AnyLayer<float>>(DLFS_WAY(DLFS_X.parameters())));
static_assert(is_of_lasting<AnyLayer<float>>(DLFS_WAY(DLFS_X.buffers())));
static_assert(is_of_any_lasting<AnyLayer<float>>(DLFS_WAY(DLFS_X.composition())));
template <class... Layers>
constexpr bool show_no_parameters_of_expiring() {
  return (is_of_lasting<Layers>(DLFS_WAY(DLFS_X.parameters())) && ...);
}
static_assert(
    show_no_parameters_of_expiring<
        Affine<float>, Convolution<float>, TransposedConvolution<float>, BatchNormalization<float>,
        LayerNormalization<float>, Lstm<float>, Gru<float>, Rnn<float>, Embedding<float>,
        Linear<float>, RmsNormalization<float>, LearnedPositionalEncoding<float>,
        MultiHeadAttention<float>, GroupNormalization<float>, InstanceNormalization<float>,
        PRelu<float>, Convolution1d<float>, Residual<float>, Parallel<float>>());
static_assert(is_of_lasting<BatchNormalization<float>>(DLFS_WAY(DLFS_X.buffers())));
static_assert(is_of_any_lasting<Residual<float>>(DLFS_WAY(DLFS_X.composition())));
static_assert(is_of_any_lasting<Parallel<float>>(DLFS_WAY(DLFS_X.composition())));
static_assert(is_of_any_lasting<MeanSquaredError<float>>(DLFS_WAY(DLFS_X.backward())));
static_assert(is_of_any_lasting<SoftmaxCrossEntropy<float>>(DLFS_WAY(DLFS_X.backward())));
template <class... Optimizers>
constexpr bool show_nothing_of_expiring() {
  return ((is_of_lasting<Optimizers>(DLFS_WAY(DLFS_X.options())) &&
           is_of_lasting<Optimizers>(DLFS_WAY(DLFS_X.state()))) &&
          ...);
}
static_assert(show_nothing_of_expiring<AdaGrad<float>, Adam<float>, AdamW<float>, Momentum<float>,
                                       Nesterov<float>, RmsProp<float>, Sgd<float>>());
static_assert(is_of_any_lasting<BatchSampler>(DLFS_WAY(DLFS_X.batch(0))));
static_assert(is_of_any_lasting<ExponentialMovingAverage<float>>(DLFS_WAY(DLFS_X.network())));
using Training = Trainer<float, SoftmaxCrossEntropy<float>, Sgd<float>>;
static_assert(is_of_any_lasting<Training>(DLFS_WAY(DLFS_X.history())));
static_assert(is_of_lasting<Training>(DLFS_WAY(DLFS_X.optimizer())));
static_assert(is_of_lasting<Training>(DLFS_WAY(DLFS_X.fit({}, {}))));

// What keeps a reference to its argument takes none that expires.
static_assert(is_of_lasting<Net>(DLFS_WAY(Training(DLFS_X, {}, Sgd<float>()))));
static_assert(is_of_any_lasting<Dataset<float>>(DLFS_WAY(Loader<float>(DLFS_X, Rng(1)))));
static_assert(is_of_any_lasting<FunctionSource<float>>(DLFS_WAY(Loader<float>(DLFS_X, Rng(1)))));
static_assert(is_of_any_lasting<ByteDataset>(DLFS_WAY(Loader<float>(DLFS_X, Rng(1)))));
static_assert(is_of_lasting<Loader<float>>(DLFS_WAY(DLFS_X.next())));
static_assert(is_of_any_lasting<Loader<float>>(DLFS_WAY(DLFS_X.samples())));
static_assert(is_of_lasting<StreamState<float>>(DLFS_WAY(predict_step(Float(), DLFS_X))));

// What keeps its argument takes over one that expires.
constexpr auto forward = DLFS_WAY(std::declval<Net&>().forward(DLFS_X));
static_assert(compiles<decltype(forward), const Float&> && compiles<decltype(forward), Float> &&
              !compiles<decltype(forward), const Float>);

// Values where they are small.
static_assert(std::same_as<decltype(Float()(0)), float> &&
              std::same_as<decltype(Float().item()), float>);
static_assert(std::same_as<decltype(std::declval<const Float>().item()), float>);
static_assert(std::same_as<decltype(std::declval<Float&>().item()), float&>);
static_assert(std::same_as<decltype(Float().shape()), Shape> &&
              std::same_as<decltype(std::declval<Float&>().shape()), const Shape&>);
static_assert(std::same_as<decltype(std::declval<StreamState<float>>().input_shape()), Shape> &&
              std::same_as<decltype(std::declval<StreamState<float>>().output_shape()), Shape>);
static_assert(std::same_as<decltype(View().shape()), Shape> &&
              std::same_as<decltype(View().strides()), Strides> &&
              std::same_as<decltype(View().layout()), Layout>);
static_assert(std::same_as<decltype(Float().reshape({-1})), Float>);

/// Memory that was freed is used by these, so that what still looks at it sees other values.
std::vector<Float> use_memory(const Shape& shape) {
  return std::vector<Float>(10, full<float>(shape, 99));
}

TEST(Lifetime, ANetworkKeepsAnExpiringBatch) {
  Rng rng(1);
  Net net{{"affine", Affine<float>({.in = 30, .out = 2}, He{}, rng)}};
  const auto x = random_normal<float>({500, 30}, rng);
  const auto dy = random_normal<float>({500, 2}, rng);
  net.forward(x);
  net.backward(dy);
  const auto expected = net.parameters()[0]->gradient;
  net.forward(Float(x));
  const auto used = use_memory(x.shape());
  net.backward(dy);
  test::expect_equal(net.parameters()[0]->gradient, expected);
  auto moved = x;
  const float* const memory = moved.data();
  net.forward(std::move(moved));
  EXPECT_NE(moved.data(), memory) << "moved, not copied";
  Net other = std::move(net);
  other.backward(dy);
  test::expect_equal(other.parameters()[0]->gradient, expected);
}

TEST(Lifetime, ANestedListOwnsItsValues) {
  NestedList<float> list{{1, 2}, {3, 4}};
  const NestedList<float> other{{5, 6}, {7, 8}};
  test::expect_equal(array<float>(list), array<float>({{1, 2}, {3, 4}}));
  test::expect_equal(array<float>(other), array<float>({{5, 6}, {7, 8}}));
}

float sum_of_squares(TensorArg<float> x) { return sum(x * x); }
float sum_of_squares_of_half(TensorArg<float> x) {
  return sum_of_squares(x) + sum_of_squares(x[0]);
}

TEST(Lifetime, AnArgumentMayExpire) {
  const auto a = array<float>({{1, 2}, {3, 4}});
  EXPECT_EQ(sum_of_squares(a + a), 120);
  EXPECT_EQ(sum_of_squares(a), 30);
  EXPECT_EQ(sum_of_squares(a[0]), 5);
  EXPECT_EQ(sum_of_squares_of_half(a + a), 140);
  EXPECT_EQ(sum(a - a), 0);
  test::expect_equal(matmul(a + a, a - a), zeros<float>({2, 2}));
  EXPECT_EQ(concatenate<float>({a + a, a}).shape(), (Shape{4, 2}));
  EXPECT_EQ(stack<float>({a + a, a - a}).shape(), (Shape{2, 2, 2}));
  test::expect_equal(einsum<float>("ij,jk->ik", {a + a, a - a}), zeros<float>({2, 2}));
  EXPECT_EQ((a + a)(1, 1) + sum(a + a, 0)(0) + (a + a)(0, 0), 18);
  Rng rng(1);
  const Net net{{"affine", Affine<float>({.in = 2, .out = 1}, He{}, rng)}};
  test::expect_equal(net.predict(a + a), net.predict(2.0F * a));
  test::expect_equal(activations(net, a + a)[0].value, net.predict(2.0F * a));
}

TEST(Lifetime, AnArgumentIsNotCopied) {
  const auto address = [](TensorArg<float> x) { return x.data(); };
  Float a({1000});
  const float* const memory = a.data();
  EXPECT_EQ(address(a), memory);
  EXPECT_EQ(address(std::move(a)), memory);
  EXPECT_EQ(a.data(), memory);
}

TEST(Lifetime, ShapesOfExpiringTensorsAndViewsAreValues) {
  const Float a({2, 3});
  const Shape& of_sum = (a + a).shape();
  const Shape& of_rows = a.rows(0, 1).shape();
  EXPECT_EQ(of_sum, (Shape{2, 3}));
  EXPECT_EQ(of_rows, (Shape{1, 3}));
  Index size = 1;
  for (Index extent : (a + a).shape()) size *= extent;
  EXPECT_EQ(size, 6);
}

}  // namespace
}  // namespace dlfs
