#include "dlfs/data/one_hot.hpp"

#include <gtest/gtest.h>

#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

using test::error_of;
using Texts = std::vector<std::string>;

TEST(OneHot, CategoriesAreTheSortedDistinctTexts) {
  const OneHot colours = OneHot::fit({"red", "blue", "red", "", "green"});
  EXPECT_EQ(colours.categories(), (Texts{"", "blue", "green", "red"}));
  test::expect_equal(colours.labels({"green", "", "red", "green"}), Labels({4}, {2, 0, 3, 2}));
  test::expect_equal(colours.apply<float>({"red", "blue"}),
                     array<float>({{0, 0, 0, 1}, {0, 1, 0, 0}}));
  EXPECT_EQ(colours.apply<double>({}).shape(), (Shape{0, 4}));
}

TEST(OneHot, TakesTheOrderThatItIsGiven) {
  const OneHot sizes({"small", "large"});
  test::expect_equal(sizes.labels({"large", "small"}), Labels({2}, {1, 0}));
  EXPECT_EQ(error_of<ValueError>([] {
              OneHot({"a", "b", "a"});
            }),
            "one hot: two categories are 'a'");
}

TEST(OneHot, AnUnknownTextIsAnErrorThatNamesItAndItsSample) {
  const OneHot colours = OneHot::fit({"red", "blue"});
  EXPECT_EQ(error_of<ValueError>([&] {
              colours.labels({"red", "Red"});
            }),
            "one hot: 'Red' of sample 1 is none of the 2 categories");
  EXPECT_EQ(error_of<ValueError>([] { OneHot().apply<float>({"x"}); }),
            "one hot: 'x' of sample 0 is none of the 0 categories");
}

}  // namespace
}  // namespace dlfs
