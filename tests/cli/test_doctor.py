"""``sonoloop doctor`` passes its options on; the recipe's tests do the rest."""

import json
from pathlib import Path

import pytest

from sonoloop.cli.main import main


def test_a_damaged_net_is_status_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And 0 where nothing is broken."""
    for content, status in ((None, 0), (b"damaged", 1)):
        if content is not None:
            (tmp_path / "lpips-vgg.safetensors").write_bytes(content)
        with pytest.raises(SystemExit) as exit_info:
            main(["doctor", "--json", "--weights-dir", str(tmp_path)])
        assert int(exit_info.value.code or 0) == status
        assert json.loads(capsys.readouterr().out)["sonoloop"]["state"] == "ok"
