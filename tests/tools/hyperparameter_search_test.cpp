#include "dlfs/tools/hyperparameter_search.hpp"

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/error_of.hpp"

namespace dlfs {
namespace {

const std::vector<SearchRange> rate_and_momentum{
    {"rate", 1e-6, 1e-2, SearchRange::Scale::logarithmic}, {"momentum", 0.5, 1}};

/// The best rate is 1e-3.
double score(const Trial& trial) { return -std::abs(std::log10(trial["rate"]) + 3); }

std::vector<Index> numbers(const std::vector<Trial>& trials) {
  std::vector<Index> result;
  for (const Trial& trial : trials) result.push_back(trial.number);
  return result;
}

TEST(RandomSearch, DrawsOverTheWholeRangeInItsScale) {
  const auto trials = random_search(rate_and_momentum, {.trials = 4000}, score);
  Index below_1e_4 = 0, below_three_quarters = 0;
  for (const Trial& trial : trials) {
    ASSERT_TRUE(trial["rate"] >= 1e-6 && trial["rate"] <= 1e-2) << trial["rate"];
    ASSERT_TRUE(trial["momentum"] >= 0.5 && trial["momentum"] <= 1) << trial["momentum"];
    below_1e_4 += trial["rate"] < 1e-4;
    below_three_quarters += trial["momentum"] < 0.75;
  }
  EXPECT_NEAR(static_cast<double>(below_1e_4), 2000, 150);
  EXPECT_NEAR(static_cast<double>(below_three_quarters), 2000, 150);
}

TEST(RandomSearch, ReturnsTheBestFirst) {
  const auto trials = random_search(rate_and_momentum, {.trials = 50}, score);
  ASSERT_EQ(trials.size(), 50u);
  for (std::size_t i = 1; i < trials.size(); ++i) EXPECT_GE(trials[i - 1].score, trials[i].score);
  const auto order = numbers(trials);
  EXPECT_EQ(std::set(order.begin(), order.end()).size(), 50u);
  EXPECT_NEAR(std::log10(trials.front()["rate"]), -3, 0.2);
}

TEST(RandomSearch, PutsNaNLastAndEqualsInTheirOrder) {
  const auto trials = random_search(rate_and_momentum, {.trials = 6}, [](const Trial& trial) {
    return trial.number < 2 ? std::numeric_limits<double>::quiet_NaN() : 1.0;
  });
  EXPECT_EQ(numbers(trials), (std::vector<Index>{2, 3, 4, 5, 0, 1}));
}

TEST(RandomSearch, TrialsAreReproducibleByTheirSeed) {
  const auto trials = random_search(rate_and_momentum, {.trials = 20, .seed = 7}, score);
  for (const Trial& trial : trials) {
    EXPECT_EQ(draw_trial(rate_and_momentum, trial.seed).values, trial.values);
  }
  const auto again = random_search(rate_and_momentum, {.trials = 20, .seed = 7}, score);
  EXPECT_EQ(numbers(again), numbers(trials));
  const auto others = random_search(rate_and_momentum, {.trials = 20, .seed = 8}, score);
  EXPECT_NE(others.front().values, trials.front().values);
}

TEST(RandomSearch, DoesNotDependOnTheNumberOfThreads) {
  const int before = thread_count();
  set_thread_count(1);
  const auto alone = random_search(rate_and_momentum, {.trials = 30}, score);
  set_thread_count(4);
  const auto together = random_search(rate_and_momentum, {.trials = 30}, score);
  set_thread_count(before);
  EXPECT_EQ(numbers(together), numbers(alone));
}

TEST(SuccessiveHalving, GivesTheBestThreefoldBudgets) {
  std::vector<std::vector<Index>> budgets(9);
  const auto trials = successive_halving(
      rate_and_momentum, {.trials = 9, .first_budget = 2}, [&](const Trial& trial, Index budget) {
        budgets[static_cast<std::size_t>(trial.number)].push_back(budget);
        return score(trial);
      });
  ASSERT_EQ(trials.size(), 9u);
  const auto all_by_score = random_search(rate_and_momentum, {.trials = 9}, score);
  EXPECT_EQ(numbers(trials), numbers(all_by_score));
  for (std::size_t place = 0; place < 9; ++place) {
    const std::vector<Index> all{2, 6, 18};
    const std::size_t runs = place == 0 ? 3 : place < 3 ? 2 : 1;
    EXPECT_EQ(budgets[static_cast<std::size_t>(trials[place].number)],
              std::vector<Index>(all.begin(), all.begin() + static_cast<Index>(runs)));
    EXPECT_EQ(trials[place].budget, all[runs - 1]);
  }
}

TEST(HyperparameterSearch, ErrorsSayWhatIsWrong) {
  const auto search = [](const SearchRange& range, Index trials) {
    return test::error_of<ValueError>([&] { random_search({range}, {.trials = trials}, score); });
  };
  EXPECT_EQ(search({"rate", 0, 1, SearchRange::Scale::logarithmic}, 1),
            "hyperparameter search: no logarithmic range for \"rate\": [0, 1]");
  EXPECT_EQ(search({"rate", 2, 1}, 1),
            "hyperparameter search: no linear range for \"rate\": [2, 1]");
  EXPECT_EQ(search({"rate", 0, 1}, 0), "random_search: expected trials of at least 1, got 0");
  EXPECT_EQ(search({"depth", 0, 1}, 1), "trial: there is no hyperparameter \"rate\"");
  EXPECT_EQ(test::error_of<ValueError>([] {
              successive_halving({}, {.factor = 1}, [](const Trial&, Index) { return 0.0; });
            }),
            "successive_halving: expected factor of at least 2, got 1");
  EXPECT_EQ(test::error_of<ValueError>([] {
              random_search({{"rate", 0, 1}, {"rate", 2, 3}}, {.trials = 1}, score);
            }),
            "hyperparameter search: two ranges for \"rate\"");
}

}  // namespace
}  // namespace dlfs
