"""Which units may be given anything today: the page of today, asked by whoever offers or takes a choice of units."""

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.assignment import local_date
from app.database import known
from app.hotline import Hotline
from models.department import Department, open_on


def open_units(hotline: Hotline) -> Select[Department]:
    """Return the query for the units that exist today, in the order in which they are offered."""
    today = local_date(hotline, hotline.now())
    return select(Department).where(open_on(today)).order_by(Department.kind, Department.vi)


def is_open(hotline: Hotline, session: Session, unit: str) -> bool:
    """Tell whether there is such a unit today."""
    return known(session, Department, unit) and (
        session.scalar(open_units(hotline).where(Department.id == unit)) is not None
    )
