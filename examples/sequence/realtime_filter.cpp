// A network learns what an amplifier does to audio, then runs in real time, sample by sample.
// Run:     realtime_filter [--network gru|tcn] [--epochs N] [--seed N] [--out DIR]
// Expect:  the error of audio that it has never heard, as a part of the signal, below 0.001;
//          realtime_filter.png; and the time of a sample beside the 20.8 us that 48 kHz leaves
//
// Source: Wright, Damskägg and Välimäki, "Real-time black-box modelling with recurrent neural
// networks" (2019).
#include <chrono>
#include <cstdio>

#include "sequence/amplifier.hpp"
#include "sequence/filters.hpp"
#include "support/program.hpp"
#include <dlfs/io/progress.hpp>

using namespace dlfs;

/// The energy of the error, as a part of that of the signal.
static double error_to_signal(const Tensor<float>& y, const Tensor<float>& t) {
  return sum(square(cast<double>(y - t))) / sum(square(cast<double>(t)));
}

static void run(const examples::Options& options) {
  const auto train = sequence::amplifier_windows(options.quick ? 2 : 40, 1000, Rng(1));
  const int seconds = options.quick ? 1 : 10;
  const auto test =
      sequence::amplifier_windows(seconds, seconds * sequence::sample_rate, Rng(2));  // one window
  Rng rng(options.seed);
  Sequential<float> network =
      options.choices.at("--network") == "gru" ? sequence::gru(rng) : sequence::tcn(rng);
  Trainer trainer(network, MeanSquaredError<float>(), Adam<float>(),
                  {.epochs = options.epochs,
                   .batch_size = options.batch_size,
                   .seed = options.seed,
                   .evaluate_training_data = false,
                   .clip_norm = 1});
  trainer.metric("error to signal", error_to_signal);
  const Index steps = options.epochs * ((train.size() - 1) / options.batch_size + 1);
  trainer.schedule(OneCycle{.peak = 0.01, .steps = steps});
  show_progress(trainer);
  trainer.fit(train, test);

  // Sample after sample, as the callback of a sound card asks for them.
  auto state = initial_state(network, {1, 1, 1});  // (N, T, C)
  Tensor<float> y(test.targets.shape());
  const auto begin = std::chrono::steady_clock::now();
  for (Index i = 0; i < y.size(); ++i) y.data()[i] = predict_step(test.inputs.data()[i], state);
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - begin;
  examples::show(sequence::plot_of(test, y), options.out, "realtime_filter");
  std::printf("error to signal: %.6f\n", error_to_signal(y, test.targets));
  std::printf("a sample takes %.0f ns: %.2f %% of real time\n",
              1e9 * time.count() / static_cast<double>(y.size()), 100 * time.count() / seconds);
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "A filter that runs in real time",
                                .epochs = 60,
                                .batch_size = 20,
                                .seed = 1,
                                .choices = {{"--network", "What learns it", {"gru", "tcn"}}},
                                .makes_its_data = true},
                               run);
}
