#pragma once

#include <cstdio>
#include <filesystem>
#include <iostream>
#include <string>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"

namespace dlfs::test {

/// Runs a section of the guide in a folder of its own, and catches what it prints.
class OnPage {
 public:
  OnPage() {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    const auto folder = std::filesystem::path("sections") / test->name();
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    std::filesystem::current_path(folder);
    testing::internal::CaptureStdout();
  }
  OnPage(const OnPage&) = delete;
  OnPage& operator=(const OnPage&) = delete;
  ~OnPage() {
    EXPECT_EQ(printed(), "") << "printed behind the last block of text";
    std::filesystem::current_path(before_);
  }

  /// Since the last call. `line` is where the page has it.
  void expect_printed(const std::string& text, int line) {
    EXPECT_EQ(printed(), text) << "docs/guide.md:" << line;
    testing::internal::CaptureStdout();
  }

 private:
  static std::string printed() {
    std::cout.flush();
    return testing::internal::GetCapturedStdout();
  }

  std::filesystem::path before_ = std::filesystem::current_path();
};

}  // namespace dlfs::test

using dlfs::test::OnPage;
