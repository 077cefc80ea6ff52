"""What is written off a screen is read strictly: every problem with its place, nothing guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pulumi_martech.model.content import Cell
from pulumi_martech.operations.exports import Written, templates
from pulumi_martech.platforms.gtg_crm import MANIFEST, Connector
from pulumi_martech.platforms.gtg_crm_matrix import SWITCHES


@pytest.fixture
def read(tmp_path):
    """Read texts as files: ``people.csv``, ``roles.csv``, ``both.json``."""

    def run(layout="", known=("Support",), **texts):
        said = Written(MANIFEST, Connector.layouts, layout, known)
        for name, text in texts.items():
            file = tmp_path / name.replace("_", ".")
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
            said.read(file)
        said.finish()
        return said

    return run


def roles_csv(layout: str, role: str = "Support", on: str = "Messaging: View") -> str:
    rows = [
        ",".join([role, *name.split(": "), "on" if name == on else "off"])
        for name in SWITCHES[layout]
    ]
    return "\n".join(["role,module,switch,state", *rows])


PEOPLE = "login,role\nana@example.com,Administrator\n"


@pytest.mark.parametrize(
    "text",
    [
        "login,role\nAna@example.com,Administrateur\nbo@example.com,\n",
        "\ufeffLogin;Role\r\nAna@example.com;Administrateur\r\nbo@example.com;\r\n\r\n",
        'role\tlogin\nAdministrator\t"ana@example.com"\n\tbo@example.com\n',
    ],
    ids=["plain", "as a spreadsheet writes it", "tabs and another order"],
)
def test_people_are_read_from_any_table_of_these_columns(read, text):
    said = read(people_csv=text)
    assert said.problems == []
    assert said.people == {"ana@example.com": ["Administrator"], "bo@example.com": []}
    assert said.roles is None, "nobody looked at roles"
    assert said.sources[0].name == "people.csv" and len(said.sources[0].sha256) == 64


def test_somebody_with_two_roles_has_two_rows(read):
    said = read(people_csv=PEOPLE + "ana@example.com,Support\n")
    assert said.people == {"ana@example.com": ["Administrator", "Support"]}


@pytest.mark.parametrize("layout", SWITCHES)
def test_the_layout_is_told_by_its_switches(read, layout):
    on = "Messaging: View" if layout == "guide" else "Messaging: view a message"
    said = read(people_csv=PEOPLE, roles_csv=roles_csv(layout, on=on))
    assert said.problems == [] and said.layout == layout
    assert said.roles["Support"][on] is Cell.ON
    assert list(said.roles["Support"].values()).count(Cell.OFF) == len(SWITCHES[layout]) - 1


def test_json_holds_both(read):
    switches = dict.fromkeys(SWITCHES["guide"], "off") | {"Email: Send": "no switch"}
    both = {"people": {"ana@example.com": ["Support"]}, "roles": {"Support": switches}}
    said = read(both_json=json.dumps(both), known=())
    assert said.problems == [] and said.people == {"ana@example.com": ["Support"]}
    assert said.roles["Support"]["Email: Send"] is Cell.NO_SWITCH


@pytest.mark.parametrize(
    ("texts", "problems"),
    [
        ({"people_csv": "login,rolle\n"}, ["has the columns 'login', 'rolle'", "did you mean"]),
        ({"people_csv": "login,role,phone\n"}, ["'phone'; write login, role for people"]),
        ({"people_csv": ""}, ["has the columns none"]),
        ({}, ["no file lists the people"]),
        ({"roles_csv": roles_csv("guide")}, ["no file lists the people"]),
        ({"people_csv": b"login,role\n\xff\xfe,x\n"}, ["is not text in UTF-8"]),
        ({"people_csv": PEOPLE + "bo@example.com\n"}, ["people.csv:3: has not 2 cells"]),
        ({"people_csv": PEOPLE + 'bo@example.com,"Supp'}, ["people.csv:2: is no CSV"]),
        (
            {"people_csv": PEOPLE + "bo@example.com,Suport\nc@example.com,=1+1\n"},
            ["people.csv:3: role 'Suport' is no default role, not declared", "'Support'",
             "people.csv:4: '=1+1' begins like a formula"],
        ),
        (
            {"people_csv": PEOPLE + "@SUM(A1),Support\n"},
            ["people.csv:3: '@SUM(A1)' begins like a formula"],
        ),
        (
            {"people_csv": PEOPLE + "ANA@example.com,Administrateur\n"},
            ["people.csv:3: 'ana@example.com' with 'Administrator' is written at people.csv:2 too"],
        ),
        (
            {"people_csv": PEOPLE + "ana@example.com,\n"},
            ["people.csv:3: 'ana@example.com' is written with a role and without one"],
        ),
        ({"people_csv": PEOPLE + "a\u200bna@example.com,\n"}, ["contains the invisible"]),
        ({"both_json": "[]"}, ["both.json: has no object, not `people` and `roles`"]),
        ({"both_json": '{"persons": {}}'}, ["both.json: has persons"]),
        ({"both_json": '{"people": {"a": [], "a": []}}'}, ["a key stands twice"]),
        ({"both_json": '{"people": {"a": "Support"}}'}, ["people, 'a': is not a list of roles"]),
        ({"both_json": '{"people": {"a": [1]}}'}, ["people, 'a': holds what is no text"]),
        ({"both_json": '{"people": {"a": ["Support", "Support"]}}'}, ["is written at"]),
        ({"both_json": "[" * 100_000}, ["is no JSON"]),
        (
            {"people_csv": PEOPLE, "roles_csv": "role,module,switch,state\nSupport,Email,Send,on"},
            ["role 'Support' lacks 20 switches of layout 'guide'", "written 'no switch'"],
        ),
        (
            {"people_csv": PEOPLE, "roles_csv": roles_csv("guide") + "\nAdministrator,a,b,on"},
            ["'Administrator' is no custom role"],
        ),
        (
            {"people_csv": PEOPLE, "roles_csv": roles_csv("guide").replace("off", "perhaps", 1)},
            ["state 'perhaps' is none of 'on', 'off', 'no switch'"],
        ),
        (
            {"people_csv": PEOPLE, "roles_csv": roles_csv("guide").replace("Reply", "Relpy")},
            ["not all of one layout", "--layout article or guide"],
        ),
        (
            {
                "layout": "guide",
                "people_csv": PEOPLE,
                "roles_csv": roles_csv("guide").replace("Reply", "Relpy"),
            },
            ["has no switch 'Messaging: Relpy'; did you mean 'Messaging: Reply'", "lacks 1 "],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(read, texts, problems):
    said = " | ".join(read(**texts).problems)
    for problem in problems:
        assert problem in said


def test_a_large_file_and_one_that_is_not_there_are_refused(read, tmp_path):
    said = read(people_csv=b"login,role\n" + b"x" * 5_000_001)
    assert "larger than 5000000 bytes" in said.problems[0]
    said = Written(MANIFEST, Connector.layouts, "", ())
    said.read(tmp_path / "gone.csv")
    assert "gone.csv: cannot be read (No such file" in said.problems[0]


def test_a_template_that_is_filled_in_is_read(read):
    tables = templates(Connector.layouts, "guide", ["Support", "Sales"])
    assert templates(Connector.layouts, "", []).keys() == {"people"}
    filled = tables["roles"].replace(",\n", ",off\n")
    said = read(people_csv=tables["people"] + "ana@example.com,Sales\n", roles_csv=filled)
    assert said.problems == [] and said.roles.keys() == {"Support", "Sales"}


@given(st.binary(max_size=300), st.sampled_from(["x.csv", "x.json"]))
def test_any_file_is_read_or_refused(tmp_path_factory, data, name):
    file = tmp_path_factory.getbasetemp() / name
    file.write_bytes(data)
    said = Written(MANIFEST, Connector.layouts, "", ())
    said.read(file)
    said.finish()
    assert said.problems, "no such file is an attestation"
