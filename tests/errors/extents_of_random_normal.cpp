// expect: the extents stand in braces
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Rng rng(1);
  auto x = random_normal<float>(2, 3, rng);
}
