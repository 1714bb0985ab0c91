"""Taking a denouncer's identity out of what they wrote (law 25/2018, articles 8 and 56). A proposal: a person reads it.

What says who *wrote* is masked: what was left as contact, wherever it stands; numbers, plates, e-mail and home
addresses; the name after "tôi tên là". Whom they accuse stays, or there would be nothing to verify.
"""

import re
from collections.abc import Sequence
from typing import Final

from classifier.scrub import PERSONAL
from classifier.text import fold, received

_WORD: Final = re.compile(r"[^\W_]+")
MASK: Final = "[đã che]"
_UPPER: Final = "A-ZÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬÈÉẺẼẸÊỀẾỂỄỆÌÍỈĨỊÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢÙÚỦŨỤƯỪỨỬỮỰỲÝỶỸỴĐ"
#: Two to five words that begin with a capital.
_NAME: Final = rf"[{_UPPER}][^\W\d_]*(?:\s+[{_UPPER}][^\W\d_]*){{1,4}}"
#: Who speaks: "tôi tên là", "em tên", "người tố cáo:", "ký tên".
_SPEAKER: Final = re.compile(
    rf"(?i:(?:tôi|em|con|cháu|mình|tui)\s+(?:tên\s+là|tên|là)|họ\s+(?:và\s+)?tên|người\s+(?:tố\s+cáo|viết\s+đơn|làm\s+đơn)"
    rf"|ký\s+tên)\s*:?\s*(?P<who>{_NAME})"
)
#: Where they live: "ngụ tại …", "nhà tôi ở …", up to the end of the sentence or clause. Possessive, or a run of blanks
#: would be shared out among its parts in every way there is.
_HOME: Final = re.compile(
    r"(?i:(?:hiện\s+)?(?:ngụ|cư\s+ngụ|thường\s+trú|tạm\s+trú|trú)\s*+(?:tại|ở)?+|nhà\s+(?:tôi|em|con|mình|tui)\s*+(?:ở|số)"
    r"|địa\s+chỉ(?:\s+(?:nhà|của\s+tôi))?)\s*+:?+\s*+(?P<where>[^.;\n]*?\d[^;\n]*?)(?=[;\n]|,\s+(?!phường|quận|xã|huyện|thành|tp|đường|p\.|q\.)"
    r"|\.(?:\s|$)|$)",
)
_HOUSE: Final = re.compile(
    r"(?i:số\s+(?:nhà\s+)?|hẻm\s+|ngõ\s+|kiệt\s+)\d+[\w/]*(?:\s+(?i:đường|hẻm|phố|khu\s+phố)\s+[^,.;\n]+)?"
)


def masked(text: str, identity: Sequence[str] = ()) -> str:
    """Return a text as it may be shown to others: no telephone, identity card, plate, e-mail address, nor `identity`.

    `identity` is what is known of its writer: name, telephone, e-mail. For every view beside its writer's own and that
    of who works on it.
    """
    for value in identity:
        text = _known(value).sub(MASK, text)
    for pattern in PERSONAL:
        text = pattern.sub(MASK, text)
    return text


def redacted(text: str, identity: Sequence[str] = ()) -> str:
    """Return the text with its writer's identity masked, also who says that they speak and where they live."""
    for value in identity:
        text = _known(value).sub(MASK, text)
    for pattern, part in ((_SPEAKER, "who"), (_HOME, "where")):
        text = pattern.sub(lambda found, part=part: found[0].replace(found[part], MASK), text)  # type: ignore[misc]
    return masked(_HOUSE.sub(MASK, text))


def speakers(text: str) -> tuple[str, ...]:
    """Return the names by which whoever wrote a text says that they speak."""
    return tuple(found["who"] for found in _SPEAKER.finditer(text))


def identity_left(text: str, identity: Sequence[str]) -> bool:
    """Tell whether a text still holds a part of the identity as whole words, however it is spelled."""
    plain, digits = _plain_words(text), re.sub(r"\D", "", text)
    for value in identity:
        if number := _number(value):
            if number in digits:
                return True
        elif _plain_words(value).strip() and _plain_words(value) in plain:
            return True
    return False


def _plain_words(text: str) -> str:
    """Return the words of a text without marks and punctuation, a blank around each."""
    return f" {' '.join(_WORD.findall(fold(text)))} "


def _number(value: str) -> str | None:
    """Return the nine digits by which a telephone number is known, however it begins; None for what is none."""
    digits = re.sub(r"\D", "", value)
    return digits[-9:] if len(digits) >= 9 and "@" not in value else None


def _known(value: str) -> re.Pattern[str]:
    """Return what finds a name, an address or a telephone number, in any case and grouping."""
    if number := _number(value):
        return re.compile(r"(?:\+?84|0)?[\s.\-]?" + r"[\s.\-]?".join(number))
    words = [re.escape(word) for word in received(value).split()]
    return re.compile(r"\b" + r"\s+".join(words) + r"\b", re.IGNORECASE)
