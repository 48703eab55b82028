#pragma once

namespace dlfs::examples {

/// While it lives, Ctrl-C and SIGTERM do not end the program but are told to whoever asks. There is
/// to be one at a time.
class Interruption {
 public:
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();

  bool was_requested() const;
};

}  // namespace dlfs::examples
