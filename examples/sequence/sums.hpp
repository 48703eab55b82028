#pragma once

#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include "sequence/alphabet.hpp"

namespace sequence {

inline const Alphabet digits("0123456789+ ");

struct Sums {
  dlfs::Dataset<float> train, test;
};

/// The numbers of the pairs 0 to 999,999 as sums: pair 615083 is the question "615+83 ", seven
/// characters, and its answer "698 ", four.
inline dlfs::Dataset<float> as_sums(std::span<const int> pairs) {
  const dlfs::Index N = std::ssize(pairs);
  dlfs::Dataset<float> sums{dlfs::Tensor<float>({N, 7}), dlfs::Labels({N, 4})};
  for (dlfs::Index n = 0; n < N; ++n) {
    const int pair = pairs[static_cast<std::size_t>(n)], a = pair / 1000, b = pair % 1000;
    std::string question = std::to_string(a) + "+" + std::to_string(b);
    std::string answer = std::to_string(a + b);
    question.resize(7, ' ');
    answer.resize(4, ' ');
    digits.encode(question, sums.inputs.data() + 7 * n);
    digits.encode(answer, sums.targets.data() + 4 * n);
  }
  return sums;
}

/// Sums of two numbers of up to three digits. No pair is in both parts.
inline Sums sums(std::size_t train, std::size_t test, dlfs::Rng rng) {
  std::vector<int> pairs(1'000'000);
  std::iota(pairs.begin(), pairs.end(), 0);
  rng.shuffle(pairs);
  return {as_sums(std::span(pairs).first(train)), as_sums(std::span(pairs).last(test))};
}

}  // namespace sequence
