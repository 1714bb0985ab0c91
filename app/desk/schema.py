"""The shapes of what is typed at the desk: a draft, a time to call back, a number as an exchange tells it."""

import re
from collections.abc import Mapping
from datetime import datetime, time, timedelta, tzinfo
from typing import Final
from uuid import UUID

import phonenumbers
from pydantic_core import PydanticCustomError

from app.intake import schema as intake
from app.problems import NotFound, Problem, Refused, refuse

#: What a draft holds: fields of the report, and of the call: `topic` as confirmed, the questions that were asked, and
#: the numbers to which the caller was put through.
DRAFT_FIELDS: Final = (
    "text", "place_text", "contact_phone", "contact_name", "consent", "submission_type", "incident", "topic", "asked",
    "transferred",
)  # fmt: skip
#: What comes with a draft besides.
BESIDES: Final = frozenset({"csrf_token", "form_token", "draft", "draft_version", "nearby"})
#: Nobody is called back later than this many days from now.
CALL_BACK_DAYS: Final = 30
#: When offices open, for a call-back on a day without a time.
MORNING: Final = time(8, 0)

_IN: Final = re.compile(
    r"(?:(sau|in|\+) ?)?(\d{1,3}) ?(?:(tiếng|tieng|hours?)|(giờ|gio|h|g)|(phút|phut|ph|p|'|minutes?|min|m))?"
)
_AT: Final = re.compile(r"(?:lúc |luc |at )?([01]?\d|2[0-3]) ?(?:[:hg]|giờ|gio) ?([0-5]\d)?")
_ON: Final = re.compile(r"(\d{1,2})/(\d{1,2})(?: +(.+))?")
#: "2h" is said of the afternoon: nobody is called back in the night.
NIGHT: Final = range(1, 7)
_NOON: Final = 12


def draft_fields(form: Mapping[str, str]) -> dict[str, str]:
    """Return what a draft keeps of a posted form, blanks left out; raise `Refused` for fields that nobody reads."""
    unknown = sorted(set(form) - set(DRAFT_FIELDS) - BESIDES)
    if unknown:
        raise Refused(Problem(name[:100], "unknown_field") for name in unknown)
    return {name: form[name] for name in DRAFT_FIELDS if form.get(name, "").strip()}


def id_of(typed: str) -> UUID | None:
    """Return an id as a form carries it, None of an empty field; raise `NotFound` for what cannot be one."""
    if not typed:
        return None
    try:
        return UUID(typed)
    except ValueError:
        raise NotFound from None


def version_of(typed: str) -> int:
    """Return a version as a form carries it; one that is none is older than all."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


def number_of(told: str | None) -> str | None:
    """Return a caller's number, as E.164 where it is a valid one; None where it is hidden.

    An exchange tells what it was told: a number that is none is shown as it came, and finds no tickets.
    """
    digits = re.sub(r"[^\d+]", "", told or "")
    if not digits:
        return None
    return e164(digits) or digits[:20]


def e164(typed: str) -> str | None:
    """Return a telephone number in the form in which contacts keep it, None for what is none."""
    try:
        return intake.e164(typed)
    except PydanticCustomError:
        return None


def shown_number(number: str) -> str:
    """Return a number as people here dial it, in groups: 0901 234 567."""
    try:
        parsed = phonenumbers.parse(number, "VN")
    except phonenumbers.NumberParseException:
        return number
    kind = phonenumbers.PhoneNumberFormat
    home = parsed.country_code == 84
    return phonenumbers.format_number(parsed, kind.NATIONAL if home else kind.INTERNATIONAL)


def time_to_call(typed: str, now: datetime, zone: tzinfo) -> datetime:
    """Return when to call back; raise `Refused` for what is no time, what has passed and what is over 30 days ahead.

    "15" and "15 phút" are minutes from now, "2 tiếng" and "sau 2h" hours from now; "14:30" and "9h" are on the clock,
    tomorrow if they have passed today, and "27/11" or "27/11 9h" on a day, next year's if it has passed.
    """
    words = " ".join(typed.lower().split())
    if not words:
        raise refuse("when", "required")
    here = now.astimezone(zone)
    at = _after(words, here) or _at(words, here) or _on(words, here)
    if at is None:
        raise refuse("when", "call_back_when")
    if at < here:
        raise refuse("when", "call_back_past")
    if at - here > timedelta(days=CALL_BACK_DAYS):
        raise refuse("when", "call_back_far", days=CALL_BACK_DAYS)
    return at


def _after(words: str, here: datetime) -> datetime | None:
    found = _IN.fullmatch(words)
    if found is None:
        return None
    from_now, number, hours, clock, _minutes = found.groups()
    if clock and not from_now:
        return None
    return here + (timedelta(hours=int(number)) if hours or clock else timedelta(minutes=int(number)))


def _at(words: str, here: datetime) -> datetime | None:
    clock = _clock(words)
    if clock is None:
        return None
    at = here.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)
    return at if at > here else at + timedelta(days=1)


def _clock(words: str) -> time | None:
    found = _AT.fullmatch(words)
    if found is None:
        return None
    hour = int(found[1])
    return time(hour + _NOON if hour in NIGHT and not found[1].startswith("0") else hour, int(found[2] or 0))


def _on(words: str, here: datetime) -> datetime | None:
    found = _ON.fullmatch(words)
    clock = MORNING if found is None or found[3] is None else _clock(found[3])
    if found is None or clock is None:
        return None
    try:
        at = here.replace(
            month=int(found[2]), day=int(found[1]), hour=clock.hour, minute=clock.minute, second=0, microsecond=0
        )
        return at if at.date() >= here.date() else at.replace(year=at.year + 1)
    except ValueError:  # there is no 30th of February
        return None
