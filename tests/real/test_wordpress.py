"""What a running WordPress does that no recording shows: the facts its manifest states."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from pulumi_martech.model.account import AccountConfig, Basic
from pulumi_martech.model.errors import Denied, Malformed, Refused
from pulumi_martech.model.membership import Wish
from pulumi_martech.platforms import wordpress
from pulumi_martech.platforms.registry import connect
from tests.real.wordpress import WordPress

pytestmark = pytest.mark.xdist_group("wordpress")
PERSON = {"email": "eve@example.com"}
KNOWN = "known-Passw0rd-for-a-test"


def connector_for(site: WordPress, username: str, password: str, url: str = "") -> Any:
    pytest.MonkeyPatch().setenv(f"PASSWORD_OF_{username.upper()}", password)
    credentials = Basic(username=username, password=f"env:PASSWORD_OF_{username.upper()}")
    return connect(
        AccountConfig(
            key="site", platform="wordpress", url=url or site.api, credentials=credentials
        )
    )


@pytest.fixture
def connector(wordpress_site: WordPress) -> Iterator[wordpress.Connector]:
    made = connector_for(wordpress_site, wordpress_site.username, wordpress_site.password)
    yield made
    made.client.close()


class Person:
    """Somebody who has logged in with a browser and given a tool an application password."""

    def __init__(self, site: WordPress, login: str, id_: str) -> None:
        self.site, self.login = site, login
        with site.administrator() as administrator:
            administrator.post(f"/users/{id_}", json={"password": KNOWN}).raise_for_status()
            made = administrator.post(f"/users/{id_}/application-passwords", json={"name": "tool"})
        self.tool = httpx.Client(base_url=site.api, auth=(login, made.json()["password"]))
        self.browser = self.log_in()

    def log_in(self) -> httpx.Client:
        browser = httpx.Client(base_url=self.site.origin, timeout=30)
        browser.get("/wp-login.php")
        form = {"log": self.login, "pwd": KNOWN, "testcookie": "1"}
        browser.post("/wp-login.php", data=form)
        return browser

    def is_known(self, browser: httpx.Client) -> bool:
        """Tell whether the site takes the browser for somebody, with or without any right."""
        return browser.get("/wp-admin/profile.php").status_code != 302

    def sees_profile(self, browser: httpx.Client) -> bool:
        return browser.get("/wp-admin/profile.php").status_code == 200

    def tool_works(self) -> bool:
        return self.tool.get("/wp/v2/users/me").status_code == 200


@pytest.fixture
def eve(wordpress_site: WordPress, connector: wordpress.Connector) -> Person:
    id_ = connector.invite(Wish(login="eve", roles={"editor": "editor"}, attributes=PERSON))
    person = Person(wordpress_site, "eve", id_)
    assert person.sees_profile(person.browser)
    assert person.tool_works()
    return person


def test_removing_ends_log_in_sessions_and_application_passwords(
    connector: wordpress.Connector, eve: Person
) -> None:
    administrator = connector.find("admin")
    live = connector.find("eve")
    assert live is not None
    assert administrator is not None
    connector.remove(live, administrator.id)
    assert not eve.is_known(eve.browser)
    assert not eve.is_known(eve.log_in())
    assert not eve.tool_works()
    (removal,) = (r for r in wordpress.MANIFEST.removals if r.verb == "remove")
    assert (removal.login, removal.sessions, removal.api_keys) == ("yes", "yes", "yes")


def test_downgrading_ends_nothing_but_rights(connector: wordpress.Connector, eve: Person) -> None:
    live = connector.find("eve")
    assert live is not None
    connector.change(live, Wish(login="eve", roles={}))
    assert eve.is_known(eve.browser)
    assert not eve.sees_profile(eve.browser)
    assert eve.is_known(eve.log_in())
    assert eve.tool_works()
    (downgrade,) = (r for r in wordpress.MANIFEST.removals if r.verb == "downgrade")
    assert (downgrade.login, downgrade.sessions, downgrade.api_keys) == ("no", "no", "no")


def test_content_goes_to_the_successor(
    wordpress_site: WordPress, connector: wordpress.Connector
) -> None:
    for login in ("eve", "flo"):
        attributes = {"email": f"{login}@example.com"}
        connector.invite(Wish(login=login, roles={"author": "author"}, attributes=attributes))
    eve, flo = connector.find("eve"), connector.find("flo")
    assert eve is not None
    assert flo is not None
    with wordpress_site.administrator() as administrator:
        post = {"title": "Launch", "status": "publish", "author": eve.id}
        id_ = administrator.post("/posts", json=post).json()["id"]
        connector.remove(eve, flo.id)
        assert str(administrator.get(f"/posts/{id_}").json()["author"]) == flo.id
        administrator.delete(f"/posts/{id_}", params={"force": "true"})


def test_an_editor_lacks_every_right_that_is_needed(
    wordpress_site: WordPress, connector: wordpress.Connector
) -> None:
    id_ = connector.invite(Wish(login="eve", roles={"editor": "editor"}, attributes=PERSON))
    with wordpress_site.administrator() as administrator:
        made = administrator.post(f"/users/{id_}/application-passwords", json={"name": "tool"})
    editor = connector_for(wordpress_site, "eve", made.json()["password"])
    caller = editor.whoami()
    assert (caller.login, caller.missing) == ("eve", wordpress.RIGHTS)
    with pytest.raises(Denied, match="not allowed"):
        editor.directory()


def test_a_wrong_password_is_refused_although_the_public_sees_authors(
    wordpress_site: WordPress,
) -> None:
    public = httpx.get(f"{wordpress_site.api}/wp/v2/users", auth=("admin", "wrong"))
    assert [set(user) & {"id", "email", "roles"} for user in public.json()] == [{"id"}]
    stranger = connector_for(wordpress_site, "admin", "wrong")
    for look in (stranger.whoami, stranger.directory, lambda: stranger.find("admin")):
        with pytest.raises(Denied, match="application password was not accepted"):
            look()


def test_the_pages_of_a_real_listing(
    wordpress_site: WordPress, connector: wordpress.Connector
) -> None:
    logins = [f"user{number:03}" for number in range(100)]
    people = [
        Wish(login=login, roles={}, attributes={"email": f"{login}@example.com"})
        for login in logins
    ]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(connector.invite, people))
    assert len(connector.directory().memberships) == 101
    assert connector.client.counts.calls == {"POST": 100, "GET": 2}


def test_a_wrong_address_is_said_and_never_read_as_nobody(wordpress_site: WordPress) -> None:
    lost = connector_for(
        wordpress_site, "admin", wordpress_site.password, f"{wordpress_site.origin}/blog/wp-json"
    )
    # WordPress guesses what was meant and may lead to a page instead of saying 404.
    for look in (lost.directory, lambda: lost.fetch("1", ()), lambda: lost.find("admin")):
        with pytest.raises((Malformed, Refused), match="account's url"):
            look()


PICTURE = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000100055a" + "00" * 20
)


def test_media_are_counted_and_deleted_for_ever_with_their_author(
    wordpress_site: WordPress, connector: wordpress.Connector
) -> None:
    wish = Wish(login="eve", roles={"author": "author"}, attributes=PERSON)
    eve = connector.fetch(connector.invite(wish), ())
    assert eve is not None
    kind = {"Content-Disposition": 'attachment; filename="a.png"', "Content-Type": "image/png"}
    with wordpress_site.administrator() as administrator:
        made = administrator.post("/media", content=PICTURE, headers=kind).json()["id"]
        administrator.post(f"/media/{made}", json={"author": int(eve.id)}).raise_for_status()
        assert [str(one) for one in connector.belongings([eve])[eve.id]][2] == "media: 1"
        templates = administrator.get("/templates", params={"author": eve.id})
        assert "x-wp-total" not in templates.headers
        connector.remove_with_content(eve)
        assert administrator.get(f"/media/{made}").status_code == 404
