"""Who is logged in, for Flask-Login, and the door in front of staff pages."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import redirect, request, url_for
from flask_login import UserMixin, current_user
from werkzeug.wrappers import Response

from app.problems import NotFound
from models.account import Account
from models.vocabulary import Role

P = ParamSpec("P")
R = TypeVar("R")


class StaffMember(UserMixin):  # type: ignore[misc]
    """An account as Flask-Login wants it. The session's key carries the epoch, so that sessions can be ended."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def get_id(self) -> str:
        """Return what the session cookie holds."""
        return f"{self.account.id.hex}:{self.account.session_epoch}"


def required(*roles: Role) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """Let in only accounts of these roles: others are asked to log in, or told that there is no such page."""

    def door(view: Callable[P, R]) -> Callable[P, R | Response]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
            if not current_user.is_authenticated:
                back = request.full_path.rstrip("?") if request.method == "GET" else None
                return redirect(url_for("accounts.login", next=back), 303)
            if cast(StaffMember, current_user).account.role not in roles:
                raise NotFound
            return view(*args, **kwargs)

        return guarded

    return door
