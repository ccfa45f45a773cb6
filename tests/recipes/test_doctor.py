"""The doctor finds what is there, what is missing and what is broken, and tells nothing private."""

import io
import json
import shutil
from pathlib import Path

import pytest
from rich.console import Console

from sonoloop import __version__
from sonoloop.errors import UsageError
from sonoloop.features.weight_sources import SOURCES
from sonoloop.recipes import doctor as recipe
from sonoloop.recipes.doctor import Finding, doctor, examine


def _by_name(weights_dir: Path) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(weights_dir)}


def test_a_healthy_installation(tmp_path: Path) -> None:
    """Packages, the bundled model, video and DICOM codecs work; nets are optional."""
    found = _by_name(tmp_path)
    assert __version__ in found["sonoloop"].detail
    assert "torch " in found["packages"].detail
    assert "SHA-256" in found["model 'default'"].detail
    for name in ("packages", "model 'default'", "mp4", *(f"DICOM {s}" for s in DECODED)):
        assert found[name].state == "ok", found[name]
    for name in SOURCES:
        assert found[name].state == "missing"
        assert f"'sonoloop weights fetch {name}' brings it" in found[name].detail


DECODED = ("JPEG", "JPEG lossless", "JPEG-LS", "JPEG 2000", "RLE")


def test_damage_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged net, a damaged model, no package, hardly any disk: each is counted."""
    (tmp_path / "lpips-alex.safetensors").write_bytes(b"damaged")

    def no_model(name: str) -> Path:
        msg = f"{name} is damaged"
        raise UsageError(msg)

    usage = shutil._ntuple_diskusage(10, 9, 10**9)  # type: ignore[attr-defined] # noqa: SLF001
    monkeypatch.setattr(recipe, "find_model", no_model)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(recipe, "requires", lambda _: ["torch>=2.6", "not-there>=1; extra"])
    broken = [finding for finding in examine(tmp_path) if finding.state == "broken"]
    assert [finding.name for finding in broken] == [
        "packages",
        "model 'default'",
        "lpips-alex",
        "disk of this folder",
        "disk of the nets' folder",
    ]
    assert broken[0].detail == "not installed: not-there; install sonoloop again"
    assert broken[1].detail == "default is damaged"
    text = io.StringIO()
    assert doctor(as_json=False, weights_dir=tmp_path, console=Console(file=text)) == len(broken)


def test_what_it_prints(tmp_path: Path) -> None:
    """A table in which brackets stay brackets, and JSON with the same findings."""
    text = io.StringIO()
    doctor(as_json=False, weights_dir=tmp_path, console=Console(file=text, width=200))
    assert "model 'default'" in text.getvalue()
    assert str(tmp_path) not in text.getvalue()
    text = io.StringIO()
    doctor(as_json=True, weights_dir=tmp_path, console=Console(file=text, width=60))
    assert json.loads(text.getvalue())["mp4"]["state"] == "ok"
    text = io.StringIO()
    console = Console(file=text, width=200)
    missing = Finding("gradio", "missing", "pip install 'sonoloop[web]'")
    recipe.show([missing], console)
    assert "sonoloop[web]" in text.getvalue()
