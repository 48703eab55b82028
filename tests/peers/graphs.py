"""Known architectures, which dlfs writes as graphs: their numbers of parameters, and for small ones values and
gradients. Parameters are handed over by their order, which both sides share."""
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from cases import Group


class BasicBlock(nn.Module):
    def __init__(self, channels, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(filters)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(filters)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != filters:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))

    def forward(self, x):
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class ResNet18(nn.Module):
    """For images of 32 x 32, as in He et al. (2016) but with four stages of two blocks."""

    def __init__(self, width):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(width)
        channels = width
        self.blocks = nn.ModuleList()
        for stage in range(4):
            for block in range(2):
                filters = width << stage
                self.blocks.append(BasicBlock(channels, filters, 2 if stage > 0 and block == 0 else 1))
                channels = filters
        self.linear = nn.Linear(channels, 10)

    def forward(self, x):
        x = F.relu(self.norm1(self.conv1(x)))
        for block in self.blocks:
            x = block(x)
        return self.linear(x.mean((2, 3)))


class TwoConvolutions(nn.Module):
    def __init__(self, channels, filters):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, filters, 3, padding=1)
        self.conv2 = nn.Conv2d(filters, filters, 3, padding=1)

    def forward(self, x):
        return F.relu(self.conv2(F.relu(self.conv1(x))))


class UNet(nn.Module):
    """Ronneberger et al. (2015), with padding."""

    def __init__(self, width, depth):
        super().__init__()
        self.down = nn.ModuleList()
        channels = 3
        for level in range(depth):
            self.down.append(TwoConvolutions(channels, width << level))
            channels = width << level
        self.bottom = TwoConvolutions(channels, 2 * channels)
        self.up = nn.ModuleList()
        for level in reversed(range(depth)):
            filters = width << level
            self.up.append(nn.ModuleList([nn.ConvTranspose2d(2 * filters, filters, 2, 2),
                                          TwoConvolutions(2 * filters, filters)]))
        self.out = nn.Conv2d(width, 2, 1)

    def forward(self, x):
        kept = []
        for convolutions in self.down:
            x = convolutions(x)
            kept.append(x)
            x = F.max_pool2d(x, 2)
        x = self.bottom(x)
        for enlarge, convolutions in self.up:
            x = convolutions(torch.cat([kept.pop(), enlarge(x)], 1))
        return self.out(x)


class TwoInputs(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3)
        self.gate = nn.Linear(4, width)
        self.linear = nn.Linear(4, width)
        self.out = nn.Linear(2 * width, 5)

    def forward(self, image, numbers):
        of_image = F.relu(self.conv(image)).mean((2, 3))
        of_image = of_image * torch.sigmoid(self.gate(numbers))
        return self.out(torch.cat([of_image, torch.tanh(self.linear(numbers))], 1))


class Transformer(nn.Module):
    def __init__(self, features, heads, layers):
        super().__init__()
        self.embedding = nn.Embedding(11, features)
        self.blocks = nn.ModuleList(
            nn.ModuleList([nn.LayerNorm(features), nn.MultiheadAttention(features, heads, batch_first=True),
                           nn.LayerNorm(features), nn.Linear(features, 4 * features),
                           nn.Linear(4 * features, features)]) for _ in range(layers))
        self.norm = nn.LayerNorm(features)
        self.out = nn.Linear(features, 11)

    def forward(self, x):
        x = self.embedding(x.long())
        mask = nn.Transformer.generate_square_subsequent_mask(x.shape[1], dtype=x.dtype)
        for norm1, attention, norm2, linear1, linear2 in self.blocks:
            y = norm1(x)
            x = x + attention(y, y, y, attn_mask=mask, need_weights=False)[0]
            x = x + linear2(F.gelu(linear1(norm2(x))))
        return self.out(self.norm(x))


def numbers(tensor):
    return tensor.detach().numpy().copy()


def ours(name, tensor):
    """dlfs keeps the weights of products as (in, out)."""
    return numbers(tensor.T if tensor.dim() == 2 and 'embedding' not in name else tensor)


def make():
    group = Group('graphs')
    generator = torch.Generator().manual_seed(1)

    def add(kind, model, options, inputs):
        for dtype in [torch.float64, torch.float32]:
            model = model.to(dtype)
            for module in model.modules():
                if isinstance(module, nn.BatchNorm2d):
                    module.reset_running_stats()
            case = group.case(kind, str(dtype)[6:], options)
            with torch.no_grad():
                for name, value in model.named_parameters():
                    value.grad = None
                    if value.dim() > 1:
                        value.copy_(torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5)
            for k, (name, value) in enumerate(model.named_parameters()):
                case.input(f'parameter {k}', ours(name, value))
            x = [each.to(dtype) for each in inputs]
            for k, each in enumerate(x):
                case.input(f'x{k}', numbers(each))
            y = model.train()(*x)
            dy = torch.randn(y.shape, generator=generator).to(dtype)
            y.backward(dy)
            case.input('dy', numbers(dy)).expect('y', numbers(y), 2000)
            for k, (name, value) in enumerate(model.named_parameters()):
                gradient = ours(name, value.grad)
                case.expect(f'gradient {k}', gradient, 10000, max(1.0, np.abs(gradient).max()))
            case.expect('prediction', numbers(model.eval()(*x)), 2000)

    def count(kind, model, options):
        case = group.case(kind, 'float32', dict(options, counts=True))
        case.expect('parameters', np.int64(sum(value.numel() for value in model.parameters())))

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64)

    count('ResNet18', ResNet18(64), {'width': 64})
    add('ResNet18', ResNet18(4), {'width': 4}, [normal(5, 3, 16, 16)])
    count('UNet', UNet(64, 4), {'width': 64, 'depth': 4})
    add('UNet', UNet(3, 2), {'width': 3, 'depth': 2}, [normal(4, 3, 16, 12)])
    count('TwoInputs', TwoInputs(32), {'width': 32})
    add('TwoInputs', TwoInputs(5), {'width': 5}, [normal(7, 3, 8, 9), normal(7, 4)])
    count('Transformer', Transformer(128, 8, 4), {'features': 128, 'heads': 8, 'layers': 4})
    tokens = torch.randint(11, (3, 6), generator=generator)
    add('Transformer', Transformer(8, 2, 2), {'features': 8, 'heads': 2, 'layers': 2}, [tokens])
    return group
