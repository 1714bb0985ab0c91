"""Who is logged in, for Flask-Login, and the door in front of staff pages."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import redirect, request, url_for
from flask_login import UserMixin, current_user
from werkzeug.wrappers import Response

from app.problems import NotFound
from models.account import Account, StaffSession
from models.vocabulary import Role

P = ParamSpec("P")
R = TypeVar("R")


class StaffMember(UserMixin):  # type: ignore[misc]
    """A session with its account, as Flask-Login wants it.

    `owes_factor`: they must set a second factor up before they get to see anything else.
    """

    def __init__(self, sitting: StaffSession, account: Account, *, owes_factor: bool) -> None:
        self.sitting = sitting
        self.account = account
        self.owes_factor = owes_factor

    def get_id(self) -> str:
        """Return what the session cookie holds."""
        return self.sitting.id.hex


def required(*roles: Role) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """Let in only accounts of these roles: others are asked to log in, or told that there is no such page."""
    return _door(frozenset(roles), set_up_first=True)


def signed_in(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Let in whoever is logged in, also who has still to set up a second factor: for their own account's pages."""
    return _door(frozenset(Role), set_up_first=False)(view)


def _door(roles: frozenset[Role], *, set_up_first: bool) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    def door(view: Callable[P, R]) -> Callable[P, R | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
            if not current_user.is_authenticated:
                back = request.full_path.rstrip("?") if request.method == "GET" else None
                return redirect(url_for("accounts.login", next=back), 303)
            member = cast(StaffMember, current_user)
            if member.owes_factor and set_up_first:
                return redirect(url_for("own.second_factor"), 303)
            if member.account.role not in roles:
                raise NotFound
            return view(*args, **kwargs)

        return guarded

    return door
