// Training steps and predictions of the book's networks by dlfs. Run by compare.py.
//
//   dlfs_steps THREADS         milliseconds of each network's step and predictions; of a step also
//                              how often its FLOP at the FMA peak would fit in
//   dlfs_steps start           one prediction of SimpleConvNet, to time the process
//   dlfs_steps memory          ten steps of DeepConvNet, to see the process's memory
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "fma_peak.hpp"
#include "measure.hpp"
#include "networks.hpp"

namespace {

using namespace dlfs;

/// Of a training step: the forward pass, and twice as many for the gradients, of which the first
/// layer needs no input's.
double step_flop(const Sequential<float>& network, const Shape& x) {
  const Summary whole = summary(network, x);
  const auto first = std::ranges::find_if(whole.layers, [](const auto& l) { return l.flops > 0; });
  return static_cast<double>(3 * whole.flops - first->flops);
}

/// The time of a call as a multiple of what `flop` take at the FMA peak of all threads: the median
/// of pairs measured one after the other, as the machine changes its speed.
template <class F>
double times_peak(F&& call, double flop) {
  const std::vector<bench::FmaPeak> peaks(static_cast<std::size_t>(thread_count()));
  constexpr int runs = 1000;
  const double peak_flop = runs * static_cast<double>(peaks.size()) * peaks[0].flop();
  const auto run_all = [&] {
    parallel_for(std::ssize(peaks), [&](Index i) {
      for (int run = 0; run < runs; ++run) peaks[static_cast<std::size_t>(i)].run();
    });
  };
  std::array<double, 9> ratios;
  for (double& ratio : ratios) {
    const double peak = peak_flop / median_ms(run_all, 5);
    ratio = median_ms(call, 5) / (flop / peak);
  }
  std::ranges::nth_element(ratios, ratios.begin() + 4);
  return ratios[4];
}

template <class Network>
void measure() {
  Rng rng(1);
  const std::string name(Network::name);
  const Dataset<float> data = bench::random_batch(100);
  auto network = Network::make(rng);
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Network::optimizer());
  const auto step = [&] { trainer.step(data); };
  report(name, "step", median_ms(step));
  report(name, "step / its FLOP at the FMA peak",
         times_peak(step, step_flop(network, data.inputs.shape())));
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
