#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "dlfs/io/csv.hpp"
#include "dlfs/io/file.hpp"
#include "dlfs/train/history.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs {

namespace detail {

/// Calls visit(name, value) for each number of an epoch. A metric that it lacks is NaN.
template <class Visit>
void for_each_field(const EpochRecord& record, const std::vector<std::string>& metrics,
                    const Visit& visit) {
  visit("epoch", record.epoch);
  visit("train_loss", record.train_loss);
  visit("validation_loss", record.validation_loss);
  visit("seconds", record.seconds);
  for (const std::string& name : metrics) {
    MetricRecord found;
    for (const MetricRecord& metric : record.metrics) {
      if (metric.name == name) found = metric;
    }
    visit("train_" + name, found.train);
    visit("validation_" + name, found.validation);
  }
}

inline std::string to_csv(const History& history) {
  const std::vector<std::string> metrics = metric_names(history);
  std::string text;
  const auto add_line = [&](const EpochRecord& record, const auto& cell) {
    const char* separator = "";
    for_each_field(record, metrics, [&](const std::string& name, auto value) {
      text += str_cat(separator, cell(name, value));
      separator = ",";
    });
    text += "\n";
  };
  add_line({}, [](const std::string& name, auto) { return csv_cell(name); });
  for (const EpochRecord& record : history.epochs) {
    add_line(record, [](const std::string&, auto value) { return str_cat(value); });
  }
  return text;
}

/// An object for each epoch.
inline std::vector<nlohmann::ordered_json> json_epochs(const History& history) {
  const std::vector<std::string> metrics = metric_names(history);
  std::vector<nlohmann::ordered_json> epochs;
  for (const EpochRecord& record : history.epochs) {
    nlohmann::ordered_json& entry = epochs.emplace_back();
    for_each_field(record, metrics,
                   [&](const std::string& name, auto value) { entry[name] = value; });
  }
  return epochs;
}

/// The text of a document. A name that is no UTF-8 has a mark in the place of what cannot be read.
inline std::string json_text(const nlohmann::ordered_json& document, int indent) {
  return document.dump(indent, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

inline std::string to_json(const History& history) {
  nlohmann::ordered_json document;
  document["step_losses"] = history.step_losses;
  document["epochs"] = json_epochs(history);
  return json_text(document, 1);
}

inline std::string to_json_lines(const History& history) {
  std::string text;
  for (const auto& epoch : json_epochs(history)) text += json_text(epoch, -1);
  return text;
}

}  // namespace detail

/// Writes the course of a training. The ending of the name decides the format: `.csv`, a line of
/// column names and a line for each epoch; `.jsonl`, an object {"epoch": 1, ...} on a line for each
/// epoch; or `.json`, {"step_losses": [...], "epochs": [{"epoch": 1, ...}, ...]}. A number that is
/// not known is nan in CSV and null in JSON. As a log that other programs read during a training:
///
///   trainer.on_epoch([&](const EpochRecord&) { save_history("log.csv", trainer.history()); });
///
/// @throws ValueError for another ending, IoError if the file cannot be written.
inline void save_history(const std::filesystem::path& path, const History& history) {
  if (path.extension() == ".csv") return detail::write_file(path, detail::to_csv(history));
  if (path.extension() == ".json") return detail::write_file(path, detail::to_json(history));
  if (path.extension() == ".jsonl") return detail::write_file(path, detail::to_json_lines(history));
  throw ValueError("save_history: ", path.string(), " does not end in .csv, .json or .jsonl");
}

}  // namespace dlfs
DLFS_STRICT_MATH_END
