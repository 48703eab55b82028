# The reference of all public names, by Doxygen: `cmake --build --preset release --target reference` writes
# build/release/reference/html/index.html. A public name without a sentence is an error.
find_package(Doxygen 1.9 QUIET)
if(NOT DOXYGEN_FOUND)
  return()
endif()

set(DOXYGEN_PROJECT_NAME dlfs)
set(DOXYGEN_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/reference)
set(DOXYGEN_STRIP_FROM_PATH ${PROJECT_SOURCE_DIR}/include)
set(DOXYGEN_STRIP_FROM_INC_PATH ${PROJECT_SOURCE_DIR}/include)
set(headers ${PROJECT_SOURCE_DIR}/include/dlfs)
set(DOXYGEN_FILE_PATTERNS *.hpp)
# What no user calls: kernels, their reference twins, and namespaces of the implementation.
set(DOXYGEN_EXCLUDE_PATTERNS ${headers}/gemm/* ${headers}/simd/* ${headers}/*/reference/*)
set(DOXYGEN_EXCLUDE_SYMBOLS
  dlfs::conv dlfs::conv::* dlfs::simd dlfs::simd::* dlfs::detail dlfs::detail::* *::detail *::detail::*)
set(DOXYGEN_MACRO_EXPANSION YES)
set(DOXYGEN_EXPAND_ONLY_PREDEF YES)
set(DOXYGEN_PREDEFINED
  DLFS_STRICT_MATH_BEGIN= DLFS_STRICT_MATH_END= "DLFS_REFUSED(reason)=" DLFS_INLINE=inline)
set(DOXYGEN_DISTRIBUTE_GROUP_DOC YES)  # one sentence for overloads between ///@{ and ///@}
set(DOXYGEN_HAVE_DOT NO)
set(DOXYGEN_GENERATE_TREEVIEW YES)
set(DOXYGEN_WARN_IF_UNDOCUMENTED YES)
set(DOXYGEN_WARN_AS_ERROR FAIL_ON_WARNINGS)
set(DOXYGEN_QUIET YES)
doxygen_add_docs(reference ${headers}
  WORKING_DIRECTORY ${PROJECT_BINARY_DIR} COMMENT "Writing the reference")

if(DLFS_BUILD_TESTS AND DLFS_IO AND NOT DLFS_SANITIZE)
  add_test(NAME reference COMMAND Doxygen::doxygen ${PROJECT_BINARY_DIR}/Doxyfile.reference
    WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
  set_tests_properties(reference PROPERTIES LABELS guide TIMEOUT 120)
endif()
