// Trained in PyTorch, used and trained on here; then PyTorch goes on.
// Run:     train_pytorch.py && predict_pytorch [FOLDER] && continue_pytorch.py
// Expect:  the accuracy that PyTorch had, the largest difference of a logit, and the accuracy later
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include <dlfs/dlfs.hpp>
#include <dlfs/io.hpp>

using namespace dlfs;

static void run(const std::filesystem::path& folder) {
  Rng rng(1);
  // Layers have the names of PyTorch's modules.
  Sequential<float> network({2}, rng,
                            {{"affine1", Affine<float>({.out = 32}, He{})},
                             {"relu1", Relu<float>()},
                             {"norm1", BatchNormalization<float>({})},
                             {"affine2", Affine<float>({.out = 32}, He{})},
                             {"relu2", Relu<float>()},
                             {"affine3", Affine<float>({.out = 2}, He{})}});
  load_weights(folder / "spirals.pt", network);
  const Dataset<float> spirals{read_npy<float>(folder / "points.npy"),
                               read_npy<std::int32_t>(folder / "labels.npy")};
  const Tensor<float> logits = read_npy<float>(folder / "logits.npy");
  std::printf("dlfs: accuracy %.3f, largest difference of a logit %.1e\n",
              accuracy(network, spirals),
              static_cast<double>(max(abs(network.predict(spirals.inputs) - logits))));

  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>({.learning_rate = 0.002}),
                  {.epochs = 20, .batch_size = 50});
  trainer.fit(spirals);
  std::printf("trained on: accuracy %.3f\n", accuracy(network, spirals));
  save_weights(folder / "trained_on.safetensors", network, {.to = WeightLayout::pytorch});
  write_npy(folder / "trained_on.npy", network.predict(spirals.inputs));
}

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : ".";
  if (argc > 2 || folder.starts_with("-")) {
    std::printf("usage: predict_pytorch [FOLDER]\n");
    return folder == "--help" && argc == 2 ? 0 : 1;
  }
  try {
    run(folder);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "predict_pytorch: %s\n", error.what());
    return 1;
  }
  return 0;
}
