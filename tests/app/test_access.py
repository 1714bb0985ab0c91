"""Check 25: who may do what, written down and compared cell by cell; a route that is not written down fails."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.accounts import service as accounts
from app.accounts.service import NewAccount
from app.admin.service import disable_account
from app.coordination import service as coordination
from app.hotline import Hotline
from models.account import Account
from models.sealed import SealedPhoto
from models.ticket import Ticket
from models.vocabulary import Role
from tests.app.conftest import BUSES, LIGHTS, LIGHTS_OUT, Road, Staff, file_with_photo, step
from tests.pages import hidden

BUS = "Xe buýt bỏ trạm, tài xế xe buýt không dừng đón khách, tuyến xe buýt trễ giờ"

#: Routes without a ticket. 303 leads to the login; 422, 409 and 400 are said to those who may ask at all. There is no
#: Redis here, so 503 is what a login or an invitation gets; the relay is away too, so `readyz` says 503.
WITHOUT_TICKET = """
                                     nobody alice bob supervisor coordinator cleared auditor admin call_taker shut_out
GET  /                                  200   200 200        200         200     200     200   200        200      200
POST /                                  422   422 422        422         422     422     422   422        422      422
POST /gui                               400   400 400        400         400     400     400   400        400      400
POST /da-nhan                           404   404 404        404         404     404     404   404        404      404
GET  /vo/<to>                           200   200 200        200         200     200     200   200        200      200
GET  /vo/<to>/mat-mang                  200   200 200        200         200     200     200   200        200      200
GET  /sw.js                             200   200 200        200         200     200     200   200        200      200
GET  /manifest.webmanifest              200   200 200        200         200     200     200   200        200      200
GET  /t/anh/<token>                     404   404 404        404         404     404     404   404        404      404
GET  /t                                 200   200 200        200         200     200     200   200        200      200
POST /suggest                           503   503 503        503         503     503     503   503        503      503
POST /t                                 404   404 404        404         404     404     404   404        404      404
POST /t/bo-sung                         404   404 404        404         404     404     404   404        404      404
POST /t/mo-lai                          404   404 404        404         404     404     404   404        404      404
POST /t/danh-gia                        404   404 404        404         404     404     404   404        404      404
GET  /accounts/login                    200   303 303        303         303     303     303   303        303      200
POST /accounts/login                    503   503 503        503         503     503     503   503        503      503
GET  /accounts/invitation               200   200 200        200         200     200     200   200        200      200
POST /accounts/invitation               503   503 503        503         503     503     503   503        503      503
GET  /desk                              303   404 404        404         200     200     404   404        200      303
POST /desk                              303   404 404        404         422     422     404   404        422      303
POST /desk/drafts                       303   404 404        404         422     422     404   404        422      303
POST /desk/drafts/<uuid:draft_id>/discard  303  404 404  404  404  404  404  404  404  303
POST /desk/drafts/<uuid:draft_id>/restore  303  404 404  404  404  404  404  404  404  303
POST /desk/drafts/<uuid:draft_id>/hand-over  303  404 404  404  404  404  404  404  404  303
POST /desk/drafts/<uuid:draft_id>/transferred  303  404 404  404  422  422  404  404  422  303
POST /desk/caller                       303   404 404        404         200     200     404   404        200      303
POST /desk/suggestions                  303   404 404        404         422     422     404   404        422      303
GET  /desk/now                          303   404 404        404         200     200     404   404        200      303
POST /desk/calls/<uuid:call_id>/take    303   404 404        404         404     404     404   404        404      303
POST /desk/seat                         303   404 404        404         200     200     404   404        200      303
GET  /desk/callbacks                    303   404 404        404         200     200     404   404        200      303
POST /desk/callbacks                    303   404 404        404         422     422     404   404        422      303
POST /desk/callbacks/<uuid:callback_id>/ring  303  404 404  404  404  404  404  404  404  303
POST /desk/callbacks/<uuid:callback_id>/claim  303  404 404  404  404  404  404  404  404  303
POST /desk/callbacks/<uuid:callback_id>/release  303  404 404  404  404  404  404  404  404  303
POST /desk/callbacks/<uuid:callback_id>/done  303  404 404  404  404  404  404  404  404  303
POST /desk/callbacks/<uuid:callback_id>/reopen  303  404 404  404  404  404  404  404  404  303
GET  /accounts/second-step              303   303 303        303         303     303     303   303        303      303
POST /accounts/second-step              403   403 403        403         403     403     403   403        403      403
GET  /accounts/sso                      404   404 404        404         404     404     404   404        404      404
GET  /accounts/sso/back                 404   404 404        404         404     404     404   404        404      404
GET  /accounts/me                       303   200 200        200         200     200     200   200        200      303
POST /accounts/me/password              303   503 503        503         503     503     503   503        503      303
GET  /accounts/me/second-factor         303   200 200        200         200     200     200   200        200      303
POST /accounts/me/second-factor         303   503 503        503         503     503     503   503        503      303
POST /accounts/me/second-factor/off     303   503 503        503         503     503     503   503        503      303
POST /accounts/me/recovery-codes        303   503 503        503         503     503     503   503        503      303
POST /accounts/me/sessions/end          303   404 404        404         404     404     404   404        404      303
POST /accounts/me/tokens                303   422 422        422         422     422     422   422        422      303
POST /accounts/me/tokens/revoke         303   404 404        404         404     404     404   404        404      303
GET  /audit                             303   404 404        404         404     404     200   200        404      303
GET  /admin                             303   404 404        404         404     404     404   200        404      303
GET  /work                              303   200 200        200         200     200     200   404        404      303
POST /work/bulk                         303   422 422        422         404     404     404   404        404      303
POST /work/bulk/<uuid:bulk_id>/undo     303   404 404        404         404     404     404   404        404      303
POST /work/views                        303   422 422        422         422     422     422   404        404      303
POST /work/views/<uuid:view_id>/remove  303   404 404        404         404     404     404   404        404      303
POST /work/export                       303   422 422        422         422     422     422   404        404      303
GET  /work/approvals                    303   200 200        200         200     200     404   404        404      303
GET  /work/parts                        303   200 200        200         200     200     200   404        404      303
GET  /work/parts/late                   303   200 200        200         200     200     200   404        404      303
GET  /returns                           303   404 404        200         200     200     200   404        404      303
GET  /replies                           303   200 200        200         200     200     404   404        404      303
GET  /replies/all                       303   404 404        404         404     404     404   200        404      303
POST /replies/second-approval           303   404 404        303         404     404     404   404        404      303
GET  /replies/new                       303   404 404        200         200     200     404   404        404      303
POST /replies/new                       303   404 404        422         422     422     404   404        404      303
GET  /replies/<uuid:template_id>        303   404 404        404         404     404     404   404        404      303
POST /replies/<uuid:template_id>        303   404 404        404         404     404     404   404        404      303
POST /replies/<uuid:template_id>/retire 303   404 404        404         404     404     404   404        404      303
GET  /board                             303   404 404        200         200     200     200   404        404      303
GET  /board/tickets                     303   404 404        200         200     200     200   404        404      303
GET  /board/figures                     303   404 404        200         200     200     200   404        404      303
GET  /board/tv                          303   404 404        200         200     200     200   404        404      303
POST /board/report                      303   404 404        422         422     422     422   404        404      303
GET  /api/v1/figures                    401   404 404        200         200     200     200   404        404      401
GET  /review                            303   404 404        404         200     200     404   404        404      303
GET  /sealed                            303   404 404        404         404     200     200   404        404      303
GET  /ban-do                            200   200 200        200         200     200     200   200        200      200
GET  /ban-do.csv                        200   200 200        200         200     200     200   200        200      200
GET  /ban-do/ranh-gioi.geojson          200   200 200        200         200     200     200   200        200      200
GET  /api/v1/map                        200   200 200        200         200     200     200   200        200      200
GET  /hoi-dap                           200   200 200        200         200     200     200   200        200      200
GET  /hoi-dap/<uuid:article_id>         404   404 404        404         404     404     404   404        404      404
GET  /kb                                303   404 404        404         200     200     404   404        404      303
GET  /kb/new                            303   404 404        404         200     200     404   404        404      303
POST /kb/new                            303   404 404        404         422     422     404   404        404      303
GET  /kb/<uuid:article_id>              303   404 404        404         404     404     404   404        404      303
POST /kb/<uuid:article_id>              303   404 404        404         422     422     404   404        404      303
POST /t/xoa-lien-he                     404   404 404        404         404     404     404   404        404      404
POST /api/v1/track/erase-contact        404   404 404        404         404     404     404   404        404      404
POST /t/thu                             404   404 404        404         404     404     404   404        404      404
GET  /api/v1/sealed                     401   404 404        404         404     200     200   404        404      401
GET  /admin/accounts                    303   404 404        404         404     404     404   200        404      303
POST /admin/accounts                    303   404 404        404         404     404     404   422        404      303
GET  /admin/accounts/<uuid:account_id>    303   404 404        404         404     404     404   200        404      303
POST /admin/accounts/reset-factor       303   404 404        404         404     404     404   303        404      303
POST /admin/accounts/end-sessions       303   404 404        404         404     404     404   303        404      303
POST /admin/accounts/revoke-token       303   404 404        404         404     404     404   404        404      303
POST /admin/accounts/link               303   404 404        404         404     404     404   201        404      303
POST /admin/accounts/disable            303   404 404        404         404     404     404   200        404      303
GET  /admin/rules                       303   404 404        404         404     404     404   200        404      303
POST /admin/rules/try                   303   404 404        404         404     404     404   422        404      303
POST /admin/rules/preview               303   404 404        404         404     404     404   422        404      303
GET  /admin/topics                      303   404 404        404         404     404     404   200        404      303
GET  /admin/models                      303   404 404        404         404     404     404   200        404      303
GET  /admin/models/cards/<version>      303   404 404        404         404     404     404   404        404      303
POST /admin/models/promote              303   404 404        404         404     404     404   422        404      303
POST /admin/models/roll-back            303   404 404        404         404     404     404   422        404      303
GET  /admin/health                      303   404 404        404         404     404     404   200        404      303
GET  /admin/units                       303   404 404        404         404     404     404   200        404      303
POST /admin/units                       303   404 404        404         404     404     404   422        404      303
GET  /admin/units/new                   303   404 404        404         404     404     404   200        404      303
GET  /admin/units/<unit_id>             303   404 404        404         404     404     404   200        404      303
POST /admin/units/<unit_id>/change      303   404 404        404         404     404     404   422        404      303
POST /admin/units/<unit_id>/close       303   404 404        404         404     404     404   422        404      303
POST /admin/units/<unit_id>/undo        303   404 404        404         404     404     404   422        404      303
POST /admin/units/<unit_id>/accounts    303   404 404        404         404     404     404   409        404      303
GET  /admin/webhooks                    303   404 404        404         404     404     404   200        404      303
POST /admin/webhooks                    303   404 404        404         404     404     404   422        404      303
GET  /admin/webhooks/<uuid:webhook_id>    303   404 404        404         404     404     404   404        404      303
POST /admin/webhooks/<uuid:webhook_id>/trial  303  404 404  404  404  404  404  404  404  303
POST /admin/webhooks/<uuid:webhook_id>/off  303  404 404  404  404  404  404  404  404  303
POST /admin/webhooks/<uuid:webhook_id>/on  303  404 404  404  404  404  404  404  404  303
GET  /admin/exchanges                   303   404 404        404         404     404     404   200        404      303
POST /admin/exchanges                   303   404 404        404         404     404     404   422        404      303
POST /admin/exchanges/revoke            303   404 404        404         404     404     404   422        404      303
GET  /admin/persons                     303   404 404        404         404     404     404   200        404      303
POST /admin/persons                     303   404 404        404         404     404     404   422        404      303
POST /admin/persons/export              303   404 404        404         404     404     404   422        404      303
POST /admin/persons/ask-erase           303   404 404        404         404     404     404   422        404      303
POST /admin/persons/erase               303   404 404        404         404     404     404   422        404      303
GET  /admin/calendar                    303   404 404        404         404     404     404   200        404      303
POST /admin/calendar                    303   404 404        404         404     404     404   422        404      303
POST /admin/calendar/unset              303   404 404        404         404     404     404   422        404      303
GET  /notices                           303   200 200        200         200     200     404   404        404      303
POST /notices/seen                      303   303 303        303         303     303     404   404        404      303
GET  /ngon-ngu/<to>                     303   303 303        303         303     303     303   303        303      303
GET  /rieng-tu                          200   200 200        200         200     200     200   200        200      200
GET  /healthz                           200   200 200        200         200     200     200   200        200      200
GET  /readyz                            503   503 503        503         503     503     503   503        503      503
GET  /metrics                           404   404 404        404         404     404     404   404        404      404
GET  /static/<path:filename>            200   200 200        200         200     200     200   200        200      200
GET  /api/v1/                           200   200 200        200         200     200     200   200        200      200
GET  /api/v1/openapi.json               200   200 200        200         200     200     200   200        200      200
POST /api/v1/reports                    400   400 400        400         400     400     400   400        400      401
POST /api/v1/track                      404   404 404        404         404     404     404   404        404      404
POST /api/v1/track/information          404   404 404        404         404     404     404   404        404      404
POST /api/v1/track/reopen               404   404 404        404         404     404     404   404        404      404
POST /api/v1/track/rating               404   404 404        404         404     404     404   404        404      404
POST /api/v1/calls                      401   404 404        404         404     404     404   404        404      401
POST /api/v1/reports/nearby             200   200 200        200         200     200     200   200        200      200
GET  /api/v1/surges                     401   404 404        404         200     200     404   404        404      401
GET  /api/v1/tickets                    401   200 200        200         200     200     200   404        404      401
GET  /api/v1/parts                      401   200 200        200         200     200     200   404        404      401
GET  /api/v1/returns                    401   404 404        200         200     200     200   404        404      401
GET  /api/v1/units                      401   404 404        404         404     404     404   200        404      401
GET  /api/v1/review                     401   404 404        404         200     200     404   404        404      401
GET  /api/v1/notices                    401   200 200        200         200     200     404   404        404      401
POST /accounts/logout                   303   303 303        303         303     303     303   303        303      303
"""

#: Routes of one ticket, in groups, and who may do what they do to which ticket. `lights` is with the unit of alice
#: and the supervisor, `buses` with bob's, `helped` with alice's while bob's helps; `waiting` is not triaged yet;
#: `absent` is no ticket at all. Every step is sent with an old version, so 409 is said to those who might have taken
#: it, and nothing changes.
READ = """
            lights buses helped review sealed waiting absent
nobody         303   303    303    303    303     303    303
alice          200   404    200    404    404     404    404
bob            404   200    200    404    404     404    404
supervisor     200   404    200    404    404     404    404
coordinator    200   200    200    200    404     404    404
cleared        200   200    200    200    404     404    404
auditor        200   200    200    200    404     404    404
admin          404   404    404    404    404     404    404
call_taker     404   404    404    404    404     404    404
shut_out       303   303    303    303    303     303    303
"""
WORK = """
            lights buses helped review sealed waiting absent
nobody         303   303    303    303    303     303    303
alice          409   404    409    404    404     404    404
bob            404   409    404    404    404     404    404
supervisor     409   404    409    404    404     404    404
coordinator    404   404    404    404    404     404    404
cleared        404   404    404    404    404     404    404
auditor        404   404    404    404    404     404    404
admin          404   404    404    404    404     404    404
call_taker     404   404    404    404    404     404    404
shut_out       303   303    303    303    303     303    303
"""
DECIDE = """
            lights buses helped review sealed waiting absent
nobody         303   303    303    303    303     303    303
alice          404   404    404    404    404     404    404
bob            404   404    404    404    404     404    404
supervisor     404   404    404    404    404     404    404
coordinator    409   409    409    409    404     404    404
cleared        409   409    409    409    404     404    404
auditor        404   404    404    404    404     404    404
admin          404   404    404    404    404     404    404
call_taker     404   404    404    404    404     404    404
shut_out       303   303    303    303    303     303    303
"""
#: What a unit that helps does: it tells its part, it does not answer.
HELP = """
            lights buses helped review sealed waiting absent
nobody         303   303    303    303    303     303    303
alice          404   404    404    404    404     404    404
bob            404   404    409    404    404     404    404
supervisor     404   404    404    404    404     404    404
coordinator    404   404    404    404    404     404    404
cleared        404   404    404    404    404     404    404
auditor        404   404    404    404    404     404    404
admin          404   404    404    404    404     404    404
call_taker     404   404    404    404    404     404    404
shut_out       303   303    303    303    303     303    303
"""
#: Asking a further unit is the lead's, and a coordinator's.
INVOLVE = """
            lights buses helped review sealed waiting absent
nobody         303   303    303    303    303     303    303
alice          409   404    409    404    404     404    404
bob            404   409    404    404    404     404    404
supervisor     409   404    409    404    404     404    404
coordinator    409   409    409    409    404     404    404
cleared        409   409    409    409    404     404    404
auditor        404   404    404    404    404     404    404
admin          404   404    404    404    404     404    404
call_taker     404   404    404    404    404     404    404
shut_out       303   303    303    303    303     303    303
"""
#: Notes are written by whoever has to do with a ticket: the lead, its helpers, coordinators.
NOTE = """
            lights buses helped review sealed waiting absent
nobody         303   303    303    303    303     303    303
alice          409   404    409    404    404     404    404
bob            404   409    409    404    404     404    404
supervisor     409   404    409    404    404     404    404
coordinator    409   409    409    409    404     404    404
cleared        409   409    409    409    404     404    404
auditor        404   404    404    404    404     404    404
admin          404   404    404    404    404     404    404
call_taker     404   404    404    404    404     404    404
shut_out       303   303    303    303    303     303    303
"""
#: More time is decided on by who leads the unit, and where nobody does, which is bob's, by a coordinator.
GRANT = """
            lights buses helped review sealed waiting absent
nobody         303   303    303    303    303     303    303
alice          404   404    404    404    404     404    404
bob            404   404    404    404    404     404    404
supervisor     409   404    409    404    404     404    404
coordinator    404   409    404    404    404     404    404
cleared        404   409    404    404    404     404    404
auditor        404   404    404    404    404     404    404
admin          404   404    404    404    404     404    404
call_taker     404   404    404    404    404     404    404
shut_out       303   303    303    303    303     303    303
"""
#: A denunciation: that it is there, and what it says.
KNOW = """
            lights buses helped review sealed waiting absent
nobody         303   303    303    303    303     303    303
alice          404   404    404    404    404     404    404
bob            404   404    404    404    404     404    404
supervisor     404   404    404    404    404     404    404
coordinator    404   404    404    404    404     404    404
cleared        404   404    404    404    200     404    404
auditor        404   404    404    404    200     404    404
admin          404   404    404    404    404     404    404
call_taker     404   404    404    404    404     404    404
shut_out       303   303    303    303    303     303    303
"""
UNSEAL = KNOW.replace("auditor        404   404    404    404    200", "auditor        404   404    404    404    404")
#: Seeing a contact whole is for who answers its citizen, and for coordinators; it changes no ticket.
REACH = INVOLVE.replace("409", "200")
#: A legal hold is placed and lifted by who is cleared; what is sent here is refused, so nothing is held.
HOLD = """
            lights buses helped review sealed waiting absent
nobody         303   303    303    303    303     303    303
alice          404   404    404    404    404     404    404
bob            404   404    404    404    404     404    404
supervisor     404   404    404    404    404     404    404
coordinator    404   404    404    404    404     404    404
cleared        422   422    422    422    404     404    404
auditor        404   404    404    404    404     404    404
admin          404   404    404    404    404     404    404
call_taker     404   404    404    404    404     404    404
shut_out       303   303    303    303    303     303    303
"""
#: A coordinator may answer with an article what no unit has taken up; a unit what it leads: as with asking for help.
ANSWER = INVOLVE
#: The page on which a coordinator decides is read by those who may decide.
DECIDE_READ = DECIDE.replace("409", "200")
#: Going on leads away whatever ticket it is asked from: nothing is said of that one.
NEXT = """
            lights buses helped review sealed waiting absent
nobody         303   303    303    303    303     303    303
alice          404   404    404    404    404     404    404
bob            404   404    404    404    404     404    404
supervisor     404   404    404    404    404     404    404
coordinator    303   303    303    303    303     303    303
cleared        303   303    303    303    303     303    303
auditor        404   404    404    404    404     404    404
admin          404   404    404    404    404     404    404
call_taker     404   404    404    404    404     404    404
shut_out       303   303    303    303    303     303    303
"""
OF_A_TICKET = {
    "GET /work/<uuid:ticket_id>": READ,
    "GET /work/<uuid:ticket_id>/photos/<uuid:photo_id>": READ,
    "POST /work/<uuid:ticket_id>/contact": REACH,
    "POST /work/<uuid:ticket_id>/hold": HOLD,
    "POST /work/<uuid:ticket_id>/lift-hold": HOLD,
    "POST /work/<uuid:ticket_id>/accept": WORK,
    "POST /work/<uuid:ticket_id>/return": WORK,
    "POST /work/<uuid:ticket_id>/answer": WORK,
    "POST /work/<uuid:ticket_id>/ask": WORK,
    "POST /work/<uuid:ticket_id>/contribute": HELP,
    "POST /work/<uuid:ticket_id>/return-part": HELP,
    "POST /work/<uuid:ticket_id>/involve": INVOLVE,
    "POST /work/<uuid:ticket_id>/release-part": DECIDE,
    "POST /work/<uuid:ticket_id>/ask-extension": WORK,
    "POST /work/<uuid:ticket_id>/approve-extension": GRANT,
    "POST /work/<uuid:ticket_id>/refuse-extension": GRANT,
    "POST /work/<uuid:ticket_id>/progress": WORK,
    "POST /work/<uuid:ticket_id>/assign": WORK,
    "POST /work/<uuid:ticket_id>/note": NOTE,
    "POST /work/<uuid:ticket_id>/correct-topic": WORK,
    "POST /work/<uuid:ticket_id>/approve-answer": INVOLVE,
    "POST /work/<uuid:ticket_id>/give-back-answer": INVOLVE,
    "POST /work/<uuid:ticket_id>/take-back": WORK,
    "POST /work/<uuid:ticket_id>/presence": READ,
    "GET /review/<uuid:ticket_id>": DECIDE_READ,
    "GET /review/<uuid:ticket_id>/next": NEXT,
    "POST /review/<uuid:ticket_id>/accept-proposal": DECIDE,
    "POST /review/<uuid:ticket_id>/route": DECIDE,
    "POST /review/<uuid:ticket_id>/reject": DECIDE,
    "POST /review/<uuid:ticket_id>/refer": DECIDE,
    "POST /review/<uuid:ticket_id>/seal": DECIDE,
    "GET /letters/<uuid:ticket_id>": DECIDE_READ,
    "POST /letters/<uuid:ticket_id>": DECIDE,
    "POST /praise/<uuid:ticket_id>": DECIDE,
    "POST /kb/answer/<uuid:ticket_id>": ANSWER,
    "GET /sealed/<uuid:ticket_id>": KNOW,
    "POST /sealed/<uuid:ticket_id>/open": UNSEAL,
    "POST /sealed/<uuid:ticket_id>/refer": UNSEAL.replace("200", "409"),
    "POST /sealed/<uuid:ticket_id>/release": UNSEAL.replace("200", "409"),
    "POST /review/<uuid:ticket_id>/link": DECIDE,
    "POST /review/<uuid:ticket_id>/split": DECIDE,
}
OF_A_TICKET_BY_PROGRAM = {
    "GET /api/v1/tickets/<uuid:ticket_id>": READ,
    "POST /api/v1/tickets/<uuid:ticket_id>/contact": REACH,
    "POST /api/v1/tickets/<uuid:ticket_id>/accept": WORK,
    "POST /api/v1/tickets/<uuid:ticket_id>/return": WORK,
    "POST /api/v1/tickets/<uuid:ticket_id>/answer": WORK,
    "POST /api/v1/tickets/<uuid:ticket_id>/ask": WORK,
    "POST /api/v1/tickets/<uuid:ticket_id>/contribute": HELP,
    "POST /api/v1/tickets/<uuid:ticket_id>/return-part": HELP,
    "POST /api/v1/tickets/<uuid:ticket_id>/involve": INVOLVE,
    "POST /api/v1/tickets/<uuid:ticket_id>/release-part": DECIDE,
    "POST /api/v1/tickets/<uuid:ticket_id>/accept-proposal": DECIDE,
    "POST /api/v1/tickets/<uuid:ticket_id>/ask-extension": WORK,
    "POST /api/v1/tickets/<uuid:ticket_id>/approve-extension": GRANT,
    "POST /api/v1/tickets/<uuid:ticket_id>/refuse-extension": GRANT,
    "POST /api/v1/tickets/<uuid:ticket_id>/progress": WORK,
    "POST /api/v1/tickets/<uuid:ticket_id>/assign": WORK,
    "POST /api/v1/tickets/<uuid:ticket_id>/note": NOTE,
    "POST /api/v1/tickets/<uuid:ticket_id>/correct-topic": WORK,
    "POST /api/v1/tickets/<uuid:ticket_id>/approve-answer": INVOLVE,
    "POST /api/v1/tickets/<uuid:ticket_id>/give-back-answer": INVOLVE,
    "POST /api/v1/tickets/<uuid:ticket_id>/take-back": WORK,
    "POST /api/v1/tickets/<uuid:ticket_id>/route": DECIDE,
    "POST /api/v1/tickets/<uuid:ticket_id>/reject": DECIDE,
    "POST /api/v1/tickets/<uuid:ticket_id>/refer": DECIDE,
    "POST /api/v1/tickets/<uuid:ticket_id>/seal": DECIDE,
    "POST /api/v1/tickets/<uuid:ticket_id>/letter": DECIDE,
    "POST /api/v1/tickets/<uuid:ticket_id>/forward": DECIDE,
    "GET /api/v1/sealed/<uuid:ticket_id>": KNOW,
    "POST /api/v1/sealed/<uuid:ticket_id>/open": UNSEAL,
    "POST /api/v1/sealed/<uuid:ticket_id>/refer": UNSEAL.replace("200", "409"),
    "POST /api/v1/sealed/<uuid:ticket_id>/release": UNSEAL.replace("200", "409"),
    "POST /api/v1/tickets/<uuid:ticket_id>/link": DECIDE,
    "POST /api/v1/tickets/<uuid:ticket_id>/split": DECIDE,
}
#: A program is told that it needs a token, where a person is led to the login.
OF_A_TICKET |= {route: table.replace("303", "401") for route, table in OF_A_TICKET_BY_PROGRAM.items()}
#: What the bodies of the API's steps hold besides the version.
BODIES: Mapping[str, Mapping[str, object]] = {
    "ask-extension": {"reason": "Phải đặt vật tư.", "days": 3},
    "approve-extension": {},
    "refuse-extension": {"reason": "Làm kịp mà."},
    "progress": {"public_text": "Đang chờ vật tư.", "committed_on": "2026-03-04"},
    "assign": {"assignee": None},
    "note": {"note": "Đã gọi cho tổ dân phố."},
    "correct-topic": {"topic": "noise", "reason": "Là tiếng ồn."},
    "approve-answer": {},
    "give-back-answer": {"note": "Bạn ghi rõ ngày."},
    "take-back": {},
    "contact": {"reason": "Gọi hỏi số trụ."},
    "hold": {"reason": "Tòa yêu cầu.", "until": "2020-01-01"},
    "lift-hold": {},
    "accept": {},
    "return": {"reason_code": "other", "reason": "Không phải của chúng tôi."},
    "contribute": {"contribution": "Đã kiểm tra.", "done": True},
    "return-part": {"reason_code": "ward-level"},
    "involve": {"department": "pccc", "request": "Nhờ kiểm tra giúp."},
    "release-part": {"department": "pccc", "reason": "Không cần nữa."},
    "accept-proposal": {},
    "answer": {"public_text": "Đã xong."},
    "ask": {"public_text": "Ở đâu vậy bạn?"},
    "reject": {"public_text": "Không nhận.", "reason_code": "other"},
    "refer": {"public_text": "Bạn hỏi nơi khác."},
    "seal": {"reason": "Tố cáo."},
    "route": {"topic_slug": "noise", "department_id": "pccc"},
    "letter": {"department_id": "pccc", "body": "Bạn nộp đơn nơi khác."},
    "letters": {"department_id": "pccc", "body": "Bạn nộp đơn nơi khác."},
    "forward": {"department_id": "pccc"},
    "praise": {"department_id": "pccc"},
    "kb": {"article_id": str(uuid4())},
    "sealed/open": {"reason": "Xem ai được xem."},
    "sealed/refer": {"department_id": "pccc", "redacted_text": "Ông Bảy."},
    "sealed/release": {"submission_type": "phan-anh", "reason": "Không phải."},
    "report": {"form": "pdf", "from": "hôm qua"},
    "link": {"other": "00000000-0000-0000-0000-000000000000"},
    "split": {},
}
CODE = {"code": "0000-0000-0000-0000"}
TRACKING: Mapping[str, Mapping[str, object]] = {
    "/api/v1/track": CODE,
    "/api/v1/track/information": CODE | {"message": "Trụ số bốn."},
    "/api/v1/track/erase-contact": CODE,
    "/api/v1/track/reopen": CODE | {"message": "Lại tắt."},
    "/api/v1/track/rating": CODE | {"rating": 5},
    "/api/v1/reports": {"text": "Đèn đường tắt cả tuần nay"},
    "/api/v1/reports/nearby": {"place_text": "đường Lê Lợi, phường Bến Thành"},
}


@dataclass(frozen=True)
class Target:
    """A ticket that is asked for, and its photo."""

    ticket_id: UUID
    photo_id: UUID


@dataclass(frozen=True)
class Person:
    """Somebody as they come in: by browser, and as a program with their token."""

    name: str
    browser: FlaskClient
    csrf: str
    token: dict[str, str]

    def ask(self, method: str, path: str, account_id: UUID) -> TestResponse:
        """Send a request that is all right but for who sends it, with an old version where one is needed."""
        if path.startswith("/api/"):
            return self._program(method, path)
        if method != "POST":
            return self.browser.open(path, method=method)
        words = body_of(path)
        form = {"csrf_token": self.csrf, "version": "0", "account_id": str(account_id), "up_to": "1", **CODE, **words}
        return self.browser.post(path, data=form)

    def _program(self, method: str, path: str) -> TestResponse:
        program = self.browser.application.test_client()
        if method != "POST":
            return program.open(path, method=method, headers=self.token)
        body = TRACKING.get(path) or {
            **({} if path.endswith(("/open", "/contact")) else {"version": 0}),
            **body_of(path),
        }
        return program.post(path, json=body, headers=self.token)


def test_every_route_is_written_down(app: Flask) -> None:
    assert set(routes(app)) == set(cells(WITHOUT_TICKET)) | set(OF_A_TICKET)


def test_routes_without_a_ticket_are_open_to_whom_the_table_says(people: list[Person], victim: UUID) -> None:
    table = cells(WITHOUT_TICKET)
    found: dict[str, dict[str, str]] = {route: {} for route in table}
    for person in people:
        for route in table:
            method, path = route.split()
            path = (
                re.sub(r"<uuid:\w+>", str(uuid4()), path.replace("<uuid:account_id>", str(victim)))
                .replace("<to>", "en")
                .replace("<token>", "khong-phai")
                .replace("<path:filename>", "app.css")
                .replace("<unit_id>", LIGHTS)
            )
            found[route][person.name] = status(person.ask(method, path, victim))
            if method == "GET":
                assert status(person.ask("HEAD", path, victim)) == found[route][person.name], (route, person.name)
    assert found == table


def test_routes_of_a_ticket_are_open_to_whom_the_table_says(
    hotline: Hotline, people: list[Person], targets: dict[str, Target]
) -> None:
    """Check 25. Injected: every route × everybody × own, other, sealed, untriaged and absent tickets, old versions.

    Expected: the table, and the same 404 for what is absent and what is not theirs, to the byte. Without
    `access.visible_to` in `find_ticket` the cells of strangers turn into 200 and 409.
    """
    before = versions(hotline)
    for route, table in OF_A_TICKET.items():
        found: dict[str, dict[str, str]] = {}
        for person in people:
            answers = {name: asked_of(person, route, target) for name, target in targets.items()}
            found[person.name] = {name: answer.status for name, answer in answers.items()}
            refusals = {answer.same for answer in answers.values() if answer.status == "404"}
            assert len(refusals) <= 1, (route, person.name)
        assert found == cells(table), route
    assert versions(hotline) == before


def test_a_photo_is_found_under_its_own_ticket_alone(people: list[Person], targets: dict[str, Target]) -> None:
    alice = next(person for person in people if person.name == "alice")
    own, other = targets["lights"], targets["buses"]
    assert alice.browser.get(f"/work/{own.ticket_id}/photos/{other.photo_id}").status_code == 404
    with alice.browser.get(f"/work/{own.ticket_id}/photos/{own.photo_id}") as shown:
        assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")


@pytest.fixture
def targets(hotline: Hotline, road: Road) -> dict[str, Target]:
    """Return a ticket of each kind, each with a photo, and one that is not there."""
    reached = {"contact_phone": "0901234567", "consent": "true"}
    filed = {
        "lights": file_with_photo(hotline, LIGHTS_OUT, **reached),
        "buses": file_with_photo(hotline, BUS, **reached),
        "helped": file_with_photo(hotline, LIGHTS_OUT, **reached),
        "review": file_with_photo(hotline, LIGHTS_OUT, submission_type="khieu-nai", **reached),
        "sealed": file_with_photo(hotline, LIGHTS_OUT, submission_type="to-cao", **reached),
    }
    road.triage()
    coordination.ask_unit(hotline, road.staff.alice, step(filed["helped"], "Trụ đèn ở trạm xe buýt."), BUSES)
    filed["waiting"] = file_with_photo(hotline, LIGHTS_OUT)
    tickets = {name: one.ticket() for name, one in filed.items()}
    with hotline.database.reading() as session:
        photos = {photo.ticket_id: photo.id for photo in session.scalars(select(SealedPhoto))}
    photos |= {photo.ticket_id: photo.id for ticket in tickets.values() for photo in ticket.attachments}
    found = {name: Target(ticket.id, photos[ticket.id]) for name, ticket in tickets.items()}
    return found | {"absent": Target(uuid4(), uuid4())}


@pytest.fixture
def victim(hotline: Hotline) -> UUID:
    """Return an account that an administrator may shut out."""
    return make_account(hotline, "victim").id


@pytest.fixture
def people(
    app: Flask,
    hotline: Hotline,
    staff: Staff,
    log_in: Callable[[Account], FlaskClient],
    bearer: Callable[[Account], dict[str, str]],
) -> list[Person]:
    """Return everybody, logged in, with tokens; the last was shut out after that."""
    shut_out = make_account(hotline, "shut-out")
    everybody = {**staff.accounts, "shut_out": shut_out}
    made = [Person("nobody", app.test_client(), "", {})]
    made += [Person(name, log_in(account), "", bearer(account)) for name, account in everybody.items()]
    disable_account(hotline, shut_out.id)
    return [replace(person, csrf=csrf_of(person.browser)) for person in made]


def make_account(hotline: Hotline, username: str) -> Account:
    with hotline.database.transaction() as session:
        return accounts.create(session, hotline.now(), NewAccount(username, "Ai đó", Role.HANDLER, LIGHTS))


def csrf_of(browser: FlaskClient) -> str:
    """Return the token of a session; every staff page has one, and so has the login."""
    for page in ("/rieng-tu", "/accounts/login"):
        shown = browser.get(page).get_data(as_text=True)
        if "csrf_token" in shown:
            return hidden(shown, "csrf_token")
    raise AssertionError("no token")


@dataclass(frozen=True)
class Answer:
    """What somebody is told; `same` is all of it but for what they asked for themselves."""

    status: str
    same: str


def asked_of(person: Person, route: str, target: Target) -> Answer:
    """Send a route's request for a ticket, and its HEAD where it is a GET."""
    method, path = route.split()
    ticket_id, photo_id = str(target.ticket_id), str(target.photo_id)
    path = path.replace("<uuid:ticket_id>", ticket_id).replace("<uuid:photo_id>", photo_id)
    answer = person.ask(method, path, uuid4())
    if method == "GET":
        assert status(person.ask("HEAD", path, uuid4())) == str(answer.status_code)
    if answer.status_code != 404:
        return Answer(status(answer), "")
    body = answer.get_data(as_text=True).replace(ticket_id, "ID").replace(photo_id, "PHOTO")
    headers = [header for header in answer.headers if header[0] != "X-Request-Id"]
    return Answer("404", re.sub(r'name="csrf_token" value="[^"]*"', "", f"{headers}{body}"))


def body_of(path: str) -> Mapping[str, object]:
    """Return the words that a step takes, by what it is called and by whose pages it is of."""
    parts = path.strip("/").split("/")
    name = f"sealed/{parts[-1]}" if "sealed" in parts else parts[-1]
    return BODIES.get(name) or BODIES.get(parts[0], {})


def status(answer: TestResponse) -> str:
    """Return the status of an answer of which nothing else is wanted."""
    answer.close()
    return str(answer.status_code)


def versions(hotline: Hotline) -> list[tuple[UUID, int]]:
    """Return how often each ticket was changed."""
    with hotline.database.reading() as session:
        return [(ticket.id, ticket.version) for ticket in session.scalars(select(Ticket).order_by(Ticket.id))]


def routes(app: Flask) -> Iterator[str]:
    """Yield what the application answers to, HEAD and OPTIONS apart, which follow from the others."""
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield f"{method} {rule.rule}"


def cells(table: str) -> dict[str, dict[str, str]]:
    """Read a table: row → column → cell."""
    head, *lines = (line.split() for line in table.strip().splitlines())
    return {" ".join(line[: -len(head)]): dict(zip(head, line[-len(head) :], strict=True)) for line in lines}
