"""What WordPress' own capabilities and built-in roles mean in ours.

The rights are WordPress' primitive capabilities, the roles those of core 6.1.9 (wordpress.md [S],
``wp-admin/includes/schema.php``). Plugins redefine roles and the REST API shows no definition, so
what core ships is assumed and never known: a person declares what a role allows on this site.
"""

from pulumi_martech.model.capability import CAPABILITIES
from pulumi_martech.model.rolemap import Right, RoleMap

_WRITES = ("landing_page:create", "landing_page:update")
_EDITS = ("landing_page:update", "landing_page:clone")


def _right(*names: str) -> Right:
    return Right(capabilities=frozenset(names), source="wordpress.md [S]", grade="source")


def _kinds(verb: str) -> list[str]:
    """Return a right on posts and on pages: ``edit_posts``, ``edit_pages``."""
    return [f"{verb}_posts", f"{verb}_pages"]


_RIGHTS: dict[str, tuple[list[str], Right]] = {
    "nothing": (["read", "level_*"], _right()),
    "write": (_kinds("edit"), _right(*_WRITES)),
    "delete drafts": (_kinds("delete"), _right("landing_page:update")),
    "edit": (
        [n for verb in ("edit_others", "edit_published", "edit_private") for n in _kinds(verb)],
        _right(*_EDITS),
    ),
    "publish": (_kinds("publish"), _right("landing_page:publish", "landing_page:unpublish")),
    "delete": (
        [n for v in ("delete_others", "delete_published", "delete_private") for n in _kinds(v)],
        _right("landing_page:delete"),
    ),
    "see": (_kinds("read_private"), _right("asset:view")),
    "files": (["upload_files", "manage_categories", "manage_links"], _right("asset:edit")),
    "comments": (["moderate_comments"], _right("messaging:view")),
    # A script in a post runs in the browser of every visitor, an administrator's too.
    "code": (
        [
            *("unfiltered_html", "unfiltered_upload", "edit_files", "update_core"),
            *("*_plugins", "*_themes"),
        ],
        _right("code:publish"),
    ),
    "look": (["edit_theme_options", "edit_dashboard"], _right("settings:manage")),
    "settings": (["manage_options"], _right("settings:manage", "landing_page:domain")),
    "see users": (["list_users"], _right("users:view")),
    "users": (
        ["create_users", "edit_users", "delete_users", "remove_users", "promote_users"],
        _right("users:manage"),
    ),
    "import": (["import"], _right("landing_page:create")),
    "export": (["export"], _right("asset:share", "contacts:export")),
    "people": (
        ["export_others_personal_data", "erase_others_personal_data", "manage_privacy_options"],
        _right("contacts:export", "crm:delete", "settings:manage"),
    ),
}

_CONTRIBUTOR = ("read", "edit_posts", "delete_posts")
_AUTHOR = (
    *_CONTRIBUTOR,
    "upload_files",
    "edit_published_posts",
    "publish_posts",
    "delete_published_posts",
)
_EDITOR = (
    *_AUTHOR,
    "moderate_comments",
    "manage_categories",
    "manage_links",
    "unfiltered_html",
    "edit_others_posts",
    "edit_private_posts",
    "read_private_posts",
    "delete_others_posts",
    "delete_private_posts",
    *(
        f"{verb}_pages"
        for verb in (
            *("edit", "edit_others", "edit_published", "edit_private", "publish"),
            *("read_private", "delete", "delete_others", "delete_published", "delete_private"),
        )
    ),
)

EVERYTHING = "everything"
"""Who may install plugins can do whatever code can."""

ROLES = RoleMap(
    known="declared",
    rights={name: right for names, right in _RIGHTS.values() for name in names}
    | {EVERYTHING: _right(*CAPABILITIES)},
    roles={
        "subscriber": ("read",),
        "contributor": _CONTRIBUTOR,
        "author": _AUTHOR,
        "editor": _EDITOR,
        "administrator": (EVERYTHING,),
    },
    portable={
        "administrator": ("administrator",),
        # Not editor: on a single site it runs scripts, which no Marketing Manager is to gain.
        "marketing-manager": ("author",),
        "marketer": ("contributor",),
        "partner-marketer": ("contributor",),
    },
)
"""WordPress' role map."""
