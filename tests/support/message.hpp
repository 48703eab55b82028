#pragma once

#include <string>

#include <gtest/gtest.h>

namespace dlfs::test {

/// The text of the E that `call` throws; empty, and a failure, if it throws none.
template <class E, class F>
std::string message(F&& call) {
  try {
    call();
  } catch (const E& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

}  // namespace dlfs::test
