"""``sonoloop completion`` prints what the shell needs."""

import subprocess
import sys

import pytest

from sonoloop.cli.main import main


def test_script_is_printed_without_torch() -> None:
    """The script comes whole, and quickly: the commands are imported, what they do is not."""
    program = (
        "import sys\nfrom sonoloop.cli.main import main\n"
        "try:\n    main(['completion', 'bash'])\nexcept SystemExit as stop:\n"
        "    assert stop.code == 0\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert result.stdout.startswith("# Completion of sonoloop ")
    assert result.stdout.endswith("-F _sonoloop sonoloop\n")


def test_another_shell_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    """The refusal names the shells there are."""
    with pytest.raises(SystemExit, match="2"):
        main(["completion", "tcsh"])
    assert "bash" in capsys.readouterr().err
