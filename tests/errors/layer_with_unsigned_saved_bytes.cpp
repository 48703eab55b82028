// expect: saved_bytes(x) are const and return Index
#include <cstddef>

#include <dlfs/dlfs.hpp>

using namespace dlfs;

struct Doubled {
  using Scalar = float;
  static LayerTraits traits() { return {.kind = "doubled"}; }
  Shape output_shape(const Shape& x) const { return x; }
  void forward(const ForwardPass<float>&) const {}
  void backward(const BackwardPass<float>&) const {}
  std::size_t saved_bytes(const Shape& x) const { return static_cast<std::size_t>(x.size()); }
};
int main() { Sequential<float> network{{"doubled", Doubled()}}; }
