#include <dlfs/core/rng.hpp>

namespace dlfs::detail {
constexpr ZigguratTables ziggurat;
}  // namespace dlfs::detail
