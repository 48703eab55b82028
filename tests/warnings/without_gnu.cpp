// All of dlfs, for a compiler without GNU's extensions.

#include "dlfs/compiled.hpp"
#include "dlfs/dlfs.hpp"
#include "dlfs/io.hpp"

DLFS_COMPILED_TEMPLATES(, float)
DLFS_COMPILED_TEMPLATES(, double)
