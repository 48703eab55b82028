// Every fixture with every byte changed, cut off at every byte, and with enormous numbers at every
// place: the readers give a FormatError or a result, never anything else. The sanitizers see to the
// rest.
#include <functional>

#include <gtest/gtest.h>

#include "dlfs/dlfs.hpp"
#include "dlfs/io.hpp"
#include "io/files.hpp"

namespace dlfs {
namespace {

using test::Bytes;
using Read = std::function<void(const std::string& path)>;

/// The fixtures whose names end so.
std::vector<Bytes> fixtures(const std::string& ending) {
  std::vector<Bytes> files;
  for (const auto& entry : std::filesystem::directory_iterator(DLFS_FIXTURES)) {
    if (entry.path().string().ends_with(ending))
      files.push_back(test::read_bytes(entry.path().string()));
  }
  return files;
}

void expect_format_errors_at_most(const std::string& ending, const Read& read) {
  const test::TemporaryFolder folder;
  const auto attempt = [&](const Bytes& bytes) {
    const auto path = folder.write("f", bytes);
    try {
      read(path);
    } catch (const FormatError&) {
    }
  };
  const auto files = fixtures(ending);
  EXPECT_FALSE(files.empty());
  for (const Bytes& whole : files) {
    for (std::size_t i = 0; i < whole.size(); ++i) {
      for (const int flip : {0x01, 0x80, 0xff}) {
        Bytes changed = whole;
        changed[i] = static_cast<std::uint8_t>(changed[i] ^ flip);
        attempt(changed);
      }
      attempt(Bytes(whole.begin(), whole.begin() + std::ptrdiff_t(i)));
      if (i + 8 > whole.size()) continue;
      for (const std::uint64_t number : {std::uint64_t{1} << 63, (std::uint64_t{1} << 63) - 1}) {
        Bytes changed = whole;
        for (std::size_t k = 0; k < 8; ++k) {
          changed[i + k] = static_cast<std::uint8_t>(number >> (8 * k));
        }
        attempt(changed);
      }
    }
  }
}

TEST(HostileFiles, Npy) {
  expect_format_errors_at_most(".npy", [](const std::string& path) { read_npy<float>(path); });
}
TEST(HostileFiles, NpyAsIntegers) {
  expect_format_errors_at_most(".npy",
                               [](const std::string& path) { read_npy<std::int16_t>(path); });
}
TEST(HostileFiles, Npz) {
  expect_format_errors_at_most(".npz", [](const std::string& path) { read_npz<float>(path); });
}
TEST(HostileFiles, Pickle) {
  expect_format_errors_at_most(".pkl", [](const std::string& path) { read_pickle<float>(path); });
}
TEST(HostileFiles, Pytorch) {
  expect_format_errors_at_most("linear.pt",
                               [](const std::string& path) { read_pytorch<float>(path); });
}
TEST(HostileFiles, Safetensors) {
  expect_format_errors_at_most(".safetensors", [](const std::string& path) {
    read_safetensors<float>(path);
    read_safetensors_metadata(path);
  });
}
TEST(HostileFiles, SafetensorsAsIntegers) {
  expect_format_errors_at_most(
      ".safetensors", [](const std::string& path) { read_safetensors<std::int8_t>(path); });
}
TEST(HostileFiles, Png) {
  expect_format_errors_at_most(".png", [](const std::string& path) { read_png(path); });
}
TEST(HostileFiles, PngOf16Bits) {
  expect_format_errors_at_most(".png",
                               [](const std::string& path) { read_png<std::uint16_t>(path); });
}
TEST(HostileFiles, Jpeg) {
  if (!detail::has_jpeg) GTEST_SKIP() << "dlfs::io was configured without libjpeg";
  expect_format_errors_at_most(".jpg", [](const std::string& path) { read_jpeg(path); });
}
TEST(HostileFiles, ArraysByName) {
  expect_format_errors_at_most(".npz", [](const std::string& path) {
    const NpzFile file(path);
    for (const std::string& name : file.names()) {
      try {
        file.read<double>(name);
      } catch (const FormatError&) {
      }
    }
  });
}

TEST(HostileFiles, WeightsThatDoNotLoadLeaveTheNetworkAsItWas) {
  Rng rng(1);
  Sequential<float> network{{"affine1", Affine<float>({.in = 3, .out = 4}, He{}, rng)}};
  const auto before = network.parameters()[0]->value;
  for (const std::string ending : {".npz", ".pkl"}) {
    expect_format_errors_at_most(ending,
                                 [&](const std::string& path) { load_weights(path, network); });
  }
  const auto& after = network.parameters()[0]->value;
  EXPECT_TRUE(std::equal(before.begin(), before.end(), after.begin(), after.end()));
}

}  // namespace
}  // namespace dlfs
