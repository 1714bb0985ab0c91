"""How fast routing is on this machine: place, rules and deadlines, beside a plain folding of the same texts.

Time is the processor's, of this process alone: what else the machine does changes it little, and a second of it is a
second of one core. The ratio to the baseline, measured in the same rounds, says more than any number of microseconds.
"""

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from statistics import median
from typing import Final

from models.vocabulary import topics
from routing.city import PACKAGED, City, load_city, read_city
from routing.deadlines import due_dates
from routing.folding import fold
from routing.place import resolve_place
from routing.rules import Facts, decide

_REPORTS: Final = 2000
_ROUNDS: Final = 5
_DAY: Final = date(2026, 3, 2)
_RECEIVED: Final = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
_TEMPLATES: Final = (
    "Kính gửi tổng đài, đèn đường trước nhà số {n} {ward}, {district} tắt đã ba đêm, đi lại rất nguy hiểm, xin xử lý.",
    "Alo, tôi ở hẻm {n} {ward} {district}, cống nghẹt nước đen tràn ra hẻm, hôi không chịu nổi, gọi mãi chưa ai tới.",
    "Rác chất đống trước hẻm {n}/{n}, không ai thu gom cả tuần nay, ruồi nhặng bay khắp nơi, trẻ con bệnh hết rồi.",
    "Hàng xóm tại {ward} ({district} cũ) hát karaoke loa kẹo kéo tới 23 giờ đêm, nhắc nhiều lần vẫn thách thức lại.",
)


@dataclass(frozen=True, slots=True)
class Report:
    """One invented report: its text and the topic it is said to have."""

    text: str
    topic: str


def reports(city: City, count: int) -> list[Report]:
    """Return so many invented reports over all old wards and topics, always the same ones."""
    slugs = list(topics())
    made = []
    for n in range(count):
        old = city.legacy[n * 7 % len(city.legacy)]
        text = _TEMPLATES[n % len(_TEMPLATES)].format(n=n % 400 + 1, ward=old.ward, district=old.district)
        made.append(Report(text, slugs[n % len(slugs)]))
    return made


def route(city: City, report: Report) -> None:
    """Do for one report all that routing does."""
    place = resolve_place(city, report.text, on_date=_DAY)
    ward = place.candidates[0] if place.sure else None
    decide(city, _facts(report, ward))
    _due(city, report)


def run(count: int = _REPORTS, rounds: int = _ROUNDS) -> str:
    """Measure and return a table: microseconds a report, reports a second of one core, times the baseline.

    Each is the median of the rounds; a round measures every part once, so that all meet the same machine.
    """
    city = load_city()
    made = reports(city, count)
    length = sum(len(report.text) for report in made) / len(made)
    works: tuple[tuple[str, Callable[[], object]], ...] = (
        ("place + rules + deadlines", lambda: _each(made, partial(route, city))),
        ("place (at most 200 µs)", lambda: [resolve_place(city, report.text) for report in made]),
        ("rules", lambda: [decide(city, _facts(report)) for report in made]),
        ("deadlines", lambda: _each(made, partial(_due, city))),
        ("baseline: folding the text", lambda: [fold(report.text) for report in made]),
        ("reading the city", lambda: read_city(PACKAGED)),
    )
    took: dict[str, list[float]] = {name: [] for name, _ in works}
    for _ in range(rounds):
        for name, work in works:
            took[name].append(_seconds(work))
    *parts, (reading, load) = [(name, median(tries)) for name, tries in took.items()]
    baseline = parts[-1][1]
    lines = [f"{len(made)} reports of {length:.0f} characters on average; Python {platform.python_version()}, one core"]
    lines += [
        f"{name:28}{1e6 * spent / len(made):10.1f} µs{len(made) / spent:12,.0f} a second{spent / baseline:8.1f} ×"
        for name, spent in parts
    ]
    lines.append(f"{reading:28}{1e3 * load:10.1f} ms")
    return "\n".join(lines)


def _facts(report: Report, ward: str | None = None) -> Facts:
    return Facts(report.topic, ward, "phan-anh", "normal", report.text, _DAY)


def _due(city: City, report: Report) -> None:
    due_dates(city, topic=report.topic, urgency="normal", submission_type="phan-anh", received_at=_RECEIVED)


def _each(made: list[Report], work: Callable[[Report], None]) -> None:
    for report in made:
        work(report)


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
