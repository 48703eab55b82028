#include "dlfs/core/expect.hpp"

#include <gtest/gtest.h>

#include "dlfs/core/tensor.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

using test::error_of;

TEST(ExpectDense, NamesTheOperationTheOperandAndTheShape) {
  Tensor<float> x({2, 3});
  EXPECT_NO_THROW(detail::expect_dense("op", "x", x.view()));
  EXPECT_NO_THROW(detail::expect_dense("op", "x", x.view(), {2, 3}));
  EXPECT_EQ(error_of<ShapeError>([&] { detail::expect_dense("op", "x", x.transpose()); }),
            "op: expected x to be contiguous, got a view of shape (3, 2) with gaps or reordered "
            "axes");
  EXPECT_EQ(error_of<ShapeError>([&] {
              detail::expect_dense("op", "x", x.view(), {3, 2});
            }),
            "op: expected x of shape (3, 2), got (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] {
              detail::expect_dense("op", "x", x.transpose(), {3, 2});
            }),
            error_of<ShapeError>([&] { detail::expect_dense("op", "x", x.transpose()); }));
}

}  // namespace
}  // namespace dlfs
