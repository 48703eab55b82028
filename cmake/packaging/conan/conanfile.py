"""Conan 2 recipe of the clone in which it stands: conan create cmake/packaging/conan --build=missing"""

import os
import re

from conan import ConanFile
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir


class Dlfs(ConanFile):
    name = "dlfs"
    description = "Header-only C++20 tensors and neural networks on Eigen"
    license = "MIT"
    topics = ("deep-learning", "neural-network", "tensor", "header-only")
    package_type = "header-library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"compiled": [True, False], "io": [True, False]}
    default_options = {"compiled": False, "io": True}
    no_copy_source = True

    @property
    def _repository(self):
        return os.path.join(self.recipe_folder, "..", "..", "..")

    def set_version(self):
        lists = load(self, os.path.join(self._repository, "CMakeLists.txt"))
        self.version = re.search(r"project\(dlfs VERSION ([0-9.]+)", lists).group(1)

    def export_sources(self):
        for pattern in "CMakeLists.txt", "LICENSE", "cmake/*", "include/*":
            copy(self, pattern, self._repository, self.export_sources_folder)

    def configure(self):
        if self.options.compiled:
            self.package_type = "static-library"

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        libraries = ["eigen/[>=3.4 <4]"]
        if self.options.io:
            libraries += ["libpng/[>=1.6 <2]", "nlohmann_json/[>=3 <4]", "zlib/[>=1.2.11 <2]"]
        for library in libraries:
            self.requires(library, transitive_headers=True)

    def package_id(self):
        if not self.info.options.compiled:
            self.info.settings.clear()
            self.info.requires.clear()

    def validate(self):
        check_min_cppstd(self, 20)

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["DLFS_COMPILED"] = bool(self.options.compiled)
        toolchain.cache_variables["DLFS_IO"] = bool(self.options.io)
        toolchain.cache_variables["DLFS_JPEG"] = "OFF"
        for off in "FETCH_DEPENDENCIES", "BUILD_EXAMPLES", "BUILD_TESTS", "BUILD_BENCHMARKS":
            toolchain.cache_variables[f"DLFS_{off}"] = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        if self.options.compiled:
            cmake.build()

    def package(self):
        CMake(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        # CMakeDeps and PkgConfigDeps make these files.
        rmdir(self, os.path.join(self.package_folder, "share"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))

    def package_info(self):
        self.cpp_info.set_property("cmake_file_name", "dlfs")
        core = self.cpp_info.components["core"]
        core.set_property("cmake_target_name", "dlfs::dlfs")
        core.set_property("pkg_config_name", "dlfs")
        core.requires = ["eigen::eigen"]
        core.bindirs = core.libdirs = []
        if self.settings.os in ("Linux", "FreeBSD"):
            core.system_libs = ["pthread"]
        if self.options.io:
            io = self.cpp_info.components["io"]
            io.set_property("cmake_target_name", "dlfs::io")
            io.set_property("pkg_config_name", "dlfs-io")
            io.requires = ["core", "libpng::libpng", "nlohmann_json::nlohmann_json", "zlib::zlib"]
            io.bindirs = io.libdirs = []
        if self.options.compiled:
            compiled = self.cpp_info.components["compiled"]
            compiled.set_property("cmake_target_name", "dlfs::compiled")
            compiled.set_property("pkg_config_name", "dlfs-compiled")
            compiled.libs = ["dlfs_compiled"]
            compiled.defines = ["DLFS_COMPILED"]
            compiled.requires = ["core"]
            if self.options.io:
                compiled.defines.append("DLFS_COMPILED_IO")
                compiled.requires.append("io")
