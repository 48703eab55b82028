# How this repository builds its own programs. Linked PRIVATE by tests, examples and benchmarks only:
# no target that a user links carries a flag.
option(DLFS_WERROR "Make warnings errors" OFF)
option(DLFS_NATIVE "Use every instruction of the machine that compiles" OFF)
set(DLFS_SANITIZE "" CACHE STRING "Value of -fsanitize, such as address,undefined")

add_library(dlfs_developer INTERFACE)
target_compile_options(dlfs_developer INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow
  -Wconversion -Wno-sign-conversion  # clang counts sign conversions as conversions, g++ does not
  $<$<BOOL:${DLFS_WERROR}>:-Werror>)
if(DLFS_NATIVE)
  target_compile_options(dlfs_developer INTERFACE
    -march=native
    # False alarms from inside g++ 12's own AVX-512 headers; the other presets keep these warnings.
    $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized;-Wno-uninitialized;-Wno-array-bounds>)
endif()
if(DLFS_SANITIZE)
  set(sanitize -fsanitize=${DLFS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # Not pointer-overflow: it takes half as long again to compile, for what the address sanitizer
  # sees as soon as such a pointer is used.
  target_compile_options(dlfs_developer INTERFACE ${sanitize} -fno-sanitize=pointer-overflow)
  target_link_options(dlfs_developer INTERFACE ${sanitize})
endif()

target_link_libraries(dlfs_compiled PRIVATE $<BUILD_INTERFACE:dlfs_developer>)
