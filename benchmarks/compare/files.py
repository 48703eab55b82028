"""Files of NumPy's formats and safetensors by dlfs and by their own libraries: times and peak memory as a Markdown table.

    files.py BUILD_FOLDER [--mib 256 2048] [--rounds N] [--only TEXT] [--folder DIR] [--python PYTHON]

BUILD_FOLDER is that of a CMake preset and has benchmarks/compare/dlfs_files. Every operation is a
process of its own, whose peak memory the system tells. The sides run in turn, the other one first
in every second round. The ratio of processor times depends less on what else the machine does. Files are made in DIR, by default BUILD_FOLDER, and are removed again; 11
times the largest size must be free. "Synced" waits until the file is on the disk, by fsync; NumPy
itself never does. NumPy reads Fortran order as it is, dlfs into row-major order, so NumPy's side
has an ascontiguousarray; likewise an astype where dlfs converts to float.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

# What is measured, the operation, and the ending of the file.
OPERATIONS = [
    ('read .npy', 'read', '.npy'),
    ('read .npy of big-endian float32', 'read, as float', '-big.npy'),
    ('read .npy of float64 as float32', 'read, as float', '-double.npy'),
    ('read .npy of int32 as float32', 'read, as float', '-int.npy'),
    ('read .npy of float16 as float32', 'read, as float', '-half.npy'),
    ('read .npy in Fortran order', 'read, as C order', '-fortran.npy'),
    ('read .npz', 'read, one array', '.npz'),
    ('read .npz, deflated', 'read, one array', '-deflated.npz'),
    ('read .safetensors', 'read safetensors', '.safetensors'),
    ('write .npy', 'write npy', '-written.npy'),
    ('write .npy, synced', 'write npy, synced', '-written.npy'),
    ('write .npy of every second column', 'write npy, steps', '-written.npy'),
    ('write .npz', 'write npz', '-written.npz'),
    ('write .npz, synced', 'write npz, synced', '-written.npz'),
    ('write .npz, deflated', 'write npz, deflated', '-written.npz'),
    ('write .safetensors', 'write safetensors', '-written.safetensors'),
    ('write .safetensors, synced', 'write safetensors, synced', '-written.safetensors'),
]


def run(command):
    """Seconds that the process printed, of the clock and of the processor, and its peak memory in MiB."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f'{command} failed')
    return *map(float, output.split()), usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build')
    parser.add_argument('--mib', type=int, nargs='+', default=[256, 2048])
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--only', default='', help='what the name of an operation contains')
    parser.add_argument('--folder')
    parser.add_argument('--python', default='python3')
    arguments = parser.parse_args()
    program = str(Path(arguments.build) / 'benchmarks' / 'compare' / 'dlfs_files')
    script = [arguments.python, str(Path(__file__).parent / 'numpy_files.py')]

    print('| MiB | | dlfs, s | theirs, s | dlfs / theirs | processor | dlfs: peak memory - array, MiB | theirs |')
    print('|---:|---|---:|---:|---:|---:|---:|---:|')
    for mib in arguments.mib:
        with tempfile.TemporaryDirectory(dir=arguments.folder or arguments.build) as folder:
            path = f'{folder}/x'
            subprocess.run(script + ['make', path, str(mib)], check=True)
            for name, operation, ending in OPERATIONS:
                if arguments.only not in name or ('deflated' in name and mib > 256):  # a minute for each
                    continue
                array = mib * {'-double.npy': 0.5}.get(ending, 1)
                call = [operation, path + ending, str(mib)]
                ours, theirs = [], []
                for turn in range(arguments.rounds + 1):
                    pair = [(ours, [program]), (theirs, script)]
                    for samples, command in pair if turn % 2 else reversed(pair):
                        if operation.startswith('write'):
                            Path(path + ending).unlink(missing_ok=True)
                        samples.append(run(command + call))
                del ours[0], theirs[0]  # a warm-up
                seconds = [statistics.median(sample[0] for sample in side) for side in (ours, theirs)]
                ratios = [statistics.median(a[i] / b[i] for a, b in zip(ours, theirs)) for i in range(2)]
                peaks = [max(sample[2] for sample in side) - array for side in (ours, theirs)]
                print(f'| {mib} | {name} | {seconds[0]:.3f} | {seconds[1]:.3f} | {ratios[0]:.2f} '
                      f'| {ratios[1]:.2f} | {peaks[0]:.1f} | {peaks[1]:.1f} |', flush=True)
    print(f'load of the machine at the end: {os.getloadavg()[0]:.1f}', file=sys.stderr)


main()
