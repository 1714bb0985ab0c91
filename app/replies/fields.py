"""The fields of a reply template: a closed list of words in braces, filled with what is known of the ticket."""

import re
from collections.abc import Mapping
from typing import Final

#: Each field as it is written, and what stands there where nothing is known.
FIELDS: Final[Mapping[str, str]] = {
    "đơn vị": "đơn vị phụ trách",
    "hạn": "thời gian sớm nhất",
    "chủ đề": "việc này",
    "nơi": "nơi bạn báo",
}
_FIELD: Final = re.compile(r"\{([^{}]*)\}")


def unknown_fields(body: str) -> list[str]:
    """Return what stands in braces and is no field, and a brace that stands alone, in the order of the text."""
    unknown = [name.strip() for name in _FIELD.findall(body) if _known(name) is None]
    return unknown + re.findall(r"[{}]", _FIELD.sub("", body))


def filled(body: str, values: Mapping[str, str | None]) -> str:
    """Return a template's words with its fields filled; a field without a value says so in words of its own."""

    def value(match: re.Match[str]) -> str:
        name = _known(match[1])
        return match[0] if name is None else values.get(name) or FIELDS[name]

    return _FIELD.sub(value, body)


def _known(name: str) -> str | None:
    """Return the field that is meant, however it is spaced and whether or not it begins with a capital."""
    plain = " ".join(name.split()).lower()
    return plain if plain in FIELDS else None
