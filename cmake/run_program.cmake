# cmake -P run_program.cmake -- PROGRAM [ARGUMENT]...
#
# Runs a program and ends with an error where it does: a ctest test with a PASS_REGULAR_EXPRESSION
# does not look at the exit status.
set(command "")
set(is_command FALSE)
math(EXPR last "${CMAKE_ARGC} - 1")
foreach(i RANGE ${last})
  if(is_command)
    list(APPEND command "${CMAKE_ARGV${i}}")
  elseif(CMAKE_ARGV${i} STREQUAL "--")
    set(is_command TRUE)
  endif()
endforeach()
execute_process(COMMAND ${command} RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "The program ended with status ${status}.")
endif()
