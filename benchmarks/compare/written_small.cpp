// A network of dlfs_small.cpp as the C++ file that it writes. Compiled and run by
// small_networks.py.
#include "measure.hpp"
#include "small.hpp"

int main() {
  small::Memory memory;
  alignas(64) float x[8] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f};
  alignas(64) float y[2];
  report_small("predict", [&] {
    consume(x);
    small::predict(x, y, memory);
    consume(y);
  });
}
