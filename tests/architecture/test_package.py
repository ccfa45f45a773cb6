"""The wheel carries everything the installed package needs."""

import re
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from importlib import import_module
from pathlib import Path

import pytest

from sonoloop import __version__

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel as pip does, with the setuptools at hand."""
    pytest.importorskip("setuptools", minversion="77", reason="setuptools 77 builds the wheel")
    out = tmp_path_factory.mktemp("wheel")
    program = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"
    # The build writes build/ and *.egg-info beside the sources: give it its own copy.
    copy = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE", "LICENSE-WEIGHTS"):
        (copy / name).write_bytes((ROOT / name).read_bytes())
    for path in (ROOT / "src").rglob("*"):
        if path.is_file() and path.suffix != ".pyc" and "egg-info" not in str(path):
            target = copy / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    subprocess.run([sys.executable, "-c", program, str(out)], cwd=copy, check=True)
    return zipfile.ZipFile(next(out.glob("*.whl")))


def test_wheel_has_sources_presets_weights_and_licences(wheel: zipfile.ZipFile) -> None:
    """Every file below src that is not a cache is in the wheel, and so are both licences."""
    names = set(wheel.namelist())
    for path in (ROOT / "src").rglob("*"):
        if path.is_file() and path.suffix != ".pyc" and "egg-info" not in str(path):
            assert str(path.relative_to(ROOT / "src")) in names
    information = f"sonoloop-{__version__}.dist-info"
    assert f"{information}/licenses/LICENSE" in names
    assert f"{information}/licenses/LICENSE-WEIGHTS" in names
    metadata = wheel.read(f"{information}/METADATA").decode()
    assert "License-Expression: Apache-2.0 AND CC-BY-NC-SA-4.0" in metadata


@pytest.mark.slow
def test_the_installed_wheel_works_without_the_sources(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    """In a new environment that shares the dependencies: every module and the demo."""
    venv.create(tmp_path / "venv", with_pip=False)
    python = tmp_path / "venv" / "bin" / "python"
    place = [python, "-I", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.run(place, capture_output=True, text=True, check=True).stdout.strip())
    wheel.extractall(site)  # what installing a wheel without compiled parts does
    # Paths named by a .pth file bring no .pth files of their own: not the sources either.
    (site / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
    program = (
        "import importlib, pkgutil, sys, sonoloop\n"
        "assert sonoloop.__file__.startswith(sys.prefix), sonoloop.__file__\n"
        "for one in pkgutil.walk_packages(sonoloop.__path__, 'sonoloop.'):\n"
        "    if not one.name.endswith('__main__'): importlib.import_module(one.name)\n"
        "from sonoloop.cli.main import main; main(['demo', '--out', 'demo'])"
    )
    subprocess.run([python, "-I", "-c", program], cwd=tmp_path, check=True)
    assert list((tmp_path / "demo").glob("*.mp4"))


def test_locked_versions_cover_every_direct_dependency() -> None:
    """requirements/locked.txt pins what pyproject.toml asks for, so a fresh clone gets it again."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    asked = [*project["dependencies"], *(one for extra in extras for one in extra)]
    locked = (ROOT / "requirements" / "locked.txt").read_text()
    pinned = {line.split("==")[0].lower() for line in locked.splitlines() if "==" in line}
    pinned.add("sonoloop")  # the extra "test" asks for others of its own
    for requirement in asked:
        assert re.split(r"[><=~! \[;]", requirement)[0].lower() in pinned


def test_the_sbom_lists_what_sonoloop_runs_with() -> None:
    """Not the tools of tests and docs, in the locked versions; another version is named."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        sbom, licences = import_module("sbom"), import_module("licences")
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    locked = licences.locked_versions()
    installed = [
        {"type": "library", "name": name, "version": version, "bom-ref": f"{name}-ref"}
        for name, version in {**locked, "torch": f"{locked['torch']}+cpu", "einops": "0.1"}.items()
    ]
    environment = {
        "components": installed,
        "dependencies": [
            {"ref": "sonoloop-ref"},
            {"ref": "gradio-ref", "dependsOn": ["numpy-ref", "pytest-ref"]},
        ],
        "metadata": {"component": {"bom-ref": "root", "name": "sonoloop", "type": "library"}},
    }
    document, wrong = sbom.reduced(environment, __version__)
    assert wrong == [f"einops 0.1, locked is {locked['einops']}"]
    names = {one["name"] for one in document["components"]}
    assert {"torch", "av", "gradio", "ray", "simpleitk", "pydantic-core"} <= names
    assert names.isdisjoint({"pytest", "mypy", "moto", "mkdocs", "playwright", "sonoloop"})
    torch = next(one for one in document["components"] if one["name"] == "torch")
    assert (torch["version"], torch["purl"]) == (
        locked["torch"],
        f"pkg:pypi/torch@{locked['torch']}",
    )
    graph = {one["ref"]: one.get("dependsOn", []) for one in document["dependencies"]}
    references = {one["bom-ref"] for one in document["components"]}
    assert graph.keys() == references | {"root"}
    assert references.issuperset(ref for refs in graph.values() for ref in refs)
    assert f"torch=={locked['torch']}" in graph["root"]
    assert graph[f"gradio=={locked['gradio']}"] == [f"numpy=={locked['numpy']}"]
    assert document["metadata"]["component"]["version"] == __version__
