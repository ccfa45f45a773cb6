"""The number of threads is set for a while."""

import torch

from sonoloop.recipes.torch_threads import torch_threads


def test_threads_are_given_back() -> None:
    """Also after an error; None changes nothing."""
    former = torch.get_num_threads()
    try:
        with torch_threads(former + 1):
            assert torch.get_num_threads() == former + 1
            with torch_threads(None):
                assert torch.get_num_threads() == former + 1
            raise KeyError  # noqa: TRY301 - what the block does on an error is the test
    except KeyError:
        assert torch.get_num_threads() == former
