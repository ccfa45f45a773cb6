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
    """Several inputs, minutes, the start and the name."""
    calls: list[tuple[object, ...]] = []

    def note(videos: object, out: object, *, minutes: float, model: str, name: str | None) -> None:
        calls.append((videos, out, minutes, model, name))

    monkeypatch.setattr(recipe, "adapt", note)
    words = "adapt a b --out new --minutes 7.5 --model old --name mine"
    assert run(*words.split()) == 0
    assert calls == [((Path("a"), Path("b")), Path("new"), 7.5, "old", "mine")]


def test_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No minutes, no such model."""
    out = str(tmp_path / "out")
    assert run("adapt", str(tmp_path), "--out", out, "--minutes", "0") == 2
    assert "minutes must be above 0" in capsys.readouterr().err
    assert run("adapt", str(tmp_path), "--out", out, "--model", "nonsense") == 2
    assert "there is no model 'nonsense'" in capsys.readouterr().err
