"""Where the facts are that administrators read but do not change on a page: files, and what to do to change them."""

from dataclasses import dataclass
from pathlib import Path

from app.hotline import Hotline
from routing.city import PACKAGED


@dataclass(frozen=True)
class Sources:
    """The folder of the city's files; `packaged` if it is the one that comes with the program, to be copied first."""

    folder: Path
    packaged: bool


def sources(hotline: Hotline) -> Sources:
    """Return where this installation's city is."""
    return Sources((hotline.settings.city or PACKAGED).resolve(), hotline.settings.city is None)
