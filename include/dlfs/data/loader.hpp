#pragma once

#include <algorithm>
#include <concepts>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
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

namespace detail {

/// What compilers say of a loader of a temporary.
struct a_source_outlives_its_loader;

}  // namespace detail

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
/// there are several. If the system refuses threads, it goes on with fewer. A forked child has
/// threads of its own; if the source forks, the child must not return from it.
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
        shared_(std::make_unique<Shared>(threads_)) {
    begin_epoch(0);
  }
  /// Does not compile; the name of the last argument says why.
  template <class S, class Reason = detail::a_source_outlives_its_loader>
    requires(!std::same_as<S, detail::SourceRef<T, Targets>> && DataSource<S, T, Targets>)
  Loader(const S&&, const Rng&, const LoaderOptions& = {}, Augment = {})
  = delete;
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
    next_ = first;
    shared_->begin(first);
  }

  /// The next batch of the epoch, valid until the next call.
  /// @throws ValueError after the epoch's last batch; what the source or the augmentation throws.
  const Batch& next() & {
    if (next_ >= batch_count()) throw ValueError("loader: the epoch has no more batches");
    if (!has_threads()) {
      Slot& slot = shared_->slot_of(next_);
      prepare(next_++, slot);
      return slot.batch;
    }
    Shared& shared = *shared_;
    std::unique_lock lock(shared.mutex);
    const Index i = next_++;
    shared.next = next_;
    shared.changed.notify_all();  // the batch before is free
    Slot& slot = shared.slot_of(i);
    shared.changed.wait(lock, [&] { return slot.ready == i; });
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

  /// What the caller and the threads both use. It lives on where a thread may still use it.
  struct Shared {
    explicit Shared(Index threads) : slots(static_cast<std::size_t>(2 * threads + 1)) {}

    Slot& slot_of(Index i) { return slots[static_cast<std::size_t>(i % std::ssize(slots))]; }

    /// The next batch is the one at `first`.
    void begin(Index first) {
      next = claimed = first;
      for (Slot& slot : slots) slot.ready = -1;
    }

    // The caller uses batch next - 1; a thread may use the slots of the others.
    bool may_claim(Index batch_count) const {
      return claimed < batch_count && claimed < next - 1 + std::ssize(slots);
    }

    std::vector<Slot> slots;
    Index next = 0;
    Index claimed = 0;
    bool stopping = false;
    std::vector<std::thread> workers;
    std::mutex mutex;
    std::condition_variable changed;
  };

  void prepare(Index i, Slot& slot) const {
    source_.take(sampler_.batch(i), slot.batch);
    if (augment_) augment_(slot.batch.inputs, sampler_.batch(i), epoch_rng_);
  }

  /// Starts the threads unless they run. If there are none, later calls do not ask again.
  bool has_threads() {
    start_over_if_forked();
    if (threads_ == 0 || !shared_->workers.empty()) return threads_ > 0;
    shared_->stopping = false;
    forks_ = detail::ThreadPool::instance().forks();
    try {
      while (std::ssize(shared_->workers) < threads_) {
        shared_->workers.push_back(std::thread([this, &shared = *shared_] { work(shared); }));
      }
    } catch (const std::exception&) {  // std::system_error or std::bad_alloc
      threads_ = std::ssize(shared_->workers);
    }
    return threads_ > 0;
  }

  void stop() {
    start_over_if_forked();
    Shared& shared = *shared_;
    {
      const std::lock_guard lock(shared.mutex);
      shared.stopping = true;
    }
    shared.changed.notify_all();
    bool is_worker = false;  // that ends the process
    for (std::thread& worker : shared.workers) {
      if (worker.get_id() == std::this_thread::get_id()) {
        is_worker = true;
      } else {
        worker.join();
      }
    }
    if (is_worker) return give_up_shared();
    shared.workers.clear();
  }

  /// A forked child has none of the threads, and what they were writing is unfinished.
  void start_over_if_forked() {
    if (shared_->workers.empty() || forks_ == detail::ThreadPool::instance().forks()) return;
    give_up_shared();
    shared_->begin(next_);
  }

  /// Leaves the memory to whoever may still use it.
  void give_up_shared() {
    auto fresh = std::make_unique<Shared>(threads_);
    shared_.release();  // NOLINT(bugprone-unused-return-value)
    shared_ = std::move(fresh);
  }

  void work(Shared& shared) const {
    const detail::SerialLoops serial;
    std::unique_lock lock(shared.mutex);
    while (true) {
      shared.changed.wait(lock, [&] { return shared.stopping || shared.may_claim(batch_count()); });
      if (shared.stopping) return;
      const Index i = shared.claimed++;
      Slot& slot = shared.slot_of(i);
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
      shared.changed.notify_all();
    }
  }

  detail::SourceRef<T, Targets> source_;
  Rng rng_;
  Rng epoch_rng_{0};
  Index threads_;
  BatchSampler sampler_;
  Augment augment_;
  Index next_ = 0;
  std::unique_ptr<Shared> shared_;
  int forks_ = 0;  // of the pool, when the threads began
};

}  // namespace dlfs
DLFS_STRICT_MATH_END
