// Small networks by dlfs, on one thread: SIZE numbers in each of two hidden layers, between 8
// inputs and 2 outputs, with ReLU. Run by small_networks.py.
//
//   dlfs_small SIZE            nanoseconds of predictions of one sample and of a step of 32
//   dlfs_small SIZE FILE.hpp   writes the network as C++, in the namespace small
#include <cstdio>
#include <cstdlib>

#include "measure.hpp"
#include <dlfs/dlfs.hpp>
#include <dlfs/io/cpp_file.hpp>

using namespace dlfs;

int main(int argc, char** argv) {
  if (argc < 2) return EXIT_FAILURE;
  set_thread_count(1);
  const Index hidden = std::atol(argv[1]);
  Rng rng(1);
  Sequential<float> network({8}, rng,
                            {{"affine1", Affine<float>({.out = hidden}, He{})},
                             {"relu1", Relu<float>()},
                             {"affine2", Affine<float>({.out = hidden}, He{})},
                             {"relu2", Relu<float>()},
                             {"affine3", Affine<float>({.out = 2}, He{})}});
  if (argc == 3) {
    write_cpp(argv[2], network, {8}, {.name = "small"});
    return EXIT_SUCCESS;
  }
  const auto x = random_normal<float>({1, 8}, rng);
  Tensor<float> y({1, 2});
  report_small("predict, into given memory", [&] {
    network.predict(x, y);
    consume(y);
  });
  report_small("predict", [&] { consume(network.predict(x)); });

  Trainer trainer(network, MeanSquaredError<float>(), Sgd<float>({.learning_rate = 0.01}));
  const Dataset<float, Tensor<float>> batch{random_normal<float>({32, 8}, rng),
                                            random_normal<float>({32, 2}, rng)};
  report_small("step of 32", [&] { trainer.step(batch); });
}
