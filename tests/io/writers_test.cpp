// Every writer of the library to every kind of file, and every reader from a pipe. A new writer or
// reader joins the lists below, or these tests fail.
#include <algorithm>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dlfs/dlfs.hpp"
#include "dlfs/io.hpp"
#include "dlfs/io/cpp_file.hpp"
#include "dlfs/io/history.hpp"
#include "dlfs/io/load_onnx.hpp"
#include "dlfs/io/network_file.hpp"
#include "dlfs/io/save_onnx.hpp"
#include "io/files.hpp"
#include "support/error_of.hpp"

namespace dlfs::test::writers {
namespace {

namespace fs = std::filesystem;
using test::Bytes;
using test::error_of;
using test::read_bytes;

Sequential<float> network() {
  Rng rng(1);
  return {{"affine1", Affine<float>({.in = 3, .out = 4}, He{}, rng)}};
}

TrainerState<float> state() {
  auto trained = network();
  Trainer trainer(trained, SoftmaxCrossEntropy<float>(), Sgd<float>());
  return trainer.state();
}

struct Writer {
  std::string function;
  std::string ending;
  std::function<void(const fs::path& path)> write;
};

const std::vector<Writer>& writers() {
  static const auto x = array<float>({{1, 2, 3}, {4, 5, 6}});
  static const std::vector<Writer> writers{
      {"save_checkpoint", ".npz", [](const fs::path& path) { save_checkpoint(path, state()); }},
      {"save_history", ".csv", [](const fs::path& path) { save_history(path, {}); }},
      {"save_history", ".json", [](const fs::path& path) { save_history(path, {}); }},
      {"save_network", ".safetensors",
       [](const fs::path& path) { save_network<float>(path, network(), {x}); }},
      {"save_onnx", ".onnx", [](const fs::path& path) { save_onnx(path, network(), {3}); }},
      {"save_weights", ".npz", [](const fs::path& path) { save_weights(path, network()); }},
      {"write_cpp", ".hpp", [](const fs::path& path) { write_cpp(path, network(), {3}); }},
      {"write_csv", ".csv",
       [](const fs::path& path) {
         write_csv(path, {"a", "b", "c"}, x);
       }},
      {"write_npy", ".npy", [](const fs::path& path) { write_npy(path, x); }},
      {"write_npz", ".npz",
       [](const fs::path& path) {
         write_npz<float>(path, {{"x", x}});
       }},
      {"write_png", ".png",
       [](const fs::path& path) {
         write_png(path, Tensor<std::uint8_t>({2, 3}));
       }},
      {"write_safetensors", ".safetensors",
       [](const fs::path& path) {
         write_safetensors<float>(path, {{"x", x}});
       }},
  };
  return writers;
}

struct Reader {
  std::string function;
  Bytes file;
  std::function<void(const fs::path& path)> read;
};

/// With a file that each accepts.
std::vector<Reader> readers() {
  const test::TemporaryFolder folder;
  const auto file = [&](const std::function<void(const fs::path&)>& write) {
    write(folder.path() / "f");
    return read_bytes(folder.path() / "f");
  };
  std::vector<Reader> readers{
      {"load_checkpoint", file([](const auto& path) { save_checkpoint(path, state()); }),
       [](const fs::path& path) { load_checkpoint<float>(path); }},
      {"load_network", file([](const auto& path) { save_network<float>(path, network()); }),
       [](const fs::path& path) { load_network<float>(path); }},
      {"load_onnx", file([](const auto& path) { save_onnx(path, network(), {3}); }),
       [](const fs::path& path) { load_onnx<float>(path); }},
      {"load_weights", file([](const auto& path) { save_weights(path, network()); }),
       [](const fs::path& path) {
         auto loaded = network();
         load_weights(path, loaded);
       }},
      {"read_csv", test::bytes("a,b\n1,2\n"), [](const fs::path& path) { read_csv(path); }},
      {"read_idx", test::idx({2, 3}, Bytes(6)), [](const fs::path& path) { read_idx(path); }},
      {"read_jpeg", read_bytes(test::fixture("rgb.jpg")),
       [](const fs::path& path) { read_jpeg(path); }},
      {"read_npy", read_bytes(test::fixture("f4_little.npy")),
       [](const fs::path& path) { read_npy<float>(path); }},
      {"read_npz", read_bytes(test::fixture("stored.npz")),
       [](const fs::path& path) { read_npz<float>(path); }},
      {"read_pickle", read_bytes(test::fixture("protocol2.pkl")),
       [](const fs::path& path) { read_pickle<float>(path); }},
      {"read_png", read_bytes(test::fixture("rgb8.png")),
       [](const fs::path& path) { read_png(path); }},
      {"read_pytorch", read_bytes(test::fixture("types.pt")),
       [](const fs::path& path) { read_pytorch<float>(path); }},
      {"read_safetensors", read_bytes(test::fixture("types.safetensors")),
       [](const fs::path& path) { read_safetensors<float>(path); }},
      {"read_safetensors_metadata", read_bytes(test::fixture("types.safetensors")),
       [](const fs::path& path) { read_safetensors_metadata(path); }},
  };
  if (!detail::has_jpeg) {
    std::erase_if(readers, [](const Reader& reader) { return reader.function == "read_jpeg"; });
  }
  return readers;
}

/// Public functions of include/dlfs/io whose names begin so.
std::set<std::string> functions_of_headers(const std::string& beginnings) {
  const std::regex declaration("\n(?:inline |constexpr )*[\\w:<>, ]+ ((?:" + beginnings +
                               ")\\w+)\\(\\s*const std::filesystem::path& ");
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(DLFS_FIXTURES "/../../../include/dlfs/io")) {
    if (entry.path().filename() == "file.hpp") continue;  // the door behind them
    const Bytes bytes = read_bytes(entry.path().string());
    const std::string text(bytes.begin(), bytes.end());
    for (std::sregex_iterator found(text.begin(), text.end(), declaration), end; found != end;
         ++found) {
      names.insert((*found)[1]);
    }
  }
  return names;
}

template <class Listed>
std::set<std::string> functions_of(const std::vector<Listed>& list) {
  std::set<std::string> names;
  for (const auto& entry : list) names.insert(entry.function);
  return names;
}

TEST(Writers, AreAllInTheListOfThisTest) {
  EXPECT_EQ(functions_of(writers()), functions_of_headers("save_|write_"));
}

/// What reads a folder, or several files.
const std::set<std::string> of_several_files{"load_cifar10", "load_cifar100",    "load_idx",
                                             "load_mnist",   "load_mnist_bytes", "load_mnist_part",
                                             "load_emnist"};

TEST(Readers, AreAllInTheListOfThisTest) {
  auto expected = functions_of_headers("read_|load_");
  for (const auto& function : of_several_files) expected.erase(function);
  if (!detail::has_jpeg) expected.erase("read_jpeg");
  EXPECT_EQ(functions_of(readers()), expected);
}

TEST(Readers, EachHasAFuzzTarget) {
  for (const auto& function : functions_of_headers("read_|load_")) {
    if (function == "load_cifar100") continue;     // in the target load_cifar10
    if (function == "load_mnist_bytes") continue;  // in the target load_mnist
    if (function == "load_mnist_part") continue;
    if (function == "load_emnist") continue;                // two pairs as of load_idx
    if (function == "read_safetensors_metadata") continue;  // in the target read_safetensors
    EXPECT_TRUE(fs::exists(DLFS_FIXTURES "/../../fuzz/" + function + ".cpp")) << function;
  }
}

TEST(Files, AreOpenedBehindOneDoor) {
  const std::regex opening("fstream|fopen|gzopen|O_RDONLY|O_WRONLY|O_RDWR|O_CREAT|[^s]::rename");
  for (const std::string part : {"include", "examples"}) {
    for (const auto& entry : fs::recursive_directory_iterator(DLFS_FIXTURES "/../../../" + part)) {
      const auto ending = entry.path().extension();
      if (ending != ".hpp" && ending != ".cpp" && ending != ".inl") continue;
      // The door, and a reader that takes no more than its caller asks for.
      if (entry.path().filename() == "file.hpp" || entry.path().filename() == "gzip.hpp") continue;
      if (entry.path().parent_path().filename() == "beyond") continue;  // a user's own format
      const Bytes bytes = read_bytes(entry.path().string());
      EXPECT_FALSE(std::regex_search(std::string(bytes.begin(), bytes.end()), opening))
          << entry.path();
    }
  }
}

/// What each writer writes, to a folder of its own, with `before` in the place of the file.
class Written {
 public:
  explicit Written(const Writer& writer) : writer_(writer) {
    writer.write(folder_.path() / ("plain" + writer.ending));
    plain_ = read_bytes(folder_.path() / ("plain" + writer.ending));
  }

  fs::path path(const std::string& name) const { return folder_.path() / (name + writer_.ending); }
  /// A file of a few old bytes.
  fs::path old(const std::string& name) const {
    return folder_.write(name + writer_.ending, {1, 2, 3});
  }
  const Bytes& plain() const { return plain_; }
  const test::TemporaryFolder& folder() const { return folder_; }

 private:
  const Writer& writer_;
  test::TemporaryFolder folder_;
  Bytes plain_;
};

TEST(Writers, FollowLinks) {
  for (const Writer& writer : writers()) {
    const Written files(writer);
    fs::create_directories(files.folder().path() / "there");
    fs::create_symlink(files.old("target"), files.path("link"));
    fs::create_symlink(files.path("link").filename(), files.path("chain"));
    fs::create_symlink("there/new" + writer.ending, files.path("dangling"));
    fs::create_symlink("dangling" + writer.ending, files.path("dangling_chain"));
    writer.write(files.path("chain"));
    writer.write(files.path("dangling_chain"));
    for (const std::string name : {"link", "chain", "dangling", "dangling_chain"}) {
      EXPECT_TRUE(fs::is_symlink(files.path(name))) << writer.function << name;
    }
    EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(files.path("target"))));
    EXPECT_EQ(read_bytes(files.path("target")), files.plain()) << writer.function;
    EXPECT_EQ(read_bytes(files.path("there/new")), files.plain()) << writer.function;

    fs::create_symlink("circle" + writer.ending, files.path("circle"));
    EXPECT_EQ(error_of<IoError>([&] { writer.write(files.path("circle")); }),
              str_cat("cannot write ", files.path("circle").string(),
                      ": Too many levels of symbolic links"));
  }
}

mode_t mode_of(const fs::path& path) {
  struct stat status {};
  stat(path.c_str(), &status);
  return status.st_mode & 07777;
}

TEST(Writers, KeepTheModeOfAFileAndGiveANewOneThatOfTheUmask) {
  for (const Writer& writer : writers()) {
    const Written files(writer);
    for (const mode_t mode : {0600, 0640, 0604, 0755, 0666, 0622}) {
      const auto path = files.old("private");
      chmod(path.c_str(), mode);
      writer.write(path);
      EXPECT_EQ(mode_of(path), mode) << writer.function;
      EXPECT_EQ(read_bytes(path), files.plain()) << writer.function;
    }
    for (const mode_t mask : {0022, 0077, 0000}) {
      const mode_t before = umask(mask);
      fs::remove(files.path("new"));
      writer.write(files.path("new"));
      umask(before);
      EXPECT_EQ(mode_of(files.path("new")), 0666 & ~mask) << writer.function;
    }
  }
}

TEST(Writers, WriteToADeviceOrAPipeAndLeaveItInItsPlace) {
  for (const Writer& writer : writers()) {
    const Written files(writer);
    mkfifo(files.path("pipe").c_str(), 0600);
    Bytes arrived;
    std::thread reader([&] { arrived = read_bytes(files.path("pipe").string()); });
    writer.write(files.path("pipe"));
    reader.join();
    EXPECT_EQ(arrived, files.plain()) << writer.function;
    EXPECT_TRUE(fs::is_fifo(files.path("pipe"))) << writer.function;

    fs::create_symlink("/dev/null", files.path("null"));
    writer.write(files.path("null"));
    EXPECT_TRUE(fs::is_character_file(files.path("null"))) << writer.function;
    EXPECT_TRUE(fs::is_symlink(files.path("null"))) << writer.function;
  }
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(Writers, AFailureIsOneIoErrorWithPathAndReasonAndNothingChanges) {
  for (const Writer& writer : writers()) {
    const Written files(writer);
    const auto expect_error = [&](const fs::path& path, const std::string& reason) {
      EXPECT_EQ(error_of<IoError>([&] { writer.write(path); }),
                str_cat("cannot write ", path.string(), ": ", reason))
          << writer.function;
    };
    fs::create_directory(files.path("folder"));
    expect_error(files.path("folder"), "Is a directory");
    expect_error(files.path("no/such"), "No such file or directory");
    expect_error(files.old("file") / ("x" + writer.ending), "Not a directory");
    expect_error(files.path(std::string(300, 'x')), "File name too long");
    if (fs::exists("/dev/full")) {
      fs::create_symlink("/dev/full", files.path("full"));
      expect_error(files.path("full"), "No space left on device");
      EXPECT_TRUE(fs::is_character_file("/dev/full"));
    }

    const auto longest = files.path(std::string(255 - writer.ending.size(), 'x'));
    writer.write(longest);
    EXPECT_EQ(read_bytes(longest), files.plain()) << writer.function;
  }
}

TEST(Readers, ReadFromAPipe) {
  const test::TemporaryFolder folder;
  const auto pipe = folder.path() / "pipe";
  mkfifo(pipe.c_str(), 0600);
  for (const Reader& reader : readers()) {
    std::thread feeder([&] { detail::write_file(pipe, reader.file); });
    EXPECT_NO_THROW(reader.read(pipe)) << reader.function;
    feeder.join();
  }
}

/// Whether the reader ends with an IoError or a FormatError that names the path.
bool refuses(const Reader& reader, const fs::path& path) {
  try {
    reader.read(path);
  } catch (const IoError& error) {
    return std::string(error.what()).find(path.string()) != std::string::npos;
  } catch (const FormatError& error) {
    return std::string(error.what()).find(path.string()) != std::string::npos;
  }
  return false;
}

TEST(Readers, AFolderOrAMissingFileIsAnIoErrorThatNamesIt) {
  const test::TemporaryFolder folder;
  for (const Reader& reader : readers()) {
    EXPECT_TRUE(refuses(reader, folder.path())) << reader.function;
    EXPECT_TRUE(refuses(reader, folder.path() / "missing")) << reader.function;
  }
}

}  // namespace
}  // namespace dlfs::test::writers
