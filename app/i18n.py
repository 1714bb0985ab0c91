"""Vietnamese is the language the program is written in for people; English comes from one catalogue.

The catalogue is read as PO at start, so there is no compiled file to forget.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Final, Protocol

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import g, has_request_context, request

LANGUAGES: Final = ("vi", "en")
COOKIE: Final = "lang"


class Named(Protocol):
    """Anything with a Vietnamese and an English name."""

    @property
    def vi(self) -> str:
        """Name in Vietnamese."""

    @property
    def en(self) -> str:
        """Name in English."""


@cache
def _english() -> Translations:
    compiled = io.BytesIO()
    with files("app").joinpath("translations/en.po").open("rb") as stream:
        write_mo(compiled, read_po(stream, locale="en"))
    compiled.seek(0)
    return Translations(compiled)


def language() -> str:
    """Return the language this person chose, Vietnamese unless they chose."""
    if not has_request_context():
        return "vi"
    if "lang" not in g:
        chosen = request.cookies.get(COOKIE)
        g.lang = chosen if chosen in LANGUAGES else "vi"
    return str(g.lang)


@contextmanager
def speaking(lang: str) -> Iterator[None]:
    """Speak a language for a while, whatever the person chose: a paper is in the language of its office."""
    if not has_request_context():
        yield  # Vietnamese is spoken there anyway
        return
    chosen, g.lang = language(), lang
    try:
        yield
    finally:
        g.lang = chosen


def gettext(message: str) -> str:
    """Return a message in the person's language; an untranslated one stays Vietnamese."""
    return message if language() == "vi" else str(_english().gettext(message))


def ngettext(singular: str, plural: str, number: int) -> str:
    """Return the form that fits the number; Vietnamese has one form."""
    return singular if language() == "vi" else str(_english().ngettext(singular, plural, number))


def label(thing: Named) -> str:
    """Return a thing's name in the person's language."""
    return thing.vi if language() == "vi" else thing.en


_ = gettext
