include(CMakePackageConfigHelpers)
include(GNUInstallDirs)

set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME dlfs)
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/dlfs)

install(TARGETS dlfs EXPORT dlfs FILE_SET HEADERS)
install(EXPORT dlfs NAMESPACE dlfs:: FILE dlfs-targets.cmake DESTINATION ${package_dir})
if(DLFS_COMPILED)
  install(TARGETS dlfs_compiled EXPORT dlfs-compiled COMPONENT compiled)
  install(EXPORT dlfs-compiled NAMESPACE dlfs:: FILE dlfs-compiled-targets.cmake
    DESTINATION ${package_dir} COMPONENT compiled)
endif()
if(DLFS_IO)
  install(TARGETS dlfs_io EXPORT dlfs-io FILE_SET HEADERS)
  install(EXPORT dlfs-io NAMESPACE dlfs:: FILE dlfs-io-targets.cmake DESTINATION ${package_dir})
endif()

configure_package_config_file(
  cmake/dlfsConfig.cmake.in ${PROJECT_BINARY_DIR}/dlfsConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(
  ${PROJECT_BINARY_DIR}/dlfsConfigVersion.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(
  FILES ${PROJECT_BINARY_DIR}/dlfsConfig.cmake ${PROJECT_BINARY_DIR}/dlfsConfigVersion.cmake
  DESTINATION ${package_dir})

include(cmake/packaging/pkg_config.cmake)
if(PROJECT_IS_TOP_LEVEL)
  include(cmake/packaging/deb.cmake)
endif()
