#pragma once

// Every header includes this one first, by strict_math.hpp.

#if !defined(__cplusplus) || \
    (__cplusplus < 202002L && !(defined(_MSVC_LANG) && _MSVC_LANG >= 202002L))
#error "dlfs needs C++20: compile with -std=c++20 (CMake: link dlfs::dlfs; MSVC: /std:c++20)"
#include "dlfs needs C++20"  // A missing file ends the compilation; #error alone does not.
#endif

// Marks an overload that catches a common mistake: a call of it does not compile, and the compiler
// prints these words. The overload has no definition.
#if defined(__has_attribute)
#if __has_attribute(unavailable)
#define DLFS_REFUSED(words) __attribute__((unavailable(words)))
#elif __has_attribute(error)  // g++ 11
#define DLFS_REFUSED(words) __attribute__((error(words)))
#endif
#endif
#if !defined(DLFS_REFUSED)
#define DLFS_REFUSED(words) [[deprecated(words)]]
#endif
