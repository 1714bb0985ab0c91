"""Line icons from Lucide, put into the page itself: no request each, and they take the colour of the words."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from markupsafe import Markup

FOLDER: Final = Path(__file__).with_name("static") / "vendor" / "icons"


@cache
def icon(name: str) -> Markup:
    """Return an icon as SVG, hidden from screen readers; nothing when the front-end's files were not fetched."""
    try:
        svg = (FOLDER / f"{name}.svg").read_text("utf-8")
    except FileNotFoundError:
        return Markup()
    drawing = svg[svg.index(">", svg.index("<svg")) + 1 : svg.rindex("</svg>")]
    return Markup(  # noqa: S704 - a file of ours, no input
        '<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">'
        + re.sub(r"\s+", " ", drawing).strip()
        + "</svg>"
    )
