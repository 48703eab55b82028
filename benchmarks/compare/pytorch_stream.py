"""One sample at a time through an LSTM and a linear layer, in nanoseconds of processor time per sample, on one thread:
PyTorch's side of benchmarks/net/stream_benchmark.cpp.

Usage: python3 pytorch_stream.py
"""
import time

import torch

torch.set_num_threads(1)


class Network(torch.nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = torch.nn.LSTM(1, hidden, batch_first=True)
        self.linear = torch.nn.Linear(hidden, 1)

    def forward(self, x, state: tuple[torch.Tensor, torch.Tensor]):
        y, state = self.lstm(x, state)
        return self.linear(y), state


def nanoseconds(network, hidden, steps=2000, rounds=7):
    x = torch.rand(1, 1, 1)
    times = []
    with torch.inference_mode():
        for _ in range(rounds):
            state = (torch.zeros(1, 1, hidden), torch.zeros(1, 1, hidden))
            begin = time.process_time()
            for _ in range(steps):
                y, state = network(x, state)
            times.append((time.process_time() - begin) / steps * 1e9)
    return sorted(times)[rounds // 2]


for hidden in (16, 32):
    network = Network(hidden).eval()
    print(f"LSTM {hidden} and linear: {nanoseconds(network, hidden):.0f} ns eager, "
          f"{nanoseconds(torch.jit.script(network), hidden):.0f} ns scripted")
