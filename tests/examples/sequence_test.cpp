#include <algorithm>
#include <cmath>
#include <numbers>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sequence/alphabet.hpp"
#include "sequence/amplifier.hpp"
#include "sequence/filters.hpp"
#include "sequence/sums.hpp"
#include "sequence/symbols.hpp"
#include "sequence/village.hpp"

namespace dlfs {
namespace {

TEST(Sequence, AlphabetRefusesAnotherCharacter) {
  const sequence::Alphabet alphabet("ab");
  std::vector<int> codes(2);
  alphabet.encode("ba", codes.data());
  EXPECT_EQ(codes, (std::vector{1, 0}));
  EXPECT_EQ(alphabet[1], 'b');
  EXPECT_THROW(alphabet.encode("ac", codes.data()), ValueError);
}

TEST(Sequence, WindowsAreFollowedByTheirTargets) {
  const auto data = sequence::Alphabet("abcdefgh").windows("abcdefgh", 3);
  EXPECT_EQ(to_string(data.inputs), "[[0. 1. 2.]\n [3. 4. 5.]]");
  EXPECT_EQ(to_string(data.targets), "[[1 2 3]\n [4 5 6]]");
}

TEST(Sequence, VerbsOfTheVillageAgreeWithTheirSubjects) {
  const sequence::Village village(20'000, Rng(1));
  EXPECT_EQ(village.text(), sequence::Village(20'000, Rng(1)).text());
  const std::regex sentence(
      "(at noon, |every monday, |in the morning, |in winter, )?"
      "(the (\\w+ )?\\w+[^s] (who \\w+s (the|two) (\\w+ )?\\w+ )?\\w+s|"
      "two (\\w+ )?\\w+s (who \\w+[^s] (the|two) (\\w+ )?\\w+ )?\\w+[^s]) [a-z ]+\\.");
  std::istringstream lines(village.text());
  for (std::string line; std::getline(lines, line);) {
    EXPECT_TRUE(std::regex_match(line, sentence)) << line;
  }
}

TEST(Sequence, ProbabilityOfASentenceIsThatOfItsChoices) {
  // Those of the most probable sentences, such as "the miller sells bread.": four of yes or no, one
  // of 11 nouns, one of three actions, a verb and goods.
  const double least = std::log(16.0 * 11 * 3 * 4 * 6);
  double shortest = 100;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    const sequence::Village sentence(1, Rng(seed));
    const auto size = static_cast<double>(sentence.text().size());
    shortest = std::min(shortest, size * std::log(sentence.perplexity()));
  }
  EXPECT_NEAR(shortest, least, 1e-9);
}

TEST(Sequence, SumsAreRightAndUnlike) {
  const auto [train, test] = sequence::sums(500, 500, Rng(1));
  std::vector<std::string> questions;
  for (const auto* data : {&train, &test}) {
    for (Index n = 0; n < data->size(); ++n) {
      std::string question;
      std::string answer;
      for (Index i = 0; i < 7; ++i) {
        question += sequence::digits[static_cast<Index>(data->inputs(n, i))];
      }
      for (Index i = 0; i < 4; ++i) answer += sequence::digits[data->targets(n, i)];
      const auto plus = question.find('+');
      EXPECT_EQ(std::stoi(question) + std::stoi(question.substr(plus + 1)), std::stoi(answer));
      questions.push_back(question);
    }
  }
  std::sort(questions.begin(), questions.end());
  EXPECT_EQ(std::adjacent_find(questions.begin(), questions.end()), questions.end());
}

TEST(Sequence, SymbolsAreReversedOrSorted) {
  for (const std::string task : {"reverse", "sort"}) {
    Dataset<float> batch;
    const std::vector<Index> samples{7, 3};
    sequence::of_symbols({10, 6, 20}, task, Rng(1)).take(samples, batch);
    for (Index n = 0; n < 2; ++n) {
      auto expected = cast<std::int32_t>(batch.inputs[n]);
      if (task == "sort") {
        std::sort(expected.begin(), expected.end());
      } else {
        std::reverse(expected.begin(), expected.end());
      }
      EXPECT_TRUE(array_equal(batch.targets[n], expected)) << task;
    }
  }
}

TEST(Sequence, AmplifierIsTanhAndALowPass) {
  const auto y = sequence::amplified(std::vector<float>(1000, 0.25f));
  const double share = 1 - std::exp(-2 * std::numbers::pi * 1000 / 48000);
  EXPECT_NEAR(static_cast<double>(y[0]), std::tanh(2.0) * share, 1e-6);
  EXPECT_NEAR(static_cast<double>(y[1]), std::tanh(2.0) * (1 - (1 - share) * (1 - share)), 1e-6);
  EXPECT_NEAR(static_cast<double>(y[999]), std::tanh(2.0), 1e-6);

  const auto strings = sequence::plucked_strings(2, Rng(1));
  const auto [low, high] = std::minmax_element(strings.begin(), strings.end());
  EXPECT_GT(*high, 0.1f);
  EXPECT_LT(std::max(*high, -*low), 2.0f);
}

TEST(Sequence, FiltersMakeOneSoundOfAnother) {
  Rng rng(1);
  for (const auto& network : {sequence::gru(rng), sequence::tcn(rng)}) {
    auto sound = random_uniform<float>({2, 100, 1}, rng);
    const auto y = network.predict(sound);
    EXPECT_EQ(y.shape(), sound.shape());
    sound(0, 50, 0) += 1;
    const auto changed = network.predict(sound);
    EXPECT_TRUE(array_equal(changed(0, Slice{0, 50}), y(0, Slice{0, 50})));
    EXPECT_NE(changed(0, 50, 0), y(0, 50, 0));
  }
}

}  // namespace
}  // namespace dlfs
