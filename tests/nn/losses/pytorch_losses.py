"""Writes pytorch_losses.hpp: the losses of PyTorch, and their gradients.

    python3 pytorch_losses.py > pytorch_losses.hpp

All inputs are integers divided by powers of two, made from their positions: y, targets t, labels and weights.
"""
import textwrap

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def integers(shape, factor, summand, modulus):
    return ((torch.arange(torch.Size(shape).numel()) * factor + summand) % modulus).reshape(shape)


def outputs(*shape):
    return (integers(shape, 37, 11, 97) - 48) / 16


def numbers(*shape):
    return (integers(shape, 29, 5, 83) - 41) / 16


def probabilities(*shape):
    return integers(shape, 13, 3, 17) / 16


def labels(classes, *shape):
    return integers(shape, 5, 3, classes)


def weights(count):
    return (integers([count], 3, 1, 7) + 1) / 4


def weighted_mean(loss, w):
    return (loss * w.reshape(-1, *[1] * (loss.dim() - 1))).mean()


def sigmoid_focal(x, t, alpha, gamma):
    """As torchvision defines it."""
    p = torch.sigmoid(x)
    p_of_target = p * t + (1 - p) * (1 - t)
    loss = F.binary_cross_entropy_with_logits(x, t, reduction='none') * (1 - p_of_target) ** gamma
    return loss if alpha is None else loss * (alpha * t + (1 - alpha) * (1 - t))


def weighted_cross_entropy(logits, targets, w, class_weights, ignored=-100, **options):
    """The mean of PyTorch's, with weights of samples that do not change the divisor."""
    losses = F.cross_entropy(logits, targets, class_weights, ignore_index=ignored, reduction='none', **options)
    counted = targets[targets != ignored]
    return (losses * w.reshape(-1, *[1] * (losses.dim() - 1))).sum() / class_weights[counted].sum()


def kullback_leibler(logits, t, **options):
    return F.kl_div(F.log_softmax(logits, 1), t, **options)


FEW, MANY, PIXELS = (5,), (3, 7), (2, 3, 2, 4)
CASES = {
    'mean squared error': (MANY, lambda y: F.mse_loss(y, numbers(*MANY))),
    'mean squared error, weights': (MANY, lambda y: weighted_mean(F.mse_loss(y, numbers(*MANY), reduction='none'),
                                                                  weights(3))),
    'mean absolute error': (FEW, lambda y: F.l1_loss(y, numbers(*FEW))),
    'mean absolute error, weights': (PIXELS, lambda y: weighted_mean(
        F.l1_loss(y, numbers(*PIXELS), reduction='none'), weights(2))),
    'huber': (MANY, lambda y: F.huber_loss(y, numbers(*MANY))),
    'huber, delta, weights': (PIXELS, lambda y: weighted_mean(
        F.huber_loss(y, numbers(*PIXELS), delta=0.75, reduction='none'), weights(2))),
    'binary': (FEW, lambda y: F.binary_cross_entropy_with_logits(y, probabilities(*FEW))),
    'binary, pos_weight': (MANY, lambda y: F.binary_cross_entropy_with_logits(
        y, probabilities(*MANY), pos_weight=weights(7))),
    'binary, pos_weight, weights': (PIXELS, lambda y: weighted_mean(F.binary_cross_entropy_with_logits(
        y, probabilities(*PIXELS), pos_weight=weights(3).reshape(3, 1, 1), reduction='none'), weights(2))),
    'binary, one pos_weight': (FEW, lambda y: F.binary_cross_entropy_with_logits(
        y, probabilities(*FEW), pos_weight=torch.tensor([2.5]))),
    'focal': (MANY, lambda y: sigmoid_focal(y, labels(2, *MANY) * 1.0, 0.25, 2).mean()),
    'focal, no alpha': (MANY, lambda y: sigmoid_focal(y, probabilities(*MANY), None, 1.5).mean()),
    'focal, gamma 0': (FEW, lambda y: sigmoid_focal(y, probabilities(*FEW), 0.75, 0).mean()),
    'focal, weights': (PIXELS, lambda y: weighted_mean(
        sigmoid_focal(y, labels(2, *PIXELS) * 1.0, 0.5, 0.5), weights(2))),
    'softmax': (MANY, lambda y: F.cross_entropy(y, labels(7, 3))),
    'softmax, class weights': (MANY, lambda y: F.cross_entropy(y, labels(7, 3), weights(7))),
    'softmax, smoothing': (MANY, lambda y: F.cross_entropy(y, labels(7, 3), label_smoothing=0.125)),
    'softmax, ignore': (MANY, lambda y: F.cross_entropy(y, labels(7, 3), ignore_index=3)),
    'softmax, weights': (MANY, lambda y: weighted_cross_entropy(y, labels(7, 3), weights(3), torch.ones(7))),
    'softmax, class weights, smoothing, ignore': (MANY, lambda y: F.cross_entropy(
        y, labels(7, 3), weights(7), label_smoothing=0.125, ignore_index=3)),
    'softmax, pixels': (PIXELS, lambda y: F.cross_entropy(y, labels(3, 2, 2, 4))),
    'softmax, pixels, all options': (PIXELS, lambda y: weighted_cross_entropy(
        y, labels(3, 2, 2, 4), weights(2), weights(3), ignored=1, label_smoothing=0.25)),
    'softmax, soft': (MANY, lambda y: F.cross_entropy(y, probabilities(*MANY))),
    'softmax, soft, class weights, smoothing': (MANY, lambda y: F.cross_entropy(
        y, probabilities(*MANY), weights(7), label_smoothing=0.125)),
    'softmax, soft, pixels, all options': (PIXELS, lambda y: weighted_mean(F.cross_entropy(
        y, probabilities(*PIXELS), weights(3), label_smoothing=0.25, reduction='none'), weights(2))),
    'kullback-leibler': (MANY, lambda y: kullback_leibler(y, probabilities(*MANY), reduction='batchmean')),
    'kullback-leibler, pixels, weights': (PIXELS, lambda y: (
        kullback_leibler(y, probabilities(*PIXELS), reduction='none') * weights(2).reshape(2, 1, 1, 1)).sum() / 2),
}

print('''#pragma once

#include <string_view>
#include <vector>

// Made by pytorch_losses.py with PyTorch %s.

namespace dlfs::test::pytorch {

struct LossResult {
  std::string_view name;
  double factor;  // of the outputs
  double loss;
  std::vector<double> gradient;
};

// clang-format off
inline const std::vector<LossResult> loss_results{''' % torch.__version__.split('+')[0])
for name, (shape, loss_of) in CASES.items():
    for factor in 1, 4096:
        y = (outputs(*shape) * factor).requires_grad_()
        loss = loss_of(y)
        loss.backward()
        if not torch.isfinite(y.grad).all():  # of p_t = 1 with gamma < 1
            continue
        gradient = ', '.join(repr(value) for value in y.grad.flatten().tolist())
        entry = f'{{"{name}", {factor}, {loss.item()!r}, {{{gradient}}}}},'
        print(textwrap.fill(entry, 100, initial_indent='    ', subsequent_indent='     '))
print('};\n// clang-format on\n\n}  // namespace dlfs::test::pytorch')
