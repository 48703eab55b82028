# Downloads MNIST and verifies it: cmake -P cmake/mnist.cmake (or the target `mnist`).
# Another folder or mirror: cmake -D DLFS_MNIST_DIR=... -D DLFS_MNIST_MIRRORS=... -P cmake/mnist.cmake
cmake_minimum_required(VERSION 3.25)

set(DLFS_MNIST_DIR "${CMAKE_CURRENT_LIST_DIR}/../data/mnist" CACHE PATH "Where the files go")
set(DLFS_MNIST_MIRRORS
  https://ossci-datasets.s3.amazonaws.com/mnist
  https://storage.googleapis.com/cvdf-datasets/mnist
  CACHE STRING "Tried in this order")
set(DLFS_MNIST_FILES
  train-images-idx3-ubyte.gz=440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609
  train-labels-idx1-ubyte.gz=3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c
  t10k-images-idx3-ubyte.gz=8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6
  t10k-labels-idx1-ubyte.gz=f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6
  CACHE STRING "Each file and its SHA-256")
cmake_path(NORMAL_PATH DLFS_MNIST_DIR)

function(fetch name expected)
  set(file ${DLFS_MNIST_DIR}/${name})
  if(EXISTS ${file})
    file(SHA256 ${file} actual)
    if(actual STREQUAL expected)
      message(STATUS "${name}: already there")
      return()
    endif()
  endif()
  foreach(mirror IN LISTS DLFS_MNIST_MIRRORS)
    message(STATUS "${name}: ${mirror}")
    file(DOWNLOAD ${mirror}/${name} ${file}.part STATUS status INACTIVITY_TIMEOUT 20)
    file(SHA256 ${file}.part actual)
    if(actual STREQUAL expected)
      file(RENAME ${file}.part ${file})
      return()
    endif()
    file(REMOVE ${file}.part)
    list(POP_FRONT status code reason)
    if(code EQUAL 0)
      set(reason "its SHA-256 is ${actual}")
    endif()
    string(APPEND tried "\n  ${mirror}: ${reason}")
  endforeach()
  message(FATAL_ERROR "No mirror has ${name} with the SHA-256 ${expected}:${tried}")
endfunction()

foreach(entry IN LISTS DLFS_MNIST_FILES)
  string(REPLACE "=" ";" entry ${entry})
  fetch(${entry})
endforeach()
message(STATUS "MNIST is in ${DLFS_MNIST_DIR}")
