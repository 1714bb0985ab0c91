"""What the request in hand belongs to: the installation, its counters, who asks, and from where."""

import hashlib
from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final, cast

from flask import current_app, g, request
from flask_login import current_user

from app.accounts.session import StaffMember
from app.hotline import Hotline
from app.maps.service import PublicFigures
from app.throttle import Throttle
from app.work.presence import Presence
from models.account import Account, StaffSession

KEY: Final = "langnghe"
THROTTLE: Final = "langnghe-throttle"
FIGURES: Final = "langnghe-figures"
PRESENCE: Final = "langnghe-presence"


def hotline() -> Hotline:
    """Return the installation that the current request is for."""
    return cast(Hotline, current_app.extensions[KEY])


def throttle() -> Throttle:
    """Return the counters of this process."""
    return cast(Throttle, current_app.extensions[THROTTLE])


def public_figures() -> PublicFigures:
    """Return the public figures as this process has read them within the last minute."""
    return cast(PublicFigures, current_app.extensions[FIGURES])


def presence() -> Presence:
    """Return who has which ticket open, as far as Redis knows."""
    return cast(Presence, current_app.extensions[PRESENCE])


def address() -> str:
    """Return a keyed digest of who is asking, for counting only; addresses themselves are kept nowhere.

    Of IPv6 the first 64 bits count: the rest is one household's to choose, a new one for every try.
    """
    return hashlib.blake2b(
        _counted(request.remote_addr or "?").encode(), key=hotline().keys.tokens, digest_size=12
    ).hexdigest()


def _counted(address: str) -> str:
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv4Address):
        return address
    return str(found.ipv4_mapped or IPv6Network((int(found), 64), strict=False))


def ask_nothing_more() -> None:
    """Let the page that ends this request ask the database nothing.

    For what went wrong, since it may be the database that is away, and for what must be shown once it is written.
    """
    g.asks_nothing_more = True


def may_ask() -> bool:
    """Tell whether a page may still ask the database for what stands around its own matter."""
    return not g.get("asks_nothing_more", False)


def visitor() -> Account | None:
    """Return the account in whose name a page is shown, if any; where nothing may be asked, only one known already."""
    member = current_user if may_ask() else g.get("_login_user")
    return cast(StaffMember, member).account if member is not None and member.is_authenticated else None


def staff() -> Account:
    """Return the account that is logged in; only for views behind `accounts.session.required`."""
    return cast(StaffMember, current_user).account


def sitting() -> StaffSession:
    """Return the session in which a logged-in person asks; only for views behind doors of `accounts.session`."""
    return cast(StaffMember, current_user).sitting
