"""A device on which somebody has been in before is known again: who guesses elsewhere does not shut its owner out."""

import hashlib
import secrets
from typing import Final

from flask import request
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response as AnyResponse

from app.hotline import Hotline

LIFE_DAYS: Final = 180
_PATH: Final = "/"


def recognised(hotline: Hotline, username: str) -> str | None:
    """Return the id of this device if this user was in on it before, to count its tries by themselves."""
    try:
        told = _signer(hotline).loads(request.cookies.get(_cookie(hotline), ""), max_age=LIFE_DAYS * 86400)
    except BadSignature:
        return None
    device: str | None = told.get(_digest(hotline, username))
    return device


def remember(hotline: Hotline, response: AnyResponse, username: str) -> None:
    """Let this device be known for this user from now on; of other users' it forgets."""
    response.set_cookie(
        _cookie(hotline),
        str(_signer(hotline).dumps({_digest(hotline, username): secrets.token_hex(8)})),
        max_age=LIFE_DAYS * 86400,
        path=_PATH,
        secure=hotline.settings.https,
        httponly=True,
        samesite="Lax",
    )


def _cookie(hotline: Hotline) -> str:
    return "__Host-device" if hotline.settings.https else "device"


def _signer(hotline: Hotline) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(hotline.keys.devices)


def _digest(hotline: Hotline, username: str) -> str:
    name = username.strip().lower()[:64].encode()
    return hashlib.blake2b(name, key=hotline.keys.devices, digest_size=12).hexdigest()
