#include <csignal>

#include "support/interruption.hpp"

namespace dlfs::examples {

namespace {

volatile std::sig_atomic_t received = 0;

void note(int signal) { received = signal; }

}  // namespace

Interruption::Interruption() {
  received = 0;
  std::signal(SIGINT, note);
  std::signal(SIGTERM, note);
}

Interruption::~Interruption() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

int Interruption::signal() const { return received; }

}  // namespace dlfs::examples
