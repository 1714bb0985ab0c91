"""Figures as people read them: numbers, spans, what they are called, and whether they got better."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from babel.numbers import format_decimal

from app.board.definitions import BY_NAME, Definition
from app.board.figures import NONE, Counts
from app.board.schema import TIMES
from app.i18n import gettext as _
from app.i18n import label, language
from app.returns.schema import Period
from app.wording import channel_words
from models.vocabulary import Channel, topic_groups, topics
from routing.city import City

HOUR: Final = 3600
DAY: Final = 24 * HOUR
#: Spans are told in days from here on.
LONG: Final = 2 * DAY


def name(definition: Definition) -> str:
    """Return what a figure is called."""
    return definition.vi if language() == "vi" else definition.en


def what(definition: Definition) -> str:
    """Return what counts and what does not."""
    return definition.what_vi if language() == "vi" else definition.what_en


def number(value: float, digits: int = 0) -> str:
    """Return a number as the language writes it: 1.204 or 1,204."""
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return format_decimal(value, pattern, locale=language())


def value(kind: str, found: float | None) -> str:
    """Return a figure's value in words; a dash for what is not known."""
    if found is None:
        return "—"
    match kind:
        case "rate":
            return f"{number(100 * found, 1)}\N{NO-BREAK SPACE}%"
        case "stars":
            return number(found, 1)
        case "span":
            return span(found)
    return number(found)


def span(seconds: float) -> str:
    """Return a span as people say it: minutes, hours, then days and hours."""
    if seconds < HOUR:
        return _("{n} phút").format(n=max(1, round(seconds / 60)) if seconds else 0)
    if seconds < LONG:
        return _("{n} giờ").format(n=number(seconds / HOUR, 1 if seconds < 10 * HOUR else 0))
    days, rest = divmod(round(seconds / HOUR), 24)
    whole = _("{n} ngày").format(n=number(days))
    return f"{whole} {_('{n} giờ').format(n=rest)}" if rest else whole


@dataclass(frozen=True)
class Change:
    """How a figure stands beside another: `kind` ok, late or none, for colour and shape; `words` say it."""

    kind: str
    words: str


def against_before(definition: Definition, now: float | None, before: float | None) -> Change:
    """Return whether a figure got better since the period before; a bare count depends on how many came at all."""
    unjudged = definition.kind == "count" or definition.better is None
    if now is None or before is None or unjudged or now == before:
        return Change("none", _("kỳ trước {value}").format(value=value(definition.kind, before)))
    good = (now > before) == (definition.better == "up")
    said = _("tốt hơn kỳ trước {value}") if good else _("kém hơn kỳ trước {value}")
    return Change("ok" if good else "late", said.format(value=value(definition.kind, before)))


def against_target(definition: Definition, now: float | None, target: float | None) -> Change | None:
    """Return whether a figure reaches its target; None where there is none to reach."""
    if target is None:
        return None
    said = value(definition.kind, target)
    if now is None:
        return Change("none", _("mục tiêu {value}").format(value=said))
    reached = now >= target if definition.better == "up" else now <= target
    words = _("đạt mục tiêu {value}") if reached else _("chưa đạt mục tiêu {value}")
    return Change("ok" if reached else "late", words.format(value=said))


def of(counts: Counts, figure: str) -> float | None:
    """Return a figure of some counts by its name."""
    found: float | None = getattr(counts, BY_NAME[figure].name)
    return found


def dimension(by: str) -> str:
    """Return what figures are grouped by, in words."""
    return {
        "unit": _("Đơn vị"),
        "ward": _("Phường, xã"),
        "group": _("Nhóm chủ đề"),
        "topic": _("Chủ đề"),
        "channel": _("Kênh"),
        "day": _("Ngày"),
        "week": _("Tuần"),
        "month": _("Tháng"),
    }[by]


def key(city: City, by: str, found: Any, parts: Sequence[Period] = ()) -> str:
    """Return the name of a unit, ward, topic, group, channel or part of the period."""
    if by in TIMES:
        return part(parts[int(found)], by)
    if found == NONE:
        none = {"unit": _("Chưa có đơn vị"), "ward": _("Chưa rõ nơi"), "topic": _("Chưa rõ"), "group": _("Chưa rõ")}
        return none[by]
    named: Mapping[str, Any] = {
        "unit": city.departments,
        "topic": topics(),
        "group": {group.slug: group for group in topic_groups()},
    }
    if by == "channel":
        return channel_words(Channel(found))
    if by == "ward":
        return city.wards[found].name if found in city.wards else str(found)
    return label(named[by][found]) if found in named[by] else str(found)


def part(period: Period, by: str) -> str:
    """Return a day, week or month in few words: 3/3, 2/3–8/3, 3/2026."""
    if by == "day":
        return day(period.first)
    if by == "month" and period.first.day == 1:
        return f"{period.first.month}/{period.first.year}"
    return f"{day(period.first)}–{day(period.last)}" if period.first != period.last else day(period.first)


def day(on: date) -> str:
    """Return a day without its year."""
    return f"{on.day}/{on.month}"
