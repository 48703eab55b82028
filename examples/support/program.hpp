#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dlfs/core/shape.hpp"

namespace dlfs::examples {

/// What the user asked for. A program reads the members that its `Program` declares.
struct Options {
  std::filesystem::path data{};  // empty where --data was not given: see load_digits
  int epochs = 0;
  int steps = 0;
  Index batch_size = 0;
  double learning_rate = 0;
  std::uint64_t seed = 0;
  int threads = 0;
  std::filesystem::path out{};
  std::filesystem::path weights{};
  bool flag = false;
  std::map<std::string, std::string> choices{};  // by the option's name
  bool quick = false;
};

/// A switch that is a program's own.
struct Flag {
  std::string_view name{};  // "--numerical-gradient"
  std::string_view help{};
};

/// An option that is a program's own, whose value is one of some words.
struct Choice {
  std::string name{};  // "--init"
  std::string help{};
  std::vector<std::string> words{};  // the first is the default
};

/// What a program says of itself: its description and the options that it takes.
///
/// A default given here adds the option to the program. A program with epochs or steps is one that
/// trains; it also takes --data, --seed, --threads, --out and --quick. With weights, it may be told
/// to train for 0 epochs.
struct Program {
  std::string_view description{};                  // the first line of --help
  std::optional<int> epochs{};                     // --epochs N
  std::optional<int> steps{};                      // --steps N
  std::optional<Index> batch_size{};               // --batch-size N
  std::optional<double> learning_rate{};           // --lr X
  std::optional<std::uint64_t> seed{};             // --seed N
  std::optional<std::filesystem::path> weights{};  // --weights FILE
  std::optional<Flag> flag{};
  std::vector<Choice> choices{};
  bool reads_digits = false;  // --data DIR, --threads N and --quick
  bool writes_files = false;  // --out DIR
};

/// A file that is committed beside the programs, such as "ch03/sample_weight.npz".
std::filesystem::path in_examples(const std::filesystem::path& file);

/// Writes a file as the library writes its own. @throws IoError that names it and the reason.
void write_text(const std::filesystem::path& path, std::string_view text);

/// The main function of a program: reads the options, sets the thread count, and calls `body`.
///
/// With --quick a program trains for one epoch, or 100 steps, unless their number is given;
/// load_digits gives it few digits. Every failure is one line on stderr. Returns 0; 1 where `body`
/// threw or its output could not be written; 2 where the command line is wrong.
int run_program(int argc, char** argv, const Program& program,
                const std::function<void(const Options&)>& body);

/// A program that takes nothing but --help.
int run_program(int argc, char** argv, std::string_view description,
                const std::function<void(const Options&)>& body);

}  // namespace dlfs::examples
