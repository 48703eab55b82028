#!/usr/bin/env python3
"""Checks NumPy's side of docs/numpy.md: that each row's first line gives its value. C++'s side is
a test. Run anywhere; it exits non-zero where a row is wrong. Made with NumPy 2.4.6.
"""
import pathlib
import re
import sys

page = (pathlib.Path(__file__).parents[2] / "docs/numpy.md").read_text()
setup = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1]
rows = re.findall(r"^\| `([^`]*)` \| `[^`]*` \| `([^`]*)` \|$", page, re.MULTILINE)
wrong = 0
for line, value in rows:
    names = {}
    exec(setup, names)
    *statements, expression = line.split("; ")
    for statement in statements:
        exec(statement, names)
    printed = re.sub(r"\n *", " ", str(eval(expression, names)))
    if printed != value:
        print(f"{line}: expected {value}, got {printed}")
        wrong += 1
print(f"{len(rows) - wrong} of {len(rows)} rows are right")
sys.exit(wrong > 0)
