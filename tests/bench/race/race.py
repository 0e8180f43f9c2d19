#!/usr/bin/env python3
"""Runs `nanodit bench` and the same work in PyTorch (peer.py) in turns on this machine, and prints a table of ratios for docs/performance.md.

usage: race.py --nanodit build/release/bin/nanodit --python PEERS/bin/python [--threads 1] [--rounds 3] [--pixels 512]

PEERS is a virtual environment with torch: python3 -m venv PEERS && PEERS/bin/pip install torch==2.13.0 numpy
Both sides use the same number of threads, one after the other; the best of all rounds counts.
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
WORK = [("attention", 1), ("attention", 8), ("train", 1), ("sample", 1), ("vae", 1), ("pack", 1), ("load", 4)]  # what, and of what batch


def output(command):
    environment = dict(os.environ, OMP_WAIT_POLICY="passive")
    for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
        environment.pop(name, None)
    text = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    return json.loads(text.strip().splitlines()[-1])


def ours(a, what, precision, batch):
    settings = [f"precision={precision}", f"data.batch_size={batch}", "model.patch_position=none", "model.patch_prior=none", "checkpointing=false"]
    command = [a.nanodit, "bench", what, "--config", "base", "--size", f"{a.pixels}x{a.pixels}", "--steps", str(a.steps), "--json", "--threads", str(a.threads), "--device", "cpu"]
    found = output(command + [part for setting in settings for part in ("--set", setting)])
    if what == "train":
        return {"training step": min(found["seconds"])}, None
    if what in ("pack", "load"):
        return {f"{found['time']['what']}, a GiB": 2**30 / found["time"]["bytes_per_second"]}, None
    return {kernel["what"]: kernel["best_seconds"] for kernel in found["kernels"]}, found["product"]["gflops"]


def peers(a, what, precision, batch):
    found = output([a.python, str(HERE / "peer.py"), what, "--precision", precision, "--pixels", str(a.pixels), "--batch", str(batch), "--steps", str(a.steps), "--threads", str(a.threads)])
    return found["best"], found["torch"]


def processor():
    for line in open("/proc/cpuinfo", encoding="utf-8"):
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--nanodit", required=True)
    parser.add_argument("--python", required=True)
    for name, default in (("--threads", 1), ("--rounds", 3), ("--pixels", 512), ("--steps", 3)):
        parser.add_argument(name, type=int, default=default)
    parser.add_argument("--only", choices=[what for what, _ in WORK])
    a = parser.parse_args()

    rows, version = [], ""
    for what, batch in WORK:
        if a.only not in (None, what):
            continue
        for precision in ("float32",) if what in ("vae", "pack", "load") else ("float32", "bf16"):
            mine, theirs, operations, product = {}, {}, {}, 0.0
            for _ in range(a.rounds):
                seconds, rate = ours(a, what, precision, batch)
                product = max(product, rate or 0.0)
                for name, value in seconds.items():
                    mine[name] = min(value, mine.get(name, value))
                best, version = peers(a, what, precision, batch)
                for name, (value, count) in best.items():
                    theirs[name] = min(value, theirs.get(name, value))
                    operations[name] = count
            for name, value in mine.items():
                if name not in theirs:
                    continue
                rate = operations[name] / value / 1e9
                share = f"{rate:.0f} | {100 * rate / product:.0f} %" if product and rate else "– | –"
                rows.append(f"| {name} | {precision} | {batch} | {value:.4f} s | {theirs[name]:.4f} s | {theirs[name] / value:.2f} | {share} |")
    print(f"{processor()}, {a.threads} thread(s) a side, {a.pixels} x {a.pixels} pixels, PyTorch {version}, best of {a.rounds} rounds of {a.steps}\n")
    print("| work | precision | batch | here | PyTorch | ratio | GFLOP/s | of a product |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
