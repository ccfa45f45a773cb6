"""Names and bytes of strangers."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonoloop.errors import UsageError
from sonoloop.web.limits import Limits
from sonoloop.web.uploads import (
    LONGEST_NAME,
    TooLargeError,
    Upload,
    check_count,
    clean_name,
    store_uploads,
)


@given(st.text())
def test_any_name_becomes_harmless(name: str) -> None:
    """One part, printable, neither hidden nor empty nor long; cleaning again changes nothing."""
    cleaned = clean_name(name)
    assert cleaned
    assert cleaned.isprintable()
    assert not set(cleaned) & set('/\\:*?<>|"')
    assert not cleaned.startswith(".")
    assert len(cleaned) <= LONGEST_NAME
    assert clean_name(cleaned) == cleaned


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\scans\\a.dcm", "a.dcm"),
        ("a\x00\x1b[2J.png", "a__[2J.png"),
        ("..", "still"),
        ("", "still"),
        (".hidden.png", "hidden.png"),
        ("x" * 200 + ".dcm", "x" * 76 + ".dcm"),
        ("Üls b.png", "Üls b.png"),
    ],
)
def test_names(name: str, cleaned: str) -> None:
    """What can be read stays, with its suffix."""
    assert clean_name(name) == cleaned


def test_equal_names_stay_apart(tmp_path: Path) -> None:
    """Two files of one name are two stills."""
    uploads = [Upload("../a.png", io.BytesIO(bytes([number]))) for number in range(2)]
    files = store_uploads(uploads, tmp_path / "in", Limits())
    assert [file.name for file in files] == ["a.png", "a.png"]
    assert [file.path.read_bytes() for file in files] == [b"\0", b"\1"]
    assert all(file.path.is_relative_to(tmp_path / "in") for file in files)


def test_bytes_are_counted_together(tmp_path: Path) -> None:
    """Each may be small enough."""
    uploads = [Upload("a.png", io.BytesIO(bytes(600_000))) for _ in range(2)]
    with pytest.raises(TooLargeError, match="larger than 1 MB together"):
        store_uploads(uploads, tmp_path / "in", Limits(max_upload_mb=1))


def test_counts_are_bounded() -> None:
    """Stills, and loops of all of them."""
    check_count(2, 4, Limits())
    with pytest.raises(UsageError, match="no still was sent"):
        check_count(0, 1, Limits())
    with pytest.raises(TooLargeError, match="51 files were sent, at most 50"):
        check_count(51, 1, Limits())
    with pytest.raises(TooLargeError, match="10 stills with 7 loops each are 70 loops, at most 64"):
        check_count(10, 7, Limits())
