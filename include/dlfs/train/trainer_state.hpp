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

/// How far an epoch is whose steps are not all done.
struct EpochProgress {
  Index steps = 0;
  Index samples = 0;
  double loss_sum = 0;  // over the samples
  double seconds = 0;
};

/// The network after the epoch whose test accuracy was the best so far.
template <std::floating_point T>
struct BestEpoch {
  Index epoch = 0;
  double test_accuracy = -1;
  std::vector<Tensor<T>> values{};  // of all parameters, then all buffers; none unless asked for
};

/// All that a training needs to go on where it was, with the same numbers bit by bit: between any
/// two steps.
template <std::floating_point T>
struct TrainerState {
  // These must be the same when it goes on.
  std::uint64_t seed = 0;
  Index batch_size = 0;
  std::string optimizer_kind{};  // "adam"; empty for one that does not say
  std::string loss_kind{};

  std::vector<NamedTensor<T>> values{};  // of all parameters, then all buffers
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
