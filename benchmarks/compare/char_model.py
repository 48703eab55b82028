"""Trains the network of examples/sequence/char_model.cpp by PyTorch, too: with the same weights at
first, the same batches in the same order, and the same rates. Prints the perplexity per character of
the unread text by both.

    char_model.py BUILD_FOLDER [--seeds N]

BUILD_FOLDER is that of the CMake preset 'chapters', with the program. Each seed makes other weights
and another order.
"""
import argparse
import math
import re
import subprocess
import tempfile
from pathlib import Path

import numpy
import torch
from torch import nn

BATCH_SIZE = 20


class CharModel(nn.Module):
    def __init__(self, weights):
        super().__init__()
        characters, features = weights['embedding.weight'].shape
        hidden = weights['lstm.weight_hh'].shape[0]
        self.embedding = nn.Embedding(characters, features)
        self.lstm = nn.LSTM(features, hidden, batch_first=True)
        self.linear = nn.Linear(hidden, characters)
        with torch.no_grad():
            self.embedding.weight.copy_(torch.from_numpy(weights['embedding.weight']))
            for parameter, name in [(self.lstm.weight_ih_l0, 'lstm.weight_ih'),
                                    (self.lstm.weight_hh_l0, 'lstm.weight_hh'),
                                    (self.lstm.bias_ih_l0, 'lstm.bias_ih'),
                                    (self.lstm.bias_hh_l0, 'lstm.bias_hh'),
                                    (self.linear.weight, 'linear.weight'),
                                    (self.linear.bias, 'linear.bias')]:
                parameter.copy_(torch.from_numpy(weights[name].T))

    def loss(self, inputs, targets):
        logits = self.linear(self.lstm(self.embedding(inputs))[0])
        return nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def train(folder):
    """The perplexity of the test data after a training on what char_model --export has written."""
    data = {name: torch.from_numpy(array).long()
            for name, array in numpy.load(folder / 'data.npz').items()}
    network = CharModel(numpy.load(folder / 'weights.npz'))
    batches = [batch for order in data['order'] for batch in order.split(BATCH_SIZE)]
    optimizer = torch.optim.Adam(network.parameters(), eps=1e-7)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.01, total_steps=len(batches),
                                                   cycle_momentum=False)
    for batch in batches:
        optimizer.zero_grad()
        network.loss(data['inputs'][batch], data['targets'][batch]).backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1)
        optimizer.step()
        schedule.step()
    with torch.inference_mode():
        return math.exp(network.loss(data['test_inputs'], data['test_targets']).item())


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('build')
    parser.add_argument('--seeds', type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    program = Path(arguments.build) / 'examples' / 'sequence' / 'char_model'
    print('| seed | dlfs | PyTorch | dlfs / PyTorch |\n|---|---:|---:|---:|')
    for seed in range(1, arguments.seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            output = subprocess.run([program, '--export', '--seed', str(seed), '--threads', '1',
                                     '--out', folder],
                                    check=True, capture_output=True, text=True).stdout
            own = float(re.match(r'perplexity: ([0-9.]+)', output)[1])
            peer = train(Path(folder))
        print(f'| {seed} | {own:.4f} | {peer:.4f} | {own / peer:.4f} |', flush=True)


main()
