// Section 5.4.1: the price of apples, and its derivative by each factor.
// Book:    ch05/buy_apple.py (2 apples at 100, tax 1.1)
// Run:     buy_apple
// Expect:  price 220; derivatives 2.2, 110 and 200
#include <cstdio>

#include "ch05/layer_naive.hpp"
#include "support/program.hpp"
#include <dlfs/core/error.hpp>

int main(int argc, char** argv) {
  return dlfs::examples::run_program(
      argc, argv, "Section 5.4.1: buying apples", [](const dlfs::examples::Options&) {
        const double apple = 100;
        const double apple_num = 2;
        const double tax = 1.1;
        ch05::MulLayer mul_apple_layer;
        ch05::MulLayer mul_tax_layer;

        const double apple_price = mul_apple_layer.forward(apple, apple_num);
        const double price = mul_tax_layer.forward(apple_price, tax);

        const double dprice = 1;
        const auto [dapple_price, dtax] = mul_tax_layer.backward(dprice);
        const auto [dapple, dapple_num] = mul_apple_layer.backward(dapple_price);

        std::printf("price: %d\n", static_cast<int>(price));
        std::printf("dApple: %s\n", dlfs::str_cat(dapple).c_str());
        std::printf("dApple_num: %d\n", static_cast<int>(dapple_num));
        std::printf("dTax: %s\n", dlfs::str_cat(dtax).c_str());
      });
}
