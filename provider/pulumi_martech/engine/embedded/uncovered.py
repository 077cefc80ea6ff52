"""What the real command line (3.259) has and this engine has not."""

COMMANDS = frozenset({
    "about", "api", "console", "convert", "deployment", "do", "env", "gen-completion", "insights",
    "install", "login", "logout", "logs", "neo", "new", "org", "package", "policy", "project",
    "schema", "template", "watch", "state edit", "state get", "state move", "state upgrade",
    "stack change-secrets-provider", "stack drift", "stack get", "stack migrate", "stack schedule",
    "stack tag", "stack webhook", "config env", "plugin run", "completion", "events",
    "create", "esc", "gen-markdown", "help", "replay-events", "setup", "state modify", "state mv",
    "state update", "view-trace",
})  # fmt: skip
_PROGRAM = {
    "--attach-debugger", "--client", "--neo", "--neo-task-on-failure", "--output",
    "--override-env", "--show-secrets", "--urns",
}  # fmt: skip
FLAGS = {
    "preview": frozenset({*_PROGRAM, "--import-file"}),
    "up": frozenset({*_PROGRAM, "--secrets-provider", "--strict"}),
    "refresh": frozenset(
        {"--client", "--import-pending-creates", "--neo", "--output", "--override-env", "--urns"}
    ),
    "destroy": frozenset({"--client", "--neo", "--output", "--override-env", "--urns"}),
    "import": frozenset({
        "--from", "--generate-resources", "--output", "--parent", "--properties", "--provider",
        "--urns",
    }),
    "stack": frozenset({"--output", "--show-ids", "-i", "--show-name", "--show-secrets"}),
    "stack init": frozenset({"--copy-config-from", "--remote-config", "--teams"}),
    "stack ls": frozenset({"--organization", "-o", "--tag", "-t"}),
    "stack rm": frozenset({"--remove-backups"}),
    "stack export": frozenset({"--version"}),
    "stack output": frozenset({"--shell"}),
    "stack history": frozenset({"--full-dates"}),
    "config": frozenset({"--open"}),
    "config get": frozenset({"--open"}),
    "plugin ls": frozenset({"--project", "-p"}),
    "plugin install": frozenset({"--checksum", "--exact", "--file", "--parallel", "--reinstall"}),
    "plugin rm": frozenset({"--all", "-a"}),
}  # fmt: skip
ARGUMENTS = frozenset({"up", "import"})  # take templates, and types with names and ids
