"""What hangs on people who go: told in the plan, asked for, and said once it has been passed on."""

import json

from .estate import STACK, Estate

HEAD = """
site = site_account()
crm = crm_account()
"""


def test_what_hangs_on_who_goes_is_in_the_plan_and_passed_on_is_said(estate: Estate) -> None:
    people = HEAD + 'site_people(site, "ana", "ben", "cem", roles=["author"])\n'
    estate.program(people + 'crm_people(crm, "ana")')
    estate.applied()
    for title, status in (("Launch", "publish"), ("Plan", "draft")):
        estate.site.add_post("ana", title, status=status)
    estate.program(people.replace('"ana", ', ""))
    estate.mark()
    planned = estate.martech("preview", "--save", "plan.json", "--json").json()["plan"]["leaving"]
    saved = json.loads((estate.project / "plan.json").read_text())
    assert saved["leaving"] == planned
    assert [one["person"] for one in planned] == ["ana", "ana"]
    site = planned[1]
    assert (site["account"], site["verb"], site["successor"]) == ("site", "remove", "admin")
    assert site["belongings"][0] == {
        "what": "posts",
        "count": 2,
        "detail": "1 draft",
        "becomes": "to admin",
        "shown": True,
        "passed_on": True,
    }
    assert {kind["count"] for kind in site["belongings"] if not kind["shown"]} == {"unknown"}
    assert estate.writes() == []
    # It goes on changing: what is reviewed are the steps.
    estate.site.add_post("ana", "Late", status="draft")
    applied = estate.martech("up", "--plan", "plan.json", "--yes")
    assert applied.ok, applied.text
    assert "What hangs on who goes: what how many what becomes of it" in applied.text
    assert "crm/ana nothing that is shown" in applied.text
    assert "site/ana posts 3 (2 draft) to admin" in applied.text
    assert "not shown by site: blocks, menus and other content" in applied.text
    assert "site/ana went, posts: 3 (2 draft) given to admin" in applied.text
    assert len(estate.site.posts("admin")) == 4

    # A successor who goes as well is refused; bare pulumi says what it has passed on.
    estate.site.add_post("ben", "News")
    two = people.replace('"ana", ', "").replace('"ben", "cem"', '"cem"')
    other = """wordpress.Account("site", url=os.environ["SITE_URL"], successor="cem",
        credentials=Basic(username="admin", password="env:SITE_PASSWORD"))"""
    estate.program(HEAD.replace("site_account()", other))
    refused = estate.martech("preview")
    assert not refused.ok
    assert "take over what ben owns (posts: 1), and cem goes in this run as well" in refused.text
    estate.program(two)
    assert "site/ben went, posts: 1 given to admin" in estate.applied().text


def test_content_is_deleted_on_an_explicit_word_alone(embedded: Estate) -> None:
    person = 'wordpress.MartechUser("{0}", account=site, login="{0}", email="{0}@example.com"{1})\n'
    both = person.format("ben", ', delete_content="spam", successor="admin"')
    embedded.program(HEAD + person.format("ana", ', delete_content=" "') + both)
    text = embedded.up().text
    assert "delete_content=' ' of MartechUser ana in site is no reason" in text
    assert "MartechUser ben in site names a successor and says delete_content as well" in text
    embedded.program(HEAD + person.format("ana", ', delete_content="spam account"'))
    embedded.applied()
    embedded.site.add_post("ana", "Buy now")
    embedded.program(HEAD)
    planned = embedded.martech("preview").text
    assert "what a removed user owns is deleted with it: spam account" in planned
    assert "posts 1 DELETED, as delete_content says: spam account" in planned
    assert [post["status"] for post in embedded.site.posts("ana")] == ["publish"]
    assert "site/ana went, posts: 1 deleted" in embedded.applied().text
    assert [post["status"] for post in embedded.site.posts()] == ["trash", "publish"]
    assert STACK in embedded.deployment()["resources"][0]["urn"]
