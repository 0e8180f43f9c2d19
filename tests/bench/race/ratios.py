"""The race: each kind of work here and in PyTorch (peer.py) in turns, and the table of ratios."""
import json
import pathlib
import time

from measuring import Failed, json_of, write_whole

HERE = pathlib.Path(__file__).resolve().parent
WORK = [("attention", 1), ("attention", 8), ("train", 1), ("sample", 1), ("vae", 1), ("dino", 1), ("t5", 1), ("pack", 1), ("load", 4)]  # what, and of what batch
FLOAT32_ONLY = ("vae", "pack", "load")


class Entry:
    """A kind of work in one precision."""

    def __init__(self, what, batch, precision):
        self.what, self.batch, self.precision = what, batch, precision
        self.mine, self.theirs, self.operations = {}, {}, {}  # by name: best seconds, best seconds, operations
        self.product = 0.0  # GFLOP/s of a product of matrices
        self.rounds, self.seconds = 0, 0.0  # seconds: that a round took
        self.fault = ""

    def take(self, mine, theirs, product):
        """`mine` and `theirs`: by name, seconds and operations, 0 where a side does not count them."""
        for best, found in ((self.mine, mine), (self.theirs, theirs)):
            for name, (value, count) in found.items():
                best[name] = min(value, best.get(name, value))
                self.operations[name] = max(count, self.operations.get(name, 0))
        self.product = max(self.product, product)
        self.rounds += 1

    def rows(self):
        """Of the table; whatever both sides have."""
        for name, value in self.mine.items():
            if name in self.theirs:
                rate = self.operations[name] / value / 1e9
                share = f"{rate:.0f} | {100 * rate / self.product:.0f} %" if self.product and rate else "– | –"
                yield f"| {name} | {self.precision} | {self.batch} | {value:.4f} s | {self.theirs[name]:.4f} s | {self.theirs[name] / value:.2f} | {share} | {self.rounds} |"


def ours(a, entry, seconds):
    settings = [f"precision={entry.precision}", f"data.batch_size={entry.batch}", "model.patch_position=none", "model.patch_prior=none", "checkpointing=false"]
    command = [a.nanodit, "bench", entry.what, "--config", "base", "--size", f"{a.pixels}x{a.pixels}", "--steps", a.steps, "--json", "--quiet", "--threads", a.threads, "--device", "cpu"]
    found = json_of(command + [part for setting in settings for part in ("--set", setting)], seconds)
    if entry.what == "train":
        return {"training step": (min(found["seconds"]), found["operations"])}, found["product"]["gflops"]
    if entry.what in ("pack", "load"):
        return {f"{found['time']['what']}, a GiB": (2**30 / found["time"]["bytes_per_second"], 0)}, 0.0
    return {kernel["what"]: (kernel["best_seconds"], kernel["operations"]) for kernel in found["kernels"]}, found["product"]["gflops"]


def peers(a, entry, seconds):
    command = [a.python, HERE / "peer.py", entry.what, "--precision", entry.precision, "--pixels", a.pixels, "--batch", entry.batch, "--steps", a.steps, "--threads", a.threads]
    found = json_of(command, seconds)
    return found["best"], found["torch"]


def write(a, entries, torch, where):
    lines = [f"{where} a side, {a.pixels} x {a.pixels} pixels, PyTorch {torch}, best of the rounds, of {a.steps} repetitions each", ""]
    lines += ["| work | precision | batch | here | PyTorch | ratio | GFLOP/s | of a product | rounds |", "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    lines += [row for entry in entries for row in entry.rows()]
    for entry in entries:
        if entry.rounds == 0 or entry.fault:
            what = "Not measured" if entry.rounds == 0 else f"Not measured after round {entry.rounds}"
            lines += ["", f"{what}: {entry.what}, {entry.precision}, batch {entry.batch}: {entry.fault or 'no time was left'}"]
    write_whole(a.folder / "race.md", "\n".join(lines) + "\n")
    write_whole(a.folder / "race.json", json.dumps({"where": where, "torch": torch, "pixels": a.pixels, "entries": [vars(entry) for entry in entries]}, indent=1) + "\n")
    return "\n".join(lines)


def run(a, works, budget, where):
    entries = [Entry(what, batch, precision) for what, batch in works for precision in (("float32",) if what in FLOAT32_ONLY else ("float32", "bf16"))]
    torch, table = "", ""
    for number in range(a.rounds):
        for entry in entries:
            if entry.fault or not budget.fits(entry.seconds):
                continue
            print(f"race, round {number + 1}: {entry.what}, {entry.precision}, batch {entry.batch}", flush=True)
            began = time.monotonic()
            try:
                mine, product = ours(a, entry, budget.left())
                theirs, torch = peers(a, entry, budget.left())
                entry.take(mine, theirs, product)
            except Failed as failure:
                entry.fault = str(failure)
                print(f"  {failure}", flush=True)
            except (KeyError, TypeError, ValueError) as error:  # another version of either side prints other fields
                entry.fault = f"one side printed something else than was expected ({error!r})"
                print(f"  {entry.fault}", flush=True)
            entry.seconds = time.monotonic() - began
            table = write(a, entries, torch, where)
    print(table)
