#include "support/interruption.hpp"

#include <csignal>

#include <gtest/gtest.h>

namespace dlfs::examples {
namespace {

TEST(Interruption, KeepsTheSignalThatCame) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const Interruption interruption;
    EXPECT_FALSE(interruption.was_requested());
    EXPECT_EQ(interruption.signal(), 0);
    std::raise(signal);
    EXPECT_TRUE(interruption.was_requested());
    EXPECT_EQ(interruption.signal(), signal);
  }
}

}  // namespace
}  // namespace dlfs::examples
