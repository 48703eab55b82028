#include <csignal>

#include "support/interruption.hpp"

namespace dlfs::examples {

namespace {

volatile std::sig_atomic_t requested = 0;

void note_request(int) { requested = 1; }

}  // namespace

Interruption::Interruption() {
  requested = 0;
  std::signal(SIGINT, note_request);
  std::signal(SIGTERM, note_request);
}

Interruption::~Interruption() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool Interruption::was_requested() const { return requested != 0; }

}  // namespace dlfs::examples
