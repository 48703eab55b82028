"""Applies one fault at a time to a copy of a header, runs the tests that should see it, and reports those that do not.

Usage: run.py [--jobs N] [--compiler CXX] [--only TEXT] [--out DIRECTORY]

`faults.txt` beside this file lists the faults, one a paragraph:

    include/dlfs/optim/adam.hpp: optim/adam optim/pytorch
    - the line as it is, without its indentation
    + the line with the fault

The line must stand once in the file, and the tests (tests/optim/adam_test.cpp ...) must pass without the fault. A line
that begins with `=` says why a fault is expected to survive. Exits with 1 if another one does. What a test makes of a
fault is kept in DIRECTORY until the test or a header that it includes changes.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import datetime
import functools
import hashlib
import os
import pathlib
import re
import resource
import shutil
import subprocess
import sys
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
FLAGS = ["-std=c++20", "-O0", "-w", "-pthread", "-isystem", "/usr/include/eigen3"]
LIBRARIES = ["-lgtest", "-lgtest_main", "-lz", "-lpng"]
HEADERS = "#include <gtest/gtest.h>\n#include <Eigen/Core>\n"  # of others, which are compiled once


@dataclasses.dataclass
class Fault:
    header: str
    tests: list
    line: str
    replacement: str
    reason: str = ""

    def __str__(self):
        return f"{self.header}\n  - {self.line}\n  + {self.replacement}"


def read_faults(path):
    faults = []
    paragraphs = [p for p in path.read_text().split("\n\n") if p.strip() and not p.startswith("#")]
    for paragraph in paragraphs:
        head, *lines = paragraph.strip("\n").split("\n")
        header, tests = head.split(":")
        parts = {line[0]: line[1:].strip() for line in lines}
        if not {"-", "+"} <= set(parts):
            sys.exit(f"not a fault: {paragraph}")
        faults.append(Fault(header, tests.split(), parts["-"], parts["+"], parts.get("=", "")))
    return faults


def faulty_text(fault):
    lines = (ROOT / fault.header).read_text().split("\n")
    places = [i for i, line in enumerate(lines) if line.strip() == fault.line]
    if len(places) != 1:
        sys.exit(f"stands {len(places)} times in its file, not once:\n{fault}")
    line = lines[places[0]]
    lines[places[0]] = line[: len(line) - len(line.lstrip())] + fault.replacement
    return "\n".join(lines)


def compile_headers_of_others(folder, compiler):
    folder.mkdir(parents=True, exist_ok=True)
    header = folder / "others.hpp"
    header.write_text(HEADERS)
    subprocess.run([compiler, *FLAGS, "-x", "c++-header", str(header), "-o", f"{header}.gch"], check=True)
    return header


def limit_time():
    """Of the processor, so that a busy machine makes no difference; the rest is for a deadlock."""
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))


def build_and_run(test, include, folder, others, compiler):
    """"passes", "fails" or "does not compile"."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / test.replace("/", "_")
    fixtures = ROOT / "tests" / test.split("/")[0] / "fixtures"
    command = [compiler, *FLAGS, "-include", str(others), f"-I{include}", f"-I{ROOT / 'tests'}",
               f'-DDLFS_FIXTURES="{fixtures}"', f'-DDLFS_INCLUDE_DIRECTORY="{include}"',
               str(source_of(test)), "-o", str(program), *LIBRARIES]
    if subprocess.run(command, capture_output=True).returncode != 0:
        return "does not compile"
    try:
        result = subprocess.run([str(program), "--gtest_fail_fast"], capture_output=True, cwd=folder,
                                preexec_fn=limit_time, timeout=600)
        return "passes" if result.returncode == 0 else "fails"
    except subprocess.TimeoutExpired:
        return "fails"
    finally:
        program.unlink()


def source_of(test):
    return ROOT / "tests" / f"{test}_test.cpp"


def digest_of(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@functools.cache
def read(path):
    return path.read_text()


@functools.cache
def sources_of(test):
    """The text of a test and of all headers of the project that it includes, in a fixed order."""
    found = set()
    left = [source_of(test)]
    if "DLFS_INCLUDE_DIRECTORY" in read(left[0]):  # it reads them all
        left += (ROOT / "include").rglob("*.hpp")
    while left:
        path = left.pop()
        if path in found:
            continue
        found.add(path)
        for name in re.findall(r'^\s*#include "(.+)"', read(path), re.MULTILINE):
            places = [folder / name for folder in (ROOT / "include", ROOT / "tests", path.parent)]
            left += [place for place in places if place.exists()][:1]
    return digest_of(*[text for path in sorted(found) for text in (str(path.relative_to(ROOT)), read(path))])


def version_of(compiler):
    lines = subprocess.run([compiler, "--version"], capture_output=True, text=True).stdout.split("\n")
    return lines[0]


def print_table(faults, outcomes, compiler):
    """By the folder of the header."""
    columns = ("faults", "caught", "survive", "explained", "do not compile")
    rows = {}
    for fault, outcome in zip(faults, outcomes):
        kind = {"fails": "caught", "survives": "survive"}.get(outcome, "do not compile")
        kind = "explained" if fault.reason and kind == "survive" else kind
        for part in (f"`{fault.header.split('/')[2]}/`", "all"):
            row = rows.setdefault(part, dict.fromkeys(columns, 0))
            row["faults"] += 1
            row[kind] += 1
    rows["all"] = rows.pop("all", dict.fromkeys(columns, 0))  # the last
    print(f"\n{datetime.date.today():%B %-d, %Y}, {version_of(compiler)}, {FLAGS[1]}:\n")
    print("| part |", " | ".join(columns), "|")
    print("|---" * (1 + len(columns)) + "|")
    for part, row in rows.items():
        print(f"| {part} |", " | ".join(str(row[column]) for column in columns), "|")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--compiler", default="clang++")
    parser.add_argument("--only", default="", help="faults whose header or line has this text")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build" / "mutation")
    arguments = parser.parse_args()
    faults = [f for f in read_faults(pathlib.Path(__file__).with_name("faults.txt")) if arguments.only in str(f)]
    texts = [faulty_text(fault) for fault in faults]

    others = compile_headers_of_others(arguments.out, arguments.compiler)
    known = arguments.out / "known"
    known.mkdir(exist_ok=True)

    def kept(test, text, find):
        place = known / digest_of(arguments.compiler, sources_of(test), test, text)
        if not place.exists():
            place.write_text(find())
        return place.read_text()

    being_checked = collections.defaultdict(threading.Lock)

    def expect_to_pass(test):
        """Without a fault."""
        with being_checked[test]:
            outcome = kept(test, "", lambda: build_and_run(test, ROOT / "include", arguments.out, others,
                                                           arguments.compiler))
        if outcome != "passes":
            raise RuntimeError(f"{test} {outcome} without a fault")

    def check_fault(item):
        number, (fault, text) = item
        folder = arguments.out / str(number)

        def find_outcome(test):
            if not folder.exists():
                shutil.copytree(ROOT / "include", folder / "include")
                (folder / fault.header).write_text(text)
            return build_and_run(test, folder / "include", folder, others, arguments.compiler)

        try:
            for test in fault.tests:
                outcome = kept(test, fault.header + text, lambda: find_outcome(test))
                if outcome != "passes":
                    expect_to_pass(test)
                    return outcome
            return "survives"
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        outcomes = []
        for fault, outcome in zip(faults, pool.map(check_fault, enumerate(zip(faults, texts)))):
            outcomes.append(outcome)
            if outcome != "fails":
                print(f"{outcome}{' as expected: ' + fault.reason if fault.reason else ''}: {fault}", flush=True)

    print_table(faults, outcomes, arguments.compiler)
    caught = outcomes.count("fails")
    print(f"\n{caught} of {len(faults)} faults caught, {outcomes.count('survives')} survive, "
          f"{outcomes.count('does not compile')} do not compile")
    unexplained = [f for f, outcome in zip(faults, outcomes) if outcome != "fails" and not f.reason]
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
