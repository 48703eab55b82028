#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "dlfs/io/file.hpp"
#include "dlfs/train/history.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Calls visit(name, value) for each field.
template <class Visit>
void for_each_field(const EpochRecord& record, const Visit& visit) {
  visit("epoch", record.epoch);
  visit("train_loss", record.train_loss);
  visit("train_accuracy", record.train_accuracy);
  visit("test_accuracy", record.test_accuracy);
  visit("seconds", record.seconds);
}

inline std::string to_csv(const History& history) {
  std::string text;
  for_each_field({},
                 [&](const char* name, auto) { text += str_cat(text.empty() ? "" : ",", name); });
  for (const EpochRecord& record : history.epochs) {
    const char* separator = "\n";
    for_each_field(record, [&](const char*, auto value) {
      text += str_cat(separator, value);
      separator = ",";
    });
  }
  return text + "\n";
}

inline std::string to_json(const History& history) {
  nlohmann::ordered_json document;
  document["step_losses"] = history.step_losses;
  auto& epochs = document["epochs"] = nlohmann::ordered_json::array();
  for (const EpochRecord& record : history.epochs) {
    auto& entry = epochs.emplace_back();
    for_each_field(record, [&](const char* name, auto value) { entry[name] = value; });
  }
  return document.dump(1) + "\n";
}

}  // namespace detail

/// Writes the course of a training. The ending of the name decides the format: `.csv`, a line of
/// column names and a line for each epoch; or `.json`,
/// {"step_losses": [...], "epochs": [{"epoch": 1, ...}, ...]}.
/// @throws ValueError for another ending, IoError if the file cannot be written.
inline void save_history(const std::filesystem::path& path, const History& history) {
  if (path.extension() == ".csv") return detail::write_file(path, detail::to_csv(history));
  if (path.extension() == ".json") return detail::write_file(path, detail::to_json(history));
  throw ValueError("save_history: ", path.string(), " ends neither in .csv nor in .json");
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
