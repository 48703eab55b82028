# Runs cmake/mnist.cmake on mirrors that are folders of `work`.
# Usage: cmake -D script=FILE -D work=DIR -P mnist_test.cmake
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE ${work})
file(WRITE ${work}/good/a.gz "the right bytes")
file(WRITE ${work}/bad/a.gz "the wrong bytes")
file(SHA256 ${work}/good/a.gz hash)

# download(<exit code> <regex of the output> <mirror>...)
function(download expected_code expected_output)
  list(TRANSFORM ARGN PREPEND file://${work}/ OUTPUT_VARIABLE mirrors)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -D DLFS_MNIST_DIR=${work}/data -D "DLFS_MNIST_MIRRORS=${mirrors}"
      -D DLFS_MNIST_FILES=a.gz=${hash} -P ${script}
    RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT code EQUAL expected_code OR NOT output MATCHES "${expected_output}")
    message(FATAL_ERROR "Mirrors ${ARGN}: exit code ${code}, output:\n${output}")
  endif()
endfunction()

download(1 "No mirror has a.gz .*bad: its SHA-256 is .*missing: " bad missing)
file(GLOB left ${work}/data/*)
if(left)
  message(FATAL_ERROR "A file that is not verified was left behind: ${left}")
endif()

download(0 "MNIST is in " missing bad good)
file(SHA256 ${work}/data/a.gz actual)
if(NOT actual STREQUAL hash)
  message(FATAL_ERROR "a.gz is not the file of the good mirror")
endif()

download(0 "a.gz: already there" missing)
