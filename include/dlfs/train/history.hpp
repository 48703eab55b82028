#pragma once

#include <vector>

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The results of a training step.
struct StepRecord {
  Index epoch = 0;            ///< counted from 1
  Index step = 0;             ///< within the epoch, from 1
  Index steps_per_epoch = 0;  ///< steps in an epoch
  Index samples = 0;          ///< samples of this step's batch
  double loss = 0;            ///< loss of this step's batch, before the update
};

/// The results of an epoch.
struct EpochRecord {
  Index epoch = 0;            ///< counted from 1
  double train_loss = 0;      ///< mean over the epoch's samples, each before its update
  double train_accuracy = 0;  ///< after the epoch
  double test_accuracy = 0;   ///< after the epoch
  double seconds = 0;         ///< spent in the epoch's training steps
};

/// The course of a training.
struct History {
  std::vector<double> step_losses;  ///< one for each update
  std::vector<EpochRecord> epochs;  ///< one for each epoch that is done
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
