"""The steps of dlfs_steps.cpp by PyTorch. Same arguments and output; a second argument 'tuned' keeps
images with their channels last, and predicts with a frozen graph."""
import statistics
import sys
import time

import torch
from torch import nn


def two_layer_net():
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))


def batch_norm_net():
    layers, units = [nn.Flatten()], 784
    for _ in range(4):
        layers += [nn.Linear(units, 100), nn.BatchNorm1d(100), nn.ReLU()]
        units = 100
    return nn.Sequential(*layers, nn.Linear(100, 10))


def simple_convnet():
    return nn.Sequential(nn.Conv2d(1, 30, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                         nn.Linear(4320, 100), nn.ReLU(), nn.Linear(100, 10))


def deep_convnet():
    def pair(channels, filters, second_padding):
        return [nn.Conv2d(channels, filters, 3, padding=1), nn.ReLU(),
                nn.Conv2d(filters, filters, 3, padding=second_padding), nn.ReLU(), nn.MaxPool2d(2)]

    return nn.Sequential(*pair(1, 16, 1), *pair(16, 32, 2), *pair(32, 64, 1), nn.Flatten(),
                         nn.Linear(1024, 50), nn.ReLU(), nn.Dropout(0.5), nn.Linear(50, 10),
                         nn.Dropout(0.5))


NETWORKS = {
    'TwoLayerNet': (two_layer_net, torch.optim.SGD, 0.1),
    'BatchNormNet': (batch_norm_net, torch.optim.SGD, 0.1),
    'SimpleConvNet': (simple_convnet, torch.optim.Adam, 1e-3),
    'DeepConvNet': (deep_convnet, torch.optim.Adam, 1e-3),
}


def median_ms(call):
    """Median milliseconds of a call: of 9 samples of 0.1 s, after a warm-up."""
    def ms_of(calls):
        begin = time.perf_counter()
        for _ in range(calls):
            call()
        return (time.perf_counter() - begin) * 1e3

    ms_of(3)
    calls = max(1, int(100 / ms_of(1)))
    return statistics.median(ms_of(calls) / calls for _ in range(9))


def laid_out(tensor_or_network, tuned):
    return tensor_or_network.to(memory_format=torch.channels_last) if tuned else tensor_or_network


def stepper(name, tuned):
    make, optimizer_type, rate = NETWORKS[name]
    network = laid_out(make(), tuned)
    images = laid_out(torch.rand(100, 1, 28, 28), tuned)
    labels = torch.randint(0, 10, (100,))
    optimizer = optimizer_type(network.parameters(), lr=rate)

    def step():
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(network(images), labels).backward()
        optimizer.step()

    return step


def predictor(name, batch, tuned):
    network = laid_out(NETWORKS[name][0](), tuned).eval()
    images = laid_out(torch.rand(batch, 1, 28, 28), tuned)
    if tuned:
        network = torch.jit.optimize_for_inference(
            torch.jit.freeze(torch.jit.trace(network, images)))

    def predict():
        with torch.inference_mode():
            network(images)

    return predict


def main():
    what, tuned = sys.argv[1], sys.argv[2:] == ['tuned']
    if what == 'start':
        with torch.inference_mode():
            print(simple_convnet()(torch.rand(1, 1, 28, 28))[0, 0].item())
        return
    if what == 'memory':
        step = stepper('DeepConvNet', tuned)
        for _ in range(10):
            step()
        return
    torch.set_num_threads(int(what))
    for name in NETWORKS:
        print(name, 'step', median_ms(stepper(name, tuned)), sep='\t', flush=True)
        for batch in (1, 100):
            ms = median_ms(predictor(name, batch, tuned))
            print(name, f'predict {batch}', ms, sep='\t', flush=True)


if __name__ == '__main__':
    main()
