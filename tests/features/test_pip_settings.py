"""pip's settings are found where pip finds them."""

import os
from pathlib import Path

import pytest

from sonoloop.errors import UsageError
from sonoloop.features.pip_settings import default_index, read_pip_settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home without any configuration."""
    monkeypatch.setattr("sys.prefix", str(tmp_path / "venv"))
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    return tmp_path


def write(path: Path, text: str) -> Path:
    """Write a configuration file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_without_settings_it_is_the_default_index() -> None:
    """The null device as configuration file means: read none."""
    settings = read_pip_settings({"PIP_CONFIG_FILE": os.devnull})
    assert settings.indexes == (default_index(),)
    assert settings.certificates is None
    assert settings.proxy is None
    assert settings.timeout_s == 15


def test_files_count_from_global_to_local_and_the_environment_most(home: Path) -> None:
    """XDG_CONFIG_DIRS < home < virtual environment < PIP_CONFIG_FILE < PIP_INDEX_URL."""
    environment = {"XDG_CONFIG_DIRS": str(home / "xdg")}

    def index() -> str:
        return read_pip_settings(environment).indexes[0]

    write(home / "xdg" / "pip" / "pip.conf", "[global]\nindex-url = https://shared/simple/\n")
    write(home / ".pip" / "pip.conf", "[global]\nindex_url = https://old/simple\n")
    assert index() == "https://old/simple"
    write(home / ".config" / "pip" / "pip.conf", "[global]\nindex-url = https://home/simple\n")
    assert index() == "https://home/simple"
    write(home / "venv" / "pip.conf", "[download]\nindex-url = https://venv/simple\n")
    assert index() == "https://venv/simple"
    environment["PIP_CONFIG_FILE"] = str(
        write(home / "own", "[install]\nindex-url = a\n[global]\nindex-url = https://own/simple\n")
    )
    assert index() == "https://own/simple"
    environment["PIP_INDEX_URL"] = "https://environment/simple/"
    assert index() == "https://environment/simple"


def test_the_rest_is_read_too(home: Path) -> None:
    """Further indexes, certificates, proxy and timeout."""
    write(
        home / ".config" / "pip" / "pip.conf",
        "[global]\nextra-index-url =\n    https://a/simple\n    https://b/simple\n"
        "cert = ~/ca.pem\nproxy = http://proxy:3128\n",
    )
    settings = read_pip_settings({"PIP_TIMEOUT": "60", "XDG_CONFIG_DIRS": str(home)})
    assert settings.indexes == (default_index(), "https://a/simple", "https://b/simple")
    assert settings.certificates == Path("~/ca.pem").expanduser()
    assert settings.proxy == "http://proxy:3128"
    assert settings.timeout_s == 60


def test_no_index_means_none() -> None:
    """What pip would not ask is not asked."""
    assert not read_pip_settings({"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1"}).indexes


def test_what_cannot_be_understood_is_named(home: Path) -> None:
    """File or value."""
    path = write(home / ".config" / "pip" / "pip.conf", "index-url = lost\n")
    with pytest.raises(UsageError, match=r"pip\.conf is no configuration file of pip"):
        read_pip_settings({"XDG_CONFIG_DIRS": str(home)})
    path.unlink()
    with pytest.raises(UsageError, match="pip's timeout is 'soon': give it seconds"):
        read_pip_settings({"PIP_CONFIG_FILE": os.devnull, "PIP_TIMEOUT": "soon"})


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("win32", "AppData/Roaming/pip/pip.ini"),
        ("darwin", "Library/Application Support/pip/pip.conf"),
    ],
)
def test_other_systems_have_other_places(
    home: Path, platform: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As pip's documentation lists them."""
    monkeypatch.setattr("sys.platform", platform)
    write(home / place, "[global]\nindex-url = https://here/simple\n")
    environment = {"APPDATA": str(home / "AppData" / "Roaming"), "PROGRAMDATA": str(home)}
    assert read_pip_settings(environment).indexes == ("https://here/simple",)
