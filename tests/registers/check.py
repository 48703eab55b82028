#!/usr/bin/env python3
"""The innermost loops of the largest tile of each level that fuses products and sums keep all vectors in registers:
none stores one. No test of values would see it, and no machine here runs all levels.

Usage: check.py OBJDUMP COMPILER [OPTION]..."""
import pathlib
import re
import subprocess
import sys
import tempfile

objdump, *compiler = sys.argv[1:]
# For each level: rows of its tile.
tiles = {"avx512::": 8, "avx2::": 4, "base::": 8}
fused = re.compile(r"vfmadd\w+p[sd]\s|fmla\s")
# vmovaps %ymm1,0x20(%rsp); str q1, [sp, #32]; stp q1, q2, [sp]; str d8, [x0]
stored = re.compile(r"v?movu?a?p[sd]\s+%[xyz]mm\d+,.*\(|st[rpu]+\s+[qd]\d+,")
jump = re.compile(r"(?:j\w+|b|b\.\w+|cbn?z)\s.*?([0-9a-f]+) <")

with tempfile.TemporaryDirectory() as folder:
    program = pathlib.Path(folder, "kernels.o")
    source = pathlib.Path(__file__).with_name("kernels.cpp")
    subprocess.run([*compiler, "-std=c++20", "-O2", "-c", source, "-o", program], check=True)
    text = subprocess.run([objdump, "-dC", "--no-show-raw-insn", program], check=True, capture_output=True,
                          text=True).stdout
is_arm = "aarch64" in text.split("\n\n")[0]
levels = ["base::"] if is_arm else ["avx512::", "avx2::"]

failed = False
for level in levels:
    for element in "float", "double":
        name = f"{level}micro_kernel<{element}, {tiles[level]}, 3>("
        code = re.search(r"^[0-9a-f]+ <[^\n]*" + re.escape(name) + r".*?\n\n", text + "\n\n", re.M | re.S)
        lines = re.findall(r"^\s+([0-9a-f]+):\s+(.*)", code[0], re.M) if code else []
        lines = [(int(address, 16), instruction) for address, instruction in lines]
        loops = [(int(match[1], 16), address) for address, instruction in lines
                 if (match := jump.match(instruction)) and int(match[1], 16) <= address]
        inner = [loop for loop in loops
                 if not any(loop != other and loop[0] <= other[0] and other[1] <= loop[1] for other in loops)]
        bodies = [[instruction for address, instruction in lines if first <= address <= last]
                  for first, last in inner]
        bodies = [body for body in bodies if sum(map(bool, map(fused.match, body))) == 3 * tiles[level]]
        stores = [instruction for body in bodies for instruction in body if stored.match(instruction)]
        print(f"{name}...): {len(bodies)} loops, {len(stores)} stores of vectors")
        if not bodies or stores:
            failed = True
            print("\n".join(stores))
sys.exit(failed)
