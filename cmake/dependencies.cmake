include(FetchContent)

# dlfs_dependency(<target> PACKAGE <name> [<version>] URL <url> SHA256 <hash> [HEADERS <dir>])
#
# Makes <target> available: the caller's own, else the one of find_package, else a pinned release.
# HEADERS: of a fetched release only this folder is wanted, so its own build is not run.
function(dlfs_dependency target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "URL;SHA256;HEADERS" "PACKAGE")
  if(NOT TARGET ${target})
    find_package(${arg_PACKAGE} QUIET)
  endif()
  if(TARGET ${target})
    return()
  endif()
  list(JOIN arg_PACKAGE " " wanted)
  if(NOT DLFS_FETCH_DEPENDENCIES)
    message(FATAL_ERROR "dlfs needs ${wanted}, which find_package does not find. "
      "Install it, or configure with -D DLFS_FETCH_DEPENDENCIES=ON to fetch ${arg_URL}")
  endif()

  message(STATUS "${wanted} was not found; fetching ${arg_URL}")
  list(GET arg_PACKAGE 0 name)
  string(TOLOWER ${name} name)
  if(arg_HEADERS)
    set(no_build SOURCE_SUBDIR not-built)
  endif()
  FetchContent_Declare(${name} SYSTEM
    URL ${arg_URL} URL_HASH SHA256=${arg_SHA256} DOWNLOAD_EXTRACT_TIMESTAMP OFF ${no_build})
  FetchContent_MakeAvailable(${name})
  if(arg_HEADERS)
    add_library(${target} INTERFACE IMPORTED)
    target_include_directories(${target} INTERFACE ${${name}_SOURCE_DIR}/${arg_HEADERS})
  endif()
endfunction()

find_package(Threads REQUIRED)

dlfs_dependency(Eigen3::Eigen PACKAGE Eigen3 3.4 HEADERS .
  URL https://gitlab.com/libeigen/eigen/-/archive/3.4.0/eigen-3.4.0.tar.gz
  SHA256 8586084f71f9bde545ee7fa6d00288b264a2b7ac3607b974e54d13e7162c1c72)

if(DLFS_IO)
  set(ZLIB_BUILD_EXAMPLES OFF)
  set(SKIP_INSTALL_ALL ON)
  dlfs_dependency(ZLIB::ZLIB PACKAGE ZLIB
    URL https://github.com/madler/zlib/releases/download/v1.3.1/zlib-1.3.1.tar.gz
    SHA256 9a93b2b7dfdac77ceba5a558a580e74667dd6fede4585b91eefb60f03b72df23)
  if(NOT TARGET ZLIB::ZLIB)  # zlib's own build gives its target neither this name nor its folders
    FetchContent_GetProperties(zlib)
    add_library(ZLIB::ZLIB INTERFACE IMPORTED)
    target_link_libraries(ZLIB::ZLIB INTERFACE zlibstatic)
    target_include_directories(ZLIB::ZLIB INTERFACE ${zlib_SOURCE_DIR} ${zlib_BINARY_DIR})
    set(ZLIB_INCLUDE_DIR ${zlib_SOURCE_DIR} ${zlib_BINARY_DIR})  # for libpng's find_package
    set(ZLIB_LIBRARY zlibstatic)
  endif()

  set(PNG_SHARED OFF)
  set(PNG_TESTS OFF)
  set(PNG_TOOLS OFF)
  dlfs_dependency(PNG::PNG PACKAGE PNG 1.6
    URL https://github.com/pnggroup/libpng/archive/refs/tags/v1.6.43.tar.gz
    SHA256 fecc95b46cf05e8e3fc8a414750e0ba5aad00d89e9fdf175e94ff041caf1a03a)
  if(NOT TARGET PNG::PNG)  # as with zlib
    FetchContent_GetProperties(png)
    add_library(PNG::PNG INTERFACE IMPORTED)
    target_link_libraries(PNG::PNG INTERFACE png_static ZLIB::ZLIB)
    target_include_directories(PNG::PNG INTERFACE ${png_SOURCE_DIR} ${png_BINARY_DIR})
  endif()

  # JPEG images are read where the library is there, and it is never fetched.
  set(DLFS_JPEG AUTO CACHE STRING "Read JPEG images by libjpeg-turbo: ON, OFF, or AUTO, where it is found")
  set_property(CACHE DLFS_JPEG PROPERTY STRINGS AUTO ON OFF)
  set(DLFS_HAS_JPEG FALSE)
  if(NOT DLFS_JPEG STREQUAL "OFF")
    if(NOT TARGET JPEG::JPEG)
      find_package(JPEG QUIET)
    endif()
    if(TARGET JPEG::JPEG)
      set(DLFS_HAS_JPEG TRUE)
    elseif(NOT DLFS_JPEG STREQUAL "AUTO")
      message(FATAL_ERROR "DLFS_JPEG is ${DLFS_JPEG}, and find_package does not find JPEG. Install libjpeg-turbo (on Debian "
        "libjpeg-dev), or configure with -D DLFS_JPEG=OFF")
    endif()
  endif()

  dlfs_dependency(nlohmann_json::nlohmann_json PACKAGE nlohmann_json 3 HEADERS include
    URL https://github.com/nlohmann/json/archive/refs/tags/v3.11.3.tar.gz
    SHA256 0d8ef5af7f9794e3263480193c491549b2ba6cc74bb018906202ada498a79406)
endif()

if(DLFS_BUILD_EXAMPLES)
  dlfs_dependency(CLI11::CLI11 PACKAGE CLI11 HEADERS include
    URL https://github.com/CLIUtils/CLI11/archive/refs/tags/v2.4.2.tar.gz
    SHA256 f2d893a65c3b1324c50d4e682c0cdc021dd0477ae2c048544f39eed6654b699a)
endif()

if(DLFS_BUILD_TESTS)
  set(INSTALL_GTEST OFF)
  set(BUILD_GMOCK OFF)
  dlfs_dependency(GTest::gtest_main PACKAGE GTest
    URL https://github.com/google/googletest/archive/refs/tags/v1.14.0.tar.gz
    SHA256 8ad598c73ad796e0d8280b082cebd82a630d73e73cd3c70057938a6501bba5d7)
endif()

if(DLFS_BUILD_BENCHMARKS)
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  dlfs_dependency(benchmark::benchmark_main PACKAGE benchmark
    URL https://github.com/google/benchmark/archive/refs/tags/v1.8.3.tar.gz
    SHA256 6bc180a57d23d4d9515519f92b0c83d61b05b5bab188961f36ac7b06b0d9e9ce)
endif()
