"""Which batch fits is found by trying."""

import pytest

from sonoloop.training.memory import Tried, fewest_parts, fitting_batch_size, memory_sentence


@pytest.mark.parametrize(("most", "expected"), [(9, 8), (8, 8), (7, 4), (1, 1), (0, None)], ids=str)
def test_the_largest_half_that_fits(most: int, expected: int | None) -> None:
    """Of 16: 8, 4, 2, 1 are tried in turn."""
    tried = []

    def attempt(size: int) -> None:
        tried.append(size)
        if size > most:
            msg = "[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"
            raise RuntimeError(msg)

    assert fitting_batch_size(attempt, 16) == expected
    assert tried == [8, 4, 2, 1][: len(tried)]


def test_another_error_is_not_taken_for_memory() -> None:
    """It goes on to whoever can explain it."""

    def attempt(size: int) -> None:
        msg = f"shapes differ at {size}"
        raise RuntimeError(msg)

    with pytest.raises(RuntimeError, match="shapes differ at 2"):
        fitting_batch_size(attempt, 4)


@pytest.mark.parametrize(
    ("tried", "fitting", "parts"),
    [
        (Tried(16, 1, 1), 4, 4),
        (Tried(16, 2, 1), 4, 2),
        (Tried(7, 1, 1), 3, 7),
        (Tried(8, 1, 2), 2, 4),
    ],
    ids=str,
)
def test_parts_that_fit_are_named(tried: Tried, fitting: int, parts: int) -> None:
    """A batch of 7 of which 3 fit is taken one by one: parts are equal."""
    sentence = memory_sentence("diffusion", tried, fitting, divisible=True)
    assert f"--resume --set diffusion_training.accumulate_grad_batches={parts}," in sentence
    assert fewest_parts(tried.batch_size // tried.num_processes, fitting) == parts


def test_sentences_name_setting_and_remedy() -> None:
    """A smaller batch where parts are not the whole, or that no batch helps."""
    smaller = memory_sentence("conditioner", Tried(16, 2, 1), 4, divisible=False)
    assert "--set conditioner_training.batch_size=8" in smaller
    nothing = memory_sentence("autoencoder", Tried(16, 1, 4), None, divisible=True)
    assert "batch_size 16 in 4 parts, and with 1: close" in nothing
    assert "smaller clip.size" in nothing
