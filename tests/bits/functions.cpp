// Digests of what functions, activations, reductions and random numbers give: see compare.sh.
#include <cmath>

#include "bits/digest.hpp"
#include "dlfs/dlfs.hpp"

namespace {

using namespace dlfs;
using test::print_digest;

template <class T>
void print_elementwise() {
  Rng rng(1);
  const Tensor<T> x = random_normal<T>({19, 53}, rng, 3);
  const Tensor<T> y = random_normal<T>({19, 53}, rng);
  const Tensor<T> positive = abs(x) + T(0.01);
  print_digest("exponentials", exp(x), expm1(x), sigmoid(x), tanh(x), log(positive), log2(positive),
               sqrt(positive));
  print_digest("functions", power(positive, y), cbrt(x), sin(x), cos(y), arctan(x), sinh(y),
               log10(positive), log1p(positive));
  print_digest("quotients", floor_divide(x, y), remainder(x, y), x / y, reciprocal(y));
  print_digest("arithmetic", x * y + x, x * T(3) - y * y, clip(x, T(-1), T(1)), square(x) - y);

  const auto activate = [&](const char* name, const auto& forward, const auto& backward) {
    Tensor<T> out(x.shape()), dx(x.shape());
    forward(x, out.view());
    backward(out, dx.view());
    print_digest(name, out, dx);
  };
  const TensorView<const T> dy = y;
  activate(
      "relu", [](auto& a, auto o) { relu(a, o); },
      [&](auto& o, auto dx) { relu_backward(o, dy, dx); });
  activate(
      "leaky_relu", [](auto& a, auto o) { leaky_relu(a, T(0.1), o); },
      [&](auto& o, auto dx) { leaky_relu_backward(o, T(0.1), dy, dx); });
  activate(
      "hard_sigmoid", [](auto& a, auto o) { hard_sigmoid(a, o); },
      [&](auto& o, auto dx) { hard_sigmoid_backward(o, dy, dx); });
  activate(
      "hard_swish", [](auto& a, auto o) { hard_swish(a, o); },
      [&](auto&, auto dx) { hard_swish_backward(x, dy, dx); });
  activate(
      "hard_tanh", [](auto& a, auto o) { hard_tanh(a, -1, 1, o); },
      [&](auto& o, auto dx) { hard_tanh_backward(o, -1, 1, dy, dx); });
  activate(
      "elu", [](auto& a, auto o) { elu(a, T(0.9), o); },
      [&](auto& o, auto dx) { elu_backward(o, T(0.9), dy, dx); });
  activate(
      "gelu", [](auto& a, auto o) { gelu(a, o); },
      [&](auto&, auto dx) { gelu_backward(x, dy, dx); });
  activate(
      "gelu_tanh", [](auto& a, auto o) { gelu_tanh(a, o); },
      [&](auto&, auto dx) { gelu_tanh_backward(x, dy, dx); });
  activate(
      "softplus", [](auto& a, auto o) { softplus(a, o); },
      [&](auto& o, auto dx) { softplus_backward(o, dy, dx); });
  activate(
      "sigmoid", [](auto& a, auto o) { sigmoid(a, o); },
      [&](auto& o, auto dx) { sigmoid_backward(o, dy, dx); });
  activate(
      "swish", [](auto& a, auto o) { swish(a, o); },
      [&](auto&, auto dx) { swish_backward(x, dy, dx); });
  activate(
      "tanh", [](auto& a, auto o) { tanh(a, o); },
      [&](auto& o, auto dx) { tanh_backward(o, dy, dx); });
}

template <class T>
void print_reductions() {
  Rng rng(2);
  const Tensor<T> x = random_normal<T>({67, 45}, rng, 3);
  const Tensor<T> targets = softmax(random_normal<T>({67, 45}, rng));
  print_digest("sums", sum(x), sum(x, 0), sum(x, 1), mean(x), mean(x, 0), cumsum(x, 1));
  print_digest("deviations", variance(x), variance(x, 0), standard_deviation(x, 1), norm(x),
               norm(x, 1));
  print_digest("softmax", softmax(x), log_softmax(x), log_sum_exp(x));
  Tensor<T> dx(x.shape());
  print_digest("cross_entropy", softmax_cross_entropy(x, const_view(targets), dx.view()), dx);
  MeanSquaredError<T> error;
  print_digest("mean_squared_error", error.forward(x, targets), error.backward());
  const auto print_loss = [&](const char* name, auto loss) {
    const T value = loss.forward(x, targets);
    print_digest(name, value, loss.backward());
  };
  print_loss("smoothed_cross_entropy", SoftmaxCrossEntropy<T>({.label_smoothing = 0.1}));
  print_loss("kullback_leibler", KullbackLeibler<T>());
  print_loss("mean_absolute_error", MeanAbsoluteError<T>());
  print_loss("huber", Huber<T>({.delta = 0.7}));
  print_loss("binary_cross_entropy", BinaryCrossEntropy<T>({.pos_weight = full<T>({1}, T(1.3))}));
  print_loss("sigmoid_focal", SigmoidFocal<T>());
  print_digest("products", dot(x[0], targets[0]), einsum<T>("ij,ij->i", {x, targets}),
               outer(x[0], x[1]));
  for (const Index k : {1, 3, 7, 16, 200}) {
    const Tensor<T> a = random_normal<T>({21, k}, rng);
    const Tensor<T> b = random_normal<T>({k, 35}, rng);
    const Tensor<T> columns = copy(a.transpose());
    print_digest("matmul", matmul(a, b), matmul(columns.transpose(), b));
  }
  const Tensor<T> images = random_normal<T>({2, 3, 9, 9}, rng);
  Tensor<T> pooled({2, 3, 4, 4}), spread(images.shape());
  const Window2d window{.kernel = 3, .stride = 2};
  average_pooling(images, window, pooled.view());
  average_pooling_backward(pooled, window, spread.view());
  print_digest("average_pooling", pooled, spread);
  const Quantized<T> quantized = quantize(x, 0);
  print_digest("quantization", dequantize(quantized));
}

template <class T>
void print_layer(const char* name, auto layer, const Shape& shape) {
  Rng rng(3);
  Sequential<T> network{{"layer", std::move(layer)}};
  const Tensor<T> x = random_normal<T>(shape, rng, 2);
  const Tensor<T>& y = network.forward(x);
  Tensor<T> first = y;
  const Tensor<T> dy = random_normal<T>(y.shape(), rng);
  Tensor<T> dx = network.backward_to_input(dy);
  test::Digest gradients;
  for (const auto* parameter : network.parameters()) gradients.add(parameter->gradient);
  print_digest(name, first, dx, network.predict(x), gradients.value());
}

template <class T>
void print_layers() {
  Rng rng(4);
  print_layer<T>("batch_normalization", BatchNormalization<T>({.features = 5}), {7, 5, 3, 4});
  print_layer<T>("layer_normalization", LayerNormalization<T>({.features = 45}), {6, 45});
  print_layer<T>("lstm", Lstm<T>({.in = 7, .hidden = 13}, rng), {19, 4, 7});
  print_layer<T>("gru", Gru<T>({.in = 7, .hidden = 13}, rng), {19, 4, 7});
  print_layer<T>("rnn", Rnn<T>({.in = 7, .hidden = 13}, rng), {19, 4, 7});
  print_layer<T>("rms_normalization", RmsNormalization<T>({.features = 45}), {6, 45});
  print_layer<T>("attention",
                 MultiHeadAttention<T>({.features = 12, .heads = 3, .causal = true}, rng),
                 {3, 21, 12});
  print_layer<T>("group_normalization", GroupNormalization<T>({.groups = 3, .features = 6}),
                 {7, 6, 3, 5});
  print_layer<T>("prelu", PRelu<T>({.slopes = 5}), {7, 5, 13});
  print_layer<T>("softmax_layer", Softmax<T>(), {6, 5, 7});
  print_layer<T>("log_softmax_layer", LogSoftmax<T>(), {6, 45});
  print_layer<T>("upsampling",
                 Upsampling<T>({.factor = {2, 3}, .interpolation = Interpolation::bilinear}),
                 {2, 3, 5, 7});
  print_layer<T>("adaptive_average_pooling", AdaptiveAveragePooling<T>({3, 2}), {2, 3, 7, 5});
  print_layer<T>(
      "convolution1d",
      Convolution1d<T>({.in = 3, .filters = 5, .dilation = 2, .causal = true}, He{}, rng),
      {2, 3, 19});
  print_layer<T>("dropout", Dropout<T>({.ratio = 0.3}, rng), {9, 31});
  print_layer<T>(
      "transposed_convolution",
      TransposedConvolution<T>({.in = 3, .filters = 5, .kernel = 3, .stride = 2}, He{}, rng),
      {2, 3, 6, 5});
  print_layer<T>("convolution",
                 Convolution<T>({.in = 3, .filters = 5, .kernel = 3, .stride = 2}, He{}, rng),
                 {2, 3, 11, 9});
  print_layer<T>("pointwise", Convolution<T>({.in = 12, .filters = 17, .kernel = 1}, He{}, rng),
                 {3, 12, 5, 5});
}

void print_random_numbers() {
  Rng rng(5);
  // One after the other: compilers evaluate arguments in different orders.
  print_digest("random_normal", random_normal<double>({5000}, rng));
  print_digest("random_normal", random_normal<float>({5000}, rng));
  print_digest("random_uniform", random_uniform<float>({500}, rng, -0.3, 0.7));
  print_digest("random_integers", random_integers<int>({50}, rng, 0, 1000));
  print_digest("permutation", permutation(50, rng));
  Tensor<float> weight({30, 30});
  const Fans fans{30, 40};
  const auto print_initializer = [&](const char* name, const auto& initializer) {
    initializer(weight, fans, rng);
    print_digest(name, weight);
  };
  print_initializer("normal", Normal{0.03});
  print_initializer("uniform", Uniform{0.03});
  print_initializer("xavier", Xavier{.distribution = Xavier::Distribution::uniform});
  print_initializer("he", He{});
  print_digest("ranges", arange<double>(0.1, 9, 0.3), linspace<float>(-1, 2, 77),
               logspace<double>(-1, 2, 33));
  const OneCycle cycle{.peak = 0.3, .steps = 40};
  const CosineDecay cosine{.rate = 0.3, .steps = 40, .last_rate = 0.01};
  const ExponentialDecay exponential{.rate = 0.3, .factor = 0.9};
  Tensor<double> rates({40, 3});
  for (Index i = 0; i < 40; ++i) {
    rates(i, 0) = cycle(i);
    rates(i, 1) = cosine(i);
    rates(i, 2) = exponential(i);
  }
  print_digest("schedules", rates);
  const auto digits = generated_digits<float>(8, rng);
  print_digest("generated_digits", digits.inputs);
  Tensor<float> images = digits.inputs;
  const std::vector<Index> samples{0, 1, 2, 3, 4, 5, 6, 7};
  const Augmentation distort({.shift = 2, .rotation = 15, .scale = 0.1, .elastic = 34});
  distort(images.view(), samples, rng);
  print_digest("augmentation", images);
  Tensor<double> at = random_normal<double>({7}, rng);
  print_digest("numerical_gradient",
               numerical_gradient([](const Tensor<double>& x) { return sum(x * x * x); }, at));
}

void print() {
  print_elementwise<float>();
  print_elementwise<double>();
  print_reductions<float>();
  print_reductions<double>();
  print_layers<float>();
  print_layers<double>();
  print_random_numbers();
}

}  // namespace

int main() { return test::print_levels(print); }
