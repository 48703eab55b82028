#pragma once

// File formats: the component dlfs::io, which needs zlib.

#include "dlfs/io/gzip.hpp"
#include "dlfs/io/idx.hpp"
#include "dlfs/io/mnist.hpp"
