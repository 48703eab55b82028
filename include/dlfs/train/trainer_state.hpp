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
  Index steps = 0;      ///< steps that are done
  Index samples = 0;    ///< samples that were seen
  double loss_sum = 0;  ///< sum of the samples' losses
  double seconds = 0;   ///< time in its steps
};

/// The network after the epoch with the best watched value so far.
template <std::floating_point T>
struct BestEpoch {
  Index epoch = 0;                  ///< its number from 1; 0 for none
  double value = 0;                 ///< its value; see TrainerOptions::monitor
  std::vector<Tensor<T>> values{};  ///< all parameters, then all buffers; empty unless requested
};

/// The state of a training between two steps: all that it needs to continue with the same numbers,
/// bit by bit.
template <std::floating_point T>
struct TrainerState {
  // These must be the same when the training continues.
  std::uint64_t seed = 0;        ///< of the order of the samples
  Index batch_size = 0;          ///< samples in a batch
  Index accumulate = 1;          ///< batches of an update
  std::string optimizer_kind{};  ///< "adam"; empty if the optimizer has no name
  std::string loss_kind{};       ///< the loss, likewise

  std::vector<NamedTensor<T>> values{};  ///< all parameters, then all buffers
  Index network_steps = 0;               ///< training passes of the network
  OptimizerState<T> optimizer{0};        ///< what the optimizer remembers
  Index updates = 0;                     ///< updates of the weights
  Index epochs_before_fit = 0;           ///< epochs that were done when `fit` began
  EpochProgress progress{};              ///< the running epoch
  History history{};                     ///< the epochs so far
  BestEpoch<T> best{};                   ///< the best epoch so far

  /// How many epochs are complete.
  Index epochs_done() const { return history.epochs_done(); }
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
