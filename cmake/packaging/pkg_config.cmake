# dlfs.pc and dlfs-io.pc, which find the headers from where they stand themselves.
set(pc_dir ${CMAKE_INSTALL_DATADIR}/pkgconfig)
cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
  BASE_DIRECTORY ${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig OUTPUT_VARIABLE prefix_from_pc)
set(includedir "\${prefix}")
cmake_path(APPEND includedir ${CMAKE_INSTALL_INCLUDEDIR})

set(pc_names dlfs)
if(DLFS_IO)
  list(APPEND pc_names dlfs-io)
endif()
foreach(name IN LISTS pc_names)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${pc_dir})
endforeach()
