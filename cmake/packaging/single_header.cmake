# The target single_header writes dlfs.single.hpp, dlfs.hpp without any other file of dlfs.
find_package(Python3 QUIET COMPONENTS Interpreter)
if(Python3_FOUND)
  set(script ${CMAKE_CURRENT_LIST_DIR}/single_header.py)
  set(single_header ${PROJECT_BINARY_DIR}/dlfs.single.hpp)
  get_target_property(headers dlfs HEADER_SET)
  add_custom_command(OUTPUT ${single_header}
    COMMAND Python3::Interpreter ${script} ${PROJECT_SOURCE_DIR}/include dlfs/dlfs.hpp ${single_header}
      --version ${PROJECT_VERSION} --license ${PROJECT_SOURCE_DIR}/LICENSE
    DEPENDS ${script} ${headers} ${PROJECT_SOURCE_DIR}/LICENSE
    COMMENT "Writing dlfs.single.hpp"
    VERBATIM)
  add_custom_target(single_header DEPENDS ${single_header})
endif()
