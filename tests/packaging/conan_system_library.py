"""Stands in for a recipe of ConanCenter by the library that the system has.

conan export conan_system_library.py --name eigen --version 3.4.0
"""

from conan import ConanFile

LIBRARIES = {
    "eigen": {"file": "Eigen3", "target": "Eigen3::Eigen", "includedirs": ["/usr/include/eigen3"]},
    "libpng": {"file": "PNG", "target": "PNG::PNG", "libs": ["png"]},
    "nlohmann_json": {"file": "nlohmann_json", "target": "nlohmann_json::nlohmann_json"},
    "zlib": {"file": "ZLIB", "target": "ZLIB::ZLIB", "libs": ["z"]},
}


class SystemLibrary(ConanFile):
    settings = "os", "arch", "compiler", "build_type"

    def package_info(self):
        library = LIBRARIES[self.name]
        self.cpp_info.set_property("cmake_file_name", library["file"])
        self.cpp_info.set_property("cmake_target_name", library["target"])
        self.cpp_info.includedirs = library.get("includedirs", [])
        self.cpp_info.system_libs = library.get("libs", [])
