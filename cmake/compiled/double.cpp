#include <dlfs/compiled.hpp>

DLFS_COMPILED_TEMPLATES(, double)
