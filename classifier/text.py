"""One form of a text for storing, one for the model, one for search.

`received` is what we keep, and refuses what cannot be kept; `canonical`, `expand` and `fold` make copies for machines
and never refuse. Training and serving see the same copies, so a text has one form however it was typed.
Standard library only.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

from classifier.remember import of_words
from classifier.shortforms import expand_piece

#: More combining marks than this on one base is a prank; no script we meet needs more.
MAX_MARKS: Final = 4

# U+FFFD is what a lenient decoder leaves of broken bytes: the words are lost, and only their writer can mend them.
_REFUSED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd]")
_LINE_END = re.compile("\r\n?|[\u2028\u2029]")
_INVISIBLE = re.compile("[\ufeff\u200b\u2060\u00ad]")
_JOINERS = re.compile("[\u200c\u200d]+")
_STRAY_MARKS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f]+")
_ALPHABETIC = re.compile(r"[^\W\d_]+")


class UnacceptableText(ValueError):
    """A text we do not store: `reason` is "nul", "control", "surrogate" or "undecodable".

    `position` counts code points from 0.
    """

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(f"{reason} character at position {position}")
        self.reason = reason
        self.position = position


def received(text: str) -> str:
    """Return the form we store: NFC, LF, no invisible noise; `UnacceptableText` for what must be refused, not repaired.

    Bidirectional overrides stay: the citizen typed them, and pages show them inert.
    """
    if (found := _REFUSED.search(text)) is not None:
        raise UnacceptableText(_reason(found.group()), found.start())
    before, text = "", unicodedata.normalize("NFC", _INVISIBLE.sub("", _LINE_END.sub("\n", text)))
    while before != text:  # what is left away brings others together; all but pranks are the same the second time
        before = text
        text = unicodedata.normalize("NFC", _JOINERS.sub(_needed_joiner, text))
        text = unicodedata.normalize("NFC", _bounded(text))
    return text.strip()


def _reason(char: str) -> str:
    if char == "\0":
        return "nul"
    if char == "\ufffd":
        return "undecodable"
    return "surrogate" if "\ud800" <= char <= "\udfff" else "control"


def _needed_joiner(run: re.Match[str]) -> str:
    """Keep one joiner between two characters that can use it (emoji, scripts that join), none beside Latin or a gap."""
    before, after = run.string[: run.start()][-1:], run.string[run.end() :][:1]
    return run.group()[0] if _joins(before) and _joins(after) else ""


#: A mark of the Latin script may be a part of the letter before, so it joins as little.
_UNJOINED: Final = ("LATIN", "COMBINING")


def _joins(char: str) -> bool:
    return char > "\u02ff" and not char.isspace() and not unicodedata.name(char, "").startswith(_UNJOINED)


def _bounded(text: str) -> str:
    """Cut every run of combining marks to `MAX_MARKS`."""
    # a text has few different characters, so it is those that are looked at
    marks = {char for char in set(text) if unicodedata.category(char)[0] == "M"}
    if not marks:
        return text
    kept: list[str] = []
    run = 0
    for char in text:
        run = run + 1 if char in marks else 0
        if run <= MAX_MARKS:
            kept.append(char)
    return "".join(kept)


def canonical(text: str) -> str:
    """Return the form that the model and the search for duplicates see: one form for every way of typing one text.

    Compatibility forms are folded (full width, styled letters), what cannot be seen is dropped, tone marks stand where
    the schoolbook puts them, and white space is single spaces. Case is kept. Never raises.
    """
    text = text.translate(_NOISE) if text.isascii() else _visible(text)
    text = _ALPHABETIC.sub(lambda word: _toned(word.group()), text)
    return " ".join(text.split())


def _visible(text: str) -> str:
    """Normalise after dropping what keeps letter and mark apart; some keyboards give Eth or African D for Đ."""
    text = unicodedata.normalize("NFKC", "".join(map(_shown, text)))
    return _STRAY_MARKS.sub("", text).translate(_LOOKALIKES)


@lru_cache(maxsize=4096)
def _shown(char: str) -> str:
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co"} else char


_NOISE: Final = {code: " " if chr(code).isspace() else None for code in (*range(32), 127)}
_LOOKALIKES: Final = str.maketrans("ÐƉðɖ", "ĐĐđđ")

_TONES: Final = "\u0300\u0301\u0303\u0309\u0323"
_SYLLABLE = re.compile(
    r"(ngh|ng|nh|ch|gh|gi(?=[aăâeêioôơuưy])|kh|ph|qu|th|tr|[bcdđghklmnprstvx])?"
    r"([aăâeêioôơuưy]{1,3})"
    r"(ch|ng|nh|[cmnpt])?"
)


@of_words(32768)
def _toned(word: str) -> str:
    """Put the tone mark of a Vietnamese syllable on its proper vowel (hoà → hòa, đựơc → được); leave other words."""
    if word.isascii():
        return word
    letters, tone, at = _without_tone(word)
    syllable = _SYLLABLE.fullmatch(letters.lower()) if tone else None
    if syllable is None:
        return word
    bearer = syllable.start(2) + _bearer(syllable.group(2), closed=syllable.group(3) is not None)
    if bearer == at:
        return word
    return unicodedata.normalize("NFC", letters[: bearer + 1] + tone + letters[bearer + 1 :])


def _without_tone(word: str) -> tuple[str, str, int]:
    """Split a word into letters that keep their quality, its only tone mark ("" if none), and where that stood."""
    letters: list[str] = []
    tone, at = "", -1
    for char in word:
        parts = unicodedata.normalize("NFD", char)
        marks = [mark for mark in parts[1:] if mark in _TONES]
        if marks and tone:
            return word, "", -1
        if marks:
            tone, at = marks[0], len(letters)
        letters.append(unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES)))
    return "".join(letters), tone, at


def _bearer(vowels: str, *, closed: bool) -> int:
    """Return which vowel of a group bears the tone, by the traditional placement (hòa, thúy, but hoàn)."""
    qualified = [place for place, vowel in enumerate(vowels) if vowel in "ăâêôơư"]
    if qualified:
        return qualified[-1]
    return 1 if len(vowels) == 3 or (closed and len(vowels) == 2) else 0


def expand(text: str) -> str:
    """Return a copy with teencode and abbreviations written out (ko → không, q. → quận); other words as they are."""
    pieces = text.split()
    return " ".join(expand_piece(pieces, place) for place in range(len(pieces)))


def fold(text: str) -> str:
    """Return the form for search: lower case, no diacritics, đ as d, single spaces."""
    parts = unicodedata.normalize("NFD", canonical(text).lower().replace("đ", "d"))
    marks = (ord(char) for char in set(parts) if unicodedata.category(char) == "Mn")
    return " ".join(parts.translate(dict.fromkeys(marks)).split())
