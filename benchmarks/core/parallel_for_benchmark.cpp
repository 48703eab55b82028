// How long a loop must be for two threads to pay: loops of two equal pieces of pure arithmetic, one
// after the other, by the number of threads and the length of a loop in runs of FmaPeak.
#include "dlfs/core/parallel_for.hpp"

#include <array>

#include <benchmark/benchmark.h>

#include "fma_peak.hpp"

namespace dlfs {
namespace {

void arithmetic_in_two_pieces(benchmark::State& state) {
  set_thread_count(static_cast<int>(state.range(0)));
  const Index runs = state.range(1);
  const std::array<bench::FmaPeak, 2> pieces;
  for (auto _ : state) {
    parallel_for(2, [&](Index piece) {
      for (Index run = 0; run < runs / 2; ++run) pieces[static_cast<std::size_t>(piece)].run();
    });
  }
  state.counters["FLOP"] = benchmark::Counter(static_cast<double>(runs) * pieces[0].flop(),
                                              benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(arithmetic_in_two_pieces)
    ->ArgsProduct({{1, 2}, {20, 40, 100, 200, 400, 2000}})
    ->ArgNames({"threads", "runs"})
    ->Unit(benchmark::kMicrosecond)
    ->UseRealTime();

}  // namespace
}  // namespace dlfs
