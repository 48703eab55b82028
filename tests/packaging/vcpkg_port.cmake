# Runs the vcpkg port without vcpkg, by the least that each of its helpers does:
# cmake -D work=... -D generator=... -D compiler=... -P vcpkg_port.cmake
cmake_minimum_required(VERSION 3.25)

set(port ${CMAKE_CURRENT_LIST_DIR}/../../cmake/packaging/vcpkg/dlfs)
set(PORT dlfs)
set(FEATURES core io compiled)
set(CURRENT_PACKAGES_DIR ${work}/packages)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY OUTPUT_QUIET)
endfunction()

function(expect_file name)
  if(NOT EXISTS ${CURRENT_PACKAGES_DIR}/${name})
    message(FATAL_ERROR "The port installs no ${name}")
  endif()
endfunction()

function(vcpkg_check_features)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "OUT_FEATURE_OPTIONS" "FEATURES")
  while(arg_FEATURES)
    list(POP_FRONT arg_FEATURES feature variable)
    if(feature IN_LIST FEATURES)
      list(APPEND options -D${variable}=ON)
    else()
      list(APPEND options -D${variable}=OFF)
    endif()
  endwhile()
  set(${arg_OUT_FEATURE_OPTIONS} ${options} PARENT_SCOPE)
endfunction()

function(vcpkg_check_linkage)
  cmake_parse_arguments(PARSE_ARGV 0 arg "ONLY_STATIC_LIBRARY" "" "")
  if(NOT arg_ONLY_STATIC_LIBRARY)
    message(FATAL_ERROR "dlfs::compiled is a static library")
  endif()
endfunction()

function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
  run(${CMAKE_COMMAND} -S ${arg_SOURCE_PATH} -B ${work}/build -G ${generator}
    -DCMAKE_CXX_COMPILER=${compiler} -DCMAKE_INSTALL_PREFIX=${CURRENT_PACKAGES_DIR}
    -DCMAKE_INSTALL_LIBDIR=lib -DCMAKE_BUILD_TYPE=Release
    -DCMAKE_CXX_FLAGS_RELEASE=-O0  # as what counts is that it builds
    ${arg_OPTIONS})
endfunction()

function(vcpkg_cmake_install)
  run(${CMAKE_COMMAND} --build ${work}/build)
  run(${CMAKE_COMMAND} --install ${work}/build)
endfunction()

function(vcpkg_cmake_config_fixup)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "CONFIG_PATH" "")
  expect_file(${arg_CONFIG_PATH}/dlfsConfig.cmake)
  file(RENAME ${CURRENT_PACKAGES_DIR}/${arg_CONFIG_PATH} ${CURRENT_PACKAGES_DIR}/share/${PORT})
  # Its files are one folder nearer to the prefix now, which they find from their own place.
  file(GLOB files ${CURRENT_PACKAGES_DIR}/share/${PORT}/*.cmake)
  foreach(file IN LISTS files)
    file(READ ${file} text)
    string(REPLACE "/../../../" "/../../" text "${text}")
    string(REGEX REPLACE
      "get_filename_component\\(_IMPORT_PREFIX \"\\\${CMAKE_CURRENT_LIST_FILE}\" PATH\\)(\nget_filename_component\\(_IMPORT_PREFIX \"\\\${_IMPORT_PREFIX}\" PATH\\))"
      "get_filename_component(_IMPORT_PREFIX \"\${CMAKE_CURRENT_LIST_FILE}\" PATH)" text "${text}")
    file(WRITE ${file} "${text}")
  endforeach()
endfunction()

function(vcpkg_fixup_pkgconfig)
  expect_file(share/pkgconfig/dlfs.pc)
  expect_file(share/pkgconfig/dlfs-io.pc)
  expect_file(lib/pkgconfig/dlfs-compiled.pc)
endfunction()

function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
  file(INSTALL ${arg_FILE_LIST} DESTINATION ${CURRENT_PACKAGES_DIR}/share/${PORT} RENAME copyright)
endfunction()

include(${port}/portfile.cmake)
foreach(file IN ITEMS include/dlfs/dlfs.hpp include/dlfs/io.hpp share/dlfs/dlfsConfig.cmake share/dlfs/usage
    share/dlfs/copyright lib/libdlfs_compiled.a)
  expect_file(${file})
endforeach()
