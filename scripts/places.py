#!/usr/bin/env python3
"""Write the table of docs/places.md: how often the wards read from texts are right, on every file of examples."""

from pathlib import Path

from routing.city import load_city
from routing.measure import table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "places.md"
EXAMPLES = ROOT / "tests" / "routing" / "data"
FILES = ("blind_places_100", "blind_places_300", "blind_places", "hard_places")
BEGINS, ENDS = "<!-- written by scripts/places.py -->\n", "\n<!-- until here -->"


def page() -> str:
    """Return the page as it should stand: its prose, and the table as it is measured now."""
    before, _, rest = PAGE.read_text("utf-8").partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    measured = table(load_city(), {name: EXAMPLES / f"{name}.jsonl" for name in FILES})
    return before + BEGINS + measured + ENDS + after


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
