#include "support/training.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "dlfs/core/error.hpp"
#include "io/files.hpp"

namespace dlfs::examples {
namespace {

TEST(TrainingDisplay, PrintsALineForEachEpoch) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  TrainingDisplay display(2);
  display.show(
      StepRecord{.epoch = 1, .step = 1, .steps_per_epoch = 1, .samples = 100, .loss = 2.5});
  display.show(EpochRecord{
      .epoch = 1, .train_loss = 2.5, .seconds = 1.5, .metrics = {{"accuracy", 0.25, 0.125}}});
  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            "epoch  1  train loss 2.5000  train accuracy 0.2500  test accuracy 0.1250  1.50 s\n");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(TrainingDisplay, PrintsTheLinesOfTheBooksTrainer) {
  testing::internal::CaptureStdout();
  TrainingDisplay display(1, true);
  display.show(
      StepRecord{.epoch = 1, .step = 1, .steps_per_epoch = 1, .samples = 100, .loss = 2.5});
  display.show(EpochRecord{.epoch = 0, .metrics = {{"accuracy", 0.25, 0.125}}});
  print_final_accuracy(0.375);
  EXPECT_EQ(testing::internal::GetCapturedStdout(),
            "train loss:2.5\n"
            "=== epoch:1, train acc:0.25, test acc:0.125 ===\n"
            "=============== Final Test Accuracy ===============\n"
            "test acc:0.375\n");
}

TEST(PlotAccuracy, PlotsTrainAndTestAgainstEpochs) {
  const test::TemporaryFolder folder;
  testing::internal::CaptureStdout();
  plot_accuracy({.step_losses = {},
                 .epochs = {{.epoch = 0, .metrics = {{"accuracy", 0.5, 0.25}}},
                            {.epoch = 1, .metrics = {{"accuracy", 1, 0.75}}}}},
                folder.path(), 2);
  EXPECT_NE(testing::internal::GetCapturedStdout().find("wrote "), std::string::npos);

  const auto contents = [&](const char* name) {
    std::ifstream file(folder.path() / name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  EXPECT_EQ(contents("accuracy.dat"), "# train\n0 0.5\n1 1\n\n\n# test\n0 0.25\n1 0.75\n");
  const std::string script = contents("accuracy.gp");
  for (const char* line : {"set key on bottom right\n", "set xlabel 'epochs'\n",
                           "set ylabel 'accuracy'\n", "set yrange [0:1]\n"}) {
    EXPECT_NE(script.find(line), std::string::npos) << line << script;
  }
}

}  // namespace
}  // namespace dlfs::examples
