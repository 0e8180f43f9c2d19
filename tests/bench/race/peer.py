"""What a user would run instead: the same work in plain PyTorch. One JSON line: {"what": [best seconds, operations], ...}.

usage: peer.py {attention,train,sample,vae,dino,t5,pack,load} [--precision float32|bf16] [--pixels 512] [--text-tokens 512] [--batch 1] [--steps 3] [--threads 1]
"""
import argparse
import hashlib
import io
import json
import math
import os
import pathlib
import tarfile
import tempfile
import time

import numpy
import torch
import torch.nn as nn
import torch.nn.functional as F

WIDTH, HEADS, DEPTH, LATENT_CHANNELS, TEXT_WIDTH, DINO_WIDTH, FREQUENCIES = 768, 12, 12, 16, 4096, 1024, 256


def best(run, steps):
    run()
    seconds = []
    for _ in range(steps):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


class Attention(nn.Module):
    def __init__(self, crosses):
        super().__init__()
        self.q = nn.Linear(WIDTH, WIDTH)
        self.kv = nn.Linear(WIDTH, 2 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)
        self.crosses = crosses

    def forward(self, x, context):
        source = context if self.crosses else x
        heads = lambda y, n: y.view(*y.shape[:2], n, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        (q,), (k, v) = heads(self.q(x), 1), heads(self.kv(source), 2)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(x.shape))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.branches = nn.ModuleList([Attention(False), Attention(True)])
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(approximate="tanh"), nn.Linear(4 * WIDTH, WIDTH))
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(WIDTH, 6 * WIDTH))

    def forward(self, x, c, context):
        shifts = self.modulation(c).unsqueeze(1).chunk(6, -1)
        norm = lambda y, i: F.layer_norm(y, (WIDTH,), eps=1e-6) * (1 + shifts[2 * i + 1]) + shifts[2 * i]
        for i, branch in enumerate(self.branches):
            x = x + branch(norm(x, i), context)
        return x + self.mlp(norm(x, 2))


class Transformer(nn.Module):
    """The shape of configs/base.yaml without positions of patches."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Linear(4 * LATENT_CHANNELS, WIDTH)
        self.time = nn.Sequential(nn.Linear(FREQUENCIES, WIDTH), nn.SiLU(), nn.Linear(WIDTH, WIDTH))
        self.text, self.cls, self.patches = (nn.Linear(w, WIDTH) for w in (TEXT_WIDTH, DINO_WIDTH, DINO_WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.last = nn.Linear(WIDTH, 4 * LATENT_CHANNELS)

    def forward(self, x, t, text, cls, patches):
        rates = torch.exp(-math.log(10000) * torch.arange(FREQUENCIES // 2) / (FREQUENCIES // 2))
        angles = 1000 * t[:, None] * rates
        c = self.cls(cls) + self.time(torch.cat([angles.cos(), angles.sin()], 1))
        context = torch.cat([self.text(text), c[:, None], self.patches(patches)], 1)
        x = self.embed(x)
        for block in self.blocks:
            x = block(x, c, context)
        return self.last(F.layer_norm(x, (WIDTH,)))


def attention(a, kind):
    queries, keys = (a.pixels // 16) ** 2, a.text_tokens + 1 + (a.pixels // 16) ** 2
    measured = {}
    for name, length in (("self attention", queries), ("cross attention", keys)):
        tokens = lambda count: torch.randn(a.batch, count, HEADS, WIDTH // HEADS, dtype=kind).transpose(1, 2)
        q, k, v, gradient = tokens(queries), tokens(length), tokens(length), tokens(queries)
        products = a.batch * HEADS * queries * length * (WIDTH // HEADS)

        def both():
            leaves = [y.detach().requires_grad_() for y in (q, k, v)]
            F.scaled_dot_product_attention(*leaves).backward(gradient)

        with torch.no_grad():
            seconds = best(lambda: F.scaled_dot_product_attention(q, k, v), a.steps)
        measured[name + ", forward"] = [seconds, 4 * products]
        measured[name + ", forward and backward"] = [best(both, a.steps), 14 * products]
    return measured


def train(a, kind):
    torch.manual_seed(0)
    model = Transformer()
    optimiser = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.01, fused=True)
    averages = [p.detach().clone() for p in model.parameters()]
    grid = a.pixels // 16
    x, noise = torch.randn(a.batch, grid * grid, 4 * LATENT_CHANNELS), torch.randn(a.batch, grid * grid, 4 * LATENT_CHANNELS)
    t = torch.rand(a.batch)
    conditions = torch.randn(a.batch, a.text_tokens, TEXT_WIDTH), torch.randn(a.batch, DINO_WIDTH), torch.randn(a.batch, grid * grid, DINO_WIDTH)

    def step():
        at = t[:, None, None]
        with torch.autocast("cpu", torch.bfloat16, enabled=kind == torch.bfloat16):
            velocity = model((1 - at) * x + at * noise, t, *conditions)
        (velocity.float() - (noise - x)).square().mean().backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        with torch.no_grad():
            torch._foreach_lerp_(averages, list(model.parameters()), 1e-4)

    return {"training step": [best(step, a.steps), 0]}


def sample(a, kind):
    """Chained guidance: the model without conditions, with DINO, and with both, each over a whole context."""
    torch.manual_seed(0)
    model = Transformer()
    grid = a.pixels // 16
    x, t = torch.randn(a.batch, grid * grid, 4 * LATENT_CHANNELS), torch.full((a.batch,), 0.5)
    null = torch.zeros(a.batch, a.text_tokens, TEXT_WIDTH), torch.zeros(a.batch, DINO_WIDTH), torch.zeros(a.batch, grid * grid, DINO_WIDTH)
    real = tuple(torch.randn_like(y) for y in null)

    def step():
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=kind == torch.bfloat16):
            nothing, dino, full = model(x, t, *null), model(x, t, null[0], *real[1:]), model(x, t, *real)
            return nothing + 2 * (dino - nothing) + 2 * (full - dino)

    return {"sampling step, guidance by text and DINO": [best(step, a.steps), 0]}


class Residual(nn.Module):
    def __init__(self, width, out):
        super().__init__()
        self.layers = nn.Sequential(nn.GroupNorm(32, width, 1e-6), nn.SiLU(), nn.Conv2d(width, out, 3, padding=1), nn.GroupNorm(32, out, 1e-6), nn.SiLU(), nn.Conv2d(out, out, 3, padding=1))
        self.skip = nn.Identity() if width == out else nn.Conv2d(width, out, 1)

    def forward(self, x):
        return self.skip(x) + self.layers(x)


class Middle(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.GroupNorm(32, width, 1e-6)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        q, k, v = self.qkv(self.norm(x).flatten(2).transpose(1, 2)).unsqueeze(1).chunk(3, -1)
        return x + self.out(F.scaled_dot_product_attention(q, k, v).squeeze(1)).transpose(1, 2).reshape(x.shape)


class Halved(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer = nn.Conv2d(width, width, 3, stride=2)

    def forward(self, x):
        return self.layer(F.pad(x, (0, 1, 0, 1)))


def vae(a, kind):
    """The shape of FLUX's autoencoder, in float32, with channels first and last."""
    torch.manual_seed(0)
    widths = [128, 256, 512, 512]
    last = lambda width, out: [nn.GroupNorm(32, width, 1e-6), nn.SiLU(), nn.Conv2d(width, out, 3, padding=1)]
    middle = lambda: [Residual(512, 512), Middle(512), Residual(512, 512)]
    down, width = [nn.Conv2d(3, 128, 3, padding=1)], 128
    for i, out in enumerate(widths):
        down += [Residual(width, out), Residual(out, out)] + ([Halved(out)] if i < 3 else [])
        width = out
    up = [nn.Conv2d(16, 512, 3, padding=1)] + middle()
    for i, out in enumerate(reversed(widths)):
        up += [Residual(width, out), Residual(out, out), Residual(out, out)]
        up += [nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(out, out, 3, padding=1)] if i < 3 else []
        width = out
    encoder, decoder = nn.Sequential(*down, *middle(), *last(512, 32)), nn.Sequential(*up, *last(128, 3))
    pixels, latent = torch.randn(1, 3, a.pixels, a.pixels), torch.randn(1, 16, a.pixels // 8, a.pixels // 8)
    seconds = {"autoencoder of FLUX's shape, encoding": math.inf, "autoencoder of FLUX's shape, decoding": math.inf}
    with torch.no_grad():
        for layout in (torch.contiguous_format, torch.channels_last):  # the faster one counts
            for name, network, taken in zip(seconds, (encoder, decoder), (pixels, latent)):
                network, taken = network.to(memory_format=layout), taken.to(memory_format=layout)
                seconds[name] = min(seconds[name], best(lambda: network(taken), a.steps))
    return {name: [value, 0] for name, value in seconds.items()}


class VisionLayer(nn.Module):
    """Of a ViT with rotated patches."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width, 1e-5) for _ in range(2))
        self.scales = nn.ParameterList(nn.Parameter(torch.ones(width)) for _ in range(2))
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x, cosines, sines, others):
        q, k, v = self.qkv(self.norms[0](x)).view(*x.shape[:2], 3, self.heads, -1).permute(2, 0, 3, 1, 4)

        def turned(y):  # the patches, behind `others` tokens that have no place
            first, last = y[:, :, others:].chunk(2, -1)
            patches = y[:, :, others:] * cosines + torch.cat([-last, first], -1) * sines
            return torch.cat([y[:, :, :others], patches.to(y.dtype)], 2)

        attended = F.scaled_dot_product_attention(turned(q), turned(k), v).transpose(1, 2).reshape(x.shape)
        x = x + self.scales[0] * self.out(attended)
        return x + self.scales[1] * self.mlp(self.norms[1](x))


def dino(a, kind):
    """A DINOv3 ViT-L."""
    torch.manual_seed(0)
    heads, layers, others, grid = 16, 24, 5, a.pixels // 16  # others: CLS and four registers
    cut, blocks = nn.Conv2d(3, DINO_WIDTH, 16, stride=16), nn.ModuleList(VisionLayer(DINO_WIDTH, heads) for _ in range(layers))
    first, last = torch.randn(1, others, DINO_WIDTH), nn.LayerNorm(DINO_WIDTH, 1e-5)
    angles = torch.rand(grid * grid, DINO_WIDTH // heads // 2).repeat(1, 2)
    cosines, sines, pixels = angles.cos(), angles.sin(), torch.randn(a.batch, 3, a.pixels, a.pixels)

    def encode():
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=kind == torch.bfloat16):
            x = torch.cat([first.expand(a.batch, -1, -1), cut(pixels).float().flatten(2).transpose(1, 2)], 1)
            for block in blocks:
                x = block(x, cosines, sines, others)
            return last(x)

    return {"DINOv3 ViT-L": [best(encode, a.steps), 0]}


class TextLayer(nn.Module):
    """Of T5 1.1, with a bias for each pair of tokens."""

    def __init__(self, width, heads, inner):
        super().__init__()
        self.heads = heads
        linear = lambda given, made: nn.Linear(given, made, bias=False)
        self.norms = nn.ModuleList(nn.RMSNorm(width, 1e-6) for _ in range(2))
        self.q, self.k, self.v, self.out = (linear(width, width) for _ in range(4))
        self.gate, self.up, self.down = linear(width, inner), linear(width, inner), linear(inner, width)

    def forward(self, x, bias):
        y = self.norms[0](x)
        q, k, v = (layer(y).view(*x.shape[:2], self.heads, -1).transpose(1, 2) for layer in (self.q, self.k, self.v))
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype), scale=1.0)
        x = x + self.out(attended.transpose(1, 2).reshape(x.shape))
        y = self.norms[1](x)
        return x + self.down(F.gelu(self.gate(y), approximate="tanh") * self.up(y))


def t5(a, kind):
    torch.manual_seed(0)
    heads = 64
    layers = nn.ModuleList(TextLayer(TEXT_WIDTH, heads, 10240) for _ in range(2))
    x, bias = torch.randn(a.batch, a.text_tokens, TEXT_WIDTH), torch.randn(1, heads, a.text_tokens, a.text_tokens)

    def encode():
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16, enabled=kind == torch.bfloat16):
            y = x
            for layer in layers:
                y = layer(y, bias)
            return y

    return {"two layers of T5 XXL": [best(encode, a.steps), 0]}


def random_samples(a):
    """Arrays of the shapes that a set has, about 256 MiB."""
    grid = a.pixels // 16
    shapes = {"cls": (DINO_WIDTH,), "patches": (grid * grid, DINO_WIDTH), "latent": (LATENT_CHANNELS, 2 * grid, 2 * grid), "text": (a.text_tokens, TEXT_WIDTH)}
    generator = numpy.random.default_rng(0)
    bytes_each = 2 * sum(math.prod(shape) for shape in shapes.values())
    return [{name: generator.standard_normal(shape, dtype=numpy.float32).astype(numpy.float16) for name, shape in shapes.items()} for _ in range(max(a.batch, 2**28 // bytes_each + 1))]


def write_shard(file, samples):
    with tarfile.open(file, "w") as tar:
        for i, sample in enumerate(samples):
            for name, array in sample.items():
                assert numpy.isfinite(array).all()
                buffer = io.BytesIO()
                numpy.save(buffer, array)
                info = tarfile.TarInfo(f"{i}.{name}.npy")
                info.size = buffer.tell()
                buffer.seek(0)
                tar.addfile(info, buffer)
    with open(file, "rb") as written:
        hashlib.file_digest(written, "sha256").hexdigest()
        os.fsync(written.fileno())


def read_shard(file, batch):
    samples = {}
    with tarfile.open(file) as tar:
        for member in tar:
            number, name, _ = member.name.split(".")
            samples.setdefault(number, {})[name] = torch.from_numpy(numpy.load(io.BytesIO(tar.extractfile(member).read()))).float()
            if len(samples[number]) == 4 and len(samples) == batch:
                made = {name: torch.stack([sample[name] for sample in samples.values()]) for name in samples[number]}
                made["patches"] = (made["patches"] - 0.1) / 1.5
                samples = {}


def data(a, what):
    """Seconds for a GiB."""
    with tempfile.TemporaryDirectory() as folder:
        file, samples = pathlib.Path(folder) / "shard.tar", random_samples(a)
        write_shard(file, samples)
        work = (lambda: write_shard(file, samples)) if what == "packing" else (lambda: read_shard(file, a.batch))
        return {f"{what}, a GiB": [best(work, a.steps) * 2**30 / file.stat().st_size, 0]}


def pack(a, kind):
    return data(a, "packing")


def load(a, kind):
    return data(a, "loading")


def main():
    kinds = {"attention": attention, "train": train, "sample": sample, "vae": vae, "dino": dino, "t5": t5, "pack": pack, "load": load}
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=kinds)
    parser.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    for name, default in (("--pixels", 512), ("--text-tokens", 512), ("--batch", 1), ("--steps", 3), ("--threads", 1)):
        parser.add_argument(name, type=int, default=default)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    kind = torch.bfloat16 if a.precision == "bf16" else torch.float32
    print(json.dumps({"torch": torch.__version__, "best": kinds[a.what](a, kind)}))


if __name__ == "__main__":
    main()
