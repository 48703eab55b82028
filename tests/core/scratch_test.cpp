#include "dlfs/core/scratch.hpp"  // first: proves the header self-contained

#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <new>
#include <thread>
#include <type_traits>

#include <Eigen/Core>
#include <gtest/gtest.h>

#include "dlfs/core/parallel_for.hpp"
#include "dlfs/core/tensor.hpp"
#include "support/allocation_counter.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::AllocationCounter;

static_assert(!std::is_copy_constructible_v<Scratch<float>> &&
              !std::is_move_constructible_v<Scratch<float>> &&
              !std::is_assignable_v<Scratch<float>&, Scratch<float>>);

/// Overlapping or released memory would lose the values of the levels above, or end the test.
void nest(int depth, Index count) {
  if (depth == 0) return;
  const Scratch<std::int32_t> scratch(count);
  for (Index i = 0; i < count; ++i) scratch[i] = depth;
  nest(depth - 1, count * 2);
  nest(depth - 1, count / 2 + 1);
  Index lost = 0;
  for (Index i = 0; i < count; ++i) lost += scratch[i] != depth;
  EXPECT_EQ(lost, 0);
}

/// Else the compiler may leave out what nobody looks at.
[[maybe_unused]] const volatile void* volatile seen;
void look_at(const void* memory) { seen = memory; }

TEST(AllocationCounterItself, SeesWhatTheProgramTakes) {
  const AllocationCounter counter;
  const auto one = std::make_unique<int>(1);
  look_at(one.get());
  const auto after_one = counter.count();
  const std::unique_ptr<float[]> many(new (std::nothrow) float[100]);
  look_at(many.get());
  const auto after_many = counter.count();
  const Tensor<float> aligned({4, 4});
  look_at(aligned.data());
  const auto after_aligned = counter.count();
  const Eigen::VectorXf from_malloc(100);
  look_at(from_malloc.data());
  const auto after_eigen = counter.count();
  EXPECT_EQ(after_one, 1);
  EXPECT_EQ(after_many, 2);
  EXPECT_EQ(after_aligned, 3);
  EXPECT_EQ(after_eigen, 4) << "Eigen calls malloc itself";
}

TEST(AllocationCounterItself, SeesOtherThreads) {
  const AllocationCounter counter;
  std::thread([] { look_at(std::make_unique<int>(1).get()); }).join();
  EXPECT_GE(counter.count(), 1);
}

TEST(Scratch, BeginsAtACacheLine) {
  const Scratch<std::int8_t> a(3);
  const Scratch<std::int8_t> b(65);
  const Scratch<double> c(1);
  const Scratch<Eigen::half> d(7);
  for (const void* memory : {static_cast<void*>(a.data()), static_cast<void*>(b.data()),
                             static_cast<void*>(c.data()), static_cast<void*>(d.data())}) {
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(memory) % 64, 0u);
  }
}

TEST(Scratch, GivesTheSameMemoryAgain) {
  const auto address = [](Index count) {
    const Scratch<float> scratch(count);
    return reinterpret_cast<std::uintptr_t>(scratch.data());
  };
  const Scratch<float> outer(10);
  const auto first = address(100);
  EXPECT_EQ(address(100), first);
  EXPECT_EQ(address(1), first);
  EXPECT_NE(first, reinterpret_cast<std::uintptr_t>(outer.data()));
}

TEST(Scratch, KeepsItsValuesWhileTheStackGrows) { nest(9, 1000); }

TEST(Scratch, OfNothingIsAllowed) {
  const Scratch<float> nothing(0);
  const Scratch<float> something(4);
  something[3] = 1;
  EXPECT_EQ(something[3], 1);
}

TEST(Scratch, RejectsACountThatIsNone) {
  EXPECT_EQ(test::error_of<ValueError>([] { Scratch<float>(-1); }),
            "scratch memory for -1 elements of 4 bytes");
  constexpr Index largest = std::numeric_limits<Index>::max();
  EXPECT_THROW(Scratch<double>{largest}, ValueError);
  EXPECT_THROW(Scratch<double>{largest / 4}, ValueError);
  EXPECT_THROW(Scratch<char>{largest}, ValueError);
  EXPECT_THROW(Scratch<double>{Index{1} << 61}, ValueError) << "2^64 bytes";
}

TEST(Scratch, AllocatesNothingForWorkDoneBefore) {
  nest(6, 5000);
  const AllocationCounter counter;
  for (int repetition = 0; repetition < 3; ++repetition) nest(6, 5000);
  EXPECT_EQ(counter.count(), 0);
}

TEST(Scratch, AllocatesNothingForLessThanBefore) {
  nest(6, 5000);
  const AllocationCounter counter;
  nest(5, 5000);
  nest(8, 50);
  { const Scratch<double> scratch(1); }
  EXPECT_EQ(counter.count(), 0);
}

TEST(Scratch, SmallPiecesLeaveRoomForALargeOne) {
  detail::ScratchStack stack;
  const auto first = stack.take(60'000, 1);
  const auto second = stack.take(60'000, 1);
  stack.release(second.second);
  stack.release(first.second);
  const AllocationCounter counter;
  stack.release(stack.take(120'000, 1).second);
  EXPECT_EQ(counter.count(), 0) << "the two blocks are joined";
}

TEST(Scratch, MemoryDoesNotGrowWithRepetition) {
  detail::ScratchStack stack;
  const AllocationCounter counter;
  for (int repetition = 0; repetition < 100; ++repetition) {
    const auto a = stack.take(60'000, 1);
    const auto b = stack.take(60'000, 1);
    const auto c = stack.take(10, 1);
    stack.release(c.second);
    stack.release(b.second);
    stack.release(a.second);
  }
  EXPECT_LE(counter.count(), 5)
      << "two blocks, the list of them twice, and the one that joins them";
}

TEST(Scratch, IsUsableAfterARequestThatCannotBeMet) {
#if defined(DLFS_SANITIZED_HEAP)
  GTEST_SKIP() << "the sanitizer ends a program that asks for too much";
#endif
  detail::ScratchStack stack;
  const auto small = stack.take(64, 1);
  EXPECT_THROW(stack.take(Index{1} << 62, 1), std::bad_alloc);
  const auto next = stack.take(64, 1);
  EXPECT_EQ(static_cast<std::byte*>(next.first), static_cast<std::byte*>(small.first) + 64);
  stack.release(next.second);
  stack.release(small.second);
  const auto again = stack.take(64, 1);
  EXPECT_EQ(again.first, small.first);
}

TEST(Scratch, FreesAtOnceWhatIsTakenAfterTheEndOfItsThread) {
  detail::ScratchStack stack;
  const auto taken = stack.take(60'000, 1);
  stack.end();
  std::memset(taken.first, 1, 60'000);
  stack.release(stack.take(100'000, 1).second);
  stack.release(taken.second);
  const AllocationCounter counter;
  stack.release(stack.take(10, 1).second);
  EXPECT_GT(counter.count(), 0) << "nothing was kept";
}

TEST(Scratch, OfEachThreadIsItsOwn) {
  const int before = thread_count();
  set_thread_count(3);
  parallel_for(30, [](Index piece) { nest(6, 10 * (piece + 1)); });
  set_thread_count(before);
}

TEST(Scratch, WorkersAllocateNothingAfterTheFirstLoop) {
  const int before = thread_count();
  for (int threads : {1, 2, 3}) {
    set_thread_count(threads);
    const auto loop = [] { parallel_for(12, [](Index) { nest(4, 10'000); }); };
    loop();
    const AllocationCounter counter;
    for (int repetition = 0; repetition < 5; ++repetition) loop();
    EXPECT_EQ(counter.count(), 0) << threads << " threads";
  }
  set_thread_count(before);
}

}  // namespace
}  // namespace dlfs
