"""The street and the landmark a text names, for showing and for grouping reports; they never decide a ward.

The same street name stands in several wards, so a street alone is no place (source: name traps of the ward map).
"""

from typing import Final

from routing.folding import fold
from routing.words import Words

_MOST: Final = 5


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split())


_STREET: Final = frozenset((fold("đường"), fold("đ")))
_ALLEY: Final = frozenset((fold("hẻm"), fold("ngõ")))
_STREETS: Final = _STREET | _ALLEY
_ONE_WORD: Final = _folded("chợ cầu chùa trường")
_TWO_WORDS: Final = frozenset(
    tuple(fold(words).split())
    for words in (
        "chung cư",
        "bệnh viện",
        "công viên",
        "ngã tư",
        "ngã ba",
        "bến xe",
        "siêu thị",
        "nhà thờ",
        "vòng xoay",
    )
)
_LANDMARKS: Final = _ONE_WORD | {first for first, _ in _TWO_WORDS}
#: Words that end the name of a street.
_STOP: Final = _folded(
    "phường p f xã x quận q huyện h tp thành thị đoạn gần bị có và khu số ngay tới đến ra vào trước sau đối từ qua là "
    "thì mà nay này kia đang rất nhiều ngập hư hỏng không ko đèn rác cây kẹt giao với ở tại nội lớn nhỏ dẫn đi vô "
    "hẻm ngõ bên làm mới cũ chưa đã sáng"
)


#: What follows the street in an address, and within how many words: the name may be longer than we read it.
_UNIT: Final = _folded("phường p f xã x quận q")
_LONGER: Final = 3


def street_in(words: Words) -> str | None:
    """Return the first street named, as written.

    That is after "đường", after an alley's number ("hẻm 285 Lê Văn Sỹ"), or in an address that the text begins with
    ("12/3 Lê Lợi, phường Bến Thành").
    """
    if _STREETS.isdisjoint(words.words):
        return _addressed(words)
    for i, word in enumerate(words.words):
        if word in _STREET and words.as_spelt(i) in {"đường", "duong", "đ"} and i + 1 < words.count:
            name = _name(words, i + 1)
            if name is not None:
                return name
        if word in _ALLEY:
            j = i + 1
            while j < words.count and words.words[j].isdigit():
                j += 1
            named = i + 1 < j < words.count and words.words[j] not in _STREET
            name = _name(words, j) if named else None
            if name is not None:
                return name
    return _addressed(words)


def _addressed(words: Words) -> str | None:
    """Return the street of an address: house number, street, and then the ward or district."""
    first = 0
    while first < words.count and words.words[first].isdigit():
        first += 1
    name = _name(words, first) if 0 < first < words.count else None
    if name is None or not (" " in name or name.isupper()):  # of one word only a short form: CMT8
        return None
    after = first + len(name.split())
    return name if _UNIT.intersection(words.words[after : after + _LONGER]) else None


def landmark_in(words: Words) -> str | None:
    """Return the first market, hospital, crossing or the like that has a name, as written."""
    if _LANDMARKS.isdisjoint(words.words):
        return None
    for i, word in enumerate(words.words[:-1]):
        if (word, words.words[i + 1]) in _TWO_WORDS and i + 2 < words.count:
            name = _name(words, i + 2)
        elif word in _ONE_WORD:
            name = _name(words, i + 1)
        else:
            continue
        if name is not None:
            end = words.composed.index(name, words.starts[i]) + len(name)
            return words.composed[words.starts[i] : end]
    return None


def _name(words: Words, first: int) -> str | None:
    """Return the name that begins at a word: as long as it is capitalised, or up to three words where nothing is."""
    shown = words.original(first, first + 1)
    capitals = shown[0].isupper() and not words.composed.isupper()
    if not words.joined(first) and words.gaps[first].strip() != ".":
        return None
    end = first
    while end < words.count and end - first < (_MOST if capitals else 3):
        written = words.original(end, end + 1)
        if (end > first and not words.joined(end)) or words.words[end] in _STOP:
            break
        if capitals and not (written[0].isupper() or written.isdigit()):
            break
        end += 1
    return words.original(first, end) if end > first else None
