// expect: the type of the elements is written
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Rng rng(1);
  auto x = random_uniform({2, 3}, rng);
}
