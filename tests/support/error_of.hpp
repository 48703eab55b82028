#pragma once

#include <string>

namespace dlfs::test {

/// The text of the error of type E that `act` throws.
template <class E, class F>
std::string error_of(F&& act) {
  try {
    act();
  } catch (const E& error) {
    return error.what();
  }
  return "not thrown";
}

}  // namespace dlfs::test
