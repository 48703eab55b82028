"""Runs the programs of this folder in turn and prints their medians and ratios as Markdown tables.

    compare.py BUILD_FOLDER [--what steps|arrays] [--rounds N] [--threads N] [--python PYTHON]

BUILD_FOLDER is that of a CMake preset, best 'portable'. Of training steps it has dlfs_steps, by
plain -O2, dlfs_steps_native, by -march=native, and, where CMake found LibTorch, libtorch_steps; of
array operations dlfs_arrays, by plain -O2, and by -O3 -march=native eigen_arrays and, where CMake
found xtensor, xtensor_arrays. PyTorch and NumPy are measured where PYTHON can import them. A side
that is missing is left out, and said so.
"""
import argparse
import collections
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

# PyTorch spends much of a step on fresh memory; this lets it keep what it freed. And OpenBLAS, which
# it multiplies with, does not know every processor with AVX-512 as such.
TUNED = {
    'MALLOC_MMAP_THRESHOLD_': '4000000000',
    'MALLOC_TRIM_THRESHOLD_': '4000000000',
    'MALLOC_TOP_PAD_': '100000000',
}
if 'avx512f' in Path('/proc/cpuinfo').read_text(encoding='utf-8'):
    TUNED['OPENBLAS_CORETYPE'] = 'SkylakeX'

Side = collections.namedtuple('Side', 'name command arguments environment')


def sides(what, build, python):
    here = Path(__file__).parent
    folder = Path(build) / 'benchmarks' / 'compare'
    if what == 'steps':
        script, module = [python, str(here / 'pytorch_steps.py')], 'torch'
        wanted = [
            Side('dlfs, -O2', [str(folder / 'dlfs_steps')], [], {}),
            Side('dlfs, native', [str(folder / 'dlfs_steps_native')], [], {}),
            Side('LibTorch', [str(folder / 'libtorch_steps')], [], {}),
            Side('LibTorch, tuned', [str(folder / 'libtorch_steps')], [], TUNED),
            Side('PyTorch', script, [], {}),
            Side('PyTorch, tuned', script, ['tuned'], TUNED),
        ]
    else:
        script, module = [python, str(here / 'numpy_arrays.py')], 'numpy'
        wanted = [
            Side('dlfs, -O2', [str(folder / 'dlfs_arrays')], [], {}),
            Side('Eigen, native', [str(folder / 'eigen_arrays')], [], {}),
            Side('xtensor, native', [str(folder / 'xtensor_arrays')], [], {}),
            Side('NumPy', script, [], {}),
        ]
    can_import = subprocess.run([python, '-c', f'import {module}'],
                                capture_output=True).returncode == 0
    found = []
    for side in wanted:
        is_there = can_import if side.command[0] == python else os.path.exists(side.command[0])
        if is_there:
            found.append(side)
        else:
            print(f'left out: {side.name}', file=sys.stderr)
    return found


def run(side, what, threads):
    """Output, seconds and peak memory in MiB of one process."""
    environment = os.environ | side.environment | {
        'OMP_NUM_THREADS': str(threads), 'OPENBLAS_NUM_THREADS': str(threads)}
    begin = time.perf_counter()
    process = subprocess.Popen(side.command + [what] + side.arguments, env=environment,
                               stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f'{side.name}: {what} failed')
    return output, time.perf_counter() - begin, usage.ru_maxrss / 1024


def measure(what, side, threads):
    output, _, _ = run(side, str(threads), threads)
    result = {}
    for line in output.splitlines():
        subject, operation, ms = line.split('\t')
        result[f'{subject}, {operation}'] = float(ms)
    if what == 'steps':
        result['start-up to the first prediction'] = run(side, 'start', threads)[1] * 1e3
        result['memory of training DeepConvNet, MiB'] = run(side, 'memory', threads)[2]
    return result


def print_table(title, rows, names, cell):
    print(f'\n{title}\n\n| | ' + ' | '.join(names) + ' |')
    print('|---|' + '---:|' * len(names))
    for row in rows:
        print(f'| {row} | ' + ' | '.join(cell(row, name) for name in names) + ' |', flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build')
    parser.add_argument('--what', choices=('steps', 'arrays'), default='steps')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--threads', type=int, default=1)
    parser.add_argument('--python', default='python3')
    arguments = parser.parse_args()

    found = sides(arguments.what, arguments.build, arguments.python)
    samples = collections.defaultdict(list)
    for _ in range(arguments.rounds):
        for side in found:
            for row, value in measure(arguments.what, side, arguments.threads).items():
                samples[row, side.name].append(value)
    names = [side.name for side in found]
    rows = list(dict.fromkeys(row for row, _ in samples))
    median = {key: statistics.median(values) for key, values in samples.items()}
    everywhere = [row for row in rows if all((row, name) in median for name in names)]
    print_table(f'Milliseconds with {arguments.threads} thread(s): medians '
                f'of {arguments.rounds} rounds', rows, names,
                lambda row, name: f'{median[row, name]:.3g}' if (row, name) in median else '')
    print_table(f'Times that of {names[0]}: medians of the ratios within a round', everywhere,
                names, lambda row, name: '{:.2f}'.format(statistics.median(
                    value / first for value, first in
                    zip(samples[row, name], samples[row, names[0]]))))


main()
