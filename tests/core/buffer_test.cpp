#include "dlfs/core/buffer.hpp"  // first: proves the header self-contained

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include <Eigen/Core>
#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs {
namespace {

static_assert(!std::is_copy_constructible_v<AlignedBuffer<float>> &&
              !std::is_copy_assignable_v<AlignedBuffer<float>>);
static_assert(std::is_nothrow_move_constructible_v<AlignedBuffer<float>> &&
              std::is_nothrow_move_assignable_v<AlignedBuffer<float>>);

template <class T>
concept CanBeBuffered = requires {
  typename AlignedBuffer<T>;
};
static_assert(CanBeBuffered<Eigen::half> && CanBeBuffered<bool> && !CanBeBuffered<std::string>);

TEST(AlignedBuffer, BeginsAtACacheLine) {
  for (std::size_t capacity : {1u, 3u, 64u, 1000u}) {
    const AlignedBuffer<std::int8_t> buffer(capacity);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % 64, 0u);
    EXPECT_EQ(buffer.capacity(), capacity);
    buffer.data()[0] = 1;
    buffer.data()[capacity - 1] = 2;
  }
}

TEST(AlignedBuffer, BeginsAtAHugePageWhereItIsLarge) {
  constexpr std::size_t mebibyte = 1024 * 1024;
  for (std::size_t capacity : {mebibyte, 3 * mebibyte + 1}) {
    const AlignedBuffer<std::int8_t> buffer(capacity);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.data()) % (2 * mebibyte), 0u);
    buffer.data()[0] = 1;
    buffer.data()[capacity - 1] = 2;
  }
}

TEST(AlignedBuffer, OfNothingTakesNoMemory) {
  const AlignedBuffer<float> nothing(0);
  EXPECT_EQ(nothing.data(), nullptr);
  EXPECT_EQ(AlignedBuffer<float>().capacity(), 0u);
}

TEST(AlignedBuffer, RejectsBytesThatCannotBeCounted) {
  EXPECT_EQ(test::error_of<ValueError>([] { AlignedBuffer<double>(std::size_t{1} << 60); }),
            "memory for 1152921504606846976 elements of 8 bytes");
  EXPECT_THROW(AlignedBuffer<char>(static_cast<std::size_t>(-1)), ValueError);
}

TEST(AlignedBuffer, MovingHandsTheMemoryOn) {
  AlignedBuffer<int> first(4);
  int* const memory = first.data();
  AlignedBuffer<int> second(std::move(first));
  EXPECT_EQ(second.data(), memory);
  EXPECT_EQ(first.data(), nullptr);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(first.capacity(), 0u);

  AlignedBuffer<int> third(2);
  third = std::move(second);
  EXPECT_EQ(third.data(), memory);
  EXPECT_EQ(third.capacity(), 4u);
}

TEST(AlignedBuffer, MovingToItselfKeepsTheMemory) {
  AlignedBuffer<int> buffer(4);
  int* const memory = buffer.data();
  auto& alias = buffer;
  buffer = std::move(alias);
  EXPECT_EQ(buffer.data(), memory);
  EXPECT_EQ(buffer.capacity(), 4u);
}

}  // namespace
}  // namespace dlfs
