// The networks of dlfs_small.cpp by MiniDNN (https://github.com/yixuan/MiniDNN). Compiled and run
// by small_networks.py.
#include <cstdlib>

#define MDNN_SCALAR float
#include <Eigen/Core>
#include <MiniDNN.h>

#include "measure.hpp"

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  const int hidden = std::atoi(argv[1]);
  using Matrix = Eigen::MatrixXf;
  using namespace MiniDNN;
  Network network;
  network.add_layer(new FullyConnected<ReLU>(8, hidden));
  network.add_layer(new FullyConnected<ReLU>(hidden, hidden));
  network.add_layer(new FullyConnected<Identity>(hidden, 2));
  network.set_output(new RegressionMSE());
  network.init(0, 0.1f, 1);
  const Matrix x = Matrix::Random(8, 1);
  report_small("predict", [&] { consume(network.predict(x)); });

  // Its training takes data, so a step is an epoch's share; the shuffling of 100 batches is part of
  // it.
  constexpr int batches = 100;
  const Matrix inputs = Matrix::Random(8, 32 * batches);
  const Matrix targets = Matrix::Random(2, 32 * batches);
  SGD optimizer(0.01f);
  report_small(
      "step of 32", [&] { network.fit(optimizer, inputs, targets, 32, 1, 1); }, batches);
}
