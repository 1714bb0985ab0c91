"""What a phone keeps: the manifest it is installed by, the service worker, and the form without anybody's data.

Pages for the worker's store are asked for without cookies and say nothing of who asks, so nothing personal gets there.
"""

import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Final

from flask import Blueprint, Response, g, render_template, url_for

from app.assets_served import version_of
from app.current import ask_nothing_more
from app.i18n import LANGUAGES
from app.i18n import gettext as _
from app.intake.views import show_form
from app.problems import NotFound

offline = Blueprint("offline", __name__)

#: Files of `static/` without which the form is not whole.
SHELL: Final = ("app.css", "app.js", "drafts.js", "citizen.js", "icon.svg")
#: What the shells are written in.
SOURCES: Final = (
    "templates/base.html",
    "templates/_parts.html",
    "templates/_map.html",
    "templates/intake/form.html",
    "templates/offline/away.html",
    "templates/offline/sw.js",
    "translations/en.po",
)
FONTS: Final = tuple(
    f"vendor/fonts/be-vietnam-pro-{subset}-{weight}-normal.woff2"
    for weight in (400, 600)
    for subset in ("vietnamese", "latin")
)
ICONS: Final = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-maskable.png", "512x512", "maskable"),
)


@offline.get("/manifest.webmanifest")
def manifest() -> Response:
    """Say how the hotline looks as an application of a phone."""
    body = {
        "id": "/",
        "name": _("Lắng Nghe: phản ánh với thành phố"),
        "short_name": "Lắng Nghe",
        "lang": "vi",
        "start_url": "/",
        "scope": "/",
        "display": "standalone",
        "background_color": "#f5f7f9",
        "theme_color": "#0b5d7a",
        "icons": [
            {"src": url_for("static", filename=name), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in ICONS
        ],
        "shortcuts": [{"name": _("Tra cứu"), "url": url_for("tracking.ask")}],
    }
    response = Response(json.dumps(body, ensure_ascii=False), mimetype="application/manifest+json")
    response.headers["Cache-Control"] = "no-cache"
    return response


@offline.get("/sw.js")
def worker() -> Response:
    """Return the service worker; another release has other addresses in it, so the browser takes it up."""
    assets = [url_for("static", filename=name) for name in SHELL]
    # the style sheet names fonts by their bare address
    assets += [f"{url_for('static', filename=name, v='')}".partition("?")[0] for name in FONTS]
    shells = {to: url_for("offline.shell", to=to) for to in LANGUAGES}
    away = {to: url_for("offline.away", to=to) for to in LANGUAGES}
    version = hashlib.sha256(json.dumps([assets, *map(version_of, FONTS), _edition()]).encode()).hexdigest()[:12]
    script = render_template(
        "offline/sw.js",
        assets=assets,
        shells=shells,
        away=away,
        version=version,
        drafts=url_for("static", filename="drafts.js"),
    )
    return Response(script, mimetype="text/javascript", headers={"Cache-Control": "no-cache"})


@cache
def _edition() -> str:
    """Return what tells one release's shells from another's."""
    made_of = b"".join(files("app").joinpath(name).read_bytes() for name in SOURCES)
    return hashlib.sha256(made_of).hexdigest()


@offline.get("/vo/<to>")
def shell(to: str) -> str:
    """Show the empty form as a phone keeps it: nobody is logged in, and a draft brings its own key."""
    _speak(to)
    return show_form("intake/form.html", {}, (), as_shell=True)


@offline.get("/vo/<to>/mat-mang")
def away(to: str) -> str:
    """Say that there is no network, and what can be done all the same."""
    _speak(to)
    ask_nothing_more()  # nor is anybody known to it
    return render_template("offline/away.html", as_shell=True)


def _speak(language: str) -> None:
    if language not in LANGUAGES:
        raise NotFound
    g.lang = language
