#pragma once

// Files and the terminal: the component dlfs::io, which needs zlib, libpng and nlohmann-json. The
// last takes a second to compile, so this header leaves out io/history.hpp, which uses it.

// clang-format off
#include "dlfs/core/cxx20.hpp"  // first: it ends a compilation without C++20
// clang-format on

#include "dlfs/io/checkpoint.hpp"
#include "dlfs/io/cifar.hpp"
#include "dlfs/io/csv.hpp"
#include "dlfs/io/gzip.hpp"
#include "dlfs/io/idx.hpp"
#include "dlfs/io/jpeg.hpp"
#include "dlfs/io/mnist.hpp"
#include "dlfs/io/npy.hpp"
#include "dlfs/io/npz.hpp"
#include "dlfs/io/pickle.hpp"
#include "dlfs/io/picture_folder.hpp"
#include "dlfs/io/png.hpp"
#include "dlfs/io/progress.hpp"
#include "dlfs/io/pytorch.hpp"
#include "dlfs/io/safetensors.hpp"
#include "dlfs/io/weights.hpp"
