// expect: a layer needs Shape output_shape(const Shape& x) const
#include <dlfs/dlfs.hpp>

using namespace dlfs;

struct Square {
  using Scalar = float;
  static LayerTraits traits() { return {.kind = "square"}; }
  void forward(const ForwardPass<float>&) const {}
  void backward(const BackwardPass<float>&) const {}
};
int main() { Sequential<float> network{{"square", Square()}}; }
