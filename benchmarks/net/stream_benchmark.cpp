// One sample at a time through small networks, as in an audio callback. The baseline is the same
// LSTM by hand on raw Eigen. See compare/pytorch_stream.py for PyTorch.
#include <cmath>
#include <string>

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include "dlfs/dlfs.hpp"

namespace {

using namespace dlfs;

/// A sequence of samples that the network takes one by one.
void run(benchmark::State& state, const Sequential<float>& network) {
  StreamState<float> stream = initial_state(network);
  float x = 0;
  for (auto _ : state) {
    x = x > 1 ? -1 : x + 0.01f;
    benchmark::DoNotOptimize(predict_step(x, stream));
  }
  state.SetItemsProcessed(state.iterations());
}

template <template <class> class Recurrent>
void RecurrentAndLinear(benchmark::State& state) {
  Rng rng(1);
  const Index H = state.range(0);
  run(state, {{"recurrent", Recurrent<float>({.in = 1, .hidden = H}, rng)},
              {"linear", Linear<float>({.in = H, .out = 1}, He{}, rng)}});
}
BENCHMARK(RecurrentAndLinear<Lstm>)->ArgName("hidden")->Arg(8)->Arg(16)->Arg(20)->Arg(32)->Arg(64);
BENCHMARK(RecurrentAndLinear<Gru>)->ArgName("hidden")->Arg(8)->Arg(16)->Arg(32)->Arg(64);

void CausalConvolutions(benchmark::State& state) {
  Rng rng(1);
  const Index C = state.range(0);
  Sequential<float> network;
  Index in = 1;
  for (const Index dilation : {1, 2, 4, 8}) {
    const Convolution1dOptions options{
        .in = in, .filters = C, .kernel = 3, .dilation = dilation, .causal = true};
    network.add("convolution" + std::to_string(dilation),
                Convolution1d<float>(options, Xavier{}, rng));
    network.add("tanh" + std::to_string(dilation), Tanh<float>());
    in = C;
  }
  network.add("mix", Convolution1d<float>({.in = C, .filters = 1, .kernel = 1}, Xavier{}, rng));
  run(state, network);
}
BENCHMARK(CausalConvolutions)->ArgName("channels")->Arg(8)->Arg(16)->Arg(32);

/// The LSTM by hand: one product with (x, h, 1).
void LstmAndLinearOnEigen(benchmark::State& state) {
  const Index H = state.range(0);
  const Eigen::MatrixXf W = Eigen::MatrixXf::Random(4 * H, H + 2) * 0.25f;
  const Eigen::RowVectorXf out = Eigen::RowVectorXf::Random(H);
  Eigen::VectorXf in = Eigen::VectorXf::Zero(H + 2), sums(4 * H);
  Eigen::ArrayXf c = Eigen::ArrayXf::Zero(H);
  in(H + 1) = 1;
  float x = 0;
  for (auto _ : state) {
    x = x > 1 ? -1 : x + 0.01f;
    in(0) = x;
    sums.noalias() = W * in;
    sums.head(3 * H) = (1 + (-sums.head(3 * H).array()).exp()).inverse();
    sums.tail(H) = sums.tail(H).array().tanh();
    c = sums.segment(H, H).array() * c + sums.head(H).array() * sums.tail(H).array();
    in.segment(1, H) = sums.segment(2 * H, H).array() * c.tanh();
    float y = out * in.segment(1, H);
    benchmark::DoNotOptimize(y);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(LstmAndLinearOnEigen)->ArgName("hidden")->Arg(16)->Arg(32)->Arg(64);

}  // namespace
