#include <cstdio>

#include <dlfs/dlfs.hpp>
#include <dlfs/io.hpp>

int main() {
  dlfs::Rng rng(1);
  const dlfs::Affine<float> affine({.in = 3, .out = 2}, dlfs::He{}, rng);
  const dlfs::Sequential<float> network{{"affine", affine}, {"relu", dlfs::Relu<float>()}};
  const auto y = network.predict(dlfs::Tensor<float>({4, 3}));
  std::printf("%s\n", to_string(y.shape()).c_str());

  try {
    dlfs::load_mnist<float>("no such folder");
  } catch (const dlfs::IoError&) {
    return y.shape() == dlfs::Shape{4, 2} ? 0 : 1;
  }
  return 1;
}
