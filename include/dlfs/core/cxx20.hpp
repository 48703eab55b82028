#pragma once

// Every header reaches this one, by strict_math.hpp, before any other line of dlfs is read.

#if !defined(__cplusplus) || \
    (__cplusplus < 202002L && !(defined(_MSVC_LANG) && _MSVC_LANG >= 202002L))
#error "dlfs needs C++20: compile with -std=c++20 (CMake: link dlfs::dlfs; MSVC: /std:c++20)"
#include "dlfs needs C++20"  // A missing file ends the compilation; #error alone goes on.
#endif

// Stands before an overload for a mistake that is often made: a call of it does not compile, and
// these words are what the compiler says. It has no definition.
#if defined(__GNUC__)
#define DLFS_REFUSED(words) __attribute__((unavailable(words)))
#else
#define DLFS_REFUSED(words) [[deprecated(words)]]
#endif
