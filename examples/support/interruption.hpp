#pragma once

namespace dlfs::examples {

/// While an object exists, Ctrl-C and SIGTERM do not end the program: it asks whether they came.
/// At most one object may exist at a time.
class Interruption {
 public:
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();

  bool was_requested() const { return signal() != 0; }

  /// The number of the signal that came; 0 for none.
  int signal() const;
};

}  // namespace dlfs::examples
