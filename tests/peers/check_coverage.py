#!/usr/bin/env python3
"""Holds the headers against the peers: every public function and class has a handler in PROGRAM, or stands in
uncovered.py with the reason. Options, enums and concepts belong to those.

    check_coverage.py include/dlfs PROGRAM
"""
import pathlib
import re
import subprocess
import sys

from uncovered import RUN_BY, UNCOVERED


def declarations(text):
    """What is declared in namespace dlfs itself, each as far as its body."""
    # Comments vanish; raw strings, strings and characters become 0.
    text = re.sub(r'//[^\n]*|R"\((?:.|\n)*?\)"|"(?:[^"\\\n]|\\.)*"|\'(?:\\.|[^\'\\])\'',
                  lambda found: '' if found[0].startswith('//') else '0', text)
    text = re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', '', text, flags=re.MULTILINE)
    blocks = []  # names of namespaces, None for other braces
    head = ''
    for character in text:
        inside = blocks == ['dlfs']
        if character in '{;}' and inside:
            yield ' '.join(head.split())
        if character == '{':
            namespace = re.search(r'namespace\s*([\w:]*)\s*$', head)
            blocks.append(namespace[1] if namespace and None not in blocks else None)
        elif character == '}':
            blocks.pop()
        head = '' if character in '{;}' else head + character


def after_brackets(head, first, last):
    """What follows the first brackets in `head`."""
    depth = 0
    for i, character in enumerate(head):
        depth += (character == first) - (character == last and head[i - 1] != '-')
        if depth == 0 and character == last:
            return head[i + 1:].lstrip()
    return ''


def name_of(head):
    while head.startswith(('template', 'requires', '&&')):
        constraint = re.match(r'(?:requires|&&) ?[\w:]+<', head)  # or an expression in round brackets
        head = after_brackets(head, *('<>' if head.startswith('template') or constraint else '()'))
    head = re.sub(r'\[\[[^]]*\]\]', '', head)
    kind = re.match(r'(?:class|struct) (\w+)', head)
    if kind:
        return None if kind[1].endswith('Options') else kind[1]
    if head.startswith(('using', 'concept', 'enum', 'static_assert', 'extern', 'friend')) or '(' not in head:
        return None
    before = re.sub(r'<[^<>]*>', '', re.sub(r'<[^<>]*>', '', head[:head.index('(')]))
    if 'operator' in before:
        return 'operator' + head[head.index('operator') + 8:head.index('(')].strip()
    words = re.findall(r'[\w:]+', before)
    # A guide for deduction, or a constructor or member that is defined outside of its class.
    return None if len(words) < 2 or '::' in words[-1] else words[-1]


def main():
    directory, program = sys.argv[1:]
    kinds = subprocess.run([program, '--kinds'], capture_output=True, text=True, check=True).stdout.splitlines()
    covered = {kind.split(' ')[0] for kind in kinds}
    reasons = UNCOVERED | {name: kind for kind, names in RUN_BY.items() for name in names.split()}
    wrong = [f'uncovered.py: there are no cases of {kind}' for kind in RUN_BY if kind not in covered]
    used = set()
    count = 0
    for header in sorted(pathlib.Path(directory).rglob('*.hpp')):
        path = header.relative_to(directory).as_posix()
        for name in {name_of(head) for head in declarations(header.read_text())} - {None}:
            count += 1
            keys = [key for key in reasons if key in (name, path) or path.startswith(key + '/')]
            used.update(keys)
            if name not in covered and not keys:
                wrong.append(f'{path}: {name} has neither cases in tests/peers nor a reason in uncovered.py')
            if name in covered and name in reasons:
                wrong.append(f'uncovered.py: {name} has cases')
    wrong += [f'uncovered.py: there is no {key}' for key in reasons if key not in used]
    print('\n'.join(wrong) or f'{count} public names: {len(covered)} have cases, the others a reason')
    return 1 if wrong or count < 100 else 0


if __name__ == '__main__':
    sys.exit(main())
