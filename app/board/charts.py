"""Where the lines and bars of a drawing go. Pages draw them as SVG: no script, no style of their own, printable."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

#: A sparkline's size in its own units, with room for the dot at its end.
WIDTH: Final = 120
HEIGHT: Final = 32
EDGE: Final = 3


@dataclass(frozen=True)
class Drawing:
    """A line through the values that are known, as runs of points; `end` is the dot of the last value, if known."""

    runs: list[str]
    end: tuple[float, float] | None


def spark(values: Sequence[float | None]) -> Drawing:
    """Return a sparkline; a value that is not known interrupts it. Its height is the range of the values."""
    known = [value for value in values if value is not None]
    low, span = (min(known), max(known) - min(known)) if known else (0.0, 0.0)
    step = (WIDTH - 2 * EDGE) / max(1, len(values) - 1)

    def place(number: int, value: float) -> tuple[float, float]:
        part = (value - low) / span if span else 0.5
        return round(EDGE + step * number, 1), round(HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * part, 1)

    return _drawn([None if value is None else place(number, value) for number, value in enumerate(values)])


def line(values: Sequence[float | None]) -> Drawing:
    """Return a line of rates (0 to 1) in a square of 100: a point in the middle of each of the columns below it."""
    each = 100 / max(1, len(values))
    places = [
        None if value is None else (round(each * (number + 0.5), 2), round(100 - 100 * value, 2))
        for number, value in enumerate(values)
    ]
    return _drawn(places)


def _drawn(places: list[tuple[float, float] | None]) -> Drawing:
    runs: list[list[str]] = [[]]
    for place in places:
        if place is None:
            runs.append([])
        else:
            runs[-1].append(f"{place[0]},{place[1]}")
    return Drawing([" ".join(run) for run in runs if len(run) > 1], places[-1] if places else None)


def share(value: float, most: float) -> float:
    """Return how long a bar is, of 100."""
    return round(100 * value / most, 2) if most else 0.0
