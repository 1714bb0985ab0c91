"""Bringing the city's facts into the database, so that tickets can refer to them. Nothing is ever deleted."""

from sqlalchemy.orm import Session

from app.hotline import Hotline
from app.knowledge import service as knowledge
from models.department import Department
from models.place import LegacySuccessor, LegacyWard, Ward
from models.taxonomy import SubmissionKind, Topic
from models.vocabulary import SubmissionType, topics
from routing.city import City

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
    city = hotline.city
    with hotline.database.transaction() as session:
        _taxonomy(session)
        _places(session, city)
        session.flush()
        _departments(session, city)
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


def _departments(session: Session, city: City) -> None:
    # Parents first: a foreign key cannot point at a row that is still to come.
    waiting = dict(city.departments)
    while waiting:
        ready = [d for d in waiting.values() if d.parent is None or d.parent not in waiting]
        for fact in ready:
            session.merge(
                Department(
                    id=fact.id,
                    vi=fact.vi,
                    en=fact.en,
                    kind=fact.kind,
                    parent_id=fact.parent,
                    ward_code=fact.ward,
                    valid_from=fact.valid_from,
                    valid_to=fact.valid_to,
                    contact=fact.contact,
                )
            )
            del waiting[fact.id]
        session.flush()
        if not ready:
            raise ValueError("departments are each other's parents: " + ", ".join(sorted(waiting)))
