#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <vector>

#include "dlfs/nn/parameter.hpp"
#include "dlfs/optim/optimizer.hpp"
#include "dlfs/train/history.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The progress of an unfinished epoch.
struct EpochProgress {
  Index steps = 0;
  Index samples = 0;
  double loss_sum = 0;  // sum of the samples' losses
  double seconds = 0;
};

/// The network after the epoch with the best test accuracy so far.
template <std::floating_point T>
struct BestEpoch {
  Index epoch = 0;
  double test_accuracy = -1;
  std::vector<Tensor<T>> values{};  // all parameters, then all buffers; empty unless requested
};

/// The state of a training between two steps: all that it needs to continue with the same numbers,
/// bit by bit.
template <std::floating_point T>
struct TrainerState {
  // These must be the same when the training continues.
  std::uint64_t seed = 0;
  Index batch_size = 0;
  std::string optimizer_kind{};  // "adam"; empty if the optimizer has no name
  std::string loss_kind{};

  std::vector<NamedTensor<T>> values{};  // all parameters, then all buffers
  Index network_steps = 0;
  OptimizerState<T> optimizer{0};
  Index updates = 0;
  EpochProgress progress{};
  History history{};
  BestEpoch<T> best{};

  Index epochs_done() const { return static_cast<Index>(history.epochs.size()); }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
