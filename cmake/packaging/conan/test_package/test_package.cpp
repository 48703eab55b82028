#include <dlfs/dlfs.hpp>
#ifdef TEST_IO
#include <dlfs/io/png.hpp>
#endif

int main() {
  dlfs::Rng rng(1);
  const dlfs::Affine<float> affine({.in = 3, .out = 2}, dlfs::He{}, rng);
  const dlfs::Sequential<float> network{{"affine", affine}, {"relu", dlfs::Relu<float>()}};
  const auto y = network.predict(dlfs::Tensor<float>({4, 3}));
#ifdef TEST_IO
  try {
    dlfs::read_png("no such file");
    return 1;
  } catch (const dlfs::IoError&) {
  }
#endif
  return y.shape() == dlfs::Shape{4, 2} ? 0 : 1;
}
