"""Training steps of layers of sequences by dlfs and by PyTorch, on one thread: a Markdown table.

    sequences.py BUILD_FOLDER [--rounds N] [--python PYTHON]

A step is forward, mean squared error, backward and SGD, of 16 sequences of 32 steps. BUILD_FOLDER is that of a CMake preset
and has benchmarks/compare/dlfs_sequences. The sides run in turn, each in a process of its own; the ratio is the median of the
ratios within a round."""
import argparse
import statistics
import subprocess
import sys
from pathlib import Path

LAYERS = ['LSTM', 'GRU', 'attention']
SIZES = [64, 128, 256, 512]


def measure_pytorch(name, size):
    import torch
    from torch import nn

    from pytorch_steps import median_ms
    torch.set_num_threads(1)
    torch.manual_seed(1)
    if name == 'attention':
        layer = nn.MultiheadAttention(size, 4, batch_first=True)
        forward = lambda x: layer(x, x, x, need_weights=False)[0]
    else:
        layer = getattr(nn, name)(size, size, batch_first=True)
        forward = lambda x: layer(x)[0]
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
    x, target = torch.randn(16, 32, size), torch.randn(16, 32, size)

    def step():
        optimizer.zero_grad(set_to_none=True)
        nn.functional.mse_loss(forward(x), target).backward()
        optimizer.step()

    print(median_ms(step))


def main():
    if len(sys.argv) == 4 and sys.argv[1] == 'pytorch':
        return measure_pytorch(sys.argv[2], int(sys.argv[3]))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build')
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--python', default='python3')
    arguments = parser.parse_args()
    program = [str(Path(arguments.build) / 'benchmarks' / 'compare' / 'dlfs_sequences')]
    script = [arguments.python, __file__, 'pytorch']
    print('| | size | dlfs, ms | PyTorch, ms | PyTorch / dlfs |')
    print('|---|---:|---:|---:|---:|')
    for name in LAYERS:
        for size in SIZES:
            ours, theirs = [], []
            for turn in range(arguments.rounds):
                for times, command in [(ours, program), (theirs, script)][::1 if turn % 2 else -1]:
                    times.append(float(subprocess.check_output(command + [name, str(size)])))
            ratio = statistics.median(b / a for a, b in zip(ours, theirs))
            print(f'| {name} | {size} | {statistics.median(ours):.3f} | {statistics.median(theirs):.3f} | {ratio:.2f} |',
                  flush=True)


main()
