"""The tracking code: what the citizen holds. We keep only its keyed hash.

Sixteen Crockford base-32 characters are 80 random bits: a million live codes and ten guesses a second for a year find
one with a chance below 1e-9. The alphabet has no I, L, O, U, so a code survives being read over the phone.
"""

import base64
import hashlib
import hmac
import secrets
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 16
#: From the alphabet of RFC 4648, which encodes the random bits, to ours.
_OURS: Final = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())
_READ_AS: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None, "\u00a0": None, "–": None})


def new_code() -> str:
    """Return sixteen fresh characters, without hyphens."""
    return base64.b32encode(secrets.token_bytes(LENGTH * 5 // 8)).translate(_OURS).decode()


def normalised(typed: str) -> str | None:
    """Return the sixteen characters a person meant (any case, O for 0, I or L for 1), or None if that is no code."""
    code = typed.strip().upper().translate(_READ_AS)
    return code if len(code) == LENGTH and set(code) <= set(ALPHABET) else None


def grouped(code: str) -> str:
    """Return the code as it is shown and read out: `XXXX-XXXX-XXXX-XXXX`."""
    return "-".join(code[i : i + 4] for i in range(0, LENGTH, 4))


def code_hash(key: bytes, code: str) -> str:
    """Return HMAC-SHA-256 of a normalised code in hex. The key lives outside the database."""
    return hmac.new(key, code.encode(), hashlib.sha256).hexdigest()
