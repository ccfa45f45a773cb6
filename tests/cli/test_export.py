"""``sonoloop export``."""

from pathlib import Path

import pytest

from sonoloop.cli.main import main
from sonoloop.recipes import export as recipe


def test_options_are_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model is named after its folder unless a name is given."""
    calls: list[dict[str, object]] = []

    def fake(*runs: Path, **options: object) -> None:
        calls.append({"runs": runs, **options})

    monkeypatch.setattr(recipe, "export", fake)
    runs = ["--autoencoder", "a", "--diffusion", "b", "--out", str(tmp_path / "lung")]
    for extra in ([], ["--name", "other", "--licence", "CC0-1.0", "--data", "d"]):
        with pytest.raises(SystemExit) as exit_info:
            main(["export", *runs, *extra])
        assert exit_info.value.code == 0
    assert calls[0]["runs"] == (Path("a"), Path("b"))
    assert (calls[0]["name"], calls[0]["data"]) == ("lung", None)
    assert (calls[1]["name"], calls[1]["licence"]) == ("other", "CC0-1.0")
    assert calls[1]["data"] == Path("d")
    assert calls[0]["stage_2"] == "diffusion"
    with pytest.raises(SystemExit):
        main(["export", "--autoencoder", "a", "--flow", "f", "--out", str(tmp_path / "lung")])
    assert (calls[2]["runs"], calls[2]["stage_2"]) == ((Path("a"), Path("f")), "flow")
    with pytest.raises(SystemExit):
        main(["export", "--autoencoder", "a", "--random-latents", "--out", str(tmp_path / "lung")])
    assert calls[3]["runs"] == (Path("a"), None)


@pytest.mark.parametrize(
    "runs", [[], ["--diffusion", "d", "--flow", "f"], ["--diffusion", "d", "--random-latents"]]
)
def test_one_stage_2_is_wanted(runs: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Neither none nor both."""
    with pytest.raises(SystemExit) as exit_info:
        main(["export", "--autoencoder", "a", *runs, "--out", "model"])
    assert exit_info.value.code == 2
    assert "a model has one stage 2" in capsys.readouterr().err


def test_folders_without_a_run_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 2 and one sentence."""
    runs = ["--autoencoder", str(tmp_path), "--diffusion", str(tmp_path)]
    with pytest.raises(SystemExit) as exit_info:
        main(["export", *runs, "--out", str(tmp_path / "model")])
    assert exit_info.value.code == 2
    assert "holds no training run" in capsys.readouterr().err
