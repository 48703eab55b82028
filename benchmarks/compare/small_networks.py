"""Small networks by dlfs, MiniDNN and RTNeural, on one thread: a Markdown table of nanoseconds.

    small_networks.py BUILD_FOLDER [--rounds N] [--minidnn FOLDER] [--rtneural FOLDER]

BUILD_FOLDER is that of a CMake preset and has benchmarks/compare/dlfs_small. The folders of the peers are copies of their
repositories; without them their rows are left out. The peers, and the network that dlfs writes as C++, are compiled here,
with -O3 -march=native; dlfs as the preset says. All run in turn, each in a process of its own; a cell is a median over the
rounds."""
import argparse
import statistics
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
SIZES = [4, 16, 64, 256]
EIGEN = '/usr/include/eigen3'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build', type=Path)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--minidnn', type=Path)
    parser.add_argument('--rtneural', type=Path)
    arguments = parser.parse_args()
    folder = arguments.build / 'benchmarks' / 'compare'

    def compiled(name, *options, out=None):
        out = folder / (out or name)
        subprocess.check_call(['c++', '-std=c++17', '-O3', '-march=native', '-DNDEBUG', '-w', f'-I{HERE}',
                               *map(str, options), HERE / f'{name}.cpp', '-o', out])
        return out

    commands = {}  # by side and size
    if arguments.minidnn:
        minidnn = compiled('minidnn_small', '-isystem', EIGEN, '-I', arguments.minidnn / 'include')
    for size in SIZES:
        commands['dlfs', size] = [folder / 'dlfs_small', str(size)]
        written = folder / f'small_{size}'
        written.mkdir(exist_ok=True)
        subprocess.check_call([folder / 'dlfs_small', str(size), written / 'small.hpp'])
        commands['dlfs, written as C++', size] = [compiled('written_small', '-I', written, out=f'written_small_{size}')]
        if arguments.minidnn:
            commands['MiniDNN', size] = [minidnn, str(size)]
        if arguments.rtneural:
            commands['RTNeural', size] = [compiled(
                'rtneural_small', f'-DHIDDEN={size}', '-DRTNEURAL_USE_EIGEN=1', '-DRTNEURAL_DEFAULT_ALIGNMENT=32',
                '-DEIGEN_STACK_ALLOCATION_LIMIT=0', '-isystem', EIGEN, '-I', arguments.rtneural, '-I', arguments.rtneural / 'modules',
                out=f'rtneural_small_{size}')]

    times = {}  # by row and size
    for _ in range(arguments.rounds):
        for (side, size), command in commands.items():
            for line in subprocess.check_output(command, text=True).splitlines():
                what, nanoseconds = line.split('\t')
                times.setdefault((what, side), {}).setdefault(size, []).append(float(nanoseconds))
    print('| | | ' + ' | '.join(f'8-{size}-{size}-2' for size in SIZES) + ' |')
    print('|---|---|' + '---:|' * len(SIZES))
    for what, side in sorted(times):
        cells = (f'{statistics.median(times[what, side][size]):.0f}' for size in SIZES)
        print(f'| {what} | {side} | ' + ' | '.join(cells) + ' |')


main()
