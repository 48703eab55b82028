// A layer of one's own: y = x where x > 0, else a x, with a slope a that it learns (PReLU).
// Run:     custom_layer [--data DIR] [--epochs N] [--batch-size N] [--seed N]
// Expect:  gradients that agree with central differences, then the accuracy and the slope
//
// Source: He et al., "Delving deep into rectifiers" (2015).
#include <array>
#include <cstdio>

#include "support/digits.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>
#include <dlfs/io/progress.hpp>

using namespace dlfs;

template <class T>
struct PRelu {
  using Scalar = T;
  static LayerTraits traits() { return {.kind = "prelu", .keeps_input = true}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<T>& pass) const {
    const auto x = as_array(pass.x);
    as_array(pass.y) = (x > T(0)).select(x, slope.value(0) * x);
  }
  void backward(const BackwardPass<T>& pass) const {
    const auto x = as_array(pass.x), dy = as_array(pass.dy);
    const T da = (x > T(0)).select(T(0), x * dy).sum();
    pass.gradients[0](0) = pass.store == Store::add ? pass.gradients[0](0) + da : da;
    if (pass.needs_dx()) as_array(pass.dx) = (x > T(0)).select(dy, slope.value(0) * dy);
  }
  std::array<Parameter<T>*, 1> parameters() { return {&slope}; }
  Parameter<T> slope{"slope", full<T>({1}, T(0.25))};
};

static void run(const examples::Options& options) {
  Rng rng(options.seed);
  const auto report = check_gradients(PRelu<double>(), random_normal<double>({5, 4}, rng));
  std::printf("gradients: %s\n", to_string(report).c_str());
  const auto digits = examples::load_digits<float>(options);
  Sequential<float> network{{"affine1", Affine<float>({.in = 784, .out = 100}, He{}, rng)},
                            {"prelu1", PRelu<float>()},
                            {"affine2", Affine<float>({.in = 100, .out = 10}, Xavier{}, rng)}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(),
                  {.epochs = options.epochs, .batch_size = options.batch_size});
  show_progress(trainer);
  trainer.fit(digits.train, digits.test);
  std::printf("slope: %.3f\n", network.parameters()[2]->value(0));
  std::printf("test accuracy: %.4f\n", accuracy(network, digits.test));
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "A layer of one's own", .epochs = 10, .batch_size = 100}, run);
}
