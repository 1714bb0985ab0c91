"""The call-taker's page: the same report, filed for a caller, the code read out."""

from flask import Blueprint, Response, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.wrappers import Response as AnyResponse

from app import errors
from app.accounts.session import required
from app.intake.views import KnownNearby, file_from_form, show_form, show_nearby
from app.problems import NotAvailable, Refused
from models.vocabulary import Channel, Role

desk = Blueprint("desk", __name__, url_prefix="/desk")

call_takers = required(Role.CALL_TAKER)


@desk.get("")
@call_takers
def form() -> str:
    """Show the empty form."""
    return show_form("desk/form.html", {}, (), filed_code=None)


@desk.post("")
@call_takers
def file_call() -> AnyResponse:
    """File what the caller said; the next call's empty form shows the code to read out."""
    typed = request.form.to_dict()
    try:
        filed = file_from_form(Channel.PHONE)
    except KnownNearby as known:
        return Response(show_nearby("desk/nearby.html", known))
    except Refused as refused:
        page = show_form("desk/form.html", typed, refused.problems, filed_code=None)
        return Response(page, errors.status_of(refused))
    except (SQLAlchemyError, NotAvailable) as error:
        if not errors.is_away(error):
            raise
        page = show_form("desk/form.html", typed, (), away=True, filed_code=None)
        return Response(page, 503, headers={"Retry-After": str(errors.RETRY_AFTER)})
    answer = filed.answer
    page = show_form("desk/form.html", {}, (), filed_code=answer["code"], numbers=answer.get("emergency_numbers", ()))
    return Response(page, filed.status)
