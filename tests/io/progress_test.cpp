#include "dlfs/io/progress.hpp"

#include <cmath>
#include <cstdio>
#include <limits>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "dlfs/core/error.hpp"
#include "dlfs/nn/initializers.hpp"
#include "dlfs/nn/layers/affine.hpp"
#include "dlfs/nn/losses/softmax_cross_entropy.hpp"
#include "dlfs/optim/sgd.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs {
namespace {

double now = 0;

/// A display whose text can be read and whose clock is `now`.
class Screen {
 public:
  explicit Screen(int columns) : columns_(columns) { now = 100; }

  ProgressDisplay display() const {
    return {file_.get(), columns_, [] { return now; }};
  }

  std::string text() const {
    std::string text;
    std::rewind(file_.get());
    for (int c = std::fgetc(file_.get()); c != EOF; c = std::fgetc(file_.get())) {
      text += static_cast<char>(c);
    }
    return text;
  }

 private:
  using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
  File file_{std::tmpfile(), std::fclose};
  int columns_;
};

const ProgressOptions counting_images{.epochs = 2, .unit = "images", .units_per_step = 100};

TEST(Progress, WritesAPlainLineEveryFiveSecondsWithoutATerminal) {
  const Screen screen(0);
  Progress progress(20, counting_images, screen.display());
  for (Index step = 1; step <= 12; ++step) {
    ++now;
    progress.update(step, 0.5 / static_cast<double>(step));
  }
  EXPECT_EQ(screen.text(),
            "epoch 1/2  25%  100 images/s  0:15 left  loss 0.1000\n"
            "epoch 1/2  50%  100 images/s  0:10 left  loss 0.0500\n");
}

TEST(Progress, ShortWorkWritesNothingWithoutATerminal) {
  const Screen screen(0);
  {
    Progress progress(10, counting_images, screen.display());
    now += 4.9;
    progress.update(10, 0.1);
  }
  EXPECT_EQ(screen.text(), "");
}

TEST(Progress, RedrawsOneLineTenTimesASecondOnATerminal) {
  const Screen screen(80);
  {
    Progress progress(20, counting_images, screen.display());
    now += 0.05;
    progress.update(1);
    now += 0.2;
    progress.update(5, 0.25);
    now += 0.05;
    progress.update(6, 0.2);
    now += 0.7;
    progress.update(20, std::nan(""));
  }
  EXPECT_EQ(screen.text(),
            "\repoch 1/2 [===>            ]  25%  2000 images/s  0:01 left  loss 0.2500\x1b[K"
            "\repoch 2/2 [================]  100%  2000 images/s  0:00 left  loss nan\x1b[K"
            "\r\x1b[K");
}

TEST(Progress, ClearTakesTheBarAwayOnce) {
  const Screen screen(80);
  Progress progress(10, {.label = "digits"}, screen.display());
  progress.clear();
  EXPECT_EQ(screen.text(), "");
  now += 2;
  progress.update(5);
  const std::string drawn = screen.text();
  EXPECT_EQ(drawn, "\rdigits [=======>        ]  50%  2.5 steps/s  0:02 left\x1b[K");
  progress.clear();
  progress.clear();
  EXPECT_EQ(screen.text(), drawn + "\r\x1b[K");
}

TEST(Progress, FitsANarrowTerminal) {
  const Screen screen(20);
  Progress progress(10, {.label = "digits"}, screen.display());
  now += 2;
  progress.update(5);
  EXPECT_EQ(screen.text(), "\rdigits  50%  2.5 st\x1b[K");
}

TEST(Progress, ShowsLongAndUnknownTimes) {
  const Screen screen(0);
  Progress progress(1000, {.label = "long"}, screen.display());
  now += 5;
  progress.update(0);
  now += 5;
  progress.update(1);
  now += 90;
  progress.update(100);
  EXPECT_EQ(screen.text(),
            "long  0%\n"
            "long  0%  0.100 steps/s  2:46:30 left\n"
            "long  10%  1.0 steps/s  15:00 left\n");
}

TEST(Progress, ToleratesMoreStepsThanPromised) {
  const Screen screen(0);
  Progress progress(4, counting_images, screen.display());
  now += 8;
  progress.update(6);
  EXPECT_EQ(screen.text(), "epoch 2/2  100%  50.0 images/s  0:00 left\n");
}

TEST(Progress, NeedsAStep) {
  EXPECT_EQ(test::error_of<ValueError>([] { Progress progress(0); }),
            "Progress: expected at least 1 step, got 0");
}

TEST(Progress, RefusesOptionsOutOfRange) {
  EXPECT_EQ(test::error_of<ValueError>([] { Progress progress(1, {.epochs = -1}); }),
            "Progress: expected epochs of at least 0, got -1");
  EXPECT_EQ(test::error_of<ValueError>([] { Progress progress(1, {.units_per_step = 0}); }),
            "Progress: expected units_per_step of at least 1, got 0");
}

TEST(Progress, ShowsAnyNumberOfSteps) {
  constexpr Index most = std::numeric_limits<Index>::max();
  const Screen screen(80);
  Progress progress(most, {.epochs = most, .unit = "images", .units_per_step = most},
                    screen.display());
  for (const Index step : {Index{1}, most / 2, most - 1, most}) {
    now += 1;
    progress.update(step);
  }
  EXPECT_NE(screen.text().find("epoch 1/9223372036854775807"), std::string::npos);
  EXPECT_NE(screen.text().find("  100%  "), std::string::npos);
}

TEST(ShowProgress, ShowsABarAndALineForEachEpochOnATerminal) {
  const Screen screen(80);
  Rng rng(1);
  Sequential<float> network{{"affine1", Affine<float>({.in = 2, .out = 2}, He{}, rng)}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = 2, .batch_size = 4});
  show_progress(trainer, screen.display());
  trainer.on_step([](const StepRecord&) { now += 1; });
  const Dataset<float> data{random_normal<float>({8, 2}, rng), Labels({8})};
  trainer.fit(data, data);
  const std::string text = screen.text();
  EXPECT_NE(text.find("epoch 2/2 ["), std::string::npos) << text;
  EXPECT_NE(text.find("samples/s"), std::string::npos) << text;
  EXPECT_NE(text.find("\r\x1b[Kepoch  1  train loss 0."), std::string::npos) << text;
  EXPECT_NE(text.find("  validation loss 0."), std::string::npos) << text;
  EXPECT_NE(text.find("  accuracy 0."), std::string::npos) << text;
  EXPECT_TRUE(text.ends_with(" s\n")) << text;
}

TEST(ShowProgress, ShowsATrainingWithoutAnEnd) {
  const Screen screen(80);
  Rng rng(1);
  Sequential<float> network{{"affine1", Affine<float>({.in = 2, .out = 2}, He{}, rng)}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(),
                  {.epochs = std::numeric_limits<Index>::max(), .batch_size = 4});
  show_progress(trainer, screen.display());
  trainer.on_step([](const StepRecord&) { now += 1; });
  trainer.on_epoch([&](const EpochRecord&) { trainer.stop(); });
  trainer.fit(Dataset<float>{random_normal<float>({8, 2}, rng), Labels({8})});
  EXPECT_NE(screen.text().find("epoch 1/4611686018427387903  "), std::string::npos);
}

TEST(ShowProgress, IsSilentWithoutATerminal) {
  const Screen screen(0);
  Rng rng(1);
  Sequential<float> network{{"affine1", Affine<float>({.in = 2, .out = 2}, He{}, rng)}};
  Trainer trainer(network, SoftmaxCrossEntropy<float>(), Sgd<float>(), {.epochs = 2});
  show_progress(trainer, screen.display());
  trainer.on_step([](const StepRecord&) { now += 10; });
  trainer.fit(Dataset<float>{random_normal<float>({8, 2}, rng), Labels({8})});
  EXPECT_EQ(screen.text(), "");
}

}  // namespace
}  // namespace dlfs
