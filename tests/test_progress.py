"""Progress without a terminal: a line now and then, with share, rate and time left."""

import pytest

from benchmark import progress


@pytest.fixture
def clock(monkeypatch):
    """A list whose only entry is the time in seconds."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "perf_counter", lambda: now[0])
    return now


def test_a_log_gets_a_line_a_minute(clock, capsys):
    with progress.bar(total=4000, desc="a run", unit="img", initial=1000) as bar:
        for _ in range(200):  # 10 pictures a second for 200 s
            clock[0] += 1
            bar.update(10)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "a run: 29 %, 10.0img/s, 04:45 left",  # 1,150 of 4,000 after a quarter of a minute
        "a run: 44 %, 10.0img/s, 03:45 left",
        "a run: 59 %, 10.0img/s, 02:45 left",
        "a run: 74 %, 10.0img/s, 01:45 left",
    ]


def test_short_work_says_nothing(clock, capsys):
    with progress.bar(total=10, desc="a run", unit="img") as bar:
        clock[0] += 14
        bar.update(5)
        bar.set_postfix_str("x")
    assert capsys.readouterr() == ("", "")
