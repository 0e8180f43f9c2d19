#!/usr/bin/env python3
"""Measures this machine: `nanodit bench` beside the same work in PyTorch, and how times grow with sizes. Writes tables, data and plots.

usage: race.py FOLDER --nanodit build/release/bin/nanodit [--python PEERS/bin/python] [--minutes 20] [--only NAME]

FOLDER gets, after every measurement anew, so that a run that is interrupted leaves what it has:
  race.md, race.json       ratios to PyTorch, for docs/performance.md; only with --python
  growth.md, growth.json   seconds against context, width, batch, pictures, rows and steps, and how steeply they grow from size to size
  growth-NAME.svg          the same as plots

PEERS is a virtual environment with torch: python3 -m venv PEERS && PEERS/bin/pip install torch==2.13.0 numpy. This script itself needs no
package. Both sides use the same number of threads, one after the other; the best of all rounds counts. With --minutes, half of them go to
the race and the rest to growth; what would take longer than is left is not begun, and the tables say so.
"""
import argparse
import os
import pathlib
import sys

sys.dont_write_bytecode = True  # nothing beside the sources
import growth
import ratios
from measuring import Budget, machine


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--nanodit", required=True, type=pathlib.Path)
    parser.add_argument("--python", help="of an environment with PyTorch; without it there is no race")
    parser.add_argument("--minutes", type=float, help="in all; without it as long as it takes")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="of each side")
    for name, default in (("--rounds", 3), ("--pixels", 512), ("--steps", 3)):
        parser.add_argument(name, type=int, default=default)
    names = sorted({what for what, _ in ratios.WORK}) + [study.name for study in growth.STUDIES]
    parser.add_argument("--only", choices=["race", "growth"] + names, help="a part, or one kind of work in it")
    a = parser.parse_args()
    a.nanodit = a.nanodit.resolve()
    a.folder.mkdir(parents=True, exist_ok=True)

    budget = Budget(a.minutes)
    works = [work for work in ratios.WORK if a.only in (None, "race", work[0])] if a.python else []
    studies = [study for study in growth.STUDIES if a.only in (None, "growth", study.name)]
    if not works and not studies:
        parser.error("--only " + a.only + " needs --python")
    where = f"{machine()}, {a.threads} thread(s)"
    if works:
        ratios.run(a, works, budget.part(0.5 if studies else 1.0), where)
    if studies:
        growth.run(a, studies, budget, where)


if __name__ == "__main__":
    main()
