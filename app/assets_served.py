"""What browsers load besides pages: under addresses that change with the content, and compressed."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any, Final

from flask import Flask, Response, request, session
from flask_compress import Compress

STATIC: Final = Path(__file__).with_name("static")
#: A digest this long tells releases of a file apart.
DIGITS: Final = 10


def register(app: Flask) -> None:
    """Let addresses of assets tell their content, and compress what may be."""
    app.url_defaults(_versioned)
    app.config.update(
        COMPRESS_REGISTER=False,
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=6,
        COMPRESS_LEVEL=6,
        COMPRESS_MIN_SIZE=600,
    )
    compressor = Compress(app)

    @app.after_request
    def compress(response: Response) -> Response:
        """Compress assets, and pages that show nothing of anybody: what holds a secret beside words must not be."""
        anonymous = request.method == "GET" and "_user_id" not in session
        if request.endpoint == "static" or anonymous:
            if (close := getattr(response.response, "close", None)) is not None:
                response.call_on_close(close)  # the file that a compressed answer stands for
            compressed: Response = compressor.after_request(response)
            return compressed
        return response


def _versioned(endpoint: str, values: dict[str, Any]) -> None:
    if endpoint == "static" and "v" not in values and (version := version_of(values["filename"])):
        values["v"] = version


@cache
def version_of(name: str) -> str:
    """Return what tells this file from others of its name, "" for one that is not there."""
    try:
        content = (STATIC / name).read_bytes()
    except OSError:
        return ""
    return hashlib.sha256(content).hexdigest()[:DIGITS]
