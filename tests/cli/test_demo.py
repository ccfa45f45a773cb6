"""``sonoloop demo``."""

from pathlib import Path

import pytest

from sonoloop.cli import demo as command
from sonoloop.cli.main import main
from sonoloop.errors import UnreadableFileError
from sonoloop.recipes import demo as recipe
from sonoloop.synthesis.batch_options import BatchResult


@pytest.mark.parametrize(("failed", "status"), [(False, 0), (True, 1)])
def test_options_and_exit_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, failed: bool, status: int
) -> None:
    """The folder and the choice of the still are passed on."""
    calls: list[tuple[Path, bool]] = []

    def fake(out: Path, *, phantom: bool) -> BatchResult:
        calls.append((out, phantom))
        failures = [UnreadableFileError("x", "is empty")] if failed else []
        return BatchResult(failures=failures)

    monkeypatch.setattr(recipe, "demo", fake)
    with pytest.raises(SystemExit) as exit_info:
        main(["demo", "--out", str(tmp_path), "--phantom"])
    assert exit_info.value.code == status
    assert calls == [(tmp_path, True)]
    assert command.demo(out=tmp_path) == status
    assert calls[-1] == (tmp_path, False)
