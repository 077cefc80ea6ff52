"""The run report: small files of several processes, summed up at the end."""

import subprocess
import sys
import threading
from types import SimpleNamespace

from pulumi_martech.reconcile.report import RunReport, load


def test_what_was_done_is_kept_as_it_happens(tmp_path, monkeypatch):
    monkeypatch.setenv("MARTECH_RUN", str(tmp_path / "run"))
    counts = SimpleNamespace(calls={"GET": 2}, retries=0, waited=0.0)
    report = RunReport("crm")
    report.watch(lambda: counts)
    report.wrote("create user ana")
    counts.calls["POST"], counts.retries, counts.waited = 1, 1, 2.5
    report.adopted("user", "ben")
    report.resolved("create user cleo")
    report.left_behind("user", "dora")
    report.breaker_refused("remove user eve")
    report.unread("crm is unreachable")
    report.unread("crm is unreachable")
    report.from_state()
    report.from_state(2)

    run = load(tmp_path / "run")["crm"]  # without close: a process may be ended at any time
    assert run == report.now()
    assert run.calls == {"GET": 2, "POST": 1} and (run.retries, run.waited) == (1, 2.5)
    assert run.writes == ("create user ana",) and run.adopted == ("user ben",)
    assert run.unread == ("crm is unreachable",) and run.from_state == 3
    assert run.refused and run.resolved and run.leftovers == ("user dora",)


def test_a_second_session_of_the_process_goes_on_with_the_same_report(tmp_path):
    counts = SimpleNamespace(calls={"GET": 2}, retries=0, waited=0.0)
    for _ in range(2):
        report = RunReport("crm", tmp_path)
        report.watch(lambda: counts)
        report.count("DELETE")
        report.close()
        report.close()
    assert load(tmp_path)["crm"].calls == {"GET": 4, "DELETE": 2}
    assert len(list(tmp_path.iterdir())) == 1


def test_processes_are_summed_up_by_account(tmp_path):
    code = (
        "import sys; from pathlib import Path\n"
        "from pulumi_martech.reconcile.report import RunReport\n"
        "r = RunReport(sys.argv[2], Path(sys.argv[1])); r.count('GET', 3); r.unread('down')"
    )
    for account in ("crm", "crm", "blog"):
        subprocess.run([sys.executable, "-c", code, str(tmp_path), account], check=True)
    runs = load(tmp_path)
    assert list(runs) == ["blog", "crm"]
    assert runs["crm"].calls == {"GET": 6} and runs["crm"].unread == ("down",)


def test_threads_lose_nothing(tmp_path):
    report = RunReport("crm", tmp_path)
    threads = [
        threading.Thread(target=lambda: [report.wrote("w") for _ in range(50)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(load(tmp_path)["crm"].writes) == 200


def test_without_a_run_or_a_disk_nothing_fails(tmp_path, monkeypatch):
    monkeypatch.delenv("MARTECH_RUN", raising=False)
    monkeypatch.chdir(tmp_path)
    RunReport("crm").wrote("create user ana")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    report = RunReport("crm", tmp_path / "file" / "run")
    report.wrote("create user ana")
    assert report.now().writes == ("create user ana",)
    (tmp_path / "other.json").write_text("not a report")
    assert load(tmp_path) == {}
