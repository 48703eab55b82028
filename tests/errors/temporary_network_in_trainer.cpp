// expect: trainer_changes_a_network_that_outlives_it
#include <dlfs/dlfs.hpp>

using namespace dlfs;

int main() {
  Trainer trainer(Sequential<float>{{"relu1", Relu<float>()}}, SoftmaxCrossEntropy<float>(),
                  Adam<float>());
}
