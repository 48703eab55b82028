"""Weights in files: state_dicts that PyTorch and safetensors save load in one call, with PyTorch's logits, and what
dlfs saves loads in PyTorch, likewise."""
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from cases import Group
from graphs import ResNet18, numbers


def mlp():
    """With a square layer, which only a rule can transpose."""
    return nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 5))


def batch_normalised():
    return nn.Sequential(nn.Conv2d(3, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2, 2),
                         nn.Conv2d(6, 8, 3), nn.BatchNorm2d(8), nn.PReLU(8), nn.Flatten(), nn.Linear(32, 10),
                         nn.BatchNorm1d(10))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 4)
        self.lstm = nn.LSTM(4, 6, num_layers=2, batch_first=True)
        self.gru = nn.GRU(6, 6, batch_first=True)
        self.rnn = nn.RNN(6, 3, batch_first=True)
        self.out = nn.Linear(3, 5)

    def forward(self, x):
        x, _ = self.lstm(self.embedding(x.long()))
        x, _ = self.gru(x)
        x, _ = self.rnn(x)
        return self.out(x[:, -1])


class Block(nn.Module):
    def __init__(self, features, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(features)
        self.attention = nn.MultiheadAttention(features, heads, batch_first=True)
        self.norm2 = nn.RMSNorm(features, 1e-6)
        self.linear1 = nn.Linear(features, 4 * features)
        self.linear2 = nn.Linear(4 * features, features)

    def forward(self, x):
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)
        y = self.norm1(x)
        x = x + self.attention(y, y, y, attn_mask=mask, need_weights=False)[0]
        return x + self.linear2(F.gelu(self.linear1(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self, features=8, heads=2, layers=2):
        super().__init__()
        self.embedding = nn.Embedding(11, features)
        self.blocks = nn.ModuleList(Block(features, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(features)
        self.out = nn.Linear(features, 11)

    def forward(self, x):
        x = self.embedding(x.long())
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x))


class Convolutions(nn.Module):
    """Of one to three axes, transposed and in groups, and the normalisations of channels."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv1d(4, 6, 3, groups=2)
        self.norm1 = nn.GroupNorm(3, 6)
        self.conv2 = nn.ConvTranspose2d(1, 4, 2, 2)
        self.norm2 = nn.InstanceNorm2d(4, affine=True)
        self.conv3 = nn.Conv3d(1, 2, 2)
        self.out = nn.Linear(2 * 3 * 11 * 11, 5)

    def forward(self, x):
        x = self.norm1(self.conv1(x))                      # (N, 6, 6)
        x = self.norm2(self.conv2(x[:, None]))             # (N, 4, 12, 12)
        x = self.conv3(x[:, None])                         # (N, 2, 3, 11, 11)
        return self.out(x.flatten(1))


MODELS = {
    'mlp': (mlp, (7, 12)),
    'cnn': (batch_normalised, (5, 3, 8, 8)),
    'resnet18': (lambda: ResNet18(4), (3, 3, 16, 16)),
    'recurrent': (Recurrent, (4, 6)),
    'transformer': (Transformer, (3, 6)),
    'convolutions': (Convolutions, (3, 4, 8)),
}


def save_torch(state):
    return lambda path: torch.save(state, path)


def save_safetensors(state):
    return lambda path: save_file({name: value.contiguous() for name, value in state.items()}, path)


def inputs(name, generator):
    _, shape = MODELS[name]
    if name in ('recurrent', 'transformer'):
        return torch.randint(11, shape, generator=generator).float()
    return torch.randn(shape, generator=generator)


def disturbed(model, generator):
    """With weights and running statistics that no layer begins with."""
    with torch.no_grad():
        for value in [*model.parameters(), *model.buffers()]:
            if value.dtype.is_floating_point:
                value.add_(torch.rand(value.shape, generator=generator) * 0.2 + 0.05)
    return model.eval()


def make():
    group = Group('weights')
    generator = torch.Generator().manual_seed(1)
    torch.manual_seed(1)
    for name, (make_model, _) in MODELS.items():
        model = disturbed(make_model(), generator)
        x = inputs(name, generator)
        with torch.no_grad():
            logits = numbers(model(x))
        training = {'epoch': 3, 'model_state_dict': model.state_dict(), 'lr': 0.1}
        parallel = {'module.' + key: value for key, value in model.state_dict().items()}
        files = {f'{name}.pt': save_torch(model.state_dict()), f'{name}_training.pth': save_torch(training),
                 f'{name}_parallel.pt': save_torch(parallel),
                 f'{name}.safetensors': save_safetensors(model.state_dict())}
        group.files |= files
        for file in files:
            case = group.case('load_weights', 'float32', {'model': name, 'file': file})
            # 1e-5 in units of rounding, of the largest logit
            case.input('x', numbers(x)).expect('logits', logits, 1e-5 / np.finfo(np.float32).eps)
        group.case('save_weights', 'float32', {'model': name}).input('x', numbers(x)).expect('saved', np.array([True]))
    return group


def check(directory):
    for name, (make_model, _) in MODELS.items():
        x = torch.tensor(np.load(directory / f'saved_{name}_x.npy'))
        expected = np.load(directory / f'saved_{name}_logits.npy')
        model = make_model()
        model.load_state_dict(load_file(directory / f'saved_{name}.safetensors'))
        with torch.no_grad():
            logits = model.eval()(x).numpy()
        error = np.abs(logits - expected).max() / np.abs(expected).max()
        print(f'weights/save_weights {name} loads in PyTorch: max error {error:.0e}')
        assert error < 1e-5, name
