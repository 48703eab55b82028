// expect: options in braces are followed by an initializer and a variable of type Rng
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Rng rng(1);
  Affine<float> affine(2, 8, He{}, rng);
}
