// One operation on a file by dlfs; its seconds and those of the processor are printed. Run by
// files.py.
//
//   dlfs_files OPERATION PATH MIB
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>

#include <dlfs/io/npz.hpp>
#include <dlfs/io/safetensors.hpp>

using namespace dlfs;

/// The array of numpy_files.py.
Tensor<float> numbers(Index mib) {
  const Index rows = 1024, columns = mib * 1024 * 1024 / 4 / rows;
  auto x = Tensor<float>::uninitialized({rows, columns});
  for (Index i = 0; i < x.size(); ++i) {
    x.data()[i] = static_cast<float>((static_cast<std::uint32_t>(i) * 2654435761u) >> 24);
  }
  return x;
}

void measure(const std::function<void()>& call) {
  const std::clock_t cpu_begin = std::clock();
  const auto begin = std::chrono::steady_clock::now();
  call();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  const auto cpu = static_cast<double>(std::clock() - cpu_begin) / CLOCKS_PER_SEC;
  std::printf("%.6f %.6f\n", seconds.count(), cpu);
}

int main(int argc, char** argv) {
  if (argc != 4) return EXIT_FAILURE;
  const std::string operation = argv[1], path = argv[2];
  Tensor<float> x;
  if (operation == "read, one array") {
    measure([&] { x = read_npz<float>(path, "x"); });
  } else if (operation == "read safetensors") {
    measure([&] { x = std::move(read_safetensors<float>(path).front().value); });
  } else if (operation.starts_with("read")) {
    measure([&] { x = read_npy<float>(path); });
  } else {
    x = numbers(std::atol(argv[3]));
    const Sync sync = operation.ends_with("synced") ? Sync::on_return : Sync::later;
    const auto compression =
        operation.ends_with("deflated") ? NpzCompression::deflated : NpzCompression::stored;
    if (operation == "write npy, steps") {
      measure([&] { write_npy(path, x.slice(1, {.step = 2}), sync); });
    } else if (operation.starts_with("write npz")) {
      measure([&] { write_npz(path, {{"x", x}}, compression, sync); });
    } else if (operation.starts_with("write safetensors")) {
      measure([&] { write_safetensors<float>(path, {{"x", x}}, {}, sync); });
    } else {
      measure([&] { write_npy(path, x, sync); });
    }
  }
}
