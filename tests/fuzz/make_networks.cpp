// Writes the networks that the targets load_onnx and load_network begin with: OUT/<target>/*.
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <span>
#include <string>

#include "dlfs/io/network_file.hpp"
#include "dlfs/io/save_onnx.hpp"
#include "support/onnx_networks.hpp"

using namespace dlfs;

int main(int argc, char** argv) {
  if (argc != 2) return EXIT_FAILURE;
  const std::filesystem::path folder = argv[1];
  constexpr std::uintmax_t largest = 12'000;  // bytes: mutations of large files seldom matter
  const auto write = [&](const char* target, const std::string& name, const auto& save) {
    const auto path = folder / target / name;
    std::filesystem::create_directories(path.parent_path());
    save(path);
    if (std::filesystem::file_size(path) > largest) std::filesystem::remove(path);
  };
  int count = 0;
  for (const auto& networks : {test::onnx_layers<float>(), test::onnx_graphs<float>(60)}) {
    for (const auto& each : networks) {
      const std::string name = std::to_string(count++);
      const std::vector<Shape> samples = each.samples();
      write("load_onnx", name, [&](const auto& path) {
        save_onnx(path, *each.network, std::span<const Shape>(samples));
      });
      write("load_network", name,
            [&](const auto& path) { save_network(path, *each.network, each.inputs); });
    }
  }
}
