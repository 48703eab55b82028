#include "dlfs/core/parallel_for.hpp"  // first: proves the header self-contained

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#if defined(__unix__)
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

/// Leaves the number of threads as it was.
class ParallelFor : public testing::Test {
 protected:
  ~ParallelFor() override { set_thread_count(before_); }

 private:
  int before_ = thread_count();
};

using ThreadCount = ParallelFor;

/// How often a loop calls its body for each piece.
std::vector<int> calls_per_piece(Index pieces) {
  std::vector<std::atomic<int>> calls(static_cast<std::size_t>(pieces));
  parallel_for(pieces, [&](Index piece) { ++calls[static_cast<std::size_t>(piece)]; });
  return {calls.begin(), calls.end()};
}

TEST_F(ParallelFor, RunsEveryPieceOnce) {
  for (int threads : {1, 2, 3, 5}) {
    set_thread_count(threads);
    for (Index pieces : {0, 1, 2, 3, 4, 7, 1000}) {
      EXPECT_EQ(calls_per_piece(pieces), std::vector<int>(static_cast<std::size_t>(pieces), 1))
          << threads << " threads";
    }
  }
}

TEST_F(ParallelFor, OfNoPiecesCallsNothing) {
  for (Index pieces : {Index{0}, Index{-1}, std::numeric_limits<Index>::min()}) {
    parallel_for(pieces, [](Index) { FAIL(); });
  }
}

TEST_F(ParallelFor, WorksOnSeveralThreadsAtOnce) {
  set_thread_count(2);
  std::atomic<int> started{0};
  parallel_for(2, [&](Index) {
    ++started;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (started < 2 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    EXPECT_EQ(started, 2) << "the other piece waits for this one";
  });
}

TEST_F(ParallelFor, StaysOnTheCallersThreadWhereThereIsOne) {
  set_thread_count(1);
  const auto caller = std::this_thread::get_id();
  parallel_for(100, [&](Index) { EXPECT_EQ(std::this_thread::get_id(), caller); });
}

/// Partial sums of the pieces, added in the order of the pieces.
float sum_of_sines(Index count, Index pieces) {
  std::vector<float> partial(static_cast<std::size_t>(pieces));
  parallel_for(pieces, [&](Index piece) {
    float sum = 0;
    for (Index i = piece_begin(count, pieces, piece); i < piece_begin(count, pieces, piece + 1);
         ++i) {
      sum += std::sin(static_cast<float>(i));
    }
    partial[static_cast<std::size_t>(piece)] = sum;
  });
  float sum = 0;
  for (float part : partial) sum += part;
  return sum;
}

TEST_F(ParallelFor, GivesAWorkerTheSameShareEachTime) {
  set_thread_count(2);
  const auto caller = std::this_thread::get_id();
  std::vector<std::thread::id> worker(10);
  parallel_for(10, [&](Index piece) {
    worker[static_cast<std::size_t>(piece)] = std::this_thread::get_id();
  });
  const auto other = worker[5];
  EXPECT_NE(other, caller);
  for (int repetition = 0; repetition < 100; ++repetition) {
    parallel_for(10, [&](Index piece) {
      const auto worker_now = std::this_thread::get_id();
      EXPECT_TRUE(piece != 0 || worker_now == caller);
      EXPECT_TRUE(piece != 5 || worker_now == other);
    });
  }
}

TEST_F(ParallelFor, ResultDoesNotDependOnTheThreadCount) {
  set_thread_count(1);
  const float expected = sum_of_sines(100'000, 37);
  for (int threads : {2, 3, 8}) {
    set_thread_count(threads);
    for (int repetition = 0; repetition < 20; ++repetition) {
      EXPECT_EQ(sum_of_sines(100'000, 37), expected) << threads << " threads";
    }
  }
}

TEST_F(ParallelFor, RethrowsWhatAPieceThrows) {
  for (int threads : {1, 2, 3}) {
    set_thread_count(threads);
    for (Index bad : {0, 1, 2, 50, 99}) {
      const auto run = [bad] {
        parallel_for(100, [bad](Index piece) {
          if (piece == bad) throw ValueError("piece ", piece);
        });
      };
      EXPECT_EQ(error_of<ValueError>(run), str_cat("piece ", bad)) << threads << " threads";
      EXPECT_EQ(calls_per_piece(9), std::vector<int>(9, 1)) << "after the error";
    }
  }
}

TEST_F(ParallelFor, RethrowsOneOfManyErrors) {
  set_thread_count(3);
  for (int repetition = 0; repetition < 100; ++repetition) {
    EXPECT_THROW(parallel_for(50, [](Index piece) { throw ValueError(piece); }), ValueError);
  }
}

TEST_F(ParallelFor, RethrowsWhatIsNoException) {
  set_thread_count(2);
  EXPECT_THROW(parallel_for(4, [](Index piece) { throw static_cast<int>(piece); }), int);
}

TEST_F(ParallelFor, AnErrorEndsTheLoopOnlyWhenNoPieceRuns) {
  set_thread_count(3);
  for (int repetition = 0; repetition < 100; ++repetition) {
    auto memory = std::make_unique<std::atomic<int>>(0);
    EXPECT_THROW(parallel_for(50,
                              [&](Index piece) {
                                if (piece == 1) throw ValueError("");
                                ++*memory;
                              }),
                 ValueError);
    memory.reset();  // the sanitizers see a piece that still runs
  }
}

TEST_F(ParallelFor, LoopsWithinLoopsComplete) {
  for (int threads : {1, 2, 3}) {
    set_thread_count(threads);
    std::vector<int> sums(20);
    parallel_for(20, [&](Index i) {
      std::vector<int> inner(10);
      parallel_for(10, [&](Index j) {
        std::atomic<int> count{0};
        parallel_for(3, [&](Index) { ++count; });
        inner[static_cast<std::size_t>(j)] = count;
      });
      for (int count : inner) sums[static_cast<std::size_t>(i)] += count;
    });
    EXPECT_EQ(sums, std::vector<int>(20, 30));
  }
}

TEST_F(ParallelFor, LoopsWithinLoopsStayOnTheirThread) {
  set_thread_count(3);
  parallel_for(6, [](Index) {
    const auto outer = std::this_thread::get_id();
    parallel_for(6, [&](Index) { EXPECT_EQ(std::this_thread::get_id(), outer); });
  });
}

TEST_F(ParallelFor, ErrorsLeaveLoopsWithinLoops) {
  set_thread_count(3);
  const auto run = [] {
    parallel_for(10, [](Index i) {
      parallel_for(10, [i](Index j) {
        if (i == 7 && j == 3) throw ValueError("the inner loop");
      });
    });
  };
  EXPECT_EQ(error_of<ValueError>(run), "the inner loop");
  EXPECT_EQ(calls_per_piece(9), std::vector<int>(9, 1));
}

TEST_F(ParallelFor, ServesManyCallersAtOnce) {
  set_thread_count(3);
  constexpr int callers = 8;
  std::vector<int> complete(callers);
  std::vector<std::thread> threads;
  for (int caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      for (int repetition = 0; repetition < 200; ++repetition) {
        const Index pieces = 1 + (caller + repetition) % 9;
        const bool fails = repetition % 50 == caller;
        try {
          std::vector<std::atomic<int>> calls(static_cast<std::size_t>(pieces));
          parallel_for(pieces, [&](Index piece) {
            if (fails) throw ValueError(caller);
            ++calls[static_cast<std::size_t>(piece)];
          });
          const bool all = std::all_of(calls.begin(), calls.end(), [](int n) { return n == 1; });
          complete[static_cast<std::size_t>(caller)] += all && !fails;
        } catch (const ValueError& error) {
          complete[static_cast<std::size_t>(caller)] += fails && error.what() == str_cat(caller);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(complete, std::vector<int>(callers, 200));
}

TEST_F(ParallelFor, TakesBodiesOfAnyKind) {
  set_thread_count(2);
  struct Counter {
    std::atomic<int> count{0};  // neither copied nor moved
    void operator()(Index) { ++count; }
  };
  Counter counter;
  parallel_for(5, counter);
  EXPECT_EQ(counter.count, 5);
  std::atomic<int> calls{0};
  const auto body = [&](Index) { ++calls; };
  parallel_for(5, body);
  EXPECT_EQ(calls, 5);
}

/// Counts the threads that have ended, a moment after they began to.
struct CountsAtTheEnd {
  std::atomic<int>* count = nullptr;
  ~CountsAtTheEnd() {
    if (count == nullptr) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ++*count;
  }
};

TEST_F(ParallelFor, StopThreadsWaitsForTheirEndAndTheNextLoopStartsOthers) {
  set_thread_count(3);
  for (int repetition = 0; repetition < 3; ++repetition) {
    const auto caller = std::this_thread::get_id();
    std::atomic<int> ended{0};
    std::atomic<int> workers{0};
    parallel_for(3, [&](Index) {
      static thread_local CountsAtTheEnd at_end;
      if (std::this_thread::get_id() == caller || at_end.count != nullptr) return;
      at_end.count = &ended;
      ++workers;
    });
    stop_threads();
    EXPECT_EQ(ended, workers);
    EXPECT_EQ(calls_per_piece(9), std::vector<int>(9, 1));
    stop_threads();
    stop_threads();
  }
}

TEST_F(ParallelFor, StopThreadsInABodyIsAnError) {
  set_thread_count(2);
  parallel_for(4, [](Index) {
    EXPECT_EQ(error_of<ValueError>([] { stop_threads(); }),
              "stop_threads: called by the body of a parallel loop");
  });
  EXPECT_EQ(calls_per_piece(9), std::vector<int>(9, 1));
}

#if defined(__unix__)

// tests/process has more cases, each a process of its own.
class ForkedChild : public ParallelFor {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the thread sanitizer sees nothing in a child";
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
    GTEST_SKIP() << "the thread sanitizer sees nothing in a child";
#endif
#endif
  }

  /// Whether `body` returns true in a child, in time.
  template <class Body>
  static bool holds_in_child(const Body& body) {
    const pid_t child = fork();
    if (child == 0) {
      alarm(30);
      _exit(body() ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  static bool loops_are_complete() {
    return calls_per_piece(50) == std::vector<int>(50, 1) && thread_count() == 3;
  }
};

TEST_F(ForkedChild, StartsThreadsOfItsOwn) {
  set_thread_count(3);
  EXPECT_TRUE(loops_are_complete());
  EXPECT_TRUE(holds_in_child([] {
    return loops_are_complete() && holds_in_child(loops_are_complete) && loops_are_complete();
  }));
  EXPECT_TRUE(loops_are_complete());
}

TEST_F(ForkedChild, GoesOnAloneWhereItIsGivenNoThreads) {
  set_thread_count(3);
  EXPECT_TRUE(holds_in_child([] {
    const rlimit none{1, 1};
    if (geteuid() == 0 && setuid(65534) != 0) return false;  // root may always have more
    if (setrlimit(RLIMIT_NPROC, &none) != 0) return false;
    return calls_per_piece(50) == std::vector<int>(50, 1) && thread_count() == 1;
  }));
}

#endif

TEST_F(ThreadCount, IsAtFirstThatOfTheCores) {
  EXPECT_EQ(thread_count(), static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
}

TEST_F(ThreadCount, MayChangeBetweenLoops) {
  for (int threads : {1, 3, 2, 5, 1, 4, 2, 3}) {
    set_thread_count(threads);
    EXPECT_EQ(thread_count(), threads);
    EXPECT_EQ(calls_per_piece(50), std::vector<int>(50, 1));
    EXPECT_EQ(calls_per_piece(2), std::vector<int>(2, 1));
  }
}

TEST_F(ThreadCount, MayChangeWithinALoop) {
  for (int repetition = 0; repetition < 20; ++repetition) {
    set_thread_count(2);
    std::atomic<int> calls{0};
    parallel_for(20, [&](Index piece) {
      set_thread_count(1 + static_cast<int>(piece) % 4);
      ++calls;
    });
    EXPECT_EQ(calls, 20);
  }
}

TEST_F(ThreadCount, IsAtLeastOne) {
  for (int count : {0, -3}) {
    EXPECT_EQ(error_of<ValueError>([count] { set_thread_count(count); }),
              str_cat("thread count: expected at least 1, got ", count));
  }
}

TEST_F(ThreadCount, BeyondThePiecesStartsNoFurtherThreads) {
  set_thread_count(std::numeric_limits<int>::max());
  EXPECT_EQ(calls_per_piece(4), std::vector<int>(4, 1));
}

TEST(PieceBegin, CutsRowsIntoNearlyEqualPieces) {
  for (Index rows = 0; rows <= 40; ++rows) {
    for (Index pieces = 1; pieces <= 12; ++pieces) {
      EXPECT_EQ(piece_begin(rows, pieces, 0), 0);
      EXPECT_EQ(piece_begin(rows, pieces, pieces), rows);
      for (Index piece = 0; piece < pieces; ++piece) {
        const Index begin = piece_begin(rows, pieces, piece);
        EXPECT_EQ(begin, rows * piece / pieces);
        const Index length = piece_begin(rows, pieces, piece + 1) - begin;
        EXPECT_TRUE(length == rows / pieces || length == (rows + pieces - 1) / pieces) << length;
      }
    }
  }
}

TEST(PieceBegin, CutsAsManyRowsAsCanBeCounted) {
  constexpr Index largest = std::numeric_limits<Index>::max();
  static_assert(piece_begin(largest, 8, 8) == largest);
  static_assert(piece_begin(largest, 8, 4) == largest / 2);
}

}  // namespace
}  // namespace dlfs
