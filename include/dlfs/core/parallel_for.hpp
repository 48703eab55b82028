#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

#include "dlfs/core/error.hpp"
#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

/// The first row of a piece, if `rows` are divided into `pieces` of nearly equal size.
constexpr Index piece_begin(Index rows, Index pieces, Index piece) {
  if (pieces == 1) return rows * piece;  // the usual case of small loops, without a division
  return rows / pieces * piece + rows % pieces * piece / pieces;  // rows * piece may overflow
}

namespace detail {

/// The process's worker threads. They sleep when there is no work, but only after a short wait:
/// waking a thread takes longer than many layers, and the next loop often comes soon.
class ThreadPool {
 public:
  /// The pool is never destroyed: other objects may use it in their destructors, after main or in a
  /// body that calls std::exit.
  [[gnu::noinline]] static ThreadPool& instance() {
    alignas(ThreadPool) static std::byte memory[sizeof(ThreadPool)];
    static ThreadPool& pool = make(memory);
    return pool;
  }

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int thread_count() const { return thread_count_.load(std::memory_order_relaxed); }
  void set_thread_count(int count) { thread_count_.store(count, std::memory_order_relaxed); }

  /// The number of forks between the process that made the pool and this one, which has none of the
  /// threads of those before it.
  int forks() const { return forks_; }

  /// Runs `call(context, piece)` for each piece. Returns false and does nothing if the pool is in
  /// use, by a caller on another thread or by a loop around this call.
  bool run(Index pieces, void (*call)(void*, Index), void* context) {
    if (inside_) return false;
    const std::unique_lock only_caller(callers_, std::try_to_lock);
    if (!only_caller.owns_lock()) return false;

    const int wanted = static_cast<int>(std::min<Index>(thread_count(), pieces));
    if (wanted < 2) return false;
    {
      const std::lock_guard lock(mutex_);
      const int workers = start_threads(wanted);
      if (workers < 2) return false;
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

  /// Whether loops of this thread run on it alone.
  static bool& inside() { return inside_; }

  /// Waits for the running loop, then for the threads to end.
  void stop() {
    if (inside_) throw ValueError("stop_threads: called by the body of a parallel loop");
    const std::lock_guard only_caller(callers_);
    std::vector<std::thread> threads;
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      threads.swap(threads_);
      shares_ = std::vector<Share>();
    }
    wake_.notify_all();
    for (std::thread& thread : threads) thread.join();
    stopping_ = false;
  }

 private:
  explicit ThreadPool(int thread_count, int forks = 0)
      : thread_count_(thread_count), forks_(forks) {}

  static ThreadPool& make(void* memory) {
#if defined(__unix__) || defined(__APPLE__)
    const int error =
        pthread_atfork([] { instance().mutex_.lock(); }, [] { instance().mutex_.unlock(); },
                       [] { instance().start_over(); });
    if (error != 0) throw std::bad_alloc();
#endif
    return *new (memory)
        ThreadPool(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  }

  /// For a forked child, which has no threads but its own: all workers are gone, and so is any
  /// thread that was in a loop.
  void start_over() {
    for (std::thread& thread : threads_) new (&thread) std::thread;  // there is nothing to join
    threads_ = std::vector<std::thread>();
    shares_ = std::vector<Share>();
    error_ = nullptr;
    mutex_.unlock();
    new (this) ThreadPool(thread_count(), forks_ + 1);
  }

  /// Starts the threads that `workers` workers still lack. Returns the number of workers, including
  /// the caller. If the system refuses a thread, later loops do not ask again.
  int start_threads(int workers) {
    try {
      while (static_cast<int>(threads_.size()) < workers - 1) {
        const int worker = static_cast<int>(threads_.size()) + 1;
        threads_.push_back(  // NOLINT(modernize-use-emplace): one function less to compile
            std::thread([this, worker, seen = job_.load()] { serve(worker, seen); }));
      }
    } catch (const std::exception&) {  // std::system_error or std::bad_alloc
      workers = static_cast<int>(threads_.size()) + 1;
      set_thread_count(workers);
    }
    return workers;
  }

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

  /// Locks the mutex as soon as `is_ready`, or after about 100 microseconds of waiting, during
  /// which other threads may have the core.
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

  /// Neighbouring pieces that belong to one worker, until another worker has no more of its own.
  struct alignas(64) Share {
    std::atomic<Index> next;
    Index end;
  };

  /// Loops of one kind give a worker the same share each time, so that its data are in its cache.
  /// No other worker takes a share's first piece, so that every worker allocates its scratch memory
  /// in the first loop of a kind.
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

  std::atomic<int> thread_count_;
  int forks_;
  std::mutex callers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::vector<std::thread> threads_;
  bool stopping_ = false;

  // The running loop.
  void (*call_)(void*, Index) = nullptr;
  void* context_ = nullptr;
  Index pieces_ = 0;
  int workers_ = 0;
  std::vector<Share> shares_;
  std::atomic<int> running_{0};
  std::atomic<std::uint64_t> job_{0};
  std::exception_ptr error_;
};

/// While it exists, parallel loops of this thread run on this thread alone, so that they leave the
/// pool to others.
class SerialLoops {
 public:
  SerialLoops() : before_(std::exchange(ThreadPool::inside(), true)) {}
  SerialLoops(const SerialLoops&) = delete;
  SerialLoops& operator=(const SerialLoops&) = delete;
  ~SerialLoops() { ThreadPool::inside() = before_; }

 private:
  bool before_;
};

[[gnu::noinline]] inline bool run_on_pool(Index pieces, void (*call)(void*, Index), void* context) {
  return ThreadPool::instance().run(pieces, call, context);
}

}  // namespace detail

/// The number of threads that a parallel loop may use, including the caller. It starts as the
/// number of cores. If the system gives a loop fewer threads, it becomes their number.
inline int thread_count() { return detail::ThreadPool::instance().thread_count(); }

/// Affects the time, never the results. @throws ValueError unless `count` is at least 1.
inline void set_thread_count(int count) {
  if (count < 1) throw ValueError("thread count: expected at least 1, got ", count);
  detail::ThreadPool::instance().set_thread_count(count);
}

/// Ends the threads that parallel loops have started, and returns when they have ended. The next
/// loop starts new ones. Use it before a plugin is unloaded: no thread runs its code afterwards.
/// Waits for a running loop.
/// @throws ValueError in the body of a loop that runs on several threads.
inline void stop_threads() { detail::ThreadPool::instance().stop(); }

/// Calls `body(piece)` for every piece in [0, pieces), in any order, on several threads.
///
/// The problem alone must decide the pieces, and each piece must write its own memory. Then the
/// result is the same, bit by bit, for any number of threads. A nested loop runs on the thread that
/// calls it. Rethrows the first exception of a body.
///
/// A forked child starts its own threads. If a body forks, the child must not return from it.
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
