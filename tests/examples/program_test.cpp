#include "support/program.hpp"

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "dlfs/core/error.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "io/files.hpp"

namespace dlfs::examples {
namespace {

using Arguments = std::vector<std::string>;
using Body = std::function<void(const Options&)>;

const Program training{
    .description = "Section 0: train", .epochs = 20, .batch_size = 100, .learning_rate = 0.001};

struct Outcome {
  int status = -1;
  bool ran = false;
  Options options;
  std::string output;
  std::string errors;
};

struct BadValue {
  Arguments arguments;
  std::string message;
};

Outcome run(Arguments arguments, const Program& program, const Body& body = {}) {
  arguments.insert(arguments.begin(), "build/bin/train");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  Outcome outcome;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  outcome.status = run_program(static_cast<int>(arguments.size()), argv.data(), program,
                               [&](const Options& options) {
                                 outcome.ran = true;
                                 outcome.options = options;
                                 if (body) body(options);
                               });
  outcome.output = testing::internal::GetCapturedStdout();
  outcome.errors = testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(RunProgram, PassesTheDefaultsOfTheProgram) {
  const auto [status, ran, options, output, errors] = run({}, training);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(ran);
  EXPECT_EQ(options.data, "");
  EXPECT_EQ(options.epochs, 20);
  EXPECT_EQ(options.batch_size, 100);
  EXPECT_EQ(options.learning_rate, 0.001);
  EXPECT_EQ(options.seed, 0u);
  EXPECT_EQ(options.threads, thread_count());
  EXPECT_EQ(options.out, "out");
  EXPECT_FALSE(options.quick);
  EXPECT_EQ(output + errors, "");
}

TEST(RunProgram, ReadsEveryOption) {
  Program program = training;
  program.weights = "weights.npz";
  const int threads_before = thread_count();
  const Outcome outcome =
      run({"--data", "a", "--epochs", "3", "--batch-size=7", "--lr", "1e-2", "--seed",
           "18446744073709551615", "--threads", "5", "--out", "c", "--weights", "d.npz"},
          program, [](const Options&) { EXPECT_EQ(thread_count(), 5); });
  set_thread_count(threads_before);
  EXPECT_EQ(outcome.status, 0) << outcome.errors;
  EXPECT_EQ(outcome.options.data, "a");
  EXPECT_EQ(outcome.options.epochs, 3);
  EXPECT_EQ(outcome.options.batch_size, 7);
  EXPECT_EQ(outcome.options.learning_rate, 0.01);
  EXPECT_EQ(outcome.options.seed, 18446744073709551615u);
  EXPECT_EQ(outcome.options.out, "c");
  EXPECT_EQ(outcome.options.weights, "d.npz");
}

TEST(RunProgram, QuickMeansOneEpochUnlessEpochsAreGiven) {
  const Outcome quick = run({"--quick"}, training);
  EXPECT_TRUE(quick.options.quick);
  EXPECT_EQ(quick.options.epochs, 1);
  EXPECT_EQ(run({"--quick", "--epochs", "4"}, training).options.epochs, 4);
}

TEST(RunProgram, OnlyWithWeightsItMayTrainForNoEpoch) {
  EXPECT_EQ(run({"--epochs", "0"}, training).status, 2);
  Program program = training;
  program.weights = "";
  const Outcome outcome = run({"--epochs", "0"}, program);
  EXPECT_EQ(outcome.status, 0);
  EXPECT_EQ(outcome.options.epochs, 0);
}

TEST(RunProgram, StepsTakeThePlaceOfEpochs) {
  const Program program{.steps = 10000};
  EXPECT_EQ(run({}, program).options.steps, 10000);
  EXPECT_EQ(run({"--steps", "7"}, program).options.steps, 7);
  EXPECT_EQ(run({"--quick"}, program).options.steps, 100);
  EXPECT_EQ(run({"--quick", "--steps", "7"}, program).options.steps, 7);
  EXPECT_EQ(run({"--epochs", "7"}, program).status, 2);
  EXPECT_EQ(run({"--data", "x"}, program).options.data, "x");
  EXPECT_EQ(run({"--steps", "0"}, program).errors,
            "train: --steps: expected a whole number from 1 to 1000000000, got '0' "
            "(see train --help)\n");
}

TEST(RunProgram, AProgramThatMakesItsDataTakesNoFolderOfDigits) {
  const Program program{.epochs = 3, .makes_its_data = true};
  EXPECT_EQ(run({"--data", "x"}, program).status, 2);
  EXPECT_EQ(run({"--quick", "--threads", "1"}, program).options.epochs, 1);
  EXPECT_NE(run({"--help"}, program).output.find("Little data, and one epoch"), std::string::npos);
}

TEST(RunProgram, AProgramMayHaveAFlagOfItsOwn) {
  const Program program{.flag = Flag{"--slowly", "Take the time"}};
  EXPECT_FALSE(run({}, program).options.flag);
  EXPECT_TRUE(run({"--slowly"}, program).options.flag);
  EXPECT_NE(run({"--help"}, program).output.find("Take the time"), std::string::npos);
}

TEST(RunProgram, AProgramMayHaveNumbersOfItsOwn) {
  const Program program{
      .whole = {{.name = "--hidden-size", .help = "Units", .value = 100},
                {.name = "--pad", .help = "Zeros", .value = 2, .least = 0}},
      .real = {{.name = "--std", .help = "Deviation", .value = 0.01},
               {.name = "--dropout-ratio", .help = "Ratio", .value = 0.2, .most = 0.99}}};
  const Options defaults = run({}, program).options;
  EXPECT_EQ(defaults.whole.at("--hidden-size"), 100);
  EXPECT_EQ(defaults.whole.at("--pad"), 2);
  EXPECT_EQ(defaults.real.at("--std"), 0.01);
  EXPECT_EQ(defaults.real.at("--dropout-ratio"), 0.2);

  const Options given =
      run({"--hidden-size", "7", "--pad=0", "--std", "0", "--dropout-ratio", "0.5"}, program)
          .options;
  EXPECT_EQ(given.whole.at("--hidden-size"), 7);
  EXPECT_EQ(given.whole.at("--pad"), 0);
  EXPECT_EQ(given.real.at("--std"), 0);
  EXPECT_EQ(given.real.at("--dropout-ratio"), 0.5);

  const std::string help = run({"--help"}, program).output;
  for (const char* text :
       {"--hidden-size N [100] ", "--pad N [2] ", "--std X [0.01] ", "--dropout-ratio X [0.2] "}) {
    EXPECT_NE(help.find(text), std::string::npos) << text << "\n" << help;
  }

  for (const auto& [arguments, message] : std::vector<BadValue>{
           {{"--hidden-size", "0"},
            "--hidden-size: expected a whole number from 1 to 1000000, got '0'"},
           {{"--hidden-size", "1.5"},
            "--hidden-size: expected a whole number from 1 to 1000000, got '1.5'"},
           {{"--pad", "-1"}, "--pad: expected a whole number from 0 to 1000000, got '-1'"},
           {{"--std", "-0.1"}, "--std: expected a number of at least 0, got '-0.1'"},
           {{"--std", "nan"}, "--std: expected a number of at least 0, got 'nan'"},
           {{"--dropout-ratio", "1"},
            "--dropout-ratio: expected a number from 0 to 0.99, got '1'"}}) {
    const Outcome outcome = run(arguments, program);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_FALSE(outcome.ran);
    EXPECT_EQ(outcome.errors, "train: " + message + " (see train --help)\n");
  }
  EXPECT_EQ(run({"--hidden-size", "7"}, training).status, 2);
}

// Stdout is no terminal here.
TEST(RunProgram, PrintsThePythonsLinesWhereThereIsNoTerminal) {
  Program program = training;
  EXPECT_FALSE(run({}, program).options.verbose);
  EXPECT_EQ(run({"--verbose"}, program).status, 2);
  program.has_python_lines = true;
  EXPECT_TRUE(run({}, program).options.verbose);
  EXPECT_TRUE(run({"--verbose"}, program).options.verbose);
  EXPECT_NE(run({"--help"}, program).output.find("--verbose "), std::string::npos);
}

TEST(RunProgram, ASignalThatStopsAProgramIsItsStatus) {
  const Outcome outcome = run({}, training, [](const Options&) {
    std::puts("stopped");
    throw Stopped(SIGINT);
  });
  EXPECT_EQ(outcome.status, 130);
  EXPECT_EQ(outcome.output, "stopped\n");
  EXPECT_EQ(outcome.errors, "");
}

TEST(RunProgram, HelpShowsEveryOptionWithItsDefault) {
  for (const char* flag : {"--help", "-h"}) {
    const Outcome outcome = run({flag}, training);
    EXPECT_EQ(outcome.status, 0);
    EXPECT_FALSE(outcome.ran);
    EXPECT_EQ(outcome.errors, "");
    for (const std::string& text :
         {std::string("Section 0: train"), std::string("Usage: train [OPTIONS]"),
          std::string("--data DIR "), std::string("[$DLFS_DATA, else data/mnist]"),
          std::string("--epochs N [20] "), std::string("--batch-size N [100] "),
          std::string("--lr X [0.001] "), std::string("--seed N [0] "),
          str_cat("--threads N [", thread_count(), "] "), std::string("--out DIR [out] "),
          std::string("--show auto|never [auto] "), std::string("--quick ")}) {
      EXPECT_NE(outcome.output.find(text), std::string::npos) << text << "\n" << outcome.output;
    }
    EXPECT_EQ(outcome.output.find("--weights"), std::string::npos) << outcome.output;
  }
}

TEST(RunProgram, ShowsTheDefaultWeights) {
  const Outcome outcome = run({"--help"}, {.weights = "sample_weight.npz"});
  EXPECT_NE(outcome.output.find("--weights FILE [sample_weight.npz]\n"), std::string::npos)
      << outcome.output;
}

TEST(RunProgram, ADescriptionAloneTakesNothingButHelp) {
  for (const char* option : {"--data", "--epochs", "--batch-size", "--lr", "--seed", "--threads",
                             "--out", "--show", "--weights", "--quick"}) {
    const Outcome outcome = run({option}, {.description = "The AND gate"});
    EXPECT_EQ(outcome.status, 2);
    EXPECT_EQ(outcome.errors, str_cat("train: The following argument was not expected: ", option,
                                      " (see train --help)\n"));
  }

  char name[] = "and_gate";
  char* argv[] = {name, nullptr};
  bool ran = false;
  EXPECT_EQ(run_program(1, argv, "The AND gate", [&](const Options&) { ran = true; }), 0);
  EXPECT_TRUE(ran);
}

TEST(RunProgram, ADefaultAddsItsOptionAlone) {
  EXPECT_EQ(run({"--seed", "3"}, {.seed = 1}).options.seed, 3u);
  EXPECT_EQ(run({"--lr", "3"}, {.seed = 1}).status, 2);
  EXPECT_EQ(run({"--data", "x"}, {.reads_digits = true}).options.data, "x");
  EXPECT_EQ(run({"--out", "x"}, {.reads_digits = true}).status, 2);
  EXPECT_EQ(run({"--out", "x"}, {.writes_files = true}).options.out, "x");
}

TEST(RunProgram, RejectsABadCommandLineInOneLine) {
  const std::string whole = "expected a whole number from ";
  const std::string positive = "--lr: expected a number above 0, got ";
  for (const auto& [arguments, message] : std::vector<BadValue>{
           {{"--epochs", "0"}, "--epochs: " + whole + "1 to 1000000, got '0'"},
           {{"--epochs", "-1"}, "--epochs: " + whole + "1 to 1000000, got '-1'"},
           {{"--epochs", "2.5"}, "--epochs: " + whole + "1 to 1000000, got '2.5'"},
           {{"--epochs", "ten"}, "--epochs: " + whole + "1 to 1000000, got 'ten'"},
           {{"--epochs", "9999999999"}, "--epochs: " + whole + "1 to 1000000, got '9999999999'"},
           {{"--batch-size", "0"}, "--batch-size: " + whole + "1 to 1000000, got '0'"},
           {{"--seed", "-1"}, "--seed: " + whole + "0 to 18446744073709551615, got '-1'"},
           {{"--threads", "0"}, "--threads: " + whole + "1 to 1024, got '0'"},
           {{"--lr", "0"}, positive + "'0'"},
           {{"--lr", "-0.1"}, positive + "'-0.1'"},
           {{"--lr", "nan"}, positive + "'nan'"},
           {{"--lr", "inf"}, positive + "'inf'"},
           {{"--data", ""}, "--data: expected a path, got an empty text"},
           {{"--show", "always"}, "--show: always not in {auto,never}"},
           {{"--out="}, "--out: 1 required DIR missing"},
           {{"--epochs"}, "--epochs: 1 required N missing"},
           {{"--epoch", "3"}, "The following argument was not expected: --epoch"},
           {{"extra", "words"}, "The following argument was not expected: extra"}}) {
    const Outcome outcome = run(arguments, training);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_FALSE(outcome.ran);
    EXPECT_EQ(outcome.output, "");
    EXPECT_EQ(outcome.errors, "train: " + message + " (see train --help)\n");
  }
}

TEST(RunProgram, AFolderThatCannotBeWrittenIsKnownBeforeTheWork) {
  const test::TemporaryFolder folder;
  const std::string file = folder.write("file", {});
  for (const Program& program : {training, Program{.writes_files = true}}) {
    const Outcome outcome = run({"--out", file + "/out"}, program);
    EXPECT_EQ(outcome.status, 1);
    EXPECT_FALSE(outcome.ran);
    EXPECT_EQ(outcome.output, "");
    EXPECT_EQ(outcome.errors,
              "train: cannot create the folder " + file + "/out: Not a directory\n");
  }

  if (geteuid() == 0) return;  // root may write everywhere
  EXPECT_EQ(run({"--out", "/"}, training).errors,
            "train: cannot write into the folder /: Permission denied\n");
}

TEST(RunProgram, TheFolderExistsWhileTheProgramRunsAndRemainsIfItHasFiles) {
  const test::TemporaryFolder folder;
  const std::string out = folder.path() / "a" / "b";
  const auto exists = [&](const Options& options) {
    EXPECT_TRUE(std::filesystem::is_directory(options.out));
  };
  EXPECT_EQ(run({"--out", out}, training, exists).status, 0);
  EXPECT_FALSE(std::filesystem::exists(out));

  const auto write = [](const Options& options) { write_text(options.out / "text", "text"); };
  EXPECT_EQ(run({"--out", out}, training, write).status, 0);
  EXPECT_TRUE(std::filesystem::exists(out + "/text"));

  std::filesystem::remove(out + "/text");
  EXPECT_EQ(run({"--out", out}, training).status, 0);
  EXPECT_TRUE(std::filesystem::exists(out)) << "it was there before";
}

TEST(RunProgram, AnExceptionIsOneLineOnStderr) {
  const Outcome outcome = run({}, training, [](const Options&) {
    std::puts("before");
    throw ShapeError("affine: expected (N, 784), got (3, 4)");
  });
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(outcome.output, "before\n");
  EXPECT_EQ(outcome.errors, "train: affine: expected (N, 784), got (3, 4)\n");

  EXPECT_EQ(run({}, training, [](const Options&) { throw std::bad_alloc(); }).errors,
            "train: std::bad_alloc\n");
}

}  // namespace
}  // namespace dlfs::examples
