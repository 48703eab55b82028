#!/usr/bin/env python3
"""Writes a header and all headers of dlfs that it includes into one file.

Usage: single_header.py INCLUDE_DIR HEADER OUTPUT [--license FILE] [--version VERSION]

A header with `#pragma once` is inserted where it is included first. One without it, such as
simd/kernels-inl.hpp, is inserted wherever it is included. An include of another library stays where
it stands first; between #if and #endif it stays each time.
"""

import argparse
import pathlib
import re
import sys

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
OPENS = re.compile(r"\s*#\s*if(n?def)?\b")
CLOSES = re.compile(r"\s*#\s*endif\b")
ONCE = re.compile(r"\s*#\s*pragma\s+once\b")


class Inliner:
    def __init__(self, root):
        self.root = root
        self.lines = []
        self.inserted = {}  # header -> whether it stands under a condition
        self.included = set()  # headers of other libraries

    def insert(self, name, is_conditional=False):
        text = (self.root / name).read_text(encoding="utf-8").splitlines()
        if any(ONCE.match(line) for line in text):
            self.inserted[name] = is_conditional
        self.lines.append(f"// ---- {name}")
        depth = 0
        for line in text:
            if OPENS.match(line):
                depth += 1
            elif CLOSES.match(line):
                depth -= 1
            include = INCLUDE.match(line)
            if include:
                self.include(name, line, *include.groups(), is_conditional or depth > 0)
            elif not ONCE.match(line):
                self.lines.append(line)

    def include(self, includer, line, bracket, name, is_conditional):
        if (self.root / name).is_file():
            if name not in self.inserted:
                self.insert(name, is_conditional)
            elif self.inserted[name] and not is_conditional:
                sys.exit(f"{includer}: {name} stands under a condition where it is included first")
        elif name.startswith("dlfs/"):
            sys.exit(f"{includer}: there is no {name}")
        elif is_conditional or bracket == '"':
            self.lines.append(line)
        elif name not in self.included:
            self.included.add(name)
            self.lines.append(line)


def tidy(lines):
    """Keeps one of several empty lines."""
    return [line for i, line in enumerate(lines) if line or i == 0 or lines[i - 1]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("include_dir", type=pathlib.Path)
    parser.add_argument("header")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--license", type=pathlib.Path)
    parser.add_argument("--version", default="")
    options = parser.parse_args()

    inliner = Inliner(options.include_dir)
    inliner.insert(options.header)

    title = f"dlfs {options.version}".rstrip()
    head = [f"// {title}: {options.header} and all that it includes, in one file. It needs Eigen alone.",
            "// Made by cmake/packaging/single_header.py. A program includes this file or dlfs/, not both."]
    if options.license:
        text = options.license.read_text(encoding="utf-8").splitlines()
        head += ["//", *(f"// {line}".rstrip() for line in text)]
    head += ["", "#pragma once", ""]
    options.output.write_text("\n".join(tidy(head + inliner.lines)) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
