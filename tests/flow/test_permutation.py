"""The fixed order."""

import torch

from sonoloop.flow.permutation import FixedPermutation


def test_numbers_change_places_and_come_back() -> None:
    """Nothing is lost, and the order travels with the weights."""
    torch.manual_seed(0)
    permutation, other = FixedPermutation(50), FixedPermutation(50)
    values = torch.arange(100.0).reshape(2, 50)
    made = permutation(values)
    assert not torch.equal(made, values)
    assert torch.equal(made.sort(dim=1).values, values)
    assert torch.equal(permutation.inverse(made), values)
    assert not torch.equal(other(values), made)
    other.load_state_dict(permutation.state_dict())
    assert torch.equal(other(values), made)
