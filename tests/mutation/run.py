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
FLAGS = ["-std=c++20", "-O0", "-w", "-Wno-invalid-constexpr", "-pthread", "-isystem", "/usr/include/eigen3"]
LIBRARIES = ["-lgtest", "-lgtest_main", "-lz", "-lpng"]
HEADERS = ("gtest/gtest.h", "Eigen/Core", "cstdlib")  # of others
# Which fault a program has that was compiled with several.
SWITCH = 'inline const int dlfs_fault = std::getenv("DLFS_FAULT") ? std::atoi(std::getenv("DLFS_FAULT")) : -1;\n'
# What tests use most is compiled once, in parts, for the faults of headers that a part does without:
# its headers, and the first and the last of its templates in include/dlfs/compiled.hpp or
# tests/support/templates.hpp.
PARTS = (
    (("dlfs/functional/activation.hpp", "dlfs/conv/convolution.hpp", "dlfs/functional/cross_entropy.hpp",
      "dlfs/tensor/matmul.hpp", "dlfs/conv/pooling.hpp"), "detail::matmul", "T softmax_cross_entropy"),
    (tuple(f"dlfs/nn/{name}.hpp" for name in (
        "layers/affine", "layers/batch_normalization", "layers/convolution", "layers/dropout",
        "layers/max_pooling", "layers/relu", "losses/softmax_cross_entropy")),
     "class Affine<T>", "class SoftmaxCrossEntropy<T>"),
    (("dlfs/net/plan.hpp", "dlfs/net/sequential.hpp"), "class detail::Plan<T>", "class Sequential<T>"),
    (("dlfs/tools/check_gradients.hpp",), "GradientReport check_gradients", "GradientReport check_gradients"),
)


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


def switched(original, replacements):
    """One line for all: that of the fault whose number is chosen, or the original. None where there is no such line."""
    original, *changed = [re.sub(r"\s*//.*$", "", line) for line in (original, *replacements.values())]

    def choose(pattern, all_of_it):
        """With the second group chosen between, where the others are alike."""
        found = [re.fullmatch(pattern, line) for line in (original, *changed)]
        if not all(found) or len({(one[1], one[3]) for one in found}) > 1:
            return None
        choice = "".join(f"dlfs_fault == {n} ? {all_of_it}({one[2]}) : " for n, one in zip(replacements, found[1:]))
        return f"{found[0][1]}({choice}{all_of_it}({found[0][2]})){found[0][3]}"

    declaration = r"((?:const )?[\w:<>]+ \w+ = )(.+)(;)"
    if re.fullmatch(declaration, original) and not original.startswith("return "):
        return choose(declaration, "")
    if original.endswith("{"):
        return choose(r"(if |while |} else if )\((.+)\)( {)", "bool")
    if not original.endswith(";") or not all(line == "" or line.endswith(";") for line in changed):
        return None
    choice = "".join(f"if (dlfs_fault == {n}) {{ {line} }} else " for n, line in zip(replacements, changed))
    return f"{choice}{{ {original} }}"


def switched_text(header, faults):
    """The text of a header with those of the faults, numbered, that one program can choose between; and these."""
    lines = (ROOT / header).read_text().split("\n")
    chosen = {}
    for place, line in enumerate(lines):
        here = {n: fault for n, fault in faults.items() if fault.line == line.strip()}
        before = re.sub(r"\s*//.*$", "", lines[place - 1]).strip()
        if not here or (before and before[-1] not in ";{}:") or lines[place + 1].strip().startswith("else"):
            continue
        new = switched(line.strip(), {n: fault.replacement for n, fault in here.items()})
        if new is not None:
            lines[place] = new
            chosen |= {n: place + 1 for n in here}
    return "\n".join(lines), chosen


def headers_of(part):
    return [ROOT / "include" / name for name in part[0]]


def parts_without(header):
    return tuple(part for part in PARTS if ROOT / header not in included_by(*headers_of(part)))


def templates_of(part):
    """The declarations, without `extern`, for both types of elements."""
    texts = [read(ROOT / name) for name in ("include/dlfs/compiled.hpp", "tests/support/templates.hpp")]
    found = re.findall(r"(?:EXTERN|extern) (template [^;]+;)", "".join(texts).replace("\\\n", "\n"))
    begin, end = [next(i for i, one in enumerate(found) if name in one) for name in part[1:]]
    every = [re.sub(r"\bT\b", t, " ".join(one.split())) for t in ("float", "double") for one in found[begin:end + 1]]
    return list(dict.fromkeys(every))


class Shared:
    """Precompiled headers and objects of parts. They are made when the first test needs them."""

    def __init__(self, folder, compiler):
        self.folder = folder
        self.compiler = compiler
        self.lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, parts):
        """The header that a test includes first, and the objects to link."""
        with self.lock:
            text = "".join(f"#include <{name}>\n" for name in HEADERS) + SWITCH + self.text_of_parts(parts)
            header = self.make(text, ".hpp", lambda path: ["-x", "c++-header", path, "-o", f"{path}.gch"], parts)
            return header, [self.get_object(part) for part in parts]

    def get_object(self, part):
        below = [other for other in PARTS if other != part and
                 set(headers_of(other)) <= included_by(*headers_of(part))]
        own = " ".join(templates_of(part))
        text = f"{self.text_of_parts([*below])}{self.includes(part)}namespace dlfs {{ {own} }}\n"
        source = self.make(text, ".cpp", lambda path: ["-O1", "-c", path, "-o", f"{path}.o"], [*below, part])
        return f"{source}.o"

    def includes(self, part):
        return "".join(f'#include "{name}"\n' for name in part[0])

    def text_of_parts(self, parts):
        return "".join(f"{self.includes(part)}namespace dlfs {{ extern {' extern '.join(templates_of(part))} }}\n"
                       for part in parts)

    def make(self, text, ending, arguments_for, parts):
        headers = [header for part in parts for header in headers_of(part)]
        path = self.folder / (digest_of(self.compiler, text, text_of(*headers))[:16] + ending)
        if not path.exists():
            path.write_text(text)
            try:
                subprocess.run([self.compiler, *FLAGS, f"-I{ROOT / 'include'}", *arguments_for(str(path))], check=True)
            except BaseException:
                path.unlink()
                raise
        return path


def limit_time():
    """Of the processor, so that a busy machine makes no difference."""
    resource.setrlimit(resource.RLIMIT_CPU, (120, 120))


def time_of(process):
    """Of the processor, in the system's units."""
    return sum(int(number) for number in pathlib.Path(f"/proc/{process}/stat").read_text().split()[13:15])


class Program:
    """A test, with the headers in `changed` in the place of those in include/; `include` has all headers."""

    def __init__(self, test, changed, include, folder, shared, compiler):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.path = folder / test.replace("/", "_")
        fixtures = ROOT / "tests" / test.split("/")[0] / "fixtures"
        header, objects = shared
        command = [compiler, *FLAGS, "-include", str(header), f"-I{changed}", f"-I{ROOT / 'include'}",
                   f"-I{ROOT / 'tests'}", f'-DDLFS_FIXTURES="{fixtures}"', f'-DDLFS_INCLUDE_DIRECTORY="{include}"',
                   str(source_of(test)), "-o", str(self.path), *objects, *LIBRARIES]
        self.errors = subprocess.run(command, capture_output=True, text=True).stderr

    def outcome(self, fault=-1):
        """"passes", "fails" or "does not compile"."""
        if not self.path.exists():
            return "fails" if "error: static_assert" in self.errors else "does not compile"
        return "passes" if self.succeeds(fault) else "fails"

    def succeeds(self, fault):
        process = subprocess.Popen([self.path, "--gtest_fail_fast"], cwd=self.folder, preexec_fn=limit_time,
                                   env=os.environ | {"DLFS_FAULT": str(fault)},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = -1
        while True:
            try:
                return process.wait(60) == 0
            except subprocess.TimeoutExpired:
                now = time_of(process.pid)
                if now == before:  # a deadlock
                    process.kill()
                before = now


def source_of(test):
    return ROOT / "tests" / f"{test}_test.cpp"


def digest_of(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


@functools.cache
def read(path):
    return path.read_text()


@functools.cache
def included_by(*paths):
    """These files, and all of the project's that they include."""
    found = set()
    left = list(paths)
    while left:
        path = left.pop()
        if path in found:
            continue
        found.add(path)
        for name in re.findall(r'^\s*#include "(.+)"', read(path), re.MULTILINE):
            places = [folder / name for folder in (ROOT / "include", ROOT / "tests", path.parent)]
            left += [place for place in places if place.exists()][:1]
    return frozenset(found)


def text_of(*paths):
    """With all that they include, in a fixed order."""
    files = sorted(included_by(*paths))
    return digest_of(*[text for path in files for text in (str(path.relative_to(ROOT)), read(path))])


@functools.cache
def text_of_test(test):
    source = source_of(test)
    reads_all = "DLFS_INCLUDE_DIRECTORY" in read(source)
    return text_of(source, *((ROOT / "include").rglob("*.hpp") if reads_all else ()))


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

    shared = Shared(arguments.out / "shared", arguments.compiler)
    known = arguments.out / "known"
    known.mkdir(exist_ok=True)

    def place_of(test, text):
        return known / digest_of(arguments.compiler, text_of_test(test), test, text)

    def kept(test, text, find):
        place = place_of(test, text)
        if not place.exists():
            place.write_text(find())
        return place.read_text()

    being_checked = collections.defaultdict(threading.Lock)

    def expect_to_pass(test):
        """Without a fault."""
        def find_outcome():
            program = Program(test, ROOT / "include", ROOT / "include", arguments.out / test,
                              shared.get(PARTS), arguments.compiler)
            return program.outcome()

        with being_checked[test]:
            outcome = kept(test, "", find_outcome)
        if outcome != "passes":
            raise RuntimeError(f"{test} {outcome} without a fault")

    def program_with(header, text, test, folder):
        include = folder / "include"
        changed = folder / "changed" / header
        changed.parent.mkdir(parents=True, exist_ok=True)
        changed.write_text(text)
        if not include.exists():
            shutil.copytree(ROOT / "include", include)
        shutil.copy(changed, folder / header)
        return Program(test, folder / "changed" / "include", include, folder, shared.get(parts_without(header)),
                       arguments.compiler)

    def check_together(header, test, group):
        """As many as can be compiled at once, of some numbered faults of a header."""
        folder = arguments.out / digest_of(header, test)[:16]
        while len(group) > 1:
            text, chosen = switched_text(header, group)
            group = {n: group[n] for n in chosen}
            program = program_with(header, text, test, folder)
            if program.path.exists():
                if program.outcome() == "passes":
                    for n, fault in group.items():
                        kept(test, header + texts[n], lambda: program.outcome(n))
                break
            lines = {int(n) for n in re.findall(rf"{re.escape(header)}:(\d+)", program.errors)}
            if not lines & set(chosen.values()):
                break
            group = {n: fault for n, fault in group.items() if chosen[n] not in lines}
        shutil.rmtree(folder, ignore_errors=True)

    def check_header(header):
        numbers = [n for n, fault in enumerate(faults) if fault.header == header]
        for turn in range(max(len(faults[n].tests) for n in numbers)):
            for test in sorted({faults[n].tests[turn] for n in numbers if turn < len(faults[n].tests)}):
                group = {}
                for n in numbers:
                    places = [place_of(one, header + texts[n]) for one in faults[n].tests[:turn + 1]]
                    outcomes = [place.read_text() if place.exists() else None for place in places]
                    if faults[n].tests[turn:turn + 1] == [test] and outcomes == ["passes"] * turn + [None]:
                        group[n] = faults[n]
                check_together(header, test, group)

    def check_fault(number):
        fault = faults[number]
        folder = arguments.out / str(number)
        for test in fault.tests:
            outcome = kept(test, fault.header + texts[number],
                           lambda: program_with(fault.header, texts[number], test, folder).outcome())
            shutil.rmtree(folder, ignore_errors=True)
            if outcome != "passes":
                expect_to_pass(test)
                return outcome
        return "survives"

    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        list(pool.map(check_header, sorted({fault.header for fault in faults})))
        outcomes = []
        for fault, outcome in zip(faults, pool.map(check_fault, range(len(faults)))):
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
