"""``sonoloop report``."""

from pathlib import Path

import pytest

from sonoloop.cli.main import main
from sonoloop.recipes import report as recipe


def test_options_are_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in their order; no title unless one is given."""
    calls: list[tuple[tuple[Path, ...], dict[str, object]]] = []

    def fake(runs: tuple[Path, ...], **options: object) -> None:
        calls.append((runs, options))

    monkeypatch.setattr(recipe, "report", fake)
    for extra in ([], ["--title", "Lung"]):
        with pytest.raises(SystemExit) as stop:
            main(["report", "a", "b", "--out", "r.html", *extra])
        assert stop.value.code == 0
    runs = (Path("a"), Path("b"))
    out = Path("r.html")
    assert calls == [
        (runs, {"out": out, "title": None}),
        (runs, {"out": out, "title": "Lung"}),
    ]


def test_folder_of_neither_kind_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2 and one sentence."""
    with pytest.raises(SystemExit) as stop:
        main(["report", str(tmp_path), "--out", str(tmp_path / "r.html")])
    assert stop.value.code == 2
    assert "holds none of evaluation.json" in capsys.readouterr().err
