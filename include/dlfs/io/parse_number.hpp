#pragma once

#include <charconv>
#include <cmath>
#include <cstddef>
#include <locale>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>

#include "dlfs/core/strict_math.hpp"

DLFS_STRICT_MATH_BEGIN
namespace dlfs::detail {

/// Like std::from_chars, and also with a plus sign.
template <class T>
std::from_chars_result number_from_chars(std::string_view text, T& value) {
  const bool has_plus = text.size() > 1 && text[0] == '+' && text[1] != '-';
  const char* const first = text.data() + (has_plus ? 1 : 0);
  const char* const last = text.data() + text.size();
  if constexpr (requires { std::from_chars(first, last, value); }) {
    return std::from_chars(first, last, value);
  } else {  // libc++ 14 has it for integers alone
    std::istringstream stream(std::string(first, last));
    stream.imbue(std::locale::classic());
    if (!(stream >> std::noskipws >> value)) {
      const bool is_number = std::abs(value) > 1;  // the largest one, in place of one beyond it
      return {is_number ? last : first,
              is_number ? std::errc::result_out_of_range : std::errc::invalid_argument};
    }
    return {stream.eof() ? last : first + static_cast<std::ptrdiff_t>(stream.tellg()), std::errc()};
  }
}

}  // namespace dlfs::detail
DLFS_STRICT_MATH_END
