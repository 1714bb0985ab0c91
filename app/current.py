"""What the request in hand belongs to: the installation, its counters, who asks, and from where."""

import hashlib
from typing import Final, cast

from flask import current_app, request
from flask_login import current_user

from app.accounts.session import StaffMember
from app.hotline import Hotline
from app.throttle import Throttle
from models.account import Account

KEY: Final = "langnghe"
THROTTLE: Final = "langnghe-throttle"


def hotline() -> Hotline:
    """Return the installation that the current request is for."""
    return cast(Hotline, current_app.extensions[KEY])


def throttle() -> Throttle:
    """Return the counters of this process."""
    return cast(Throttle, current_app.extensions[THROTTLE])


def address() -> str:
    """Return a keyed digest of who is asking, for counting only; addresses themselves are kept nowhere."""
    raw = (request.remote_addr or "?").encode()
    return hashlib.blake2b(raw, key=hotline().keys.tokens, digest_size=12).hexdigest()


def staff() -> Account:
    """Return the account that is logged in; only for views behind `accounts.session.required`."""
    return cast(StaffMember, current_user).account
