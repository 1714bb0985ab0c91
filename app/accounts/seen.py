"""When somebody was last there, or a token last used: written in passing."""

from sqlalchemy import Update

from app.errors import is_away
from app.hotline import Hotline


def note(hotline: Hotline, change: Update) -> None:
    """Write it down; a database that cannot be written just now keeps nobody from reading."""
    try:
        with hotline.database.transaction() as session:
            session.execute(change)
    except Exception as error:
        if not is_away(error):
            raise
