"""Bringing the city's facts into the database, so that tickets can refer to them. Nothing is ever deleted."""

from datetime import date

from sqlalchemy.orm import Session

from app.hotline import Hotline
from app.knowledge import service as knowledge
from app.units import book
from app.units.book import Author
from models.place import LegacySuccessor, LegacyWard, Ward
from models.taxonomy import SubmissionKind, Topic
from models.vocabulary import SubmissionType, UnitChangeOrigin, topics
from routing.city import City
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
        session.flush()
        _departments(session, city, Author(UnitChangeOrigin.SEED, now), city.calendar.local_day(now))
        knowledge.plant(hotline, session)
    return {"topics": len(topics()), "wards": len(city.wards), "legacy wards": len(city.legacy),
            "departments": len(city.departments)}  # fmt: skip


def _taxonomy(session: Session) -> None:
    for topic in topics().values():
        session.merge(Topic(slug=topic.slug, group=topic.group, vi=topic.vi, en=topic.en))
    for kind, (vi, en) in _TYPE_NAMES.items():
        session.merge(SubmissionKind(slug=kind.value, vi=vi, en=en))


def _places(session: Session, city: City) -> None:
    for ward in city.wards.values():
        session.merge(Ward(code=ward.code, name=ward.name, lat=ward.lat, lon=ward.lon))
    session.flush()
    for legacy in city.legacy:
        successors = [LegacySuccessor(legacy_code=legacy.code, ward_code=c, is_default=d) for c, d in legacy.new]
        session.merge(
            LegacyWard(
                code=legacy.code,
                name=legacy.ward,
                district=legacy.district,
                province=legacy.province,
                successors=successors,
            )
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
