"""The record of versions and hardware."""

import json
from pathlib import Path

import torch

from sonoloop.training.environment import describe_environment


def test_record_is_json_and_complete() -> None:
    """What changes numbers is in it."""
    record = json.loads(json.dumps(describe_environment()))
    assert record["torch"] == torch.__version__
    assert record["torch_threads"] == torch.get_num_threads()
    assert record["cpu"]


def test_record_names_no_place() -> None:
    """No path of the user's machine gets into a run folder by this way."""
    text = json.dumps(describe_environment())
    assert str(Path.home()) not in text
    assert str(Path.cwd()) not in text
