#pragma once

#include <cstdio>
#include <initializer_list>

// The three gates differ only in weights and bias; that is the chapter's point.

/// Fires where the weighted sum of the inputs plus the bias is positive.
inline int perceptron(double x1, double x2, double w1, double w2, double b) {
  return w1 * x1 + w2 * x2 + b > 0 ? 1 : 0;
}

inline int and_gate(int x1, int x2) { return perceptron(x1, x2, 0.5, 0.5, -0.7); }
inline int nand_gate(int x1, int x2) { return perceptron(x1, x2, -0.5, -0.5, 0.7); }
inline int or_gate(int x1, int x2) { return perceptron(x1, x2, 0.5, 0.5, -0.2); }

inline void print_truth_table(int (*gate)(int, int)) {
  for (const int x2 : {0, 1}) {
    for (const int x1 : {0, 1}) std::printf("(%d, %d) -> %d\n", x1, x2, gate(x1, x2));
  }
}
