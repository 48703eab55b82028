# `cpack -G DEB` in the build folder makes libdlfs-dev_<version>_all.deb of the headers. With -D DLFS_COMPILED=ON it also
# makes libdlfs-compiled-dev_<version>_<architecture>.deb of the library.

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "the dlfs authors")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)

# debian_package(<component> <name>): a package of the component. Components are named one by one, so that what a fetched
# dependency installs stays outside.
function(debian_package component name)
  string(TOUPPER ${component} group)
  # Debian wants the license there; other packages have places of their own.
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${name} RENAME copyright
    COMPONENT copyright_${component} EXCLUDE_FROM_ALL)
  list(APPEND CPACK_COMPONENTS_ALL ${component} copyright_${component})
  set(CPACK_COMPONENTS_ALL ${CPACK_COMPONENTS_ALL} PARENT_SCOPE)
  foreach(part IN ITEMS ${group} COPYRIGHT_${group})
    set(CPACK_COMPONENT_${part}_GROUP ${component} PARENT_SCOPE)
  endforeach()
  set(CPACK_DEBIAN_${group}_PACKAGE_NAME ${name} PARENT_SCOPE)
endfunction()

set(needed_by_io "zlib1g-dev, libpng-dev (>= 1.6), nlohmann-json3-dev (>= 3)")
if(DLFS_HAS_JPEG)
  string(APPEND needed_by_io ", libjpeg-dev")
endif()
debian_package(dlfs libdlfs-dev)
set(CPACK_DEBIAN_DLFS_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DLFS_PACKAGE_DEPENDS "libeigen3-dev (>= 3.4)")
set(CPACK_DEBIAN_DLFS_PACKAGE_RECOMMENDS ${needed_by_io})
if(DLFS_COMPILED)
  debian_package(compiled libdlfs-compiled-dev)
  set(CPACK_DEBIAN_COMPILED_PACKAGE_DEPENDS "libdlfs-dev (= ${PROJECT_VERSION})")
  if(DLFS_IO)
    string(APPEND CPACK_DEBIAN_COMPILED_PACKAGE_DEPENDS ", ${needed_by_io}")
  endif()
endif()
include(CPack)
