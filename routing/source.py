"""Reading a city's files so that every mistake is reported with its file and line, all of them at once.

The shape of the files is this project's own; nothing in here knows a city.
"""

import re
from collections.abc import Hashable
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_LINE: Final = "\0line"
#: Controls (but tab and line end) and lone surrogates, which YAML takes where they are escaped.
_UNTOLD: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


class CityDataError(Exception):
    """A city's files cannot be used; the message lists every problem, one per line, as `file:line: what`."""


class Problems:
    """The list of what is wrong, collected while reading."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, where: str, what: str) -> None:
        """Note one problem, on one line whatever is told of it."""
        self.found.append(f"{where}: {' '.join(what.split())}")

    def refuse(self) -> None:
        """Raise `CityDataError` when anything was found."""
        if self.found:
            raise CityDataError("\n".join(self.found))


class JsonReport:
    """Finds the line of a JSON entry by its code, only when there is a problem to report."""

    def __init__(self, file: str, text: str, problems: Problems) -> None:
        self._file = file
        self._text = text
        self._problems = problems

    def __call__(self, entry: object, what: str) -> None:
        """Note a problem of that entry; without a code, of the file's first line."""
        code = str(entry.get("code")) if isinstance(entry, dict) else str(entry)
        position = self._text.find(f'"{code}"')
        line = self._text.count("\n", 0, position) + 1 if position >= 0 else 1
        self._problems.add(f"{self._file}:{line}", what)


class _LinedLoader(_Loader):  # type: ignore[misc]
    """A safe YAML loader that remembers on which line each mapping began, and on which a value means nothing."""

    def construct_object(self, node: Any, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        """Return what a node stands for; PyYAML itself lets a 30th of February, or `!!int x`, through as they fail."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
            raise yaml.MarkedYAMLError(problem="this value means nothing", problem_mark=node.start_mark) from None


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    loader.flatten_mapping(node)
    built: dict[Any, Any] = {_LINE: node.start_mark.line + 1}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise yaml.MarkedYAMLError(problem="a key must be a plain value", problem_mark=key_node.start_mark)
        if key in built:
            raise yaml.MarkedYAMLError(problem=f"{key!r} is written twice", problem_mark=key_node.start_mark)
        built[key] = loader.construct_object(value_node, deep=True)
    return built


_LinedLoader.add_constructor("tag:yaml.org,2002:map", _mapping)


class Block:
    """One mapping of a file, read key by key; what is missing or of the wrong type becomes a problem."""

    def __init__(self, values: dict[Any, Any], file: str, problems: Problems) -> None:
        self.line: int = values.get(_LINE, 1)
        self.file = file
        self.problems = problems
        self._values = {str(key): value for key, value in values.items() if key != _LINE}

    @property
    def where(self) -> str:
        """File and line of this block."""
        return f"{self.file}:{self.line}"

    def keys(self) -> list[str]:
        """Return the keys in written order."""
        return list(self._values)

    def wrong(self, what: str) -> None:
        """Note a problem at this block."""
        self.problems.add(self.where, what)

    def only(self, *allowed: str) -> None:
        """Refuse keys that nobody reads: they are usually slips of the pen."""
        for key in self._values.keys() - set(allowed):
            self.wrong(f"unknown key {key!r}; known: {', '.join(sorted(allowed))}")

    def has(self, key: str) -> bool:
        """Tell whether the key is there and not empty."""
        return self._values.get(key) is not None

    def text(self, key: str) -> str:
        """Return a text that must be there."""
        value = self._values.get(key)
        if _is_text(value):
            return str(value).strip()
        self.wrong(f"{key!r} must be a text")
        return ""

    def text_or_none(self, key: str) -> str | None:
        """Return a text that may be missing."""
        return self.text(key) if self.has(key) else None

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; a missing key is an empty list, a single text a list of one."""
        value = self._values.get(key)
        written = [] if value is None else value if isinstance(value, list) else [value]
        if all(map(_is_text, written)):
            return tuple(written)
        self.wrong(f"{key!r} must be a list of texts")
        return ()

    def number(self, key: str, otherwise: int, most: int = 10_000) -> int:
        """Return a whole number from 0 to `most`."""
        value = self._values.get(key, otherwise)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
            return value
        self.wrong(f"{key!r} must be a whole number from 0 to {most}")
        return otherwise

    def truth(self, key: str) -> bool:
        """Return a yes or no that must be there."""
        value = self._values.get(key)
        if isinstance(value, bool):
            return value
        self.wrong(f"{key!r} must be true or false")
        return False

    def day(self, key: str) -> date | None:
        """Return a date, or None when it is missing."""
        value = self._values.get(key)
        if value is None or (isinstance(value, date) and type(value) is date):
            return value
        self.wrong(f"{key!r} must be a date like 2026-01-31")
        return None

    def block(self, key: str) -> "Block":
        """Return a mapping inside this one; a missing key is an empty block."""
        value = self._values.get(key)
        if isinstance(value, dict):
            return Block(value, self.file, self.problems)
        if value is not None:
            self.wrong(f"{key!r} must be a mapping")
        return Block({_LINE: self.line}, self.file, self.problems)

    def blocks(self, key: str) -> list["Block"]:
        """Return a list of mappings; a missing key is an empty list."""
        value = self._values.get(key)
        if value is None:
            return []
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return [Block(item, self.file, self.problems) for item in value]
        self.wrong(f"{key!r} must be a list of mappings")
        return []


def _is_text(value: object) -> bool:
    """Tell whether a value says something, in characters that every file and database takes."""
    return isinstance(value, str) and bool(value.strip()) and _UNTOLD.search(value) is None


def read_yaml(folder: Path, name: str, problems: Problems) -> Block:
    """Read one file of a city; what cannot be read at all is a problem and an empty block."""
    try:
        raw = yaml.load((folder / name).read_text("utf-8"), Loader=_LinedLoader)  # noqa: S506 (a safe loader)
    except (OSError, UnicodeDecodeError) as error:
        problems.add(name, f"cannot be read: {error.__class__.__name__}")
        return Block({}, name, problems)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        problems.add(f"{name}:{mark.line + 1 if mark else 1}", str(error.problem))
        return Block({}, name, problems)
    except RecursionError:
        problems.add(name, "is nested too deeply")
        return Block({}, name, problems)
    except yaml.YAMLError as error:
        problems.add(name, f"is not YAML: {error}")
        return Block({}, name, problems)
    if isinstance(raw, dict):
        return Block(raw, name, problems)
    problems.add(f"{name}:1", "must be a mapping")
    return Block({}, name, problems)
