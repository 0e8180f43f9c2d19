#!/usr/bin/env python3
"""Measures this machine: `nanodit bench` beside the same work in PyTorch, and how times grow with sizes. Writes tables, data and plots.

usage: race.py FOLDER --nanodit build/release/bin/nanodit [--python PEERS/bin/python] [--quick | --minutes 20] [--only NAME]

FOLDER gets, after every measurement anew, so that a run that is interrupted leaves what it has:
  race.md, race.json       ratios to PyTorch; only with --python
  growth.md, growth.json   seconds against context, width, batch, pictures, rows and steps, and how steeply they grow from size to size
  growth-NAME.svg          the same as plots
publish.py FOLDER docs/performance.md puts tables and plots into the documentation.

PEERS is a virtual environment with torch: python3 -m venv PEERS && PEERS/bin/pip install torch==2.13.0 numpy. This script itself needs no
package; the peers need Python 3.11 or newer. Both sides use the same number of threads, one after the other; the best of all rounds counts. With --minutes, half of them go to
the race and the rest to growth; what would take longer than is left is not begun, and the tables say so. --quick is for a first look, within about a quarter of an hour on two
cores: 14 minutes, pictures of 256 x 256, two rounds of two repetitions, where other values are not given.
"""
import argparse
import os
import pathlib
import sys

sys.dont_write_bytecode = True  # nothing beside the sources
import growth
import ratios
from measuring import Budget, libtorch, machine


USUAL = {"minutes": None, "rounds": 3, "pixels": 512, "steps": 3}
QUICK = {"minutes": 14.0, "rounds": 2, "pixels": 256, "steps": 2}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--nanodit", required=True, type=pathlib.Path)
    parser.add_argument("--python", help="of an environment with PyTorch; without it there is no race")
    parser.add_argument("--minutes", type=float, help="in all; without it as long as it takes")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of each side")
    parser.add_argument("--quick", action="store_true", help="14 minutes, two rounds of two repetitions, 256 pixels, where not given")
    for name in ("--rounds", "--pixels", "--steps"):
        parser.add_argument(name, type=int)
    names = sorted({what for what, _ in ratios.WORK}) + [study.name for study in growth.STUDIES]
    parser.add_argument("--only", choices=["race", "growth"] + names, help="a part, or one kind of work in it")
    a = parser.parse_args()
    for name, value in (QUICK if a.quick else USUAL).items():
        if getattr(a, name) is None:
            setattr(a, name, value)
    if min(a.threads, a.rounds, a.pixels, a.steps) < 1 or (a.minutes is not None and a.minutes <= 0):
        parser.error("--threads, --rounds, --pixels, --steps and --minutes are above 0")
    if a.pixels % 16 != 0:
        parser.error("--pixels must be a multiple of 16")
    a.nanodit = a.nanodit.resolve()
    if not os.access(a.nanodit, os.X_OK):
        parser.error(f"{a.nanodit} is no program: build it first, or name another one")
    a.folder.mkdir(parents=True, exist_ok=True)

    budget = Budget(a.minutes)
    works = [work for work in ratios.WORK if a.only in (None, "race", work[0])] if a.python else []
    studies = [study for study in growth.STUDIES if a.only in (None, "growth", study.name)]
    if not works and not studies:
        parser.error(f"--only {a.only} needs --python")
    where = ", ".join(part for part in (machine(), libtorch(a.nanodit), f"{a.threads} thread" + ("" if a.threads == 1 else "s")) if part)
    if works:
        ratios.run(a, works, budget.part(0.5 if studies else 1.0), where)
    if studies:
        growth.run(a, studies, budget, where)


if __name__ == "__main__":
    main()
