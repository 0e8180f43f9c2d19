#!/usr/bin/env python3
"""Puts what race.py measured into the documentation.

usage: publish.py FOLDER docs/performance.md [NAME]

Replaces what stands between <!-- race: begin --> and <!-- race: end -->, and between the same lines of growth, by the tables of FOLDER; plots go
to the folder images beside the document. What FOLDER does not have stays as it is, and so does everything outside these lines: explanations belong
there. The document is changed whole or not at all. With NAME only the race is taken, as one of several in the document: it goes between
<!-- race NAME: begin --> and its end.
"""
import pathlib
import re
import shutil
import sys

sys.dont_write_bytecode = True  # nothing beside the sources
from measuring import write_whole

PARTS = ("race", "growth")


class Refused(Exception):
    """Why nothing was changed, in a sentence."""


def replaced(document, part, text):
    """The document with `text` between the lines of a part, whatever stood there."""
    begin, end = (f"<!-- {part}: {edge} -->" for edge in ("begin", "end"))
    lines = document.split("\n")
    places = [[i for i, line in enumerate(lines) if line.strip() == mark] for mark in (begin, end)]
    if [len(found) for found in places] != [1, 1] or places[0][0] > places[1][0]:
        raise Refused(f'the document must have one line "{begin}" and below it one line "{end}"')
    (first,), (last,) = places
    return "\n".join(lines[: first + 1] + ["", text.strip("\n"), ""] + lines[last:])


def as_part(text):
    """A table as a part of the document: headings one level deeper, plots from its folder of images."""
    return re.sub(r"\]\((growth-[a-z]+\.svg)\)", r"](images/\1)", re.sub(r"^(#+ )", r"#\1", text, flags=re.MULTILINE))


def publish(folder, document, name=None):
    """The parts that were found, by name. Throws Refused."""
    before = document.read_text(encoding="utf-8")
    after, found = before, []
    for part in PARTS if name is None else ("race",):
        file = folder / f"{part}.md"
        if not file.exists():
            continue
        text = file.read_text(encoding="utf-8")
        if not re.search(r"^\|.*\d s \|", text, re.MULTILINE):
            raise Refused(f"{file} has no row that was measured: look at what race.py printed")
        after = replaced(after, part if name is None else f"{part} {name}", as_part(text))
        found.append(part)
    if not found:
        raise Refused(f"{folder} has neither race.md nor growth.md: run race.py first")
    images = document.parent / "images"
    for plot in sorted(folder.glob("growth-*.svg")) if "growth" in found else []:
        images.mkdir(exist_ok=True)
        shutil.copyfile(plot, images / plot.name)
    if after != before:
        write_whole(document, after)
    return found


def main(arguments):
    if len(arguments) not in (2, 3) or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    folder, document = map(pathlib.Path, arguments[:2])
    try:
        print(f"{document}: {' and '.join(publish(folder, document, *arguments[2:]))}")
    except (Refused, OSError) as refusal:
        print(f"publish.py: {refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
