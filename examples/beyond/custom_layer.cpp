// A layer of one's own: y = x + sin(a x)^2 / a, with a frequency a that it learns (Snake).
// Run:     custom_layer [--data DIR] [--epochs N] [--batch-size N] [--seed N]
// Expect:  gradients that agree with central differences, then the frequency and the accuracy
//
// Source: Ziyin et al., "Neural networks fail to learn periodic functions and how to fix it"
// (2020).
#include <array>
#include <cstdio>

#include "support/digits.hpp"
#include "support/program.hpp"
#include <dlfs/dlfs.hpp>
#include <dlfs/io/progress.hpp>

using namespace dlfs;

template <class T>
struct Snake {
  using Scalar = T;
  static LayerTraits traits() { return {.kind = "snake", .keeps_input = true}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<T>& pass) const {
    const auto x = as_array(pass.x);
    const T a = frequency.value(0);
    as_array(pass.y) = x + (a * x).sin().square() / a;
  }
  void backward(const BackwardPass<T>& pass) const {
    const auto x = as_array(pass.x), dy = as_array(pass.dy);
    const T a = frequency.value(0);
    const T da = (dy * (x * (2 * a * x).sin() - (a * x).sin().square() / a)).sum() / a;
    pass.gradients[0](0) = pass.store == Store::add ? pass.gradients[0](0) + da : da;
    if (pass.needs_dx()) as_array(pass.dx) = dy * (T(1) + (2 * a * x).sin());
  }
  std::array<Parameter<T>*, 1> parameters() { return {&frequency}; }
  Parameter<T> frequency{"frequency", ones<T>({1})};
};

static void run(const examples::Options& options) {
  Rng rng(options.seed);
  const auto report = check_gradients(Snake<double>(), random_normal<double>({5, 4}, rng));
  std::printf("gradients: %s\n", to_string(report).c_str());
  const auto digits = examples::load_digits<float>(options);
  Sequential<float> network{{"affine1", Affine<float>({.in = 784, .out = 100}, He{}, rng)},
                            {"snake1", Snake<float>()},
                            {"affine2", Affine<float>({.in = 100, .out = 10}, Xavier{}, rng)}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(),
                  {.epochs = options.epochs, .batch_size = options.batch_size});
  show_progress(trainer);
  trainer.fit(digits.train, digits.test);
  std::printf("frequency: %.3f\n", network.parameters()[2]->value(0));
  std::printf("test accuracy: %.4f\n", accuracy(network, digits.test));
}

int main(int argc, char** argv) {
  return examples::run_program(
      argc, argv, {.description = "A layer of one's own", .epochs = 10, .batch_size = 100}, run);
}
