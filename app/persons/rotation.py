"""Turning the contact keys."""

from typing import Final

from app.hotline import Hotline
from app.persons import contacts
from app.persons.contacts import rows_by_key
from app.persons.keys import ContactKeyMissing

#: How a key that locks rows and is not in the ring begins in `counted`; and what is locked with none.
LOST: Final = "a key that is not here: "
CLEAR: Final = "in clear"


def rotate(hotline: Hotline, *, forget_old: bool) -> int:
    """Lock every contact with a new key, which is made where keys are in a file; return how many were changed.

    With `forget_old`, older keys are then taken out of the file, unless something needs one still. Raises
    `ContactKeyMissing`.
    """
    keys = hotline.contact_keys
    if keys.from_file and keys.ready:
        keys.add_key()
    renewed = contacts.renew(hotline)
    if forget_old and keys.from_file:
        with hotline.database.reading() as session:
            if set(rows_by_key(session)) - {keys.newest}:
                raise ContactKeyMissing("contacts are locked with older keys still: call it again")
        keys.forget_old()
    return renewed


def counted(hotline: Hotline) -> list[tuple[str, int]]:
    """Return (id of a key, contacts it locks), the newest first; then keys that are not here, and what is in clear."""
    with hotline.database.reading() as session:
        rows = rows_by_key(session)
    known = [(name, rows.pop(name, 0)) for name in hotline.contact_keys.ids] if hotline.contact_keys.ready else []
    clear = rows.pop(None, 0)
    lost = [(f"{LOST}{name}", number) for name, number in rows.items()]
    return [*known, *lost, *([(CLEAR, clear)] if clear else [])]
