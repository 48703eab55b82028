// expect: both const
#include <dlfs/dlfs.hpp>

using namespace dlfs;

struct Square {
  using Scalar = float;
  static LayerTraits traits() { return {.kind = "square"}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<float>&) {}
  void backward(const BackwardPass<float>&) {}
};
int main() { Sequential<float> network{{"square", Square()}}; }
