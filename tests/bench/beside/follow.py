#!/usr/bin/env python3
"""Makes the steps that export_steps wrote once more in plain PyTorch, and compares every loss with the one told there.

usage: follow.py FOLDER [--tolerance 1e-4] [--threads N]

Needs torch, numpy and safetensors; nanodit_ref.py beside this file is the model. Prints one line of JSON; exits with 1 when a loss is off by more
than the tolerance, or is not finite.
"""
import argparse
import dataclasses
import json
import math
import pathlib
import sys

import torch
from safetensors.torch import load_file

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from nanodit_ref import Config, NanoDiT, flow_matching


def model_of(options):
    known = {field.name for field in dataclasses.fields(Config)}
    return NanoDiT(Config(**{name: value for name, value in options.items() if name in known}))


def optimiser_of(model, options, decaying):
    decays = [p for name, p in model.named_parameters() if name in decaying]
    rests = [p for name, p in model.named_parameters() if name not in decaying]
    groups = [{"params": decays, "weight_decay": options["weight_decay"]}, {"params": rests, "weight_decay": 0.0}]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=0.0, betas=tuple(options["betas"]), eps=options["eps"])


def padded(text, mask, tokens):
    """Captions as long as the longest a model may get, of which a dropped one has all: [B, L, C] -> [B, tokens, C]."""
    more = tokens - text.shape[1]
    return torch.nn.functional.pad(text, (0, 0, 0, more)), torch.nn.functional.pad(mask, (0, more))


def loss_of(model, batch, tokens):
    text, mask = padded(batch["text"], batch["text_mask"].bool(), tokens)
    loss, _, _ = flow_matching(model, batch["latent"], batch["noise"], batch["t"], dino=batch["cls"], patches=batch["patches"], text=text, text_mask=mask,
                               drop_text=batch["drop_text"].bool(), drop_dino=batch["drop_dino"].bool(), patch_grid=tuple(batch["patch_grid"].tolist()))
    return loss


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--tolerance", type=float, default=1e-4)
    parser.add_argument("--threads", type=int, default=0)
    a = parser.parse_args()
    if a.threads > 0:
        torch.set_num_threads(a.threads)

    training = json.loads((a.folder / "training.json").read_text())
    options, steps = training["config"]["optimiser"], training["steps"]
    model = model_of(training["config"]["model"])
    model.load_state_dict(load_file(a.folder / "weights.safetensors"))
    optimiser = optimiser_of(model, options, set(training["decaying"]))
    losses, norms = [], []
    for number, told in enumerate(steps, 1):
        optimiser.zero_grad()
        loss = 0.0
        for micro in range(options["accumulation"]):
            part = loss_of(model, load_file(a.folder / f"{number}-{micro}.safetensors"), training["text_tokens"]) / options["accumulation"]
            part.backward()
            loss += part.item()
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), options["clip"] if options["clip"] > 0 else math.inf).item()
        for group in optimiser.param_groups:
            group["lr"] = told["lr"]
        optimiser.step()
        losses.append(loss)
        norms.append(norm)

    here = [step["loss"] if step["loss"] is not None else math.nan for step in steps]
    off = [abs(x - y) for x, y in zip(here, losses)]
    norms_off = [abs(norm / step["gradient_norm"] - 1) if step["gradient_norm"] else math.nan for norm, step in zip(norms, steps)]
    after, weights = load_file(a.folder / "after.safetensors"), model.state_dict()
    weights_off = max((weights[name] - after[name]).abs().max().item() for name in after)
    agrees = all(x <= a.tolerance for x in off)  # not so where one is not a number
    print(json.dumps({"agrees": agrees, "steps": len(steps), "first_loss": here[0], "last_loss": here[-1], "last_loss_there": losses[-1], "worst_loss": max(off),
                      "worst_step": 1 + off.index(max(off)), "worst_norm": max(norms_off), "worst_weight": weights_off, "torch": torch.__version__,
                      "losses": here, "losses_there": losses}))
    return 0 if agrees and steps else 1


if __name__ == "__main__":
    sys.exit(main())
