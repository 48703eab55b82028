#pragma once

#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dlfs/core/shape.hpp"

namespace dlfs::examples {

/// The options that the user chose. A program reads the members that its `Program` declares.
struct Options {
  std::filesystem::path data{};  // empty where --data was not given: see load_digits
  int epochs = 0;
  int steps = 0;
  Index batch_size = 0;
  double learning_rate = 0;
  std::uint64_t seed = 0;
  int threads = 0;
  std::filesystem::path out{};  // exists, and can be written into
  std::filesystem::path weights{};
  bool flag = false;
  std::map<std::string, std::string> choices{};  // by the option's name, as the next two
  std::map<std::string, Index> whole{};
  std::map<std::string, double> real{};
  bool quick = false;
  bool verbose = false;  // prints what the Python prints
};

/// A switch of one program.
struct Flag {
  std::string_view name{};  // "--numerical-gradient"
  std::string_view help{};
};

/// An option of one program, whose value is one of several words.
struct Choice {
  std::string name{};  // "--init"
  std::string help{};
  std::vector<std::string> words{};  // the first is the default
};

/// A whole number of one program, such as the number of hidden units.
struct WholeNumber {
  std::string name{};  // "--hidden-size"
  std::string help{};
  Index value = 0;  // the default
  Index least = 1;
};

/// A real number of one program, such as the standard deviation of initial weights.
struct RealNumber {
  std::string name{};
  std::string help{};
  double value = 0;
  double least = 0;
  double most = std::numeric_limits<double>::max();
};

/// The description of a program, and the options that it takes.
///
/// A default value adds its option to the program. A program with epochs or steps trains: it also
/// takes --data (unless it makes its data), --seed, --threads, --out, --show and --quick. With
/// weights it also accepts --epochs 0.
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
  std::vector<WholeNumber> whole{};
  std::vector<RealNumber> real{};
  bool reads_digits = false;      // --data DIR, --threads N and --quick
  bool makes_its_data = false;    // trains without digits: no --data
  bool writes_files = false;      // --out DIR and --show auto|never
  bool has_python_lines = false;  // --verbose, which is on where stdout is no terminal
};

/// The path of a file in examples/, such as "ch03/sample_weight.npz".
std::filesystem::path in_examples(const std::filesystem::path& file);

/// Writes a file in the library's way, whole or not at all. @throws IoError with name and reason.
void write_text(const std::filesystem::path& path, std::string_view text);

/// Thrown by a program that a signal has stopped and that has saved its work.
struct Stopped : std::exception {
  explicit Stopped(int number) : signal(number) {}
  int signal;
};

/// The main function of a program: reads the options, sets the thread count, and calls `body`.
///
/// The folder of --out exists while `body` runs; one that cannot be written into is a failure
/// before. With --quick a program trains for one epoch or 100 steps, unless their number is given,
/// and load_digits returns few digits. Every failure is one line on stderr. Returns 0, or 1 where
/// `body` throws or its output cannot be written, or 2 where the command line is wrong, or 128 and
/// the signal's number where `body` throws Stopped, as a shell does.
int run_program(int argc, char** argv, const Program& program,
                const std::function<void(const Options&)>& body);

/// The same for a program whose only option is --help.
int run_program(int argc, char** argv, std::string_view description,
                const std::function<void(const Options&)>& body);

}  // namespace dlfs::examples
