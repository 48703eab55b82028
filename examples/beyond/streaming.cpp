// A training on a file that is larger than the memory that the program may use.
// Run:     (ulimit -v 400000; streaming --threads 1)
// Expect:  the accuracy on test samples, after one pass over a file of 1 GB
#include <cstdio>
#include <fstream>

#include "beyond/records.hpp"
#include "support/program.hpp"
#include <dlfs/io/progress.hpp>

using namespace dlfs;
using beyond::Record;

/// Samples [first, first + count) of the file. Each batch reads its own records.
static FunctionSource<float> records(const std::filesystem::path& path, Index first, Index count) {
  return {count, [=](std::span<const Index> samples, Dataset<float>& batch) {
            batch.inputs.resize({std::ssize(samples), Record::width});
            batch.targets.resize({std::ssize(samples)});
            std::ifstream file(path, std::ios::binary);
            Record record;
            for (Index n = 0; n < std::ssize(samples); ++n) {
              const Index place = first + samples[static_cast<std::size_t>(n)];
              file.seekg(place * static_cast<Index>(sizeof record));
              file.read(reinterpret_cast<char*>(&record), sizeof record);
              if (!file) throw IoError("streaming: cannot read ", path.string());
              std::copy_n(record.x, Record::width, batch.inputs.data() + n * Record::width);
              batch.targets(n) = record.label;
            }
          }};
}

static void run(const examples::Options& options) {
  const Index count = options.quick ? 400'000 : 4'000'000, test_count = count / 100;
  const auto path = options.out / "records.bin";
  beyond::write_records(path, test_count + count);
  std::printf("%s has %ju bytes\n", path.c_str(), std::filesystem::file_size(path));
  Rng rng(options.seed);
  Sequential<float> network{{"affine1", Affine<float>({.in = 64, .out = 100}, He{}, rng)},
                            {"relu1", Relu<float>()},
                            {"affine2", Affine<float>({.in = 100, .out = 10}, Xavier{}, rng)}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Adam<float>(),
                  {.epochs = options.epochs, .loader_threads = 1, .evaluate_training_data = false});
  show_progress(trainer);
  trainer.fit(records(path, test_count, count), records(path, 0, test_count));
  std::printf("test accuracy: %.4f\n", trainer.history().epochs.back().validation("accuracy"));
}

int main(int argc, char** argv) {
  return examples::run_program(argc, argv,
                               {.description = "A training on a file larger than memory",
                                .epochs = 1,
                                .makes_its_data = true},
                               run);
}
