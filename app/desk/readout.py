"""Reading a code out: groups of four, and a word for each letter when the caller asks."""

from dataclasses import dataclass
from typing import Final

from models.code import ALPHABET

#: What everybody here knows; each begins with the letter.
_WORDS_VI: Final = {
    "A": "An Giang", "B": "Bến Tre", "C": "Cần Thơ", "D": "Dừa", "E": "Em bé", "F": "Fansipan", "G": "Gia Lai",
    "H": "Hà Nội", "J": "Jun", "K": "Kon Tum", "M": "Mẹ", "N": "Nha Trang", "P": "Phú Yên", "Q": "Quảng Nam",
    "R": "Rạch Giá", "S": "Sa Pa", "T": "Tây Ninh", "V": "Vũng Tàu", "W": "Web", "X": "Xuân Lộc", "Y": "Yên Bái",
    "Z": "Zalo",
}  # fmt: skip
#: The alphabet of the ICAO.
_WORDS_EN: Final = {
    "A": "Alfa", "B": "Bravo", "C": "Charlie", "D": "Delta", "E": "Echo", "F": "Foxtrot", "G": "Golf", "H": "Hotel",
    "J": "Juliett", "K": "Kilo", "M": "Mike", "N": "November", "P": "Papa", "Q": "Quebec", "R": "Romeo",
    "S": "Sierra", "T": "Tango", "V": "Victor", "W": "Whiskey", "X": "X-ray", "Y": "Yankee", "Z": "Zulu",
}  # fmt: skip
#: What letters are called; a voice would read many of them in English.
_NAMES_VI: Final = {
    "A": "a", "B": "bê", "C": "xê", "D": "dê", "E": "e", "F": "ép", "G": "gờ", "H": "hát", "J": "gi", "K": "ca",
    "M": "mờ", "N": "nờ", "P": "pê", "Q": "quy", "R": "rờ", "S": "sờ", "T": "tê", "V": "vê", "W": "vê kép",
    "X": "ích", "Y": "i dài", "Z": "dét",
}  # fmt: skip
_DIGITS_VI: Final = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_DIGITS_EN: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True)
class Character:
    """One character of a code, how it is called, and the word for a letter; a digit is its own word."""

    sign: str
    called: str
    word: str


def groups(code: str, language: str) -> list[list[Character]]:
    """Return a code (`XXXX-XXXX-XXXX-XXXX`) as it is read out in a language, vi or en."""
    return [[_character(sign, language) for sign in group] for group in code.split("-")]


def spoken(code: str, language: str) -> str:
    """Return what a voice says of a code: a comma is a short pause, a full stop a longer one."""
    return ". ".join(", ".join(one.called for one in group) for group in groups(code, language)) + "."


def spelled(code: str, language: str) -> str:
    """Return what a voice says with a word for each letter."""
    like = "như" if language == "vi" else "as in"
    said = [
        ", ".join(one.called if one.sign.isdigit() else f"{one.called} {like} {one.word}" for one in group)
        for group in groups(code, language)
    ]
    return ". ".join(said) + "."


def _character(sign: str, language: str) -> Character:
    vi = language == "vi"
    if sign not in ALPHABET:
        raise ValueError(f"{sign!r} is in no code")
    if sign.isdigit():
        called = (_DIGITS_VI if vi else _DIGITS_EN)[int(sign)]
        return Character(sign, called, called)
    return Character(sign, _NAMES_VI[sign] if vi else sign, (_WORDS_VI if vi else _WORDS_EN)[sign])
