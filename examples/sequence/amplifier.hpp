#pragma once

#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "support/plot.hpp"
#include <dlfs/dlfs.hpp>

namespace sequence {

constexpr int sample_rate = 48'000;

/// Plucked strings, four notes a second: each is a loop of noise that loses its high tones first.
/// Source: Karplus and Strong, "Digital synthesis of plucked-string and drum timbres" (1983).
inline std::vector<float> plucked_strings(int seconds, dlfs::Rng rng) {
  std::vector<float> audio(static_cast<std::size_t>(seconds * sample_rate));
  for (int note = 0; note < 4 * seconds; ++note) {
    const double frequency = 80 * std::pow(2.0, rng.uniform(0, 3.5));
    std::vector<double> loop(static_cast<std::size_t>(sample_rate / frequency));
    const double loudness = rng.uniform(0.05, 0.4);
    for (double& x : loop) x = rng.uniform(-loudness, loudness);
    const auto begin = static_cast<std::size_t>(rng.below(std::ssize(audio)));
    for (std::size_t i = begin; i < audio.size(); ++i) {
      double& x = loop[(i - begin) % loop.size()];
      audio[i] += static_cast<float>(x);
      x = 0.499 * (x + loop[(i - begin + 1) % loop.size()]);
    }
  }
  return audio;
}

/// An amplifier that is driven too far, y = tanh(8 x), into a loudspeaker that passes what is below
/// 1 kHz, a low-pass filter with one pole.
inline std::vector<float> amplified(const std::vector<float>& audio) {
  const double share = 1 - std::exp(-2 * std::numbers::pi * 1000 / sample_rate);
  double y = 0;
  std::vector<float> output;
  for (const float x : audio) {
    y += share * (std::tanh(8.0 * static_cast<double>(x)) - y);
    output.push_back(static_cast<float>(y));
  }
  return output;
}

/// Windows of strings (N, steps, 1) as inputs, and as targets what the amplifier makes of them.
inline dlfs::Dataset<float, dlfs::Tensor<float>> amplifier_windows(int seconds, dlfs::Index steps,
                                                                   const dlfs::Rng& rng) {
  const std::vector<float> strings = plucked_strings(seconds, rng);
  const dlfs::Shape shape{std::ssize(strings) / steps, steps, 1};
  return {dlfs::from_range(strings).reshape(shape),
          dlfs::from_range(amplified(strings)).reshape(shape)};
}

/// Ten milliseconds of inputs, targets and a network's output.
inline dlfs::examples::Plot plot_of(const dlfs::Dataset<float, dlfs::Tensor<float>>& sound,
                                    const dlfs::Tensor<float>& output) {
  const auto part = [](const dlfs::Tensor<float>& all) {
    return dlfs::cast<double>(all.reshape({all.size()}).slice(0, {24'000, 24'480}));
  };
  const dlfs::Tensor<double> ms = dlfs::arange<double>(0, 480) / 48.0;
  return {
      .x_label = "ms",
      .series = {
          {.label = "strings", .x = ms, .y = part(sound.inputs)},
          {.label = "amplifier", .x = ms, .y = part(sound.targets)},
          {.label = "network", .x = ms, .y = part(output), .line = dlfs::examples::Line::dashed}}};
}

}  // namespace sequence
