"""What users of a WordPress 6.1 site write: posts, pages, media, templates, and the kinds of these.

It is there to be owned: it can be made, listed and put into the bin, and not be changed. Facts:
observed answers of WordPress 6.1.9 [R] and its source [S], docs/platforms/wordpress.md.
"""

import math
from functools import partial

from pulumi_martech.sandbox import wordpress_rules as rules
from pulumi_martech.sandbox.store import Doc
from pulumi_martech.sandbox.tenant import Answer, Routes
from pulumi_martech.sandbox.wordpress_rules import KINDS, Kind, Problem, checked
from pulumi_martech.sandbox.wordpress_site import API, WordPressSite, post_shown, published
from pulumi_martech.sandbox.wordpress_visit import Visit


def serve(routes: Routes) -> None:
    """Add the routes of content."""
    routes.add(f"{API}/types", GET=_types)
    for kind in KINDS.values():
        if not kind.paged:
            routes.add(f"{API}/{kind.base}", GET=partial(_whole_list, kind=kind))
            continue
        made = {} if kind.name == "attachment" else {"POST": partial(_create, kind=kind)}
        routes.add(f"{API}/{kind.base}", GET=partial(_list, kind=kind), **made)
        routes.add(
            f"{API}/{kind.base}/{{id:int}}",
            GET=partial(_get, kind=kind),
            DELETE=partial(_delete, kind=kind),
        )


def _types(site: WordPressSite, visit: Visit) -> Answer:
    if visit.params.get("context") == "edit":
        words = "edit posts in this post type"
        visit.may("edit_posts", "rest_cannot_view", words)
    return Answer(200, {kind.name: kind.shown() for kind in KINDS.values()})


def _list(site: WordPressSite, visit: Visit, kind: Kind) -> Answer:
    """List content; the total counts also what who asks may not see [R]."""
    asked = checked(visit.params, rules.read_content(kind))
    wanted = asked.get("status") or [kind.usual]
    if set(wanted) != {kind.usual} and not visit.can("edit_posts"):
        raise _forbidden_status()
    per_page = asked.get("per_page", 10)
    offset = (asked.get("page", 1) - 1) * per_page
    # Of kinds without an author the filter is passed over [R].
    authors = asked.get("author") if "author" in kind.supports else None
    found = [
        post
        for post in site.stored_posts.page().values()
        if post["type"] == kind.name
        and (post["status"] in wanted or ("any" in wanted and post["status"] != "trash"))
        and (not authors or post["author"] in authors)
    ]
    page = [post for post in found[offset : offset + per_page] if _readable(visit, post)]
    shown = [post_shown(visit.call.root, post, "view") for post in page]
    pages = str(math.ceil(len(found) / per_page))
    return Answer(200, shown, {"X-WP-Total": str(len(found)), "X-WP-TotalPages": pages})


def _readable(visit: Visit, post: Doc) -> bool:
    own = visit.user is not None and post["author"] == visit.user["id"]
    open_ = published(post) or post["status"] == "inherit"
    return open_ or own or visit.can("edit_others_posts")


def _forbidden_status() -> Problem:
    words = "Status is forbidden."
    inner = {"code": "rest_forbidden_status", "message": words, "data": {"status": 403}}
    return Problem(
        400,
        "rest_invalid_param",
        "Invalid parameter(s): status",
        params={"status": words},
        details={"status": inner},
    )


def _whole_list(site: WordPressSite, visit: Visit, kind: Kind) -> Answer:
    """List templates: all of them, whoever is asked for, and without a total [R]."""
    visit.may("edit_theme_options", "rest_cannot_manage_templates", "access the templates")
    posts = [post for post in site.stored_posts.page().values() if post["type"] == kind.name]
    shown = [
        {
            "id": f"theme//{rules.slug_of(post['title'])}",
            "slug": rules.slug_of(post["title"]),
            "source": "custom",
            "type": kind.name,
            "status": post["status"],
            "author": post["author"],
        }
        for post in posts
    ]
    return Answer(200, shown)


def _get(site: WordPressSite, visit: Visit, kind: Kind) -> Answer:
    post = _target(site, visit, kind)
    if not _readable(visit, post):
        raise Problem(404, "rest_post_invalid_id", "Invalid post ID.")
    root, context = visit.call.root, str(visit.params.get("context", "view"))
    slug = f"{rules.slug_of(post['title'])}/" if published(post) else f"?p={post['id']}"
    link = {"Link": f'<{root}/{slug}>; rel="alternate"; type=text/html'}
    return Answer(200, post_shown(root, post, context), link)


def _create(site: WordPressSite, visit: Visit, kind: Kind) -> Answer:
    sent = checked(visit.params, rules.CREATE_POST)
    visit.may("edit_posts", "rest_cannot_create", "create posts as this user")
    own = visit.user["id"] if visit.user else 0
    author = sent.get("author") or own
    if author != own:
        visit.may("edit_others_posts", "rest_cannot_edit_others", "create posts as this user")
        if site.stored_users.get(str(author)) is None:
            raise Problem(400, "rest_invalid_author", "Invalid author ID.")
    post = site.store_post(author, sent.get("title", ""), sent.get("status") or "draft", kind.name)
    root = visit.call.root
    location = {"Location": f"{root}{API}/{kind.base}/{post['id']}"}
    return Answer(201, post_shown(root, post, "edit"), location)


def _delete(site: WordPressSite, visit: Visit, kind: Kind) -> Answer:
    """Put content into the bin; what is there already is told so."""
    sent = checked(visit.params, {"force": rules.Param("boolean")})
    post = _target(site, visit, kind)
    visit.may("delete_others_posts", "rest_cannot_delete", "delete this post")
    if sent.get("force") or kind.name == "attachment":
        site.remove_post(post["id"])
        return Answer(200, {"deleted": True, "previous": post_shown(visit.call.root, post, "edit")})
    if post["status"] == "trash":
        raise Problem(410, "rest_already_trashed", "The post has already been deleted.")
    site.bin_post(post["id"])
    return Answer(200, post_shown(visit.call.root, post | {"status": "trash"}, "edit"))


def _target(site: WordPressSite, visit: Visit, kind: Kind) -> Doc:
    post: Doc | None = site.stored_posts.get(str(visit.params["id"]))
    if post is None or post["type"] != kind.name:
        raise Problem(404, "rest_post_invalid_id", "Invalid post ID.")
    return post
