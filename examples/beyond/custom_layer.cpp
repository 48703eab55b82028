// A layer of one's own: y = x where x > 0, else a x, with a slope a that it learns (PReLU).
// Run:     custom_layer [--data DIR] [--epochs N] [--batch-size N] [--lr X] [--seed N]
// Expect:  gradients that agree with central differences, then the accuracy and the slope
//
// Source: He et al., "Delving deep into rectifiers" (2015).
#include <algorithm>
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
    std::transform(pass.x.data(), pass.x.data() + pass.x.size(), pass.y.data(),
                   [a = slope.value(0)](T x) { return x > 0 ? x : a * x; });
  }
  void backward(const BackwardPass<T>& pass) const {
    double da = pass.store == Store::add ? pass.gradients[0](0) : 0;
    for (Index i = 0; i < pass.x.size(); ++i) {
      const T x = pass.x.data()[i], dy = pass.dy.data()[i];
      if (x <= 0) da += static_cast<double>(x * dy);
      if (pass.needs_dx()) pass.dx.data()[i] = x > 0 ? dy : slope.value(0) * dy;
    }
    pass.gradients[0](0) = static_cast<T>(da);
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
  Trainer trainer(network, SoftmaxCrossEntropy<float>(),
                  Adam<float>({.learning_rate = options.learning_rate}),
                  {.epochs = options.epochs, .batch_size = options.batch_size});
  show_progress(trainer);
  trainer.fit(digits.train, digits.test);
  std::printf("slope: %.3f\n", network.parameters()[2]->value(0));
  std::printf("test accuracy: %.4f\n", accuracy(network, digits.test));
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "A layer of one's own",
                                .epochs = 10,
                                .batch_size = 100,
                                .learning_rate = 0.001},
                               run);
}
