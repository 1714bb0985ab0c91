"""How often the wards read from texts are right: on texts whose wards are known, as written and in other spellings."""

import json
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from routing.city import City
from routing.place import resolve_place


def _stripped(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


#: The same words as other keyboards and other people type them.
VARIANTS: Final[dict[str, Callable[[str], str]]] = {
    "as written": lambda text: text,
    "without accents": _stripped,
    "NFD": lambda text: unicodedata.normalize("NFD", text),
    "CAPITALS": str.upper,
    "without commas": lambda text: text.replace(",", ""),
    "wide spaces": lambda text: f"  {text.replace(' ', '   ')} ",
}


class ExamplesRefused(Exception):
    """A file of examples cannot be used; the message names file, line and reason."""


@dataclass(frozen=True, slots=True)
class Example:
    """A text, the full names of the wards that a careful person would accept, and whether one of them is certain."""

    text: str
    wards: frozenset[str]
    sure: bool


@dataclass(frozen=True, slots=True)
class Score:
    """What came out: `mistakes` are the texts with a ward said to be sure that is not, or that nobody can be sure of.

    `addressed` texts name a place, `resolved` are those of them whose best ward is accepted, `certain` the texts that
    name one ward for certain, `routed` those of them that were rightly said to be sure.
    """

    texts: int
    sure: int
    addressed: int
    resolved: int
    certain: int
    routed: int
    mistakes: tuple[str, ...]

    @property
    def precision(self) -> float:
        """The share that was right of what was said to be sure; 1 when nothing was."""
        return 1 - len(self.mistakes) / self.sure if self.sure else 1.0

    @property
    def coverage(self) -> float:
        """The share of texts with a place whose best ward is an accepted one."""
        return self.resolved / self.addressed if self.addressed else 1.0


def read_examples(city: City, path: Path) -> list[Example]:
    """Read lines of {text, wards, sure}; without `sure`, one ward is certain and several are not.

    Raises `ExamplesRefused` for a line that is no such object or names a ward that the city has not.
    """
    known = {ward.name for ward in city.wards.values()}
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            found.append(_example(json.loads(line), known))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else error
            raise ExamplesRefused(f"{path}:{number}: {what}; needed: text, wards (full names), sure") from None
    if not found:
        raise ExamplesRefused(f"{path}: has no lines")
    return found


def _example(row: dict[str, Any], known: set[str]) -> Example:
    text, wards = row["text"], frozenset(row["wards"])
    if not isinstance(text, str):
        raise TypeError("text is no text")
    if wards - known:
        raise ValueError(f"unknown wards {', '.join(sorted(map(str, wards - known)))}")
    sure = row.get("sure", len(wards) == 1)
    if not isinstance(sure, bool) or (sure and len(wards) != 1):
        raise ValueError("only one ward can be sure")
    return Example(text, wards, sure)


def measure(city: City, examples: Iterable[Example], variant: Callable[[str], str] = str) -> Score:
    """Resolve every text, in that spelling, and count."""
    texts = sure = addressed = resolved = certain = routed = 0
    mistakes: list[str] = []
    for example in examples:
        place = resolve_place(city, variant(example.text))
        accepted = bool(place.candidates) and city.wards[place.candidates[0]].name in example.wards
        right = place.sure and accepted and example.sure
        texts += 1
        sure += place.sure
        addressed += bool(example.wards)
        resolved += accepted
        certain += example.sure
        routed += right
        if place.sure and not right:
            mistakes.append(example.text)
    return Score(texts, sure, addressed, resolved, certain, routed, tuple(mistakes))


def table(city: City, files: dict[str, Path]) -> str:
    """Return what is measured on each file, by name, as a table in Markdown; a row for each spelling."""
    lines = [
        "| Texts | Spelling | Sure and right | Sure precision | Resolved | Coverage | Certain and routed |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, path in files.items():
        examples = read_examples(city, path)
        for spelling, variant in VARIANTS.items():
            score = measure(city, examples, variant)
            lines.append(
                f"| {name} ({score.texts}) | {spelling} | {score.sure - len(score.mistakes)} of {score.sure} "
                f"| {score.precision:.3f} | {score.resolved} of {score.addressed} | {score.coverage:.3f} "
                f"| {score.routed} of {score.certain} |"
            )
    return "\n".join(lines)
