#include "dlfs/tensor/einsum.hpp"

#include <gtest/gtest.h>

#include "support/expect_tensor.hpp"
#include "support/tensors.hpp"

// What NumPy gives is in docs/numpy.md, whose rows are tests; here is the rest.

namespace dlfs {
namespace {

using test::error_of;
using test::expect_close;
using test::expect_equal;
using test::random_tensor;

TEST(Matmul, BroadcastsBatchesAsTheirMatrices) {
  const auto a = random_tensor<double>({3, 1, 4, 5}, 1);
  const auto b = random_tensor<double>({2, 5, 6}, 2);
  const auto product = matmul(a, b);
  ASSERT_EQ(product.shape(), (Shape{3, 2, 4, 6}));
  for (Index i = 0; i < 3; ++i) {
    for (Index j = 0; j < 2; ++j) {
      expect_equal(copy(product[i][j]), matmul(a[i][0], b[j]));
    }
  }
}

TEST(Matmul, DropsTheAxisOfAVector) {
  const auto a = random_tensor<double>({3, 4}, 1);
  const auto v = random_tensor<double>({4}, 2);
  expect_equal(matmul(a, v), matmul(a, v.reshape({4, 1})).reshape({3}));
  expect_equal(matmul(v, a.transpose()), matmul(a, v));
  EXPECT_EQ(matmul(v, v).shape(), Shape{});
  EXPECT_EQ(error_of<ShapeError>([&] {
              matmul(a, random_tensor<double>({2, 5, 6}, 3));
            }),
            "matmul: the inner extents differ: (3, 4) times (2, 5, 6)");
  EXPECT_EQ(error_of<ShapeError>([&] { matmul(a, array<double>(1)); }),
            "matmul: expected matrices or vectors, got (3, 4) times ()");
}

/// Every sum written out.
TEST(Einsum, IsTheSumOfProducts) {
  const auto a = random_tensor<double>({2, 3, 4}, 1);
  const auto b = random_tensor<double>({4, 2, 5}, 2);
  const auto c = random_tensor<double>({5, 3}, 3);
  Tensor<double> expected({5, 2});
  for (Index i = 0; i < 2; ++i) {
    for (Index j = 0; j < 3; ++j) {
      for (Index k = 0; k < 4; ++k) {
        for (Index l = 0; l < 5; ++l) expected(l, i) += a(i, j, k) * b(k, i, l) * c(l, j);
      }
    }
  }
  expect_close(einsum<double>("ijk,kil,lj->li", {a, b, c}), expected, 1e-14);
  expect_close(einsum<double>("ijk, kil, lj -> li", {a, b, c}), expected, 1e-14);
}

TEST(Einsum, WithoutAnArrowSortsTheLabelsThatOccurOnce) {
  const auto a = random_tensor<double>({2, 3}, 1);
  const auto b = random_tensor<double>({3, 4}, 2);
  expect_equal(einsum<double>("zj,ja", {a, b}), einsum<double>("zj,ja->az", {a, b}));
}

TEST(Einsum, TakesDiagonalsAndEmptyOperands) {
  expect_equal(einsum<int>("ii->i", {array<int>({{1, 2}, {3, 4}})}), array<int>({1, 4}));
  expect_equal(einsum<double>("ij,jk->ik", {Tensor<double>({2, 0}), Tensor<double>({0, 3})}),
               zeros<double>({2, 3}));
}

TEST(Einsum, ErrorsSayWhatIsWrong) {
  const Tensor<double> a({2, 3});
  const auto value_error = [&](const char* equation) {
    return error_of<ValueError>([&] { einsum<double>(equation, {a, a}); });
  };
  EXPECT_EQ(value_error("ij->ij"), "einsum ij->ij: 1 operands are named and 2 given");
  EXPECT_EQ(value_error("ij,kj->x"), "einsum ij,kj->x: the result's 'x' is no operand's");
  EXPECT_EQ(value_error("ij,kj->ii"), "einsum ij,kj->ii: the result names 'i' twice");
  EXPECT_EQ(value_error("i...,kj"), "einsum i...,kj: expected letters, commas and ->, got '.'");
  const auto shape_error = [&](const char* equation) {
    return error_of<ShapeError>([&] { einsum<double>(equation, {a, a}); });
  };
  EXPECT_EQ(shape_error("ij,jk"), "einsum ij,jk: \"j\" is 3 and 2");
  EXPECT_EQ(shape_error("ii,jk"), "einsum ii,jk: the axes \"i\" of the shape (2, 3) differ");
  EXPECT_EQ(shape_error("i,jk"), "einsum i,jk: \"i\" stands for an operand of shape (2, 3)");
}

TEST(Products, ErrorsNameBothShapes) {
  const Tensor<double> a({2, 3});
  EXPECT_EQ(error_of<ShapeError>([&] { dot(a, a); }),
            "dot: expected two vectors of one length, got (2, 3) and (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] { tensordot(a, a, 1); }),
            "tensordot: the last 1 axes of (2, 3) are not the first of (2, 3)");
  EXPECT_EQ(error_of<ShapeError>([&] { tensordot(a, a, 3); }),
            "tensordot: the last 3 axes of (2, 3) are not the first of (2, 3)");
}

}  // namespace
}  // namespace dlfs
