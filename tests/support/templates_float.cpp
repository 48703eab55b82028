#include "support/templates.hpp"

DLFS_INSTANTIATE_TEMPLATES(float)
