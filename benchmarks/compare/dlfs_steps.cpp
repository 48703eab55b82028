// Training steps and predictions of the book's networks by dlfs. Run by compare.py.
//
//   dlfs_steps THREADS         milliseconds of each network's step and predictions
//   dlfs_steps start           one prediction of SimpleConvNet, to time the process
//   dlfs_steps memory          ten steps of DeepConvNet, to see the process's memory
#include <cstdlib>
#include <cstring>

#include "measure.hpp"
#include "networks.hpp"

namespace {

using namespace dlfs;

template <class Network>
void measure() {
  Rng rng(1);
  const std::string name(Network::name);
  const Dataset<float> data = bench::random_batch(100);
  auto network = Network::make(rng);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Network::optimizer());
  report(name, "step", median_ms([&] { trainer.step(data); }));
  const Dataset<float> one = bench::random_batch(1);
  report(name, "predict 1", median_ms([&] { network.predict(one.inputs); }));
  report(name, "predict 100", median_ms([&] { network.predict(data.inputs); }));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  if (std::strcmp(argv[1], "start") == 0) {
    Rng rng(1);
    const auto network = bench::SimpleConvNet::make(rng);
    std::printf("%g\n", network.predict(bench::random_batch(1).inputs)(0, 0));
    return EXIT_SUCCESS;
  }
  if (std::strcmp(argv[1], "memory") == 0) {
    Rng rng(1);
    auto network = bench::DeepConvNet::make(rng);
    Trainer trainer(network, SoftmaxCrossEntropy<float>(), bench::DeepConvNet::optimizer());
    const Dataset<float> data = bench::random_batch(100);
    for (int i = 0; i < 10; ++i) trainer.step(data);
    return EXIT_SUCCESS;
  }
  set_thread_count(std::atoi(argv[1]));
  measure<bench::TwoLayerNet>();
  measure<bench::BatchNormNet>();
  measure<bench::SimpleConvNet>();
  measure<bench::DeepConvNet>();
  return EXIT_SUCCESS;
}
