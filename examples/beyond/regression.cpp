// A regression on a CSV file, whose noise is known.
// Run:     regression [--epochs N] [--batch-size N] [--seed N] [--out DIR]
// Expect:  a mean squared error within 5 % of 1, the variance of the noise
#include <cstdio>

#include "beyond/friedman.hpp"
#include "support/program.hpp"

using namespace dlfs;

static Dataset<float, Tensor<float>> read(const std::filesystem::path& path) {
  const CsvTable table = read_csv(path);
  return {table.tensor<float>({"x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10"}),
          table.tensor<float>({"y"})};
}

static void run(const examples::Options& options) {
  const Index count = options.quick ? 2000 : 50000;
  beyond::write_friedman(options.out / "train.csv", count, Rng(1));
  beyond::write_friedman(options.out / "test.csv", count, Rng(2));
  const auto train = read(options.out / "train.csv");
  const auto test = read(options.out / "test.csv");

  Rng rng(options.seed);
  Sequential<float> network{{"inputs", Standardization<float>::fit(train.inputs)},
                            {"affine1", Affine<float>({.in = 10, .out = 64}, He{}, rng)},
                            {"swish1", Swish<float>()},
                            {"affine2", Affine<float>({.in = 64, .out = 64}, He{}, rng)},
                            {"swish2", Swish<float>()},
                            {"affine3", Affine<float>({.in = 64, .out = 1}, He{}, rng)},
                            {"targets", Standardization<float>::fit(train.targets).inverse()}};
  Trainer trainer(network, MeanSquaredError<float>(), Adam<float>(),
                  {.epochs = options.epochs, .batch_size = options.batch_size});
  trainer.schedule(
      CosineDecay{.rate = 0.003, .steps = options.epochs * count / options.batch_size});
  show_progress(trainer);
  const EpochRecord& last = trainer.fit(train, test).epochs.back();
  save_weights(options.out / "regression.npz", network);
  std::printf("mean squared error: %.4f\n", last.validation_loss);
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "A regression on a CSV file, whose noise is known",
                                .epochs = 30,
                                .batch_size = 100,
                                .makes_its_data = true},
                               run);
}
