#include "dlfs/tools/layer_contract.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"

// For each sentence of nn/layer.hpp a layer that breaks it, and what is said of it.

namespace dlfs::layer_contract_test {
namespace {

using Forward = ForwardPass<double>;
using Backward = BackwardPass<double>;

/// y = x s, for x (N, 3), which keeps all promises.
struct Scaling {
  using Scalar = double;
  static LayerTraits traits() { return {.kind = "scaling", .keeps_input = true}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const Forward& pass) const { assign(pass.y, pass.x * s.value); }
  void backward(const Backward& pass) const {
    auto gradient = pass.gradients[0];
    if (pass.store == Store::add) {
      gradient += sum(pass.x * pass.dy, 0);
    } else {
      assign(gradient, sum(pass.x * pass.dy, 0));
    }
    if (pass.needs_dx()) assign(pass.dx, pass.dy * s.value);
  }
  std::array<Parameter<double>*, 1> parameters() { return {&s}; }

  Parameter<double> s{"s", array<double>({0.5, -1.5, 2})};
};

/// y = x, which keeps all promises and has no parameters.
struct Handing {
  using Scalar = double;
  static LayerTraits traits() { return {.kind = "handing"}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const Forward& pass) const { assign(pass.y, pass.x); }
  void backward(const Backward& pass) const { assign(pass.dx, pass.dy); }
};

// "pass.y: to be written".
struct AddsToY : Handing {
  void forward(const Forward& pass) const {
    auto y = pass.y;
    y += pass.x;
  }
};
struct ForgetsPartOfY : Handing {
  void forward(const Forward& pass) const {
    for (Index n = 1; n < pass.x.extent(0); ++n) assign(pass.y[n], pass.x[n]);
  }
};
struct WritesBesideY : Handing {
  void forward(const Forward& pass) const {
    Handing::forward(pass);
    pass.y.data()[pass.y.size()] = 0;
  }
};
struct WritesX : Handing {
  void forward(const Forward& pass) const {
    Handing::forward(pass);
    const_cast<double&>(pass.x.data()[0]) = 0;
  }
};

// "forward_rows(rows): writes rows.y as `forward` does, if that needs no more than DenseRows".
struct OtherRows : Handing {
  void forward_rows(const DenseRows<double>& rows) const {
    for (Index i = 0; i < rows.rows * rows.x_size; ++i) rows.y[i] = 2 * rows.x[i];
  }
};
struct RowsBesideY : Handing {
  void forward_rows(const DenseRows<double>& rows) const {
    std::copy_n(rows.x, rows.rows * rows.x_size, rows.y);
    rows.y[rows.rows * rows.y_size] = 0;
  }
};
struct RowsWithoutSavedBytes : Handing {
  static Index saved_bytes(const Shape& x) { return 8 * x[0]; }
  void forward_rows(const DenseRows<double>& rows) const {
    std::copy_n(rows.x, rows.rows * rows.x_size, rows.y);
  }
};

// "saved_bytes(x.shape()) bytes which the backward pass of the same samples finds again".
template <class Base>
struct Saving : Base {
  Index saved_bytes(const Shape& x) const { return x.size() * Index{sizeof(double)}; }
  void forward(const Forward& pass) const {
    Base::forward(pass);
    if (pass.saved != nullptr) std::copy_n(pass.x.data(), pass.x.size(), numbers(pass.saved));
  }
  static double* numbers(std::byte* saved) { return reinterpret_cast<double*>(saved); }
};
struct SavesTooMuch : Saving<Handing> {
  Index saved_bytes(const Shape& x) const { return (x.size() - 1) * Index{sizeof(double)}; }
};
struct SavesTheSquareOfTheRows : Saving<Handing> {
  Index saved_bytes(const Shape& x) const { return 100 * x[0] * x.size(); }
};
struct SpoilsWhatItSaved : Saving<Handing> {
  void backward(const Backward& pass) const {
    const double first = numbers(pass.saved)[0];
    assign(pass.dx, pass.dy * first);
    numbers(pass.saved)[0] = 1;
  }
};
struct NeedsSavedInForward : Saving<Handing> {
  void forward(const Forward& pass) const {
    Saving::forward(pass);
    if (pass.saved == nullptr) assign(pass.y, 0.0);
  }
};
struct WritesBesideSaved : Saving<Handing> {
  void backward(const Backward& pass) const {
    Handing::backward(pass);
    numbers(pass.saved)[pass.dy.size()] = 0;
  }
};

// "Some layers compute otherwise while they train", those that draw numbers or collect statistics.
struct DoublesInTraining : Handing {
  void forward(const Forward& pass) const {
    assign(pass.y, pass.x * (pass.mode == PassMode::train ? 2.0 : 1.0));
  }
};

// "What random layers derive their numbers from".
struct DrawsAtWill : Handing {
  void forward(const Forward& pass) const { assign(pass.y, pass.x + rng->uniform()); }
  std::shared_ptr<Rng> rng = std::make_shared<Rng>(1);
};
struct NumbersSamplesFromItsTile : Handing {
  void forward(const Forward& pass) const {
    for (Index n = 0; n < pass.x.extent(0); ++n) {
      assign(pass.y[n], pass.x[n] * static_cast<double>(pass.step + static_cast<std::size_t>(n)));
    }
  }
};

// "pass.x: only a shape, without data, unless the trait is keeps_input", and so y.
struct ReadsX : Scaling {
  static LayerTraits traits() { return {.kind = "reads x"}; }
};
struct ReadsY : Handing {
  void backward(const Backward& pass) const { assign(pass.dx, pass.dy * pass.y); }
};

// "pass.dx: to be written, unless needs_dx()".
struct AddsToDx : Handing {
  void backward(const Backward& pass) const {
    auto dx = pass.dx;
    dx += pass.dy;
  }
};
struct WritesBesideDx : Handing {
  void backward(const Backward& pass) const {
    Handing::backward(pass);
    pass.dx.data()[-1] = 0;
  }
};
struct DoesNotAskForDx : Scaling {
  void backward(const Backward& pass) const {
    Scaling::backward(pass);
    assign(pass.dx, pass.dy * s.value);
  }
};
struct ForgetsTheGradientWithoutDx : Scaling {
  void backward(const Backward& pass) const {
    if (pass.needs_dx()) Scaling::backward(pass);
  }
};
struct NeedsTheGradientForDx : Scaling {
  static LayerTraits traits() {
    LayerTraits traits = Scaling::traits();
    traits.skips_gradients = true;
    return traits;
  }
  void backward(const Backward& pass) const {
    if (pass.needs_gradient(0)) return Scaling::backward(pass);
    if (pass.needs_dx()) assign(pass.dx, pass.dy);
  }
};
struct WritesDy : Handing {
  void backward(const Backward& pass) const {
    Handing::backward(pass);
    const_cast<double&>(pass.dy.data()[0]) = 0;
  }
};

// "gradients: to be written or added to as store says".
struct AlwaysOverwrites : Scaling {
  void backward(const Backward& pass) const {
    Backward other = pass;
    other.store = Store::overwrite;
    Scaling::backward(other);
  }
};
struct AlwaysAdds : Scaling {
  void backward(const Backward& pass) const {
    Backward other = pass;
    other.store = Store::add;
    Scaling::backward(other);
  }
};
struct WritesBesideItsGradient : Scaling {
  void backward(const Backward& pass) const {
    Scaling::backward(pass);
    pass.gradients[0].data()[3] = 0;
  }
};

// "It remembers nothing of a batch", "any number of threads".
struct RemembersABatch : Scaling {
  static LayerTraits traits() { return {.kind = "remembers"}; }
  void forward(const Forward& pass) const {
    Scaling::forward(pass);
    *x = copy(pass.x);
  }
  void backward(const Backward& pass) const {
    Backward other = pass;
    other.x = *x;
    Scaling::backward(other);
  }
  std::shared_ptr<Tensor<double>> x = std::make_shared<Tensor<double>>();
};
struct OneThreadOnly : Handing {
  void forward(const Forward& pass) const {
    const bool is_alone = ++*inside == 1;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
    assign(pass.y, pass.x * (is_alone ? 1.0 : 2.0));
    --*inside;
  }
  std::shared_ptr<std::atomic<int>> inside = std::make_shared<std::atomic<int>>(0);
};

// "each on its own rows", "whole_batch", "gradients are sums over the samples".
struct SubtractsTheMean : Handing {
  void forward(const Forward& pass) const {
    if (pass.x.extent(0) > 0) assign(pass.y, pass.x - mean(pass.x, 0));
  }
  void backward(const Backward& pass) const {
    if (pass.dx.extent(0) > 0) assign(pass.dx, pass.dy - mean(pass.dy, 0));
  }
};
struct DividesByTheRows : Scaling {
  void backward(const Backward& pass) const {
    Scaling::backward(pass);
    auto gradient = pass.gradients[0];
    if (pass.store == Store::overwrite) gradient /= static_cast<double>(pass.x.extent(0));
  }
};
struct CannotBeEmpty : Scaling {
  void backward(const Backward& pass) const {
    if (pass.x.extent(0) > 0) Scaling::backward(pass);
  }
};

// "output_shape(x): the shape of y", "traits()".
struct GivesFewerRows : Handing {
  Shape output_shape(const Shape& x) const { return x.with(0, x[0] - 1); }
};
struct ShapeByTheRows : Handing {
  Shape output_shape(const Shape& x) const { return {x[0], x[0] + 2}; }
};
struct WithoutKind : Handing {
  static LayerTraits traits() { return {}; }
};
struct NegativeFlops : Handing {
  Index flops(const Shape&) const { return -1; }
};
struct NegativeBytes : Handing {
  Index saved_bytes(const Shape&) const { return -8; }
};

// "A value type", "a pure function of its parameters".
struct SharesItsParameter : Handing {
  static LayerTraits traits() { return {.kind = "shares", .keeps_input = true}; }
  void forward(const Forward& pass) const { inner->forward(pass); }
  void backward(const Backward& pass) const { inner->backward(pass); }
  std::array<Parameter<double>*, 1> parameters() { return {&inner->s}; }
  std::shared_ptr<Scaling> inner = std::make_shared<Scaling>();
};
struct KeepsTheFirstValue : Scaling {
  void backward(const Backward& pass) const {
    Scaling::backward(pass);
    if (pass.needs_dx()) assign(pass.dx, pass.dy * first);
  }
  Tensor<double> first = s.value;
};
struct TwoOfOneName : Scaling {
  std::array<Parameter<double>*, 2> parameters() { return {&s, &t}; }
  void backward(const Backward& pass) const {
    Scaling::backward(pass);
    if (pass.store == Store::overwrite) assign(pass.gradients[1], 0.0);
  }
  Parameter<double> t{"s", ones<double>({1})};
};
struct WithoutName : Scaling {
  WithoutName() { s.name.clear(); }
};

// "update_buffers takes what a training pass saved into the layer's state".
struct Collecting : Saving<Handing> {
  std::array<NamedTensor<double>*, 1> buffers() { return {&*seen}; }
  void update_buffers(const Shape&, const std::byte*) {}
  std::shared_ptr<NamedTensor<double>> seen =
      std::make_shared<NamedTensor<double>>("seen", ones<double>({1}));
};
struct CollectsInForward : Collecting {
  void forward(const Forward& pass) const {
    Saving::forward(pass);
    seen->value(0) += 1;
  }
};
struct ObservesAtWill : Saving<Handing> {
  std::array<NamedTensor<double>*, 1> buffers() { return {&seen}; }
  void update_buffers(const Shape&, const std::byte*) {
    seen.value(0) = static_cast<double>(++*calls);
  }
  NamedTensor<double> seen{"seen", ones<double>({1})};
  std::shared_ptr<int> calls = std::make_shared<int>(0);
};

// "f(x) never decreases with x and has no parameters, element by element".
struct Falling : Handing {
  static LayerTraits traits() { return {.kind = "falling", .is_monotone = true}; }
  void forward(const Forward& pass) const { assign(pass.y, -pass.x); }
  void backward(const Backward& pass) const { assign(pass.dx, -pass.dy); }
};
struct RisingByPlace : Handing {
  static LayerTraits traits() { return {.kind = "by place", .is_monotone = true}; }
  void forward(const Forward& pass) const { assign(pass.y, pass.x * array<double>({1, 2, 3})); }
  void backward(const Backward& pass) const { assign(pass.dx, pass.dy * array<double>({1, 2, 3})); }
};
struct MonotoneWithParameter : Scaling {
  static LayerTraits traits() {
    return {.kind = "monotone", .keeps_input = true, .is_monotone = true};
  }
};
struct DoublesTheMaximum : Handing {
  static LayerTraits traits() { return {.kind = "doubles", .takes_maximum = true}; }
  void forward(const Forward& pass) const { assign(pass.y, 2.0 * pass.x); }
  void backward(const Backward& pass) const { assign(pass.dx, 2.0 * pass.dy); }
};

Tensor<double> inputs() {
  return array<double>({{0.5, -1.5, 2}, {-0.3, 0.9, -2.5}, {1.1, -0.7, 0.2}, {0.4, 1.3, -0.6}});
}

struct Case {
  AnyLayer<double> layer;
  std::string_view says;
};

std::vector<Case> faulty_layers() {
  return {
      {AddsToY(), "forward does not overwrite all of pass.y"},
      {ForgetsPartOfY(), "forward does not overwrite all of pass.y"},
      {WritesBesideY(), "forward writes outside of pass.y"},
      {WritesX(), "forward changes x"},
      {OtherRows(), "forward_rows gives another y than forward"},
      {RowsBesideY(), "forward_rows writes outside of rows.y"},
      {RowsWithoutSavedBytes(), "forward_rows is for a layer that saves nothing"},
      {SavesTooMuch(), "forward writes more than saved_bytes() into pass.saved"},
      {SavesTheSquareOfTheRows(), "more than 8 times that of a row"},
      {SpoilsWhatItSaved(), "pass.saved must stay as it is"},
      {NeedsSavedInForward(), "forward gives another y without pass.saved"},
      {WritesBesideSaved(), "backward writes outside of pass.saved"},
      {DoublesInTraining(), "forward gives another y in PassMode::evaluate"},
      {DrawsAtWill(), "the same pass gives other numbers the second time"},
      {NumbersSamplesFromItsTile(), "of a batch give other numbers than within it"},
      {ReadsX(), "backward reads pass.x, but traits() has no keeps_input"},
      {ReadsY(), "backward reads pass.y, but traits() has no keeps_output"},
      {AddsToDx(), "backward does not overwrite all of pass.dx"},
      {WritesBesideDx(), "backward writes outside of pass.dx"},
      {DoesNotAskForDx(), "backward where nobody wants dx (see pass.needs_dx()) throws"},
      {ForgetsTheGradientWithoutDx(), "other gradients of parameters where nobody wants dx"},
      {NeedsTheGradientForDx(), "backward without the gradient of s gives other numbers"},
      {WritesDy(), "backward changes pass.dy"},
      {AlwaysOverwrites(),
       "backward does not add to the gradient of s where pass.store is "
       "Store::add"},
      {AlwaysAdds(),
       "backward does not overwrite the gradient of s where pass.store is "
       "Store::overwrite"},
      {WritesBesideItsGradient(), "backward writes outside of the gradient of s"},
      {RemembersABatch(), "the layer must remember nothing of a batch"},
      {OneThreadOnly(), "two threads that use the layer at the same time get other numbers"},
      {SubtractsTheMean(), "a layer that needs all of them has the trait whole_batch"},
      {DividesByTheRows(), "do not add up to that of the batch"},
      {CannotBeEmpty(), "a batch of no rows gives a gradient of s that is not zero"},
      {GivesFewerRows(), "it must have as many rows"},
      {ShapeByTheRows(), "only the rows may differ"},
      {WithoutKind(), "traits() has no kind"},
      {NegativeFlops(), "flops is -1"},
      {NegativeBytes(), "saved_bytes is -8"},
      {SharesItsParameter(), "a copy of the layer shares its parameters or buffers with it"},
      {KeepsTheFirstValue(), "the layer keeps something of what they were"},
      {TwoOfOneName(), "parameters() names s twice"},
      {WithoutName(), "parameter 0 has no name"},
      {CollectsInForward(), "forward or backward change its buffers(); only update_buffers may"},
      {ObservesAtWill(), "update_buffers gives other buffers() for the same saved bytes"},
      {Falling(), "y does not rise with x, element by element"},
      {RisingByPlace(), "y does not rise with x, element by element"},
      {MonotoneWithParameter(), "is_monotone and takes_maximum are for no parameters"},
      {DoublesTheMaximum(), "y is other than a maximum of x"},
  };
}

std::vector<std::string> faults_of(const AnyLayer<double>& layer) {
  std::vector<std::string> faults;
  detail::LayerContract<double>("it", layer, inputs(), PassMode::train, 1, faults).check();
  return faults;
}

TEST(LayerContract, FindsEachFault) {
#if defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "some of the faults are races";
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
  GTEST_SKIP() << "some of the faults are races";
#endif
#endif
  for (const Case& one : faulty_layers()) {
    bool is_found = false;
    std::string all;
    for (const std::string& fault : faults_of(one.layer)) {
      is_found |= fault.starts_with("it: ") && fault.find(one.says) != std::string::npos;
      all += str_cat("\n  ", fault);
    }
    EXPECT_TRUE(is_found) << one.says << "; found:" << all;
  }
}

TEST(LayerContract, AcceptsLayersThatKeepIt) {
  for (const AnyLayer<double>& layer :
       {AnyLayer<double>(Scaling()), AnyLayer<double>(Handing()),
        AnyLayer<double>(Saving<Handing>()), AnyLayer<double>(Relu<double>())}) {
    for (const std::string& fault : faults_of(layer)) ADD_FAILURE() << fault;
  }
}

/// Each kind of layer with a batch for it.
std::vector<std::pair<AnyLayer<double>, Tensor<double>>> layers_of_the_library() {
  Rng rng(1);
  const auto rows = random_uniform<double>({4, 6}, rng, 0.1, 1);
  const auto images = random_normal<double>({3, 4, 6, 5}, rng);
  const auto sequences = random_normal<double>({3, 4, 6}, rng);
  std::vector<std::pair<AnyLayer<double>, Tensor<double>>> layers;
  const auto add = [&](AnyLayer<double> layer, const Tensor<double>& x) {
    layers.emplace_back(std::move(layer), x);
  };
  add(Relu<double>(), images);
  add(Sigmoid<double>(), images);
  add(Tanh<double>(), images);
  add(Elu<double>(), images);
  add(LeakyRelu<double>(), images);
  add(Gelu<double>(), images);
  add(Gelu<double>({.approximate = GeluApproximation::tanh}), images);
  add(Swish<double>(), images);
  add(Softplus<double>(), images);
  add(Identity<double>(), images);
  add(HardSigmoid<double>(), images);
  add(HardSwish<double>(), images);
  add(HardTanh<double>(), images);
  add(PRelu<double>(), rows);
  add(PRelu<double>({.slopes = 4}), images);
  add(Softmax<double>(), rows);
  add(Softmax<double>(), images);
  add(LogSoftmax<double>(), rows);
  add(LogSoftmax<double>(), images);
  add(Reshape<double>({2, 3}), rows);
  add(Permute<double>({0, 2, 3, 1}), images);
  add(SliceAxis<double>(2, {.start = 1, .step = 2}), images);
  add(PixelShuffle<double>(2), images);
  add(Upsampling<double>({.factor = {2, 3}}), images);
  add(Upsampling<double>({.interpolation = Interpolation::bilinear}), images);
  add(AdaptiveAveragePooling<double>({4, 2}), images);
  add(GroupNormalization<double>({.groups = 2, .features = 4}), images);
  add(GroupNormalization<double>({.groups = 3, .features = 6}), rows);
  add(InstanceNormalization<double>({.features = 4}), images);
  add(Flatten<double>(), images);
  add(PadChannels<double>({.channels = 5}), images);
  add(GlobalAveragePooling<double>(), images);
  add(AveragePooling<double>({.kernel = 2, .stride = 2, .padding = 1}), images);
  add(MaxPooling<double>({.kernel = 2, .stride = 2}), images);
  add(MaxPooling<double>({.kernel = 3, .stride = 2}, {.ceil_mode = true}), images);
  add(AveragePooling<double>({.kernel = 3, .stride = 2, .padding = 1},
                             {.ceil_mode = true, .count_include_pad = false}),
      images);
  add(MaxPooling<double>({.kernel = 3, .padding = 1}), images);
  const auto volumes = random_normal<double>({6, 4, 5, 4, 3}, rng);
  add(Convolution3d<double>({.in = 4, .filters = 6, .kernel = 2, .padding = 1, .groups = 2}, He{},
                            rng),
      volumes);
  add(MaxPooling3d<double>({.kernel = 2, .stride = {2, 1, 1}}), volumes);
  add(AveragePooling3d<double>({.kernel = {1, 2, 2}, .padding = {0, 1, 1}}), volumes);
  add(AveragePooling1d<double>({.kernel = 3, .stride = 2, .padding = 1}), sequences);
  add(MaxPooling1d<double>({.kernel = 2, .stride = 2}), sequences);
  add(Convolution1d<double>({.in = 4, .filters = 6, .padding = 1, .groups = 2}, He{}, rng),
      sequences);
  add(Convolution1d<double>({.in = 4, .filters = 3, .dilation = 2, .causal = true}, He{}, rng),
      sequences);
  add(Affine<double>({.in = 6, .out = 3}, He{}, rng), rows);
  add(Affine<double>({.in = 120, .out = 3}, He{}, rng), images);
  add(Convolution<double>({.in = 4, .filters = 6, .padding = 1, .groups = 2}, He{}, rng), images);
  add(Convolution<double>({.in = 4, .filters = 3, .stride = 2, .bias = false}, He{}, rng), images);
  add(TransposedConvolution<double>({.in = 4, .filters = 3, .stride = 2}, He{}, rng), images);
  add(BatchNormalization<double>({.features = 4}), images);
  add(BatchNormalization<double>({.features = 6}), rows);
  add(LayerNormalization<double>({.features = 6}), rows);
  add(LayerNormalization<double>({.features = 30}), images);
  add(Lstm<double>({.in = 6, .hidden = 3}, rng), sequences);
  add(Gru<double>({.in = 6, .hidden = 3}, rng), sequences);
  add(Rnn<double>({.in = 6, .hidden = 3, .reverse = true}, rng), sequences);
  add(Linear<double>({.in = 6, .out = 3}, He{}, rng), sequences);
  add(RmsNormalization<double>({.features = 6}), sequences);
  add(PositionalEncoding<double>({.length = 5, .features = 6}), sequences);
  add(LearnedPositionalEncoding<double>({.length = 5, .features = 6}, Normal{.std = 1}, rng),
      sequences);
  add(MultiHeadAttention<double>({.features = 6, .heads = 3}, rng), sequences);
  add(MultiHeadAttention<double>({.features = 6, .heads = 2, .causal = true}, rng), sequences);
  add(LastStep<double>(), sequences);
  add(Dropout<double>({.ratio = 0.5}, rng), images);
  add(Dropout<double>({.ratio = 0.5, .scaling = DropoutScaling::in_evaluation}, rng), images);
  add(residual_block<double>(4, 8, 2, rng), images);
  add(Residual<double>(
          {{"affine", Affine<double>({.in = 6, .out = 6}, He{}, rng)}, {"tanh", Tanh<double>()}}),
      rows);
  add(inception<double>({.in = 4,
                         .filters_1x1 = 2,
                         .reduced_3x3 = 2,
                         .filters_3x3 = 2,
                         .reduced_5x5 = 2,
                         .filters_5x5 = 2,
                         .filters_pool = 2},
                        rng),
      images);
  return layers;
}

TEST(LayerContract, AcceptsEveryLayerOfTheLibrary) {
  for (const auto& [layer, x] : layers_of_the_library()) {
    for (const PassMode mode : {PassMode::train, PassMode::evaluate}) {
      std::vector<std::string> faults;
      detail::LayerContract<double>(std::string(layer.traits().kind), layer, x, mode, 1, faults)
          .check();
      for (const std::string& fault : faults) ADD_FAILURE() << fault;
    }
  }
}

TEST(CheckGradients, RejectsALayerWithAFaultAndSaysWhich) {
  const GradientReport report = check_gradients(AlwaysOverwrites(), inputs());
  EXPECT_LT(report.worst.error, 1e-7);
  EXPECT_FALSE(report.passes(1e-7));
  EXPECT_NE(
      to_string(report).find("; layer: backward does not add to the gradient of layer.s where "
                             "pass.store is Store::add; "),
      std::string::npos)
      << to_string(report);
  Sequential<double> network{{"first", Handing()}, {"second", ReadsY()}};
  EXPECT_EQ(to_string(check_gradients(network, inputs())),
            "second: backward reads pass.y, but traits() has no keeps_output");
}

}  // namespace
}  // namespace dlfs::layer_contract_test
