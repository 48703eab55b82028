# dlfs.pc, dlfs-io.pc and dlfs-compiled.pc, which find headers and library from their own place.

# install_pc(<name> <folder> <component>): writes <name>.pc and installs it into <folder>/pkgconfig.
function(install_pc name folder component)
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
    BASE_DIRECTORY ${CMAKE_INSTALL_FULL_${folder}}/pkgconfig OUTPUT_VARIABLE prefix_from_pc)
  foreach(directory IN ITEMS includedir libdir)
    string(TOUPPER CMAKE_INSTALL_${directory} installed)
    set(${directory} "\${prefix}")
    cmake_path(APPEND ${directory} ${${installed}})
  endforeach()
  configure_file(${PROJECT_SOURCE_DIR}/cmake/packaging/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_${folder}}/pkgconfig
    COMPONENT ${component})
endfunction()

install_pc(dlfs DATADIR dlfs)
set(requires dlfs)
if(DLFS_IO)
  if(DLFS_HAS_JPEG)
    set(requires_jpeg ", libjpeg")
    set(cflags_jpeg "-DDLFS_HAS_JPEG")
  endif()
  install_pc(dlfs-io DATADIR dlfs)
  set(requires dlfs-io)
endif()
if(DLFS_COMPILED)
  get_target_property(definitions dlfs_compiled INTERFACE_COMPILE_DEFINITIONS)
  list(TRANSFORM definitions PREPEND -D)
  list(JOIN definitions " " definitions)
  install_pc(dlfs-compiled LIBDIR compiled)
endif()
