"""Whether this installation holds invented reports: every page says so then, and no second factor is obligatory."""

from typing import Final

from flask import current_app

from app import errors
from app.current import may_ask
from app.hotline import Hotline
from models.outbox import InstallationMark

#: The installation holds invented reports.
DEMO_MARK: Final = "demo"
_KNOWN: Final = "is_demo"


def is_demonstration(hotline: Hotline) -> bool:
    """Tell whether the reports are invented: asked once a process, and again until the database answers."""
    known = current_app.extensions.get(_KNOWN)
    if known is None:
        if not may_ask():
            return False
        try:
            with hotline.database.reading() as session:
                known = session.get(InstallationMark, DEMO_MARK) is not None
        except Exception as error:
            if not errors.is_away(error):
                raise
            return False
        current_app.extensions[_KNOWN] = known
    return bool(known)
