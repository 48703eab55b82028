#pragma once

#include <bit>
#include <cinttypes>
#include <cstdint>
#include <cstdio>

#include "dlfs/core/tensor.hpp"
#include "dlfs/simd/level.hpp"

namespace dlfs::test {

/// A number that depends on every bit of some numbers, after FNV-1a. All NaNs are one.
class Digest {
 public:
  template <std::floating_point T>
  void add(T x) {
    if (x != x) return add_word(~std::uint64_t{0});
    add_word(std::bit_cast<std::uint64_t>(static_cast<double>(x)));
  }
  template <std::integral T>
  void add(T x) {
    add_word(static_cast<std::uint64_t>(x));
  }
  template <AnyTensor X>
  void add(const X& x) {
    for (Index i = 0; i < x.size(); ++i) add(x.data()[i]);
  }

  std::uint64_t value() const { return value_; }

 private:
  void add_word(std::uint64_t word) { value_ = (value_ ^ word) * 0x100000001b3; }

  std::uint64_t value_ = 0xcbf29ce484222325;
};

/// Prints one line: the level in force, a name, and the digest of some tensors and numbers.
template <class... X>
void print_digest(const char* name, const X&... x) {
  Digest digest;
  (digest.add(x), ...);
  std::printf("%s %s %016" PRIx64 "\n", to_string(simd::level()).data(), name, digest.value());
}

/// Calls `print` at each level of this machine.
template <class Print>
int print_levels(const Print& print) {
  for (const simd::Level level : simd::all_levels) {
    if (!simd::is_supported(level)) continue;
    simd::set_level(level);
    print();
  }
  return 0;
}

}  // namespace dlfs::test
