// expect: each layer of a network has a name
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Sequential<float> network;
  network.add(Relu<float>());
}
