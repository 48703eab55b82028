#pragma once

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>

#include <dlfs/dlfs.hpp>

namespace beyond {

/// A sample in a file: a place in space near that of its class.
struct Record {
  static constexpr dlfs::Index width = 64;

  float x[width];
  std::int32_t label;  // 0 to 9
};

/// Writes `count` records, unless the file has as many.
inline void write_records(const std::filesystem::path& path, dlfs::Index count) {
  const auto bytes = static_cast<std::uintmax_t>(count) * sizeof(Record);
  if (std::filesystem::exists(path) && std::filesystem::file_size(path) == bytes) return;
  dlfs::Rng rng(0);
  const auto centres = dlfs::random_normal<float>({10, Record::width}, rng);
  std::ofstream file(path, std::ios::binary);
  Record record{};
  for (dlfs::Index n = 0; n < count; ++n) {
    record.label = static_cast<std::int32_t>(rng.below(10));
    for (dlfs::Index i = 0; i < Record::width; ++i) {
      record.x[i] = centres(record.label, i) + 2.5f * static_cast<float>(rng.normal());
    }
    file.write(reinterpret_cast<const char*>(&record), sizeof record);
  }
  if (!file.flush()) throw dlfs::IoError("records: cannot write ", path.string());
}

}  // namespace beyond
