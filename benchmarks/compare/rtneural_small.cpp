// The networks of dlfs_small.cpp by RTNeural (https://github.com/jatinchowdhury18/RTNeural), with
// the sizes in their types: -D HIDDEN=16. Compiled and run by small_networks.py.
#include <RTNeural/RTNeural.h>

#include "measure.hpp"

int main() {
  RTNeural::ModelT<float, 8, 2, RTNeural::DenseT<float, 8, HIDDEN>,
                   RTNeural::ReLuActivationT<float, HIDDEN>,
                   RTNeural::DenseT<float, HIDDEN, HIDDEN>,
                   RTNeural::ReLuActivationT<float, HIDDEN>, RTNeural::DenseT<float, HIDDEN, 2>>
      network;
  alignas(64) float x[8] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f};
  report_small("predict", [&] {
    network.forward(x);
    consume(*network.getOutputs());
  });
}
