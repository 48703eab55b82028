// All of dlfs, for a compiler without GNU's extensions.

#include "dlfs/io.hpp"
#include "dlfs/templates.hpp"

DLFS_INSTANTIATE_TEMPLATES(float)
DLFS_INSTANTIATE_TEMPLATES(double)
