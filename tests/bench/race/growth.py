"""How times grow with sizes: each study goes up its sizes as far as time allows; the table says how steeply it grows between two of them.

The exponent of a step from size a to size b is log(time ratio) / log(size ratio): 0 where the time does not depend on the size (starting,
allocating), 1 where it is proportional, 2 where everything meets everything. A bend is where it changes.
"""
import json
import math
import re
import shutil
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import plot
from measuring import Failed, json_of, output, write_whole

DEPTH = 2  # blocks: all of a model's take the same time


@dataclass
class Study:
    name: str
    title: str
    axis: str  # what the sizes are
    sizes: list
    measure: Callable  # (arguments, folder of its own that stays from size to size, size, seconds left) -> (size as it is shown, seconds by series)


def step(a, seconds, text=128, pixels=256, batch=1, **settings):
    """Seconds of a training step in both precisions, and the context's tokens."""
    settings = {"data.batch_size": batch, "model.depth": DEPTH, "checkpointing": "false"} | {key.replace("__", "."): value for key, value in settings.items()}
    found, context = {}, 0
    for precision in ("float32", "bf16"):
        command = [a.nanodit, "bench", "train", "--config", "base", "--size", f"{pixels}x{pixels}", "--text-tokens", text, "--steps", 2, "--json", "--quiet", "--threads", a.threads, "--device", "cpu"]
        one = json_of(command + [part for key, value in (settings | {"precision": precision}).items() for part in ("--set", f"{key}={value}")], seconds)
        found[precision], context = min(one["seconds"]), one["context_tokens"]
    return context, found


def by_context(a, folder, size, seconds):
    return step(a, seconds, text=size)


def by_width(a, folder, size, seconds):
    return size, step(a, seconds, model__hidden_size=size, model__num_heads=size // 64)[1]


def by_batch(a, folder, size, seconds):
    return size, step(a, seconds, batch=size)[1]


def by_pictures(a, folder, size, seconds):
    """The demo's encoders over drawn scenes, the passes one by one, and packing."""
    began = time.monotonic()
    workspace = folder / "workspace"
    shutil.rmtree(workspace, ignore_errors=True)
    left = lambda: seconds - (time.monotonic() - began)
    inside = [a.nanodit, "-w", workspace, "--quiet", "--threads", a.threads, "--device", "cpu"]
    output([a.nanodit, "demo", "create", workspace, "--count", size, "--bare", "--quiet"], left())
    passes = json_of(inside + ["preprocess", "--json"], left())["passes"]
    found = {each["pass"]: each["seconds"] for each in passes}
    packing = time.monotonic()
    output(inside + ["shard", "--json"], left())
    return size, found | {"packing": time.monotonic() - packing}


def command_seconds(command, left):
    """Best of three, or fewer where time is short."""
    best, began = math.inf, time.monotonic()
    for _ in range(3):
        start = time.monotonic()
        output(command, left - (start - began))
        best = min(best, time.monotonic() - start)
        if time.monotonic() - began > 30:
            break
    return best


def bare_workspace(a, folder):
    workspace = folder / "workspace"
    if not (workspace / "workspace.yaml").exists():
        output([a.nanodit, "demo", "create", workspace, "--count", 20, "--bare", "--quiet"])
    return workspace


def by_rows(a, folder, size, seconds):
    """Commands that go through the catalog; rows are copies of one record, whose picture is there."""
    began = time.monotonic()
    workspace = bare_workspace(a, folder)
    with sqlite3.connect(workspace / "data" / "catalog.sqlite") as catalog:
        columns = ", ".join(row[1] for row in catalog.execute("PRAGMA table_info(records)") if row[1] != "id")
        (there,) = catalog.execute("SELECT count(*) FROM records").fetchone()
        if there < size:
            catalog.execute(
                "WITH RECURSIVE n(i) AS (SELECT ? UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) "
                f"INSERT INTO records (id, {columns}) SELECT printf('copy%09d', i), {columns} FROM n, (SELECT * FROM records WHERE id NOT LIKE 'copy%' ORDER BY id LIMIT 1)",
                (there, size))
    catalog.close()
    inside = [a.nanodit, "-w", workspace, "--json", "--quiet"]
    left = lambda: seconds - (time.monotonic() - began)
    return size, {"status": command_seconds(inside + ["status"], left()), "records that contain a text": command_seconds(inside + ["records", "--text", "of which there is none"], left())}


def by_steps(a, folder, size, seconds):
    """`nanodit runs` reads the metrics of a run of so many steps; a plot of them, where the window's bench was built."""
    began = time.monotonic()
    workspace = bare_workspace(a, folder)
    run = workspace / "runs" / "long"
    run.mkdir(parents=True, exist_ok=True)
    with open(run / "metrics.jsonl", "w", encoding="utf-8") as file:
        for number in range(1, size + 1):
            loss = 1 + 10 / number + 0.1 * math.sin(number)
            file.write(json.dumps({"step": number, "loss": loss, "velocity_norm": 1.4, "grad_norm": 0.5, "lr": 3e-4, "samples_per_second": 60.5, "data_wait_seconds": 1e-4,
                                   "resident_megabytes": 900.5, "loss_by_t": {"0-0.25": loss, "0.75-1": 2 * loss}, "wall_time": 1.7e9 + number}) + "\n")
    left = lambda: seconds - (time.monotonic() - began)
    found = {"nanodit runs": command_seconds([a.nanodit, "-w", workspace, "--json", "--quiet", "runs"], left())}
    bench = a.nanodit.parent.parent / "tests" / "bench_plots"
    if bench.exists():
        for line in output([bench, size], left()).splitlines():
            matched = re.fullmatch(r"(.+?)\s+([\d.]+) ms", line)
            if matched and matched[1] in ("redraw and paint, everything shown", "redraw and paint after one more point"):
                found["plot: " + matched[1]] = float(matched[2]) / 1e3
    return size, found


STUDIES = [
    Study("context", f"A training step against its context (256 latents, {DEPTH} blocks of base)", "context tokens", [2**n for n in range(5, 14)], by_context),
    Study("width", f"A training step against its width (heads of 64, 256 latents, {DEPTH} blocks)", "width", [128, 256, 384, 512, 768, 1024, 1536, 2048], by_width),
    Study("batch", f"A training step against its batch (256 latents, {DEPTH} blocks of base)", "samples a batch", [2**n for n in range(6)], by_batch),
    Study("pictures", "The passes of the demo against its pictures", "pictures", [20, 40, 80, 160, 320, 640, 1280], by_pictures),
    Study("rows", "Commands against the rows of the catalog", "rows", [1000, 3000, 10000, 30000, 100000, 300000, 1000000], by_rows),
    Study("steps", "Metrics against the steps of a run", "steps", [1000, 3000, 10000, 30000, 100000, 300000, 1000000], by_steps),
]


def climb(a, study, budget):
    """(points by series, why it ended)"""
    points, taken, before = {}, 0.0, None
    with tempfile.TemporaryDirectory(dir=a.folder, prefix="growing-") as folder:
        for size in study.sizes:
            expected = taken * (size / before) ** 1.3 if before else 0.0
            if not budget.fits(expected):
                return points, f"{study.axis} {size}: it would have taken longer than was left"
            print(f"growth: {study.name}, {size}", flush=True)
            began = time.monotonic()
            try:
                shown, found = study.measure(a, Path(folder), size, budget.left())
            except Failed as failure:
                print(f"  {failure}", flush=True)
                return points, f"{study.axis} {size}: {failure}"
            except (sqlite3.Error, OSError, KeyError, TypeError, ValueError) as error:
                print(f"  {error!r}", flush=True)
                return points, f"{study.axis} {size}: {error!r}"
            for series, value in found.items():
                points.setdefault(series, []).append((shown, value))
            taken, before = time.monotonic() - began, size
    return points, ""


def table(points, axis):
    """Seconds and exponents by size."""
    sizes = sorted({size for series in points.values() for size, _ in series})
    lines = ["| " + axis + " | " + " | ".join(f"{name} | exponent" for name in points) + " |", "| ---: |" + " ---: | ---: |" * len(points)]
    for size in sizes:
        cells = []
        for series in points.values():
            place = next((i for i, (x, _) in enumerate(series) if x == size), None)
            if place is None:
                cells += ["–", "–"]
                continue
            cells.append(f"{series[place][1]:.4g} s")
            cells.append("" if place == 0 else f"{exponent(series[place - 1], series[place]):.2f}")
        lines.append(f"| {size} | " + " | ".join(cells) + " |")
    return lines


def exponent(a, b):
    return math.log(max(b[1], 1e-9) / max(a[1], 1e-9)) / math.log(b[0] / a[0])


def write(a, found, where):
    lines = [f"{where}. The exponent is that of the growth since the size before: 0 where the time does not depend on the size, 1 where it is proportional, 2 where everything meets everything.", ""]
    for study, points, end in found:
        lines += [f"## {study.title}", "", f"![{study.title}](growth-{study.name}.svg)", ""] + (table(points, study.axis) if points else ["Nothing was measured."]) + [""]
        lines += [f"Not measured: {end}.", ""] if end else []
        write_whole(a.folder / f"growth-{study.name}.svg", plot.lines(study.title, study.axis, "seconds", points))
    write_whole(a.folder / "growth.md", "\n".join(lines).rstrip() + "\n")
    data = {"where": where, "studies": [{"name": study.name, "axis": study.axis, "points": points, "ended": end} for study, points, end in found]}
    write_whole(a.folder / "growth.json", json.dumps(data, indent=1) + "\n")


def run(a, studies, budget, where):
    found = []
    for i, study in enumerate(studies):
        points, end = climb(a, study, budget.part(1 / (len(studies) - i)))
        found.append((study, points, end))
        write(a, found, where)
    print(f"{a.folder / 'growth.md'} and its plots are written")
