"""``sonoloop adapt`` passes its options on and refuses bad ones; the recipe's tests do the rest."""

from pathlib import Path

import pytest

from sonoloop.cli.main import main
from sonoloop.recipes import adapt as recipe


def run(*words: str) -> int:
    """Run a command and return its exit status."""
    with pytest.raises(SystemExit) as exit_info:
        main(list(words))
    return int(exit_info.value.code or 0)


def test_options_reach_the_recipe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several inputs, minutes, the start, the name and the labels."""
    calls: list[tuple[object, ...]] = []

    def note(videos: object, out: object, **options: object) -> None:
        calls.append((videos, out, options))

    monkeypatch.setattr(recipe, "adapt", note)
    words = "adapt a b --out new --minutes 7.5 --model old --stage-1 keep --name mine"
    assert run(*words.split(), "--label-column", "view") == 0
    options = {
        "minutes": 7.5,
        "model": "old",
        "stage_1": "keep",
        "name": "mine",
        "label_column": "view",
    }
    assert calls == [((Path("a"), Path("b")), Path("new"), options)]


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No minutes, no such model."""
    out = str(tmp_path / "out")
    assert run("adapt", str(tmp_path), "--out", out, "--minutes", "0") == 2
    assert "minutes must be above 0" in capsys.readouterr().err
    assert run("adapt", str(tmp_path), "--out", out, "--model", "nonsense") == 2
    assert "there is no model 'nonsense'" in capsys.readouterr().err
