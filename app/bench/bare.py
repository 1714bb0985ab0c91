"""The baseline of `bench intake`: a Flask route that inserts and commits one row of a report's size, no more."""

import os
import uuid

from flask import Flask, request
from sqlalchemy import Column, LargeBinary, MetaData, String, Table
from werkzeug.wrappers import Response

from app.database import Database
from app.hotline import Hotline, open_hotline
from app.serve import Server
from app.settings import from_env

ROW = Table("bare_row", MetaData(), Column("id", String(32), primary_key=True), Column("body", LargeBinary))


def create_app(database: Database) -> Flask:
    """Build the bare application; its table is made by `main`."""
    app = Flask("bare")

    @app.post("/api/v1/reports")
    def insert() -> Response:
        with database.transaction() as session:
            session.execute(ROW.insert().values(id=uuid.uuid4().hex, body=request.get_data()))
        return Response(status=201)

    return app


class BareServer(Server):
    """The same gunicorn as ours, with the bare application in it."""

    def load(self) -> Flask:
        """Build the bare application after the fork."""
        return create_app(Database(os.environ["BARE_URL"]))


def main(hotline: Hotline) -> None:
    """Make the table and serve."""
    database = Database(os.environ["BARE_URL"])
    ROW.metadata.create_all(database.engine)
    database.close()
    BareServer(hotline).run()


if __name__ == "__main__":
    main(open_hotline(from_env()))
