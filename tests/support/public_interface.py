"""Lists the public functions of the headers, one name a line: `take`, `Shape::with`.

Usage: public_interface.py INCLUDE_DIRECTORY [TABLE]

With a TABLE, a file that begins each of its entries with a name, `{"take", [] ...`, it prints instead the
functions that the table lacks and the names of no function and no class, and fails if there are any. A class stands for all
of its members.

The headers are read as clang-format lays them out: what stands in the first column is a member of the namespace, what
is indented by two is a member of a class. Left out are `detail` and `simd`, reference twins, operators, constructors,
and functions without arguments.
"""
import pathlib
import re
import sys


def without_comments(text):
    return re.sub(r"(?<!:)//[^\n]*", "", text)


def in_namespace_dlfs(text):
    """The lines of namespace dlfs itself, not of those within it."""
    spaces = []
    lines = []
    for line in text.split("\n"):
        opened = re.match(r"(?:inline )?namespace (\S+) \{", line)
        if opened:
            spaces.append(opened.group(1))
        elif line.startswith("}  // namespace"):
            spaces.pop()
        elif spaces == ["dlfs"]:
            lines.append(line)
    return without_comments("\n".join(lines))


def declarations(lines, indent):
    """The declarations that begin at a column, each on one line up to its body."""
    declaration = ""
    for line in lines.split("\n"):
        if not declaration:
            begins = line[:indent].strip() == "" and len(line) > indent and line[indent] not in " #})"
            if not begins:
                continue
        declaration += " " + line.strip()
        is_whole = declaration.count("(") <= declaration.count(")") and re.search(r"[{;]|: *$", declaration)
        if is_whole:
            yield declaration
            declaration = ""


def function_name(declaration):
    """The name of a declared function that takes arguments, or None."""
    text = re.sub(r"\[\[[^\]]*\]\]", "", declaration)
    if "operator" in text or "= delete" in text:
        return None
    while re.search(r"<[^<>]*>", text):
        text = re.sub(r"<[^<>]*>", "", text)
    # Several, where a class template that stood between them was taken out.
    text = re.sub(r"^(\s*template\s*(requires\s*(\((?:[^()]|\([^()]*\))*\)|\S+))?)*", "", text).strip()
    if re.match(r"(using|friend|static_assert|concept|struct|class|enum|typedef)\b", text):
        return None
    match = re.match(r"[^(=]*[\s&*>](\w+)\s*\(\s*[^)\s]", text)
    return match.group(1) if match else None


def functions_of(header):
    names = []

    def take_members(match):
        name, is_public = match.group("name"), match.group("key") == "struct"
        public = []
        for line in match.group("body").split("\n"):
            label = re.match(r" (public|private|protected):", line)
            if label:
                is_public = label.group(1) == "public"
            elif is_public:
                public.append(line)
        for declaration in declarations("\n".join(public), 2):
            function = function_name(declaration)
            if function and function != name:
                names.append(f"{name}::{function}")
        return ""

    classes = r"^(?P<key>class|struct) (?P<name>\w+)[^;{]*\{\n(?P<body>.*?)^\};$"
    rest = re.sub(classes, take_members, in_namespace_dlfs(header.read_text()), flags=re.M | re.S)
    names += [name for name in map(function_name, declarations(rest, 0)) if name]
    return names


def public_headers(include):
    root = pathlib.Path(include) / "dlfs"
    return [h for h in sorted(root.rglob("*.hpp")) if not {"reference", "simd"} & set(h.relative_to(root).parts)]


def public_functions(include):
    return sorted({name for header in public_headers(include) for name in functions_of(header)})


def public_classes(include):
    texts = (in_namespace_dlfs(header.read_text()) for header in public_headers(include))
    return {name for text in texts for name in re.findall(r"^(?:class|struct) (\w+)[^;{]*\{", text, re.M)}


def main():
    functions = public_functions(sys.argv[1])
    if len(sys.argv) < 3:
        print("\n".join(functions))
        return 0
    listed = set(re.findall(r'\{"([\w:]+)",\s*\[\]', pathlib.Path(sys.argv[2]).read_text()))
    missing = [name for name in functions if not {name, name.split("::")[0]} & listed]
    unknown = sorted(listed - set(functions) - public_classes(sys.argv[1]))
    for name in missing:
        print(f"{name} is public, and has no entry")
    for name in unknown:
        print(f"{name} has an entry, but is no public function or class")
    print(f"{len(functions) - len(missing)} of {len(functions)} public functions have an entry")
    return 1 if missing or unknown else 0


if __name__ == "__main__":
    sys.exit(main())
