#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "dlfs/core/error.hpp"
#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The first row of a piece, where `rows` are cut into `pieces` of nearly equal size.
constexpr Index piece_begin(Index rows, Index pieces, Index piece) {
  if (pieces == 1) return rows * piece;  // the usual case of small loops, without divisions
  return rows / pieces * piece + rows % pieces * piece / pieces;  // rows * piece may overflow
}

namespace detail {

/// The process's worker threads. They sleep while there is nothing to do, but not at once: to wake
/// one takes longer than many a layer, so they give the next loop a moment to come.
class ThreadPool {
 public:
  static ThreadPool& instance() {
    static ThreadPool pool;
    return pool;
  }

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  ~ThreadPool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  int thread_count() const { return thread_count_.load(std::memory_order_relaxed); }
  void set_thread_count(int count) { thread_count_.store(count, std::memory_order_relaxed); }

  /// Runs `call(context, piece)` for each piece. Returns false, having done nothing, where the
  /// pool is taken: by a caller on another thread, or by the loop that this call is nested in.
  bool run(Index pieces, void (*call)(void*, Index), void* context) {
    if (inside_) return false;
    const std::unique_lock only_caller(callers_, std::try_to_lock);
    if (!only_caller.owns_lock()) return false;

    const int workers = static_cast<int>(std::min<Index>(thread_count(), pieces));
    if (workers < 2) return false;
    {
      const std::lock_guard lock(mutex_);
      while (static_cast<int>(threads_.size()) < workers - 1) {
        const int worker = static_cast<int>(threads_.size()) + 1;
        threads_.emplace_back([this, worker, seen = job_.load()] { serve(worker, seen); });
      }
      if (std::ssize(shares_) < workers) {
        shares_ = std::vector<Share>(static_cast<std::size_t>(workers));
      }
      for (int worker = 0; worker < workers; ++worker) {
        Share& share = shares_[static_cast<std::size_t>(worker)];
        share.next.store(piece_begin(pieces, workers, worker) + 1, std::memory_order_relaxed);
        share.end = piece_begin(pieces, workers, worker + 1);
      }
      call_ = call;
      context_ = context;
      pieces_ = pieces;
      workers_ = workers;
      running_ = workers - 1;
      ++job_;
    }
    wake_.notify_all();
    work(0);
    auto lock = lock_when([this] { return running_ == 0; });
    done_.wait(lock, [this] { return running_ == 0; });
    if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    return true;
  }

 private:
  ThreadPool() = default;

  void serve(int worker, std::uint64_t seen) {
    while (true) {
      auto lock = lock_when([&] { return job_ != seen; });
      wake_.wait(lock, [&] { return stopping_ || (job_ != seen && worker < workers_); });
      if (stopping_) return;
      seen = job_;
      lock.unlock();
      work(worker);
      lock.lock();
      if (--running_ == 0) done_.notify_one();
    }
  }

  /// Locks the mutex as soon as `is_ready`, or after some 100 microseconds in which it was not and
  /// whoever else wanted the core had it.
  template <class Ready>
  std::unique_lock<std::mutex> lock_when(Ready is_ready) {
    std::unique_lock lock(mutex_, std::defer_lock);
    for (int turn = 0; turn < 200; ++turn) {
      if (is_ready() && lock.try_lock()) return lock;
      std::this_thread::yield();
    }
    lock.lock();
    return lock;
  }

  /// Neighbouring pieces that are one worker's own, until another has none left.
  struct alignas(64) Share {
    std::atomic<Index> next;
    Index end;
  };

  /// Loops of one kind give a worker the same share, which it finds in its cache. The first piece
  /// is nobody else's, so that every worker warms up its scratch memory in the first loop of a
  /// kind.
  void work(int worker) {
    inside_ = true;
    try {
      call_(context_, piece_begin(pieces_, workers_, worker));
      for (int i = 0; i < workers_; ++i) {
        Share& share = shares_[static_cast<std::size_t>((worker + i) % workers_)];
        for (Index piece = share.next++; piece < share.end; piece = share.next++) {
          call_(context_, piece);
        }
      }
    } catch (...) {
      for (Share& share : shares_) share.next.store(share.end);
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
    inside_ = false;
  }

  static inline thread_local bool inside_ = false;

  std::atomic<int> thread_count_{
      static_cast<int>(std::max(1u, std::thread::hardware_concurrency()))};
  std::mutex callers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;

  // The loop that is running.
  void (*call_)(void*, Index) = nullptr;
  void* context_ = nullptr;
  Index pieces_ = 0;
  int workers_ = 0;
  std::vector<Share> shares_;
  std::atomic<int> running_{0};
  std::atomic<std::uint64_t> job_{0};
  std::exception_ptr error_;
};

[[gnu::noinline]] inline bool run_on_pool(Index pieces, void (*call)(void*, Index), void* context) {
  return ThreadPool::instance().run(pieces, call, context);
}

}  // namespace detail

/// How many threads a parallel loop may use, the caller's included. At first: one per core.
inline int thread_count() { return detail::ThreadPool::instance().thread_count(); }

/// Results never depend on it, only time does. @throws ValueError unless `count` is at least 1.
inline void set_thread_count(int count) {
  if (count < 1) throw ValueError("thread count: expected at least 1, got ", count);
  detail::ThreadPool::instance().set_thread_count(count);
}

/// Calls `body(piece)` for every piece in [0, pieces), in any order, on several threads.
///
/// The caller cuts the work into pieces by the problem alone, and each piece writes to memory of
/// its own: then the result is the same, bit by bit, for any number of threads. A loop within a
/// loop runs on the thread that it is called from. Rethrows the first exception of a body.
template <class Body>
void parallel_for(Index pieces, Body&& body) {
  auto call = [](void* context, Index piece) {
    (*static_cast<std::remove_reference_t<Body>*>(context))(piece);
  };
  void* context = const_cast<void*>(static_cast<const void*>(std::addressof(body)));
  if (pieces > 1 && detail::run_on_pool(pieces, call, context)) return;
  for (Index piece = 0; piece < pieces; ++piece) call(context, piece);
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
