"""What a city wants to reach, read from its folder: the board shows it beside each figure. No file, no targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from routing.source import Block, Problems, read_yaml

FILE: Final = "targets.yaml"
#: Figure → (key in the file, by what the number there is multiplied).
_KEYS: Final = {
    "on_time_rate": ("on_time_percent", 0.01),
    "reopened_rate": ("reopened_percent", 0.01),
    "stars": ("stars_tenths", 0.1),
    "first_action": ("first_action_hours", 3600.0),
    "answer_time": ("answer_hours", 3600.0),
}


@dataclass(frozen=True, slots=True)
class Targets:
    """Figure → what it should reach: rates from 0 to 1, stars from 1 to 5, spans in seconds."""

    of: Mapping[str, float]


def read_targets(folder: Path, problems: Problems) -> Targets:
    """Read the city's targets; what is unknown or out of range is a problem with its file and line."""
    if not (folder / FILE).exists():
        return Targets(MappingProxyType({}))
    block = read_yaml(folder, FILE, problems)
    block.only(*(key for key, _ in _KEYS.values()))
    found = {figure: _number(block, key) * factor for figure, (key, factor) in _KEYS.items() if block.has(key)}
    return Targets(MappingProxyType(found))


def _number(block: Block, key: str) -> int:
    number = block.number(key, 1)
    most = {"stars_tenths": 50}.get(key, 100 if key.endswith("percent") else 10_000)
    if not 1 <= number <= most:
        block.wrong(f"{key!r} must be from 1 to {most}")
    return number
