"""Inputs made up for parsers: text as people and pranksters type it, and good files with a few things wrong."""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import date, datetime
from typing import Any, Final

import yaml
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

#: How often each promise is tried among the other tests.
BRIEFLY: Final = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
#: Seconds of this process that a single input may cost, on a machine that has other things to do as well.
SECONDS: Final = 5.0

#: Any code point: surrogates, controls, marks and what is not assigned as well.
ANYTHING: Final = st.characters(exclude_categories=())
#: What the parsers of text and place look for, whole and in parts.
_PIECES: Final = (
    "phường", "Phường 12", "P.12", "p12", "quận", "Q.1", "q bình thạnh", "TP.HCM", "xã Vĩnh Lộc A", "Thủ Đức",
    "gần", "không phải", "nay là", "cũ", "hẻm 12/3", "đường Lê Lợi", "số 5", "ngã tư", "nhà tôi ở",
    "tôi tên là Nguyễn Văn A", "ký tên", "địa chỉ", "cách", "và", "giữa", "từ", "đến", "0901 234 567",
    "+84 90 123 45 67",
    "(028) 3829-1234", "a@b.vn", "59X1-234.56", "079090001234", "hoà", "hoa\u0300", "đựơc", "ƯỜNG", "ko", "đc",
    "tt", "ca", "tp", "…",
    "\n", "\u200b", "\u200d", "\u202e", "\ufeff", "Ð", "ﬁ", "\ufdfa", "１２", "𝐀", "İ", "ß", "\u0303" * 6, "\u0345",
    "e\u0301", "15", "9h", "14:30", "27/11", "30/2", "sau 2 tiếng", "https://a.vn/?q=1", "=1+1", "{x}", "%s",
    "<b>", "\\", "'",
    '"', " ", " ", ", ", ". ", "-", "/", ":", "_",
)  # fmt: skip

#: A text of up to some hundred characters.
texts: Final = st.lists(st.one_of(st.sampled_from(_PIECES), st.text(ANYTHING, max_size=5)), max_size=24).flatmap(
    lambda pieces: st.sampled_from(("", " ")).map(lambda between: between.join(pieces))
)
#: The same as often as the longest that a field takes.
long_texts: Final = st.builds(
    lambda text, times: (text * times)[:6000], texts, st.sampled_from((1, 1, 1, 2, 100, 5000))
)

_ODD_TEXTS: Final = (
    "",
    " ",
    "\0",
    "-1",
    "1e999",
    "0x1F",
    "2026-02-30",
    "{x}",
    "{0}",
    "%",
    "(",
    "[",
    "\ud800",
    "9" * 400,
)
_scalars: Final = st.one_of(
    st.none(), st.booleans(), st.integers(), st.sampled_from((-1, 0, 2**31, 2**63, 10**30)), st.floats(),
    st.sampled_from(_ODD_TEXTS), texts, st.dates(), st.datetimes(),
)  # fmt: skip
#: What may stand where something else is expected.
values: Final = st.recursive(
    _scalars, lambda some: st.one_of(st.lists(some, max_size=3), st.dictionaries(texts, some, max_size=3)), max_leaves=6
)


@st.composite
def damaged(draw: st.DrawFn, wholes: Sequence[bytes]) -> bytes:
    """Make up bytes that are a good file but for a few places."""
    whole = bytearray(draw(st.sampled_from(wholes)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(whole)))
        length = draw(st.integers(0, 40))
        match draw(st.sampled_from(("replace", "insert", "remove", "repeat", "cut"))):
            case "replace":
                whole[at : at + length] = draw(st.binary(min_size=length, max_size=length))
            case "insert":
                whole[at:at] = draw(st.binary(max_size=40))
            case "remove":
                del whole[at : at + length]
            case "repeat":
                whole[at:at] = whole[at : at + length] * draw(st.sampled_from((1, 2, 1000)))
            case _:
                del whole[at:]
    return bytes(whole)


@st.composite
def twisted(draw: st.DrawFn, wholes: Sequence[Any]) -> Any:
    """Make up a tree of mappings and lists that is a good one but for a few of its values and keys."""
    tree = deepcopy(draw(st.sampled_from(wholes)))
    for _ in range(draw(st.integers(0, 4))):
        holder, key = draw(st.sampled_from(list(_places(tree)) or [([None], 0)]))
        match draw(st.sampled_from(("replace", "remove", "add", "swap"))):
            case "replace":
                holder[key] = draw(values)
            case "remove":
                del holder[key]
            case "add" if isinstance(holder, dict):
                holder[draw(texts)] = draw(values)
            case "add":
                holder.insert(key, draw(values))
            case _:
                other, place = draw(st.sampled_from(list(_places(tree))))
                holder[key] = deepcopy(other[place])
    return tree


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (mapping or list, key or position) of every value in a tree."""
    for key in tree if isinstance(tree, dict) else range(len(tree)):
        yield tree, key
        if isinstance(tree[key], dict | list):
            yield from _places(tree[key])


def as_yaml(tree: Any) -> bytes:
    """Return a tree as a file of YAML; a lone surrogate in it makes the file undecodable."""
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False).encode("utf-8", "surrogatepass")


def as_json(tree: Any) -> bytes:
    """Return a tree as a file of JSON, NaN and all."""
    written = json.dumps(tree, ensure_ascii=False, default=_day)
    return written.encode("utf-8", "surrogatepass")


def _day(value: date | datetime) -> str:
    return value.isoformat()


@contextmanager
def in_time(seconds: float = SECONDS) -> Iterator[None]:
    """Fail if this process works longer than that."""
    before = time.process_time()
    yield
    took = time.process_time() - before
    assert took < seconds, f"it took {took:.1f} s"
