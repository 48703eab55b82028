#pragma once

#include <cmath>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

#include <dlfs/core/rng.hpp>

namespace sequence {

/// Tells of a village, a sentence in each line, by a small grammar:
///
///   sentence  [time ","] noun [who verb noun] action "."
///   noun      "the" [adjective] baker, or "two" [adjective] bakers
///   action    verb noun, verb goods, or verb place
///
/// A verb agrees with its subject, which may stand far before it: "two old bakers who help the
/// miller walk to the market". All words of a kind have the same probability.
class Village {
 public:
  /// Tells at least `size` characters, and ends with a sentence.
  Village(std::size_t size, dlfs::Rng rng) : rng_(rng) {
    while (text_.size() < size) sentence();
  }

  const std::string& text() const { return text_; }

  /// The perplexity per character for a reader who knows the grammar: the text has one derivation,
  /// whose probability is the product of those of its choices.
  double perplexity() const { return std::exp(surprise_ / static_cast<double>(text_.size())); }

 private:
  void sentence() {
    if (one_of(2) == 0) say({"at noon", "every monday", "in the morning", "in winter"}, ", ");
    const bool is_plural = noun();
    if (one_of(2) == 0) {
      text_ += "who ";
      verb_and_noun(is_plural);
    }
    action(is_plural);
    text_.back() = '.';
    text_ += '\n';
  }

  void action(bool is_plural) {
    switch (one_of(3)) {
      case 0:
        return verb_and_noun(is_plural);
      case 1:
        verb({"bring", "buy", "sell", "want"}, is_plural);
        return say({"apples", "bread", "cheese", "flour", "honey", "wool"});
      default:
        verb({"return", "ride", "run", "walk"}, is_plural);
        return say({"across the bridge", "along the river", "into the forest", "to the harbour",
                    "to the market", "to the mill"});
    }
  }

  void verb_and_noun(bool is_plural) {
    verb({"greet", "help", "know", "meet", "see", "thank", "visit"}, is_plural);
    noun();
  }

  /// Returns whether it is plural.
  bool noun() {
    const bool is_plural = one_of(2) == 0;
    text_ += is_plural ? "two " : "the ";
    if (one_of(2) == 0) say({"clever", "happy", "hungry", "old", "quiet", "tall", "young"});
    say({"baker", "doctor", "farmer", "gardener", "hunter", "miller", "painter", "sailor", "singer",
         "teacher", "weaver"},
        is_plural ? "s " : " ");
    return is_plural;
  }

  void verb(std::initializer_list<std::string_view> verbs, bool is_plural) {
    say(verbs, is_plural ? " " : "s ");
  }

  void say(std::initializer_list<std::string_view> words, std::string_view end = " ") {
    text_ += words.begin()[one_of(std::ssize(words))];
    text_ += end;
  }

  /// A number below `count`, all with the same probability.
  dlfs::Index one_of(dlfs::Index count) {
    surprise_ += std::log(static_cast<double>(count));
    return rng_.below(count);
  }

  dlfs::Rng rng_;
  std::string text_;
  double surprise_ = 0;  // -log of the text's probability
};

}  // namespace sequence
