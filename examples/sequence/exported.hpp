#pragma once

#include <algorithm>
#include <filesystem>

#include <dlfs/dlfs.hpp>
#include <dlfs/io.hpp>

namespace sequence {

/// Writes a training for another library into a folder:
///
///   weights.npz   the weights of the network as they are
///   data.npz      inputs, targets, test_inputs, test_targets, and order (epochs, N): the numbers
///                 of the samples as a Trainer with this seed takes them, batch after batch
inline void export_training(const std::filesystem::path& folder,
                            const dlfs::Sequential<float>& network,
                            const dlfs::Dataset<float>& train, const dlfs::Dataset<float>& test,
                            int epochs, dlfs::Index batch_size, std::uint64_t seed) {
  std::filesystem::create_directories(folder);
  dlfs::save_weights(folder / "weights.npz", network);
  dlfs::Tensor<float> order({epochs, train.size()});
  dlfs::BatchSampler sampler(train.size(), batch_size, dlfs::Rng(seed));
  float* to = order.data();
  for (int epoch = 0; epoch < epochs; ++epoch) {
    sampler.begin_epoch(epoch);
    for (dlfs::Index i = 0; i < sampler.batch_count(); ++i) {
      const auto batch = sampler.batch(i);
      to = std::copy(batch.begin(), batch.end(), to);
    }
  }
  const auto targets = dlfs::cast<float>(train.targets),
             test_targets = dlfs::cast<float>(test.targets);
  dlfs::write_npz<float>(folder / "data.npz", {{"inputs", train.inputs},
                                               {"targets", targets},
                                               {"test_inputs", test.inputs},
                                               {"test_targets", test_targets},
                                               {"order", order}});
}

}  // namespace sequence
