#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "dlfs/core/shape.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Rows with equal numbers of cells as lines of aligned text. The first `left` columns are aligned
/// to the left, the others, numbers, to the right.
inline std::string text_table(const std::vector<std::vector<std::string>>& rows, std::size_t left) {
  std::vector<std::size_t> widths(rows.empty() ? 0 : rows.front().size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i > 0) line += "  ";
      const std::size_t padding = widths[i] - row[i].size();
      if (i >= left) line.append(padding, ' ');
      line += row[i];
      if (i < left) line.append(padding, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  return text;
}

/// 433890 as "433,890".
inline std::string grouped(Index number) {
  std::string text = std::to_string(number);
  for (auto i = static_cast<Index>(text.size()) - 3; i > 0; i -= 3) {
    text.insert(static_cast<std::size_t>(i), 1, ',');
  }
  return text;
}

/// A number with `digits` digits after the point.
inline std::string fixed(double number, int digits) {
  char text[400];  // enough for the largest double with 309 digits
  std::snprintf(text, sizeof text, "%.*f", digits, number);
  return text;
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
