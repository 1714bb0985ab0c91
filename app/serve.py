"""`langnghe serve`: the web application in gunicorn."""

import logging
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from app.hotline import Hotline
from app.model_in_service import ModelInService
from app.web import create_app

#: Threads a worker process answers with; each may wait for the database without keeping others waiting.
THREADS = 4


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, told everything in code: no configuration file to forget."""

    def __init__(self, hotline: Hotline) -> None:
        self.hotline = hotline
        self.model = ModelInService(hotline.settings.models)
        self.model.refresh()  # before the fork, so that all processes share its memory
        super().__init__()

    def load_config(self) -> None:
        """Set what we need different from gunicorn's defaults."""
        settings = self.hotline.settings
        options: dict[str, Any] = {
            "bind": settings.address,
            "workers": settings.web_workers,
            "threads": THREADS,
            "worker_class": "gthread",
            "graceful_timeout": 10,
            "timeout": 60,
            "max_requests": 20_000,
            "max_requests_jitter": 2_000,
            "loglevel": "warning",
            "accesslog": None,  # an access log keeps addresses; we keep none
            "limit_request_line": 4094,
            "control_socket_disable": True,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application in each worker process, after the fork."""
        return create_app(self.hotline, self.model)


def serve(hotline: Hotline) -> None:
    """Serve until told to stop."""
    logging.getLogger("gunicorn.error").setLevel(logging.WARNING)
    Server(hotline).run()
