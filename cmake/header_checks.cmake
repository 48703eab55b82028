# The target header_checks compiles each header by itself, with an instantiation of each class template that it defines,
# for float or for what header_checks.txt says.
find_package(Python3 QUIET COMPONENTS Interpreter)
if(Python3_FOUND)
  get_target_property(headers dlfs HEADER_SET)
  if(DLFS_IO)
    get_target_property(headers_of_io dlfs_io HEADER_SET)
    list(APPEND headers ${headers_of_io})
  endif()
  list(TRANSFORM headers REPLACE "^${PROJECT_SOURCE_DIR}/include/" "" OUTPUT_VARIABLE names)
  set(checks ${PROJECT_BINARY_DIR}/header_checks)
  list(TRANSFORM names REPLACE "(.+)" "${checks}/\\1.cpp" OUTPUT_VARIABLE sources)
  set(script ${CMAKE_CURRENT_LIST_DIR}/header_checks.py)
  set(list ${CMAKE_CURRENT_LIST_DIR}/header_checks.txt)
  add_custom_command(OUTPUT ${checks}/written BYPRODUCTS ${sources}
    COMMAND Python3::Interpreter ${script} ${PROJECT_SOURCE_DIR}/include ${list} ${checks} ${names}
    COMMAND ${CMAKE_COMMAND} -E touch ${checks}/written
    DEPENDS ${script} ${list} ${headers}
    COMMENT "Writing a source for each header"
    VERBATIM)
  add_library(header_checks OBJECT EXCLUDE_FROM_ALL ${checks}/written ${sources})
  target_link_libraries(header_checks PRIVATE dlfs::dlfs dlfs_developer)
  if(DLFS_IO)
    target_link_libraries(header_checks PRIVATE dlfs::io)
  endif()
endif()
