"""Numbers, names and words at the desk are kept encrypted; who reads the tables alone learns nothing of them."""

import json
from collections.abc import Mapping

from cryptography.fernet import InvalidToken

from app.hotline import Hotline


def closed(hotline: Hotline, said: Mapping[str, str]) -> bytes:
    """Return an envelope with what was said, by field."""
    return hotline.keys.desk.encrypt(json.dumps(dict(said), ensure_ascii=False).encode("utf-8", "replace"))


def opened(hotline: Hotline, envelope: bytes | None) -> dict[str, str]:
    """Return what is in an envelope; nothing of none, or of one closed before the installation's secret changed."""
    if envelope is None:
        return {}
    try:
        said: dict[str, str] = json.loads(hotline.keys.desk.decrypt(envelope))
    except InvalidToken:
        return {}
    return said
