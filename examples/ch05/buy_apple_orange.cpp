// Section 5.4.2: apples and oranges, where two paths of the graph meet in a sum.
// Book:    ch05/buy_apple_orange.py (2 apples at 100, 3 oranges at 150, tax 1.1)
// Run:     buy_apple_orange
// Expect:  price 715; derivatives 2.2, 110, 3.3, 165 and 650
#include <cstdio>

#include "ch05/layer_naive.hpp"
#include "support/program.hpp"
#include <dlfs/core/error.hpp>

int main(int argc, char** argv) {
  return dlfs::examples::run_program(
      argc, argv, "Section 5.4.2: buying apples and oranges", [](const dlfs::examples::Options&) {
        const double apple = 100;
        const double apple_num = 2;
        const double orange = 150;
        const double orange_num = 3;
        const double tax = 1.1;
        ch05::MulLayer mul_apple_layer;
        ch05::MulLayer mul_orange_layer;
        ch05::AddLayer add_apple_orange_layer;
        ch05::MulLayer mul_tax_layer;

        const double apple_price = mul_apple_layer.forward(apple, apple_num);
        const double orange_price = mul_orange_layer.forward(orange, orange_num);
        const double all_price = add_apple_orange_layer.forward(apple_price, orange_price);
        const double price = mul_tax_layer.forward(all_price, tax);

        const double dprice = 1;
        const auto [dall_price, dtax] = mul_tax_layer.backward(dprice);
        const auto [dapple_price, dorange_price] = add_apple_orange_layer.backward(dall_price);
        const auto [dorange, dorange_num] = mul_orange_layer.backward(dorange_price);
        const auto [dapple, dapple_num] = mul_apple_layer.backward(dapple_price);

        std::printf("price: %d\n", static_cast<int>(price));
        std::printf("dApple: %s\n", dlfs::str_cat(dapple).c_str());
        std::printf("dApple_num: %d\n", static_cast<int>(dapple_num));
        std::printf("dOrange: %s\n", dlfs::str_cat(dorange).c_str());
        std::printf("dOrange_num: %d\n", static_cast<int>(dorange_num));
        std::printf("dTax: %s\n", dlfs::str_cat(dtax).c_str());
      });
}
