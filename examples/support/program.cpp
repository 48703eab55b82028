#include <cerrno>
#include <charconv>
#include <cmath>
#include <concepts>
#include <cstdio>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>
#include <string>
#include <system_error>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "dlfs/core/error.hpp"
#include "dlfs/core/parallel_for.hpp"
#include "dlfs/io/file.hpp"
#include "support/program.hpp"
#include "support/terminal.hpp"

namespace dlfs::examples {

namespace {

/// The range of numbers that an option accepts, with both ends.
template <class Number>
struct Range {
  Number least;
  Number most;
};

/// Above 0 and finite.
constexpr Range<double> positive{std::numeric_limits<double>::denorm_min(),
                                 std::numeric_limits<double>::max()};

std::string to_string(Range<double> range) {
  if (range.least == positive.least) return "a number above 0";
  if (range.most == positive.most) return str_cat("a number of at least ", range.least);
  return str_cat("a number from ", range.least, " to ", range.most);
}

template <std::integral Number>
std::string to_string(Range<Number> range) {
  return str_cat("a whole number from ", range.least, " to ", range.most);
}

/// Adds an option whose value is a number. The value of the variable is the default.
template <class Number>
CLI::Option* add_number(CLI::App& app, const std::string& name, const std::string& help,
                        Number& value, Range<Number> range) {
  const auto read = [=, &value](const std::string& text) {
    const char* end = text.data() + text.size();
    Number number{};
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    const bool is_number = error == std::errc{} && stop == end;
    if (!is_number || !(number >= range.least && number <= range.most)) {
      throw CLI::ValidationError(name, str_cat("expected ", range, ", got '", text, "'"));
    }
    value = number;
  };
  const std::string kind = std::floating_point<Number> ? "X" : "N";
  return app.add_option_function<std::string>(name, read, help)
      ->type_name(kind)
      ->option_text(str_cat(kind, " [", value, "]"));
}

/// The folder of --out. It is created before the work, so that a folder that cannot be written is
/// known at once. At the end it is removed again if it is new and empty.
class OutFolder {
 public:
  explicit OutFolder(const std::filesystem::path& path) : path_(path) {
    std::error_code error;
    is_new_ = std::filesystem::create_directories(path, error);
    if (error) {
      throw IoError("cannot create the folder ", path.string(), ": ", error.message());
    }
    if (access(path.c_str(), W_OK | X_OK) != 0) {
      throw IoError("cannot write into the folder ", path.string(), ": ", std::strerror(errno));
    }
  }
  OutFolder(const OutFolder&) = delete;
  OutFolder& operator=(const OutFolder&) = delete;
  ~OutFolder() {
    std::error_code not_empty;
    if (is_new_) std::filesystem::remove(path_, not_empty);
  }

 private:
  std::filesystem::path path_;
  bool is_new_ = false;
};

void add_path(CLI::App& app, const std::string& name, const std::string& kind,
              const std::string& help, std::filesystem::path& value) {
  const std::string text = value.empty() ? kind : str_cat(kind, " [", value.string(), "]");
  const auto is_given = [](const std::string& path) {
    return path.empty() ? std::string("expected a path, got an empty text") : std::string();
  };
  app.add_option(name, value, help)->check(is_given)->type_name(kind)->option_text(text);
}

void add_choice(CLI::App& app, const Choice& choice, Options& options) {
  std::string& value = options.choices[choice.name] = choice.words.front();
  app.add_option(choice.name, value, choice.help)
      ->check(CLI::IsMember(choice.words))
      ->option_text(str_cat(CLI::detail::join(choice.words, "|"), " [", value, "]"));
}

bool takes_out(const Program& program) {
  return program.epochs || program.steps || program.writes_files;
}

/// @throws CLI::ParseError for a wrong command line or for --help.
Options parse(CLI::App& app, int argc, char** argv, const Program& program) {
  const bool trains = program.epochs || program.steps;
  const bool reads_digits = (trains && !program.makes_its_data) || program.reads_digits;

  Options options{.epochs = program.epochs.value_or(0),
                  .steps = program.steps.value_or(0),
                  .batch_size = program.batch_size.value_or(0),
                  .learning_rate = program.learning_rate.value_or(0),
                  .seed = program.seed.value_or(0),
                  .threads = thread_count(),
                  .out = "out",
                  .weights = program.weights.value_or("")};
  const CLI::Option* epochs = nullptr;
  const CLI::Option* steps = nullptr;
  app.set_help_flag("-h,--help", "Show this text");
  if (reads_digits) {
    add_path(app, "--data", "DIR", "Folder of MNIST [$DLFS_DATA, else data/mnist]", options.data);
  }
  if (program.weights) {
    add_path(app, "--weights", "FILE", "Trained weights: .npz or .pkl", options.weights);
  }
  if (program.epochs) {
    const int fewest = program.weights ? 0 : 1;  // with weights it can test only
    epochs = add_number(app, "--epochs", "Passes over the training data", options.epochs,
                        {fewest, 1'000'000});
  }
  if (program.steps) {
    steps = add_number(app, "--steps", "Updates of the weights", options.steps, {1, 1'000'000'000});
  }
  if (program.batch_size) {
    add_number(app, "--batch-size", "Samples per step", options.batch_size, {1, 1'000'000});
  }
  if (program.learning_rate) {
    add_number(app, "--lr", "Learning rate", options.learning_rate, positive);
  }
  if (trains || program.seed) {
    add_number(app, "--seed", "Seed of the random numbers", options.seed,
               {0, std::numeric_limits<std::uint64_t>::max()});
  }
  if (trains || reads_digits) {
    add_number(app, "--threads", "Threads; the results do not depend on it", options.threads,
               {1, 1024});
  }
  if (takes_out(program)) {
    add_path(app, "--out", "DIR", "Folder for the files that are written", options.out);
    add_choice(app, {"--show", "Show pictures on a terminal that can", {"auto", "never"}}, options);
  }
  if (program.flag) {
    app.add_flag(std::string(program.flag->name), options.flag, std::string(program.flag->help));
  }
  for (const Choice& choice : program.choices) {
    add_choice(app, choice, options);
  }
  for (const WholeNumber& number : program.whole) {
    Index& value = options.whole[number.name] = number.value;
    add_number(app, number.name, number.help, value, {number.least, 1'000'000});
  }
  for (const RealNumber& number : program.real) {
    double& value = options.real[number.name] = number.value;
    add_number(app, number.name, number.help, value, {number.least, number.most});
  }
  if (trains || reads_digits) {
    app.add_flag("--quick", options.quick,
                 str_cat(reads_digits ? "Few digits" : "Little data",
                         program.epochs  ? ", and one epoch unless --epochs is given"
                         : program.steps ? ", and 100 steps unless --steps is given"
                                         : ""));
  }
  if (program.has_python_lines) {
    app.add_flag("--verbose", options.verbose,
                 "Print what the Python prints, as without a terminal");
  }

  app.allow_extras();
  app.parse(argc, argv);
  if (!app.remaining().empty()) throw CLI::ExtrasError({app.remaining().front()});
  if (options.quick && epochs != nullptr && epochs->count() == 0) options.epochs = 1;
  if (options.quick && steps != nullptr && steps->count() == 0) options.steps = 100;
  if (program.has_python_lines && isatty(STDOUT_FILENO) == 0) options.verbose = true;
  return options;
}

int fail(const std::string& program, const std::string& message, int status) {
  std::fflush(stdout);
  std::fprintf(stderr, "%s: %s\n", program.c_str(), message.c_str());
  return status;
}

}  // namespace

std::filesystem::path in_examples(const std::filesystem::path& file) {
  return std::filesystem::path(DLFS_SOURCE_EXAMPLES_DIR) / file;
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  detail::write_file(path, text);
}

int run_program(int argc, char** argv, const Program& program,
                const std::function<void(const Options&)>& body) {
  const std::string name =
      argc > 0 ? std::filesystem::path(argv[0]).filename().string() : "program";
  CLI::App app{std::string(program.description), name};
  try {
    const Options options = parse(app, argc, argv, program);
    set_thread_count(options.threads);
    set_shown_on_terminal(!options.choices.contains("--show") ||
                          options.choices.at("--show") == "auto");
    std::optional<OutFolder> out;
    if (takes_out(program)) out.emplace(options.out);
    body(options);
  } catch (const CLI::CallForHelp&) {
    std::fputs(app.help().c_str(), stdout);
  } catch (const CLI::ParseError& error) {
    return fail(name, str_cat(error.what(), " (see ", name, " --help)"), 2);
  } catch (const Stopped& stopped) {
    return 128 + stopped.signal;
  } catch (const std::exception& error) {
    return fail(name, error.what(), 1);
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
    return fail(name, "cannot write to the standard output", 1);
  }
  return 0;
}

int run_program(int argc, char** argv, std::string_view description,
                const std::function<void(const Options&)>& body) {
  return run_program(argc, argv, Program{.description = description}, body);
}

}  // namespace dlfs::examples
