// expect: this is no layer of a network
#include <memory>

#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Sequential<float> network;
  network.add("relu1", std::make_unique<Relu<float>>());
}
