#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "dlfs/core/option.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/data/batches.hpp"
#include "dlfs/data/source.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// Options of Loader.
struct LoaderOptions {
  Index batch_size = 100;          ///< samples in a batch
  BatchSamplerOptions sampling{};  ///< how batches are drawn
  /// Threads that prepare the next batches while the caller uses one; 0: the caller's own thread
  /// prepares each batch when it is asked for.
  Index threads = 0;

  /// @throws ValueError, naming the option that is out of its range.
  void check() const {
    detail::expect_option("loader", "batch_size", batch_size, detail::at_least(1));
    detail::expect_option("loader", "threads", threads, detail::between(0, 1024));
  }
};

/// Draws batches from a source, and prepares them ahead on threads of its own. The batches, their
/// order and every bit of them are the same for any number of threads.
///
///   Loader<float> loader(source, rng, {.batch_size = 32, .threads = 1});
///   for (Index epoch = 0; epoch < epochs; ++epoch) {
///     loader.begin_epoch(epoch);
///     for (Index i = 0; i < loader.batch_count(); ++i) {
///       const Dataset<float>& batch = loader.next();
///
/// It refers to the source, which must outlive it. The source is read by several threads at once if
/// there are several.
template <class T, class Targets = Labels>
class Loader {
 public:
  using Batch = Dataset<T, Targets>;  ///< what `next` returns
  /// Changes inputs, given the numbers of their samples and the generator of the epoch.
  using Augment = std::function<void(TensorView<T>, std::span<const Index>, const Rng&)>;

  /// Starts at epoch 0. `augment` changes every batch; it may be empty.
  /// @throws ValueError for options that are out of range or a source without samples.
  Loader(detail::SourceRef<T, Targets> source, const Rng& rng, const LoaderOptions& options = {},
         Augment augment = {})
      : source_(source),
        rng_(rng),
        threads_(detail::checked(options).threads),
        sampler_(source.size(), options.batch_size, rng, options.sampling),
        augment_(std::move(augment)),
        slots_(static_cast<std::size_t>(2 * options.threads + 1)) {
    begin_epoch(0);
  }
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;
  ~Loader() { stop(); }

  /// The number of batches in an epoch.
  Index batch_count() const { return sampler_.batch_count(); }

  /// Draws the batches of an epoch; `next` returns the one at `first`, then those after it.
  /// @throws ValueError if a number is negative or there are fewer batches.
  void begin_epoch(Index epoch, Index first = 0) {
    if (first < 0 || first > batch_count()) {
      throw ValueError("loader: batch ", first, " of an epoch of ", batch_count());
    }
    stop();
    sampler_.begin_epoch(epoch);
    // The sampler uses the streams of the generator itself.
    epoch_rng_ = rng_.stream(~std::uint64_t{0}).stream(static_cast<std::uint64_t>(epoch) + 1);
    next_ = claimed_ = first;
    for (Slot& slot : slots_) slot.ready = -1;
  }

  /// The next batch of the epoch, valid until the next call.
  /// @throws ValueError after the epoch's last batch; what the source or the augmentation throws.
  const Batch& next() & {
    if (next_ >= batch_count()) throw ValueError("loader: the epoch has no more batches");
    if (threads_ == 0) {
      Slot& slot = slot_of(next_);
      prepare(next_++, slot);
      return slot.batch;
    }
    if (workers_.empty()) start();
    std::unique_lock lock(mutex_);
    const Index i = next_++;
    changed_.notify_all();  // the batch before is free
    Slot& slot = slot_of(i);
    changed_.wait(lock, [&] { return slot.ready == i; });
    if (slot.error) std::rethrow_exception(std::exchange(slot.error, nullptr));
    return slot.batch;
  }

  /// The numbers of the last batch's samples. @throws ValueError before the epoch's first batch.
  std::span<const Index> samples() const& { return sampler_.batch(next_ - 1); }
  std::span<const Index> samples() const&& = delete;

 private:
  struct Slot {
    Batch batch;
    Index ready = -1;  // number of the batch that it holds
    std::exception_ptr error;
  };

  Slot& slot_of(Index i) { return slots_[static_cast<std::size_t>(i % std::ssize(slots_))]; }

  void prepare(Index i, Slot& slot) const {
    source_.take(sampler_.batch(i), slot.batch);
    if (augment_) augment_(slot.batch.inputs, sampler_.batch(i), epoch_rng_);
  }

  void start() {
    stopping_ = false;
    for (Index i = 0; i < threads_; ++i) workers_.push_back(std::thread([this] { work(); }));
  }

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& worker : workers_) worker.join();
    workers_.clear();
  }

  void work() {
    const detail::SerialLoops serial;
    std::unique_lock lock(mutex_);
    while (true) {
      // The caller uses batch next_ - 1; a worker may use the slots of the others.
      changed_.wait(lock, [&] { return stopping_ || may_claim(); });
      if (stopping_) return;
      const Index i = claimed_++;
      Slot& slot = slot_of(i);
      lock.unlock();
      std::exception_ptr error;
      try {
        prepare(i, slot);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      slot.error = error;
      slot.ready = i;
      changed_.notify_all();
    }
  }

  bool may_claim() const {
    return claimed_ < batch_count() && claimed_ < next_ - 1 + std::ssize(slots_);
  }

  detail::SourceRef<T, Targets> source_;
  Rng rng_;
  Rng epoch_rng_{0};
  Index threads_;
  BatchSampler sampler_;
  Augment augment_;
  std::vector<Slot> slots_;
  Index next_ = 0;
  Index claimed_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable changed_;
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
