// expect: parameters() of a layer returns pointers to Parameter<Scalar>
#include <vector>

#include <dlfs/dlfs.hpp>

using namespace dlfs;

struct Doubled {
  using Scalar = float;
  static LayerTraits traits() { return {.kind = "doubled"}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<float>&) const {}
  void backward(const BackwardPass<float>&) const {}
  std::vector<Parameter<float>> parameters() { return {}; }
};
int main() { Sequential<float> network{{"doubled", Doubled()}}; }
