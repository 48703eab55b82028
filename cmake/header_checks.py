"""Writes a source for each header: its include alone, and an instantiation of each class template that it defines.

Usage: header_checks.py INCLUDE_DIRECTORY LIST OUT HEADER...

OUT/dlfs/core/view.hpp.cpp is the source of dlfs/core/view.hpp. A class template with one parameter, beside those that
have defaults, is instantiated with float. LIST says what stands for the others, one a line: a name and its arguments,
`dlfs::detail::LoopNest <2>`, or a name and the reason for none, `dlfs::Trainer - its loss comes from the caller`.

The headers are read as clang-format lays them out: what stands in the first column is a member of a namespace. A
template within a class is instantiated by those who use the class.
"""
import pathlib
import re
import sys

DEFINITION = re.compile(
    r"template <(?P<parameters>.*?)> (?:requires ?.*? )?(?P<key>class|struct) (?:alignas\(.*?\) )?"
    r"(?P<name>\w+)(?: final)? (?:: .*)?\{")


def class_templates(text):
    """The key, full name and parameters of each class template that is defined; of no specialisation."""
    spaces = []
    declaration = ""
    for line in text.split("\n"):
        opened = re.match(r"(?:inline )?namespace ([\w:]+) \{", line)
        if opened:
            spaces.append(opened.group(1))
        elif line.startswith("}  // namespace"):
            spaces.pop()
        elif line.startswith("template <") or declaration:
            declaration += line.split("//")[0].strip() + " "
            if re.search(r"[;{]", declaration):
                definition = DEFINITION.match(declaration)
                if definition:
                    yield definition["key"], "::".join([*spaces, definition["name"]]), definition["parameters"]
                declaration = ""


def takes_a_number(parameters):
    """Whether float can be the only argument."""
    first, *others = re.split(r", ", parameters)
    return re.fullmatch(r"(class|std::floating_point|TensorElement) \w+", first) and all("=" in each for each in others)


def read_list(path):
    """The arguments of each name, or None where a reason stands."""
    listed = {}
    for line in path.read_text().split("\n"):
        if not line or line.startswith("#"):
            continue
        entry = re.fullmatch(r"(\S+) +(?:(<.+>)|- \S.*)", line)
        if not entry or entry[1] in listed:
            sys.exit(f"{path}: expected a new name with <arguments> or - and a reason: {line}")
        listed[entry[1]] = entry[2]
    return listed


def main():
    include, listed_in, out = map(pathlib.Path, sys.argv[1:4])
    listed = read_list(listed_in)
    unused = set(listed)
    unlisted = []
    for header in sys.argv[4:]:
        source = f'#include "{header}"\n'
        for key, name, parameters in class_templates((include / header).read_text()):
            unused.discard(name)
            if name not in listed and not takes_a_number(parameters):
                unlisted.append(f"{header}: {name} of <{parameters}>")
            arguments = listed.get(name, "<float>")
            source += f"template {key} {name}{arguments};\n" if arguments else ""
        file = out / f"{header}.cpp"
        file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists() or file.read_text() != source:
            file.write_text(source)
    if unlisted:
        sys.exit(f"{listed_in} needs arguments or a reason for\n  " + "\n  ".join(unlisted))
    if unused:
        sys.exit(f"{listed_in} lists what no header defines: {', '.join(sorted(unused))}")


if __name__ == "__main__":
    main()
