"""What a user would run instead: the same work in plain PyTorch. One JSON line: {"what": [best seconds, operations], ...}.

usage: peer.py {attention,train} [--precision float32|bf16] [--pixels 512] [--text-tokens 512] [--batch 1] [--steps 3] [--threads 1]
"""
import argparse
import json
import math
import time

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


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=["attention", "train"])
    parser.add_argument("--precision", choices=["float32", "bf16"], default="float32")
    for name, default in (("--pixels", 512), ("--text-tokens", 512), ("--batch", 1), ("--steps", 3), ("--threads", 1)):
        parser.add_argument(name, type=int, default=default)
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    kind = torch.bfloat16 if a.precision == "bf16" else torch.float32
    print(json.dumps({"torch": torch.__version__, "best": {"attention": attention, "train": train}[a.what](a, kind)}))


if __name__ == "__main__":
    main()
