"""Bringing the city's facts into the database, so that tickets can refer to them. Nothing is ever deleted."""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.hotline import Hotline
from app.knowledge import service as knowledge
from app.units import book
from app.units.book import Author
from models.base import Base
from models.loaded import LoadedRules
from models.place import LegacySuccessor, LegacyWard, Ward
from models.taxonomy import SubmissionKind, Topic
from models.vocabulary import SubmissionType, UnitChangeOrigin, topics
from routing.city import PACKAGED, City, LegacyFact
from routing.unitbook import change_for, changes_of_life, differences, units_of

_TYPE_NAMES = {
    SubmissionType.REPORT: ("Phản ánh", "Report"),
    SubmissionType.SUGGESTION: ("Kiến nghị", "Suggestion"),
    SubmissionType.COMPLAINT: ("Khiếu nại", "Complaint (legal)"),
    SubmissionType.DENUNCIATION: ("Tố cáo", "Denunciation"),
    SubmissionType.QUESTION: ("Hỏi đáp", "Question"),
    SubmissionType.PRAISE: ("Khen ngợi", "Praise"),
    SubmissionType.EMERGENCY: ("Khẩn cấp", "Emergency"),
    SubmissionType.INVALID: ("Không hợp lệ", "Invalid"),
}


def load(hotline: Hotline) -> dict[str, int]:
    """Write taxonomy, wards and departments; what is there already is brought up to date. Returns counts."""
    city = hotline.files
    now = hotline.now()
    with hotline.database.transaction() as session:
        _taxonomy(session)
        _places(session, city)
        _departments(session, city, Author(UnitChangeOrigin.SEED, now), city.calendar.local_day(now))
        knowledge.plant(hotline, session)
        _rules(session, hotline.settings.city or PACKAGED, now)
    return {"topics": len(topics()), "wards": len(city.wards), "legacy wards": len(city.legacy),
            "departments": len(city.departments)}  # fmt: skip


def _rules(session: Session, folder: Path, now: datetime) -> None:
    """Write down what the rules say, where that is not what they said last."""
    text = (folder / "rules.yaml").read_text("utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    last = session.scalar(select(LoadedRules.digest).order_by(LoadedRules.id.desc()).limit(1))
    if digest != last:
        session.add(LoadedRules(loaded_at=now, digest=digest, text=text))


def _write(session: Session, kind: type[Base], wanted: Iterable[Base]) -> None:
    """Write those rows of a table that are not there or are there otherwise."""
    there = set(session.scalars(select(kind)))  # held, or merging would ask for each row by itself
    with session.no_autoflush:
        there.update(session.merge(row) for row in wanted)
    session.flush()


def _taxonomy(session: Session) -> None:
    _write(session, Topic, (Topic(slug=t.slug, group=t.group, vi=t.vi, en=t.en) for t in topics().values()))
    named = (SubmissionKind(slug=kind.value, vi=vi, en=en) for kind, (vi, en) in _TYPE_NAMES.items())
    _write(session, SubmissionKind, named)


def _places(session: Session, city: City) -> None:
    _write(session, Ward, (Ward(code=w.code, name=w.name, lat=w.lat, lon=w.lon) for w in city.wards.values()))
    _write(session, LegacyWard, map(_legacy, city.legacy))


def _legacy(fact: LegacyFact) -> LegacyWard:
    successors = [LegacySuccessor(legacy_code=fact.code, ward_code=code, is_default=d) for code, d in fact.new]
    return LegacyWard(
        code=fact.code, name=fact.ward, district=fact.district, province=fact.province, successors=successors
    )


def _departments(session: Session, city: City, author: Author, day: date) -> None:
    """Write the units of the files into the book.

    The files are the seed: a unit that is new to the book is written as they have it, past and all. One of which
    nobody but they has spoken follows them from today on. What administrators have changed stays theirs.
    """
    book.lock(session)
    lines = book.lines(session)
    known = units_of(map(book.change_of, lines))
    ours = {line.department_id for line in lines if line.origin is not UnitChangeOrigin.SEED}
    fresh = [fact for name, fact in city.units.departments.items() if name not in known and name not in ours]
    book.add(session, author, [change for fact in fresh for change in changes_of_life(fact)])
    book.add(session, author, book.take_in_strays(session))
    found, _ = differences(known, city.units, day)
    follow = [d for d in found if d.unit in known and d.unit in city.units.departments and d.unit not in ours]
    book.add(session, author, [change_for(difference) for difference in follow])
    book.turn_page(session, book.read(session), day)
