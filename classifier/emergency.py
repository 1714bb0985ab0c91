"""Which emergency number to show, from the words of a report that is an emergency. Too many beats too few."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import yaml

from classifier.text import canonical, fold

#: Words, without marks, and the number of those who come.
_POLICE: Final = """
danh nhau|danh dap|danh toi|danh vo|chem|dam nhau|dao|sung|cuop|giat do|giut|bat coc|giet|hiep|xam hai|khong che
de doa|ma tuy|dua xe|hanh hung|dot nhap|an trom|bao hanh|nao loan|hon chien|tong tien|police
"""
_FIRE_AND_RESCUE: Final = """
chay|khoi|phat no|tieng no|no binh|ro gas|mui gas|xi gas|ro ri gas|ket|sap|duoi nuoc|nuoc cuon|chet duoi|mac ket
nhay cau|nhay lau|dien giat|ro dien|day dien|ho ga|rot xuong|lot xuong|sat lo|de trung|hoa chat|ngat khi|troi
fire|gas leak
"""
_AMBULANCE: Final = """
bi thuong|bat tinh|ngat|xiu|ngo doc|nguy kich|cap cuu|tai nan|chay mau|mau me|soc|dot quy|co giat|kho tho|tim tai
ngung tho|dien giat|duoi nuoc|dam chet|tong xe|te xe|bat dong|hon me|tu tu|chan thuong|ambulance
"""
_CHILD: Final = r"(?:tre|tre em|be|chau|con nit|hoc sinh|em be|dua nho)"
_ABUSE: Final = r"(?:danh|bao hanh|xam hai|bo roi|dam o|nhot|hiep)"


def _any(words: str) -> str:
    return rf"\b(?:{'|'.join(words.split(chr(10))[1:-1])})\b"


_PATTERNS: Final[Mapping[str, re.Pattern[str]]] = {
    "113": re.compile(_any(_POLICE)),
    "114": re.compile(_any(_FIRE_AND_RESCUE)),
    "115": re.compile(_any(_AMBULANCE)),
    "111": re.compile(rf"\b{_CHILD}\b.{{0,60}}\b{_ABUSE}\b|\b{_ABUSE}\b.{{0,60}}\b{_CHILD}\b"),
}

#: Who comes when the words do not say, and who is named first when they do.
_BY_TOPIC: Final[Mapping[str, tuple[str, ...]]] = {
    "fire-rescue-safety": ("114",),
    "power-outage-safety": ("114", "115"),
    "flooding": ("114",),
    "canal-waterway": ("114",),
    "trees": ("114", "115"),
    "public-order-crime": ("113",),
    "social-protection": ("111", "113"),
    "education": ("111", "113"),
    "food-safety": ("115",),
    "healthcare-service": ("115",),
    "disease-prevention": ("115",),
    "animals": ("115",),
}
_ANYBODY: Final = ("113", "114", "115")


def numbers(text: str, topic: str) -> tuple[str, ...]:
    """Return the numbers to show for a report of an emergency, the most fitting first; never none."""
    plain = fold(text)
    named = tuple(number for number, pattern in _PATTERNS.items() if pattern.search(plain))
    usual = _BY_TOPIC.get(topic, ())
    first = tuple(number for number in usual if number in named)
    return (*first, *(number for number in named if number not in first)) or usual or _ANYBODY


@cache
def cues() -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return number → (phrases with marks, phrases without) of `classifier/data/emergency_cues.yaml`, in lower case.

    The same list is served with the form. `ValueError` names a number that nobody answers.
    """
    raw: dict[str, list[str]] = yaml.safe_load(
        files("classifier").joinpath("data/emergency_cues.yaml").read_text("utf-8")
    )
    strange = sorted(set(map(str, raw)) - set(_PATTERNS))
    if strange:
        raise ValueError(f"classifier/data/emergency_cues.yaml: {strange} are none of {sorted(_PATTERNS)}")
    return {
        number: (
            tuple(canonical(phrase.lstrip("!")).lower() for phrase in phrases),
            tuple(fold(phrase) for phrase in phrases if not phrase.startswith("!")),
        )
        for number, phrases in raw.items()
    }


def danger(text: str) -> tuple[str, ...]:
    """Return the numbers to show at once for a text that speaks of danger now, none for all others.

    A list of phrases, no model: it answers before anything is stored. A text that has marks is read with them.
    """
    said = canonical(text).lower()
    marks = "đ" in said or not unicodedata.is_normalized("NFD", said)
    return tuple(
        number
        for number, (marked, bare) in cues().items()
        if any(cue in said and re.search(rf"\b{re.escape(cue)}\b", said) for cue in (marked if marks else bare))
    )
