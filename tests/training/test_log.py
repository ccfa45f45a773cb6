"""JSON lines that survive a crash."""

from pathlib import Path

from sonoloop.training.log import append_line, cut_after, read_lines


def test_lines_come_back(tmp_path: Path) -> None:
    """Numbers keep every bit."""
    log = tmp_path / "log.jsonl"
    lines = [{"step": step, "loss": 0.1 + step / 3} for step in range(3)]
    for line in lines:
        append_line(log, line)
    assert read_lines(log) == lines


def test_missing_log_is_empty(tmp_path: Path) -> None:
    """A new run has none."""
    assert read_lines(tmp_path / "log.jsonl") == []
    cut_after(tmp_path / "log.jsonl", 3)
    assert read_lines(tmp_path / "log.jsonl") == []


def test_cut_drops_later_steps_and_a_torn_line(tmp_path: Path) -> None:
    """Steps after the checkpoint and a half-written last line go."""
    log = tmp_path / "log.jsonl"
    for step in range(5):
        append_line(log, {"step": step})
    with log.open("a") as file:
        file.write('{"step": 2, "lo')
    cut_after(log, 2)
    assert log.read_text() == '{"step": 0}\n{"step": 1}\n{"step": 2}\n'
