"""An account of SendGrid as code: invitations over their life, scopes, subusers, vendors, keys."""

from datetime import datetime
from typing import Any

import pytest

from .estate import Estate

HEAD = """
import os
from pulumi_martech import sendgrid
from pulumi_martech.platforms.sendgrid import PermissionSet

MARKETER = PermissionSet("marketer", ("marketing.read", "templates.read"))

def mail(**more):
    token = Bearer(token="env:MAIL_TOKEN")
    return sendgrid.Account("mail", url=os.environ["MAIL_URL"], credentials=token, **more)

"""
ANA = "sendgrid.MartechUser('ana', account=mail(), login='Ana@example.com', roles=[{roles}])"


@pytest.fixture
def mail(estate: Estate) -> Any:
    """An account of SendGrid, beside the accounts of the estate."""
    made = estate.sandbox.tenant("mail", "sendgrid")
    estate.environment |= estate.variables("mail")
    estate.mark()
    return made


def ana(estate: Estate, roles: str) -> None:
    estate.program(HEAD + ANA.format(roles=roles))


def test_an_invitation_is_sent_once_and_completed_after_acceptance(
    estate: Estate, mail: Any
) -> None:
    ana(estate, "*MARKETER, '2fa_required', 'user.profile.update'")
    estate.applied()
    assert mail.pending()["ana@example.com"]["scopes"] == ["marketing.read", "templates.read"]
    assert estate.plan() == [], "what an invitation cannot carry is no drift while it is pending"
    estate.applied()
    assert len(estate.writes("mail")) == 1
    mail.accept("ana@example.com", username="ana.b")
    assert estate.plan() == ['update mail/ana (roles["user.profile.update"])']
    estate.applied()
    assert estate.plan() == []
    assert set(mail.users()["ana@example.com"]["scopes"]) == {
        "marketing.read",
        "templates.read",
        "user.profile.update",
    }
    estate.program(HEAD + "mail()")
    estate.applied()
    assert "ana@example.com" not in mail.users()


def test_what_is_added_by_hand_shows_and_what_sendgrid_gives_does_not(
    estate: Estate, mail: Any
) -> None:
    mail.add_teammate("ana@example.com", username="ana", scopes=[])
    ana(estate, "'mail.sned'")
    text = estate.up().text
    assert "no role 'mail.sned'" in text
    assert "did you mean 'mail.send'" in text
    ana(estate, "'mail.send'")
    assert "it is there already and differs" in estate.up().text
    estate.program(HEAD + ANA.format(roles="'mail.send'")[:-1] + ", adopt=True)")
    estate.applied()
    assert estate.plan() == []
    mail.set_scopes("ana@example.com", ["mail.send", "api_keys.create"])
    assert estate.plan() == ['update mail/ana (roles["api_keys.create"])']
    estate.applied()
    assert mail.users()["ana@example.com"]["scopes"] == ["mail.send"]


def test_a_pending_invitation_is_changed_only_on_an_explicit_word(
    estate: Estate, mail: Any
) -> None:
    ana(estate, "'mail.send'")
    estate.applied()
    first = mail.pending()["ana@example.com"]["token"]
    ends = estate.resources()["sendgrid:MartechUser mail/ana"]["outputs"]["expires_at"]
    assert datetime.fromisoformat(ends).timestamp() - mail.now() > 6 * 86_400
    late = estate.preview(MARTECH_AS_OF="2031-01-01")
    assert f"did not accept its invitation before it ended on {ends[:10]}" in late.text
    assert "before it ended" not in estate.preview().text
    estate.program(HEAD + ANA.format(roles="'mail.send'")[:-1] + ", reinvite='no answer')")
    assert "was sent its invitation again, which lasts until" in estate.applied().text
    assert mail.pending()["ana@example.com"]["token"] == first
    ana(estate, "'stats.read'")
    assert "has not accepted its invitation" in estate.applied().text
    assert mail.pending()["ana@example.com"]["token"] == first
    word = ANA.format(roles="'stats.read'")[:-1] + ", reinvite='other scopes')"
    estate.program(HEAD + word)
    estate.applied()
    second = mail.pending()["ana@example.com"]
    assert (second["token"] != first, second["scopes"]) == (True, ["stats.read"])
    estate.program(HEAD + "mail()")
    estate.applied()
    assert mail.pending() == {}


def test_a_teammate_of_single_sign_on_works_for_subusers(estate: Estate, mail: Any) -> None:
    for name in ("emea", "apac"):
        mail.add_subuser(name)
    ben = (
        "sendgrid.MartechUser('ben', account=mail(), login='ben@example.com', sso=True,"
        " first_name='Ben', last_name='Berg', roles=[{roles}])"
    )
    estate.program(HEAD + ben.format(roles="*MARKETER.on('emea'), 'emea:stats.read'"))
    estate.applied()
    assert estate.plan() == [], "what comes with a subuser is no drift"
    estate.program(HEAD + ben.format(roles="*MARKETER.on('emea'), 'apac:admin'"))
    assert estate.plan()[1:] == ['update mail/ben (roles["apac:admin"])']
    estate.applied()
    assert estate.plan() == []
    assert set(mail.users()["ben@example.com"]["access"]) == {"1001", "1002"}
    estate.program(HEAD + ben.format(roles="'emae:mail.send'"))
    assert "did you mean 'emea:mail.send'" in estate.up().text


def test_the_presence_of_a_vendor_is_people_invitations_subusers_and_keys(
    estate: Estate, mail: Any
) -> None:
    mail.add_subuser("emea")
    key = mail.add_key("northlight sync", ["mail.send"]).lower()
    grant = """
sendgrid.VendorGrant(
    "northlight", account=mail(), domains=["northlight.example"], until="2026-12-31",
    owner="olive", reason="campaigns", adopt=True,
    people={
        "kim@northlight.example": {"roles": ["emea:mail.send"], "sso": True,
                                   "first_name": "Kim", "last_name": "Lee"},
        "lou@northlight.example": {"roles": ["stats.read"]},
        "key:KEY": {"roles": ["mail.send"]},
    },
)
"""
    estate.program(HEAD + grant.replace("KEY", key))
    estate.applied()
    assert estate.plan() == []
    mail.invite("max@northlight.example", ["mail.send"])
    mail.add_teammate("nora@eu.northlight.example", username="nora", is_admin=True)
    (line,) = estate.plan()
    assert "max@northlight.example" in line
    assert "nora@eu.northlight.example" in line
    estate.applied()
    assert set(mail.pending()) == {"lou@northlight.example"}
    assert set(mail.users()) == {"owner@example.com", "kim@northlight.example"}
    estate.environment["MARTECH_OVERRIDE"] = "the contract has ended"
    estate.program(HEAD + "mail()")
    estate.applied()
    assert (mail.pending(), set(mail.users())) == ({}, {"owner@example.com"})
    assert [one["name"] for one in mail.keys().values()] == ["administration"]
