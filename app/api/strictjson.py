"""JSON as the standard means it: no NaN, no repeated keys, no bottomless nesting, UTF-8 only."""

import json
from typing import Any

from werkzeug.exceptions import RequestEntityTooLarge

from app.problems import Malformed, Problem, Refused

#: A report nests one deep; more is somebody trying something.
DEPTH_MAX = 20
#: No object of ours has half as many; each unknown one would be answered with a sentence of its own.
FIELDS_MAX = 100


def parse_object(raw: bytes) -> dict[str, Any]:
    """Return the object in a body.

    Raises `Malformed` for broken JSON, `Refused` for something that is no object, `RequestEntityTooLarge` for one of
    too many fields.
    """
    try:
        text = raw.decode("utf-8-sig")
        _check_depth(text)
        value = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except UnicodeDecodeError:
        raise Malformed([Problem("", "undecodable")]) from None
    except (ValueError, RecursionError) as error:
        reason = str(error).split(":")[0] if isinstance(error, json.JSONDecodeError) else str(error)
        raise Malformed([Problem("", "malformed_json", {"reason": reason[:100]})]) from None
    if not isinstance(value, dict):
        raise Refused([Problem("", "not_object")])
    return value


def _check_depth(text: str) -> None:
    """Count brackets outside strings before the parser recurses into them."""
    depth, in_string, escaped = 0, False, False
    for character in text:
        if in_string:
            if escaped:
                escaped = False
            elif character == "\\":
                escaped = True
            elif character == '"':
                in_string = False
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise ValueError(f"nested more than {DEPTH_MAX} deep")
        elif character in "]}":
            depth -= 1


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > FIELDS_MAX:
        raise RequestEntityTooLarge
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is repeated")
    return found
