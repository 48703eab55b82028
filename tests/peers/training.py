"""What trains networks, by PyTorch: optimizers, schedules, clipping, averages, initialisers, metrics, and some
steps of whole networks. Where dlfs has another convention, the code that maps it says so; docs/pytorch.md lists them
all."""
import itertools
import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from cases import Group

SHAPES = [(5, 3), (3,), (1,), (67, 131)]  # of the parameters


class Training:
    def __init__(self):
        self.group = Group('training')
        self.random = np.random.default_rng(1)

    def optimizers(self):
        nesterov_and_momentum = [('Momentum', False), ('Nesterov', True)]
        for dtype, decay, steps in itertools.product([torch.float64, torch.float32], [0.0, 0.1], [1, 7]):
            for rate in [0.5, 0.01]:
                self.optimize('Sgd', dtype, steps, {'learning_rate': rate, 'weight_decay': decay},
                              lambda w: torch.optim.SGD(w, rate, weight_decay=decay))
                for kind, nesterov in nesterov_and_momentum:
                    self.optimize(kind, dtype, steps, {'learning_rate': rate, 'momentum': 0.8, 'weight_decay': decay},
                                  lambda w: torch.optim.SGD(w, rate, momentum=0.8, weight_decay=decay,
                                                            nesterov=nesterov))
                for epsilon in [1e-7, 0.1]:
                    self.optimize('AdaGrad', dtype, steps,
                                  {'learning_rate': rate, 'epsilon': epsilon, 'weight_decay': decay},
                                  lambda w: torch.optim.Adagrad(w, rate, eps=epsilon, weight_decay=decay))
                    self.optimize('RmsProp', dtype, steps, {'learning_rate': rate, 'decay_rate': 0.95,
                                                            'epsilon': epsilon, 'weight_decay': decay},
                                  lambda w: torch.optim.RMSprop(w, rate, alpha=0.95, eps=epsilon, weight_decay=decay))
                    for kind, peer in [('Adam', torch.optim.Adam), ('AdamW', torch.optim.AdamW)]:
                        self.optimize(kind, dtype, steps,
                                      {'learning_rate': rate, 'beta1': 0.8, 'beta2': 0.95, 'epsilon': epsilon,
                                       'weight_decay': decay},
                                      lambda w: peer(w, rate, (0.8, 0.95), epsilon, decay))
        # The defaults of both, but for epsilon, of which PyTorch's are 1e-8 (Adagrad 1e-10); dlfs has the book's 1e-7.
        for kind, make in {'AdaGrad': lambda w: torch.optim.Adagrad(w, eps=1e-7),
                           'RmsProp': lambda w: torch.optim.RMSprop(w, eps=1e-7),
                           'Adam': lambda w: torch.optim.Adam(w, eps=1e-7),
                           'AdamW': lambda w: torch.optim.AdamW(w, eps=1e-7)}.items():
            self.optimize(kind, torch.float64, 3, {'epsilon': 1e-7}, make, note='defaults')

    def optimize(self, kind, dtype, steps, options, make, note=''):
        """Some steps by gradients that are given. The second half has another rate. Parameters have scales of their
        own: a group of rates and of decay, each."""
        case = self.group.case(kind, str(dtype)[6:], {**options, 'steps': steps}, note)
        rate_scales, decay_scales = [1.0, 0.5, 0.0, 1.0], [1.0, 0.0, 1.0, 0.5]
        w = [torch.tensor(self.random.standard_normal(shape), dtype=dtype) for shape in SHAPES]
        for i, value in enumerate(w):
            case.input(f'w{i}', value.numpy().copy())
        case.input('rate scales', np.array(rate_scales)).input('decay scales', np.array(decay_scales))
        optimizer = make([{'params': [value]} for value in w])
        for group, rate_scale, decay_scale in zip(optimizer.param_groups, rate_scales, decay_scales):
            group['lr'] *= rate_scale
            group['weight_decay'] *= decay_scale
        for t in range(steps):
            if t == (steps + 1) // 2:
                self.change_rate(kind, optimizer, 0.3)
            for i, value in enumerate(w):
                value.grad = torch.tensor(self.random.standard_normal(value.shape), dtype=dtype)
                case.input(f'dw{i} {t}', value.grad.numpy().copy())
            if kind in ('Adam', 'AdamW'):
                # PyTorch adds epsilon to the corrected root; dlfs, as the book, to the root itself.
                for group in optimizer.param_groups:
                    group['eps'] = options['epsilon'] / math.sqrt(1 - group['betas'][1] ** (t + 1))
            optimizer.step()
        for i, value in enumerate(w):
            case.expect(f'w{i} after', value.numpy(), 64 * steps)

    def change_rate(self, kind, optimizer, factor):
        for group in optimizer.param_groups:
            group['lr'] *= factor
            if kind in ('Momentum', 'Nesterov') and factor != 1:
                # PyTorch's velocity is one of gradients, and that of dlfs holds the rates that they had.
                for value in group['params']:
                    buffer = optimizer.state[value].get('momentum_buffer')
                    if buffer is not None:
                        buffer /= factor

    def overflow(self):
        """Gradients near the ends of the type."""
        for dtype, size in [(torch.float32, 1e19), (torch.float32, 3e38), (torch.float64, 1e200)]:
            for kind, peer in [('Adam', torch.optim.Adam), ('AdamW', torch.optim.AdamW)]:
                case = self.group.case(kind, str(dtype)[6:], {'steps': 2, 'epsilon': 1e-7, 'weight_decay': 0.0,
                                                         'change of rate': 1.0},
                                       f'gradient {size}')
                w = torch.ones(3, dtype=dtype)
                case.input('w0', w.numpy().copy()).input('rate scales', np.ones(1)).input('decay scales', np.ones(1))
                optimizer = peer([w], 0.001, weight_decay=0)
                for t, gradient in enumerate([[size, -size, 1.0], [1.0, 1.0, size]]):
                    w.grad = torch.tensor(gradient, dtype=dtype)
                    case.input(f'dw0 {t}', w.grad.numpy().copy())
                    optimizer.param_groups[0]['eps'] = 1e-7 / math.sqrt(1 - 0.999 ** (t + 1))
                    optimizer.step()
                case.expect('w0 after', w.numpy(), 64)

    def schedules(self):
        def rates(make, steps, rate=0.5):
            optimizer = torch.optim.SGD([torch.zeros(1)], rate)
            schedule = make(optimizer)
            result = []
            for _ in range(steps):
                result.append(optimizer.param_groups[0]['lr'])
                optimizer.step()
                schedule.step()
            return result

        def add(kind, options, make, steps=50):
            case = self.group.case(kind, options=options)
            case.expect('rates', np.array(rates(make, steps, options.get('rate', 0.5))), 8 * steps, 'each')

        scheduler = torch.optim.lr_scheduler
        for every, factor in itertools.product([1, 7, 100], [0.1, 0.9, 1.0]):
            add('StepDecay', {'rate': 0.5, 'every': every, 'factor': factor},
                lambda o: scheduler.StepLR(o, every, factor))
        for factor in [0.5, 0.999, 1.0]:
            add('ExponentialDecay', {'rate': 0.3, 'factor': factor}, lambda o: scheduler.ExponentialLR(o, factor))
        for steps, last in itertools.product([1, 7, 50], [0.0, 0.01]):
            # Beyond its steps PyTorch's rises again; that of dlfs stays. Its closed form counts, as the recursion
            # loses digits where the cosine is near -1.
            add('CosineDecay', {'rate': 0.5, 'steps': steps, 'last_rate': last},
                lambda o: scheduler.LambdaLR(o, lambda t: cosine(0.5, last, min(t, steps) / steps) / 0.5))
            case = self.group.case('CosineDecay', options={'rate': 0.5, 'steps': steps, 'last_rate': last},
                                   note='CosineAnnealingLR')
            values = rates(lambda o: scheduler.CosineAnnealingLR(o, steps, last), steps + 1)
            case.expect('rates', np.array(values), 64 * (steps + 1), 0.5)
        for steps in [1, 2, 13]:
            add('WarmUp', {'rate': 0.5, 'factor': 0.9, 'steps': steps},
                lambda o: scheduler.ChainedScheduler([scheduler.LinearLR(o, 1 / steps, 1.0, max(steps - 1, 1))
                                                      if steps > 1 else scheduler.ConstantLR(o, 1.0),
                                                      scheduler.ExponentialLR(o, 0.9)]))
        for steps, rising in itertools.product([10, 37, 1000], [0.3, 0.5]):
            case = self.group.case('OneCycle', options={'peak': 0.1, 'steps': steps, 'rising': rising,
                                                        'first_divisor': 10.0, 'last_divisor': 1000.0})
            # PyTorch divides the first rate, and dlfs the peak, for the last one.
            values = rates(lambda o: scheduler.OneCycleLR(o, 0.1, total_steps=steps, pct_start=rising, div_factor=10,
                                                          final_div_factor=100), steps - 1)
            case.expect('rates', np.array(values), 64, 0.1)
        values = rates(lambda o: scheduler.OneCycleLR(o, 0.01, total_steps=100), 99)
        self.group.case('OneCycle', options={'peak': 0.01, 'steps': 100}, note='defaults').expect(
            'rates', np.array(values), 64, 0.01)
        losses = np.concatenate([1 / np.arange(1, 20), np.full(30, 0.05), self.random.random(30), [np.nan] * 5,
                                 [np.inf] * 5, np.linspace(0.01, 0, 30)])
        for patience, factor, threshold in itertools.product([0, 2, 10], [0.1, 0.5], [0.0, 1e-4, 0.1]):
            optimizer = torch.optim.SGD([torch.zeros(1)], 0.5)
            # PyTorch keeps a rate that would change by less than eps, 1e-8.
            schedule = scheduler.ReduceLROnPlateau(optimizer, factor=factor, patience=patience, threshold=threshold,
                                                   eps=0)
            values = []
            for loss in losses:
                schedule.step(loss)
                values.append(optimizer.param_groups[0]['lr'])
            self.group.case('ReduceOnPlateau', options={'rate': 0.5, 'factor': factor, 'patience': patience,
                                                        'threshold': threshold}).input('losses', losses).expect(
                'rates', np.array(values), 4 * len(losses), 'each')

    def clipping(self):
        for dtype, limit in itertools.product([torch.float64, torch.float32], [1e-3, 1.0, 1e6]):
            gradients = [torch.tensor(self.random.standard_normal(shape), dtype=dtype) for shape in SHAPES]
            norm = math.sqrt(sum((g.double() ** 2).sum().item() for g in gradients))
            for kind in ['clip_gradient_norm', 'clip_gradient_values']:
                case = self.group.case(kind, str(dtype)[6:], {'limit': limit})
                parameters = [nn.Parameter(torch.zeros_like(g)) for g in gradients]
                for i, (p, g) in enumerate(zip(parameters, gradients)):
                    p.grad = g.clone()
                    case.input(f'dw{i}', g.numpy())
                if kind == 'clip_gradient_norm':
                    # PyTorch divides by the norm plus 1e-6.
                    nn.utils.clip_grad_norm_(parameters, limit * (norm + 1e-6) / norm)
                    case.expect('norm', np.array(norm), 64)
                else:
                    nn.utils.clip_grad_value_(parameters, limit)
                for i, p in enumerate(parameters):
                    case.expect(f'dw{i} after', p.grad.numpy(), 64 if kind == 'clip_gradient_norm' else 0)
        special = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 5e-324])
        parameter = nn.Parameter(torch.zeros(8, dtype=torch.float64))
        parameter.grad = torch.tensor(special)
        nn.utils.clip_grad_value_([parameter], 1.0)
        self.group.case('clip_gradient_values', options={'limit': 1.0}, note='special').input('dw0', special).expect(
            'dw0 after', parameter.grad.numpy())
        # PyTorch makes gradients 0 and NaN where their norm is not finite; dlfs leaves them.
        parameter = nn.Parameter(torch.zeros(2, dtype=torch.float64))
        parameter.grad = torch.tensor([1.0, torch.inf], dtype=torch.float64)
        nn.utils.clip_grad_norm_([parameter], 1.0)
        assert parameter.grad[0] == 0 and parameter.grad[1].isnan()
        self.group.case('clip_gradient_norm', options={'limit': 1.0}, note='infinite').input(
            'dw0', special).expect('norm', np.array(np.nan)).expect('dw0 after', special)

    def average(self):
        """torch.optim.swa_utils.AveragedModel, whose first update takes the weights as they are, with the decay that
        begins small, as dlfs and TensorFlow have it."""
        for dtype, decay in itertools.product([torch.float64, torch.float32], [0.0, 0.5, 0.999]):
            model = nn.Sequential(nn.Linear(5, 3, dtype=dtype), nn.BatchNorm1d(3, dtype=dtype))

            def average(averaged, current, number):
                n = number - 1
                for a, c in zip(averaged, current):
                    if a.is_floating_point():
                        a.lerp_(c, 1 - min(decay, (1 + n) / (10 + n)))

            averaged = torch.optim.swa_utils.AveragedModel(
                model, multi_avg_fn=lambda a, c, n: average(a, c, n.item()), use_buffers=True)
            case = self.group.case('ExponentialMovingAverage', str(dtype)[6:], {'decay': decay, 'updates': 30})
            names = {'affine.weight': '0.weight', 'affine.bias': '0.bias', 'norm.gamma': '1.weight',
                     'norm.beta': '1.bias', 'norm.running_mean': '1.running_mean',
                     'norm.running_variance': '1.running_var'}
            for t in range(31):
                with torch.no_grad():
                    for name, value in model.state_dict().items():
                        if value.is_floating_point():
                            value.copy_(torch.tensor(self.random.standard_normal(value.shape)))
                for ours, theirs in names.items():
                    value = model.state_dict()[theirs].numpy().copy()
                    case.input(f'{ours} {t}', value.T if value.ndim == 2 else value)
                averaged.update_parameters(model)
            for ours, theirs in names.items():
                value = averaged.module.state_dict()[theirs].numpy()
                case.expect(ours + ' after', value.T if value.ndim == 2 else value, 32 * 30)

    def initializers(self):
        """Standard deviations and bounds of PyTorch's initialisers, drawn with its own options."""
        shapes = [(400, 300), (40, 30, 5, 5)]
        fans = {'in': 'fan_in', 'out': 'fan_out'}
        for shape, distribution in itertools.product(shapes, ['normal', 'uniform']):
            fan_in, fan_out = nn.init._calculate_fan_in_and_fan_out(torch.empty(shape))

            def add(kind, options, draw):
                weight = draw(torch.empty(shape, dtype=torch.float64))
                bound = weight.abs().max().item()
                case = self.group.case(kind, options={**options, 'shape': shape, 'in': fan_in, 'out': fan_out})
                # A standard deviation of n numbers is off by less than 1 / sqrt(n) of it, most often; six times that
                # for each of the two. A largest number of n is off by 1 / n.
                n = weight.numel()
                unit = np.finfo(np.float64).eps
                case.expect('deviation', np.array(weight.std().item()), 12 / math.sqrt(n) / unit)
                if options.get('distribution') == 'uniform' or kind == 'Uniform':
                    case.expect('bound', np.array(bound), 40 / n / unit)

            uniform = distribution == 'uniform'
            for fan, gain in itertools.product(['in', 'out'], [1.0, 2.5]):
                # kaiming's standard deviation is gain / sqrt(fan): of dlfs, Xavier with the gain, or He with gain / sqrt(2).
                draw = nn.init.kaiming_uniform_ if uniform else nn.init.kaiming_normal_
                add('He', {'fan': fan, 'gain': 1.0, 'distribution': distribution},
                    lambda w: draw(w, mode=fans[fan], nonlinearity='relu'))
                add('Xavier', {'fan': fan, 'gain': 1.0, 'distribution': distribution},
                    lambda w: draw(w, mode=fans[fan], nonlinearity='linear'))
            draw = nn.init.xavier_uniform_ if uniform else nn.init.xavier_normal_
            for gain in [1.0, 2.5]:  # PyTorch's Xavier takes the mean of both fans
                add('Xavier', {'fan': 'mean', 'gain': gain, 'distribution': distribution}, lambda w: draw(w, gain))
            if uniform:
                add('Uniform', {'bound': 0.3}, lambda w: nn.init.uniform_(w, -0.3, 0.3))
                # What a new layer of PyTorch has.
                layer = nn.Linear(300, 400) if len(shape) == 2 else nn.Conv2d(30, 40, 5)
                add('Xavier', {'fan': 'in', 'gain': 1 / math.sqrt(3), 'distribution': 'uniform'},
                    lambda w: layer.weight.double())
            else:
                add('Normal', {'deviation': 0.3}, lambda w: nn.init.normal_(w, std=0.3))
        for shape, gain in itertools.product([(3, 7), (7, 3), (5, 5), (4, 3, 2, 2), (1, 1)], [1.0, 2.0]):
            weight = nn.init.orthogonal_(torch.empty(shape, dtype=torch.float64), gain).reshape(shape[0], -1)
            product = weight @ weight.T if weight.shape[0] <= weight.shape[1] else weight.T @ weight
            self.group.case('Orthogonal', options={'shape': shape, 'gain': gain}).expect(
                'product', product.numpy(), 64 * weight.numel())

    def metrics(self):
        for n, c in [(1, 1), (1, 2), (7, 3), (131, 10), (1000, 7)]:
            for note in ['', 'ties']:
                logits = torch.tensor(self.random.standard_normal((n, c)))
                if note:
                    logits = logits.round()
                labels = torch.tensor(self.random.integers(c, size=n))
                guesses = logits.argmax(1)
                case = lambda kind, options=None: self.group.case(kind, options=options, note=f'({n},{c}) {note}').input(
                    'logits', logits.numpy()).input('labels', labels.numpy().astype(np.int32))
                case('accuracy').expect('accuracy', (guesses == labels).double().mean().numpy(), 4)
                for k in [1, 2, 5, 100]:
                    # Of equals the first: a stable sort.
                    order = logits.sort(dim=1, descending=True, stable=True).indices[:, :k]
                    right = (order == labels[:, None]).any(1)
                    case('top_k_accuracy', {'k': k}).expect('accuracy', right.double().mean().numpy(), 4)
                counts = torch.zeros(c, c, dtype=torch.int64)
                counts.index_put_((labels, guesses), torch.ones(n, dtype=torch.int64), accumulate=True)
                case('confusion_matrix').expect('counts', counts.numpy())
                right = counts.diagonal().double()
                case('precision_recall').expect('precision', (right / counts.sum(0)).numpy(), 4).expect(
                    'recall', (right / counts.sum(1)).numpy(), 4)

    def networks(self):
        """Some steps of Adam on a network with most kinds of layers, among them pooling after an activation, a
        shortcut and branches."""
        for dtype in [torch.float64, torch.float32]:
            model = Network(dtype)
            model.load_state_dict({name: torch.tensor(self.random.standard_normal(value.shape) * 0.3, dtype=dtype)
                                   if 'running' not in name and 'batches' not in name else value
                                   for name, value in model.state_dict().items()})
            case = self.group.case('Sequential', str(dtype)[6:], {'steps': 5})
            for name, value in model.named_parameters():
                case.input(name, (value.T if value.dim() == 2 else value).detach().numpy().copy())
            # What has one axis, biases, gamma and beta, does not decay. Where so small an epsilon goes does not matter.
            groups = [{'params': [w for w in model.parameters() if (w.dim() > 1) == decays],
                       'weight_decay': 0.1 if decays else 0} for decays in [True, False]]
            optimizer = torch.optim.Adam(groups, 0.01, eps=1e-30)
            x = torch.tensor(self.random.standard_normal((37, 3, 12, 10)), dtype=dtype)
            labels = torch.tensor(self.random.integers(5, size=37))
            case.input('x', x.numpy()).input('labels', labels.numpy().astype(np.int32))
            losses = []
            for t in range(5):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x), labels)
                loss.backward()
                if t == 0:
                    for name, value in model.named_parameters():
                        gradient = (value.grad.T if value.dim() == 2 else value.grad).numpy().copy()
                        # The bias before a batch normalisation has the gradient 0, but for rounding.
                        case.expect(name + ' gradient', gradient, 4000, max(1.0, np.abs(gradient).max()))
                losses.append(loss.item())
                optimizer.step()
            case.expect('losses', np.array(losses, x.numpy().dtype), 4000)
            model.eval()
            case.expect('prediction', model(x).detach().numpy(), 20000)


def cosine(first, last, part):
    return last + (first - last) * (1 + math.cos(math.pi * part)) / 2


class Network(nn.Module):
    def __init__(self, dtype):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False, dtype=dtype)
        self.norm = nn.BatchNorm2d(8, momentum=0.1, dtype=dtype)
        self.residual = nn.ModuleDict({'body': nn.ModuleDict({'conv': nn.Conv2d(8, 8, 3, padding=1, dtype=dtype)})})
        self.parallel = nn.ModuleDict({
            'left': nn.ModuleDict({'conv': nn.Conv2d(8, 4, 1, dtype=dtype)}),
            'right': nn.ModuleDict({'conv': nn.Conv2d(8, 6, 3, padding=1, dtype=dtype)})})
        self.affine = nn.Linear(10, 5, dtype=dtype)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv1(x))), 2)
        x = torch.tanh(self.residual['body']['conv'](x)) + x
        x = torch.cat([self.parallel['left']['conv'](x), F.gelu(self.parallel['right']['conv'](x))], 1)
        return self.affine(x.mean((2, 3)))


def make():
    training = Training()
    for part in [training.optimizers, training.overflow, training.schedules, training.clipping, training.average,
                 training.initializers, training.metrics, training.networks]:
        part()
    return training.group
