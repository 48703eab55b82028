#include "dlfs/net/predict.hpp"

#include <gtest/gtest.h>

#include "dlfs/nn/layers/identity.hpp"
#include "dlfs/tensor/creation.hpp"
#include "support/error_of.hpp"
#include "support/expect_tensor.hpp"

namespace dlfs {
namespace {

const Sequential<float> unchanged{{"identity1", Identity<float>()}};

TEST(Predict, GivesLabelsOfSamplesAndOfPlaces) {
  test::expect_equal(predict_labels(unchanged, array<float>({{1, 3, 2}, {4, 0, 4}})),
                     array<std::int32_t>({1, 0}));
  // (1, 2, 1, 3): two classes, three places
  const auto places = array<float>({{{{1, 5, 2}}, {{3, 4, 2}}}});
  test::expect_equal(predict_labels(unchanged, places), array<std::int32_t>({{{1, 0, 0}}}));
}

TEST(Predict, GivesProbabilities) {
  const auto p = predict_probabilities(unchanged, array<float>({{0, 0}, {1e4f, -1e4f}}));
  test::expect_equal(p, array<float>({{0.5, 0.5}, {1, 0}}));
}

TEST(Predict, RefusesOutputsWithoutClasses) {
  EXPECT_EQ(test::error_of<ShapeError>([] { predict_labels(unchanged, ones<float>({3})); }),
            "predict_labels: expected outputs (N, C, ...), got (3,)");
  EXPECT_EQ(test::error_of<ShapeError>([] {
              predict_probabilities(unchanged, ones<float>({3, 2, 2}));
            }),
            "predict_probabilities: expected outputs (N, C), got (3, 2, 2)");
}

}  // namespace
}  // namespace dlfs
