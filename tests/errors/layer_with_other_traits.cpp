// expect: a layer needs LayerTraits traits()
#include <string>

#include <dlfs/dlfs.hpp>

using namespace dlfs;

struct Square {
  using Scalar = float;
  static std::string traits() { return "square"; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<float>&) const {}
  void backward(const BackwardPass<float>&) const {}
};
int main() { Sequential<float> network{{"square", Square()}}; }
