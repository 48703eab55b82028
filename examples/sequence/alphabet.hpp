#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <dlfs/dlfs.hpp>

namespace sequence {

/// Characters as whole numbers from 0, the inputs of Embedding and the labels of losses.
class Alphabet {
 public:
  explicit Alphabet(std::string characters) : characters_(std::move(characters)) {}

  dlfs::Index size() const { return std::ssize(characters_); }
  char operator[](dlfs::Index code) const { return characters_[static_cast<std::size_t>(code)]; }

  /// Writes the code of each character from `codes` on.
  /// @throws dlfs::ValueError for a character that is not in the alphabet.
  template <class T>
  void encode(std::string_view text, T* codes) const {
    std::transform(text.begin(), text.end(), codes, [this](char c) {
      const std::size_t code = characters_.find(c);
      if (code == std::string::npos) {
        throw dlfs::ValueError("alphabet: '", c, "' is not in '", characters_, "'");
      }
      return static_cast<T>(code);
    });
  }

  /// The text in windows (N, length), and as targets the character that follows each.
  dlfs::Dataset<float> windows(std::string_view text, dlfs::Index length) const {
    const dlfs::Index count = (std::ssize(text) - 1) / length;
    const auto used = static_cast<std::size_t>(count * length);
    dlfs::Dataset<float> data{dlfs::Tensor<float>({count, length}), dlfs::Labels({count, length})};
    encode(text.substr(0, used), data.inputs.data());
    encode(text.substr(1, used), data.targets.data());
    return data;
  }

 private:
  std::string characters_;
};

}  // namespace sequence
