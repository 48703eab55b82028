# `cpack -G DEB` in the build folder makes libdlfs-dev_<version>_all.deb of the headers.

# Debian wants the license there; other packages have places of their own.
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/libdlfs-dev RENAME copyright
  COMPONENT copyright EXCLUDE_FROM_ALL)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "the dlfs authors")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
# By name, so that what a fetched dependency installs stays outside.
set(CPACK_COMPONENTS_ALL dlfs copyright)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)

set(CPACK_DEBIAN_PACKAGE_NAME libdlfs-dev)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "libeigen3-dev (>= 3.4)")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "zlib1g-dev, libpng-dev (>= 1.6), nlohmann-json3-dev (>= 3)")
include(CPack)
