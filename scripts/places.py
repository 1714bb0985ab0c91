#!/usr/bin/env python3
"""Write the table of docs/places.md: how often the wards read from texts are right, on every file of examples."""

from pathlib import Path

from routing.city import load_city
from routing.measure import table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "places.md"
EXAMPLES = ROOT / "tests" / "routing" / "data"
FILES = ("blind_places_100", "blind_places_300", "blind_places", "hard_places")
BEGINS, ENDS = "<!-- written by scripts/places.py -->\n", "<!-- until here -->\n"


def page() -> str:
    """Return the page as it should stand: its prose, and the table as it is measured now.

    Raises `ValueError` when a mark is gone: then nobody knows where the prose goes on.
    """
    written = PAGE.read_text("utf-8")
    begins, ends = written.index(BEGINS) + len(BEGINS), written.index(ENDS)
    measured = table(load_city(), {name: EXAMPLES / f"{name}.jsonl" for name in FILES})
    return f"{written[:begins]}{measured}\n{written[ends:]}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
