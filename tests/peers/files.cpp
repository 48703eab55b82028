// Reads the arrays that files.py had NumPy write, and writes them again in every way.
//   dlfs_peer_files IN OUT
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "dlfs/io/npz.hpp"

namespace dlfs::peers {
namespace {

namespace fs = std::filesystem;

/// Calls visit(T()) for the type of this name.
template <class Visit>
void with_type(const std::string& name, const Visit& visit) {
  const auto visit_if_named = [&]<class T>(T zero) {
    if (to_string(detail::numpy_type<T>()) == name) visit(zero);
  };
  const auto visit_one_of = [&]<class... T>(T... zeros) { (visit_if_named(zeros), ...); };
  visit_one_of(bool(), std::int8_t(), std::int16_t(), std::int32_t(), std::int64_t(),
               std::uint8_t(), std::uint16_t(), std::uint32_t(), std::uint64_t(), Eigen::half(),
               float(), double());
}

/// IN/*.npy, each as it is, transposed, and with every second element of the last axis backwards.
void rewrite_npy(const fs::path& in, const fs::path& out) {
  for (const auto& entry : fs::directory_iterator(in)) {
    const fs::path& path = entry.path();
    if (path.extension() != ".npy") continue;
    detail::FileStream stream(detail::FileBytes(path, "files"));
    with_type(to_string(*detail::parse_npy_header(stream).type), [&]<class T>(T) {
      const auto x = read_npy<T>(path);
      const std::string name = (out / path.stem()).string();
      write_npy(name + ".npy", x, Sync::later);
      write_npy(name + ".T.npy", x.transpose(), Sync::later);
      if (x.rank() > 0) {
        write_npy(name + ".steps.npy", x.slice(-1, {.step = -2}), Sync::later);
      }
      if constexpr (!std::integral<T>) {
        write_npy(name + ".float.npy", read_npy<float>(path), Sync::later);
      } else {
        write_npy(name + ".double.npy", read_npy<double>(path), Sync::later);
      }
    });
  }
}

/// IN/*.npz as OUT/*.npz: all arrays, of different types, in one file.
void rewrite_npz(const fs::path& in, const fs::path& out) {
  for (const auto& entry : fs::directory_iterator(in)) {
    if (entry.path().extension() != ".npz") continue;
    const NpzFile file(entry.path());
    std::vector<NamedArray> arrays;
    for (const std::string& name : file.names()) {
      with_type(file.type(name),
                [&]<class T>(T) { arrays.emplace_back(name, file.read<T>(name)); });
    }
    const std::string name = (out / entry.path().stem()).string();
    write_npz(name + "-stored.npz", arrays, NpzCompression::stored, Sync::later);
    write_npz(name + "-deflated.npz", arrays, NpzCompression::deflated, Sync::later);
    detail::FileWriter zip64(name + "-zip64.npz", Sync::later);
    constexpr std::uint64_t zip64_from = 300;
    detail::ZipWriter archive(zip64, zip64_from);
    for (const NamedArray& array : arrays) {
      detail::add_to_archive(archive, array, NpzCompression::stored);
    }
    archive.finish();
    zip64.commit();
  }
}

}  // namespace
}  // namespace dlfs::peers

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  try {
    dlfs::peers::rewrite_npy(argv[1], argv[2]);
    dlfs::peers::rewrite_npz(argv[1], argv[2]);
  } catch (const dlfs::Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
