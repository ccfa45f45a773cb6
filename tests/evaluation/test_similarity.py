"""The nearest clips are those of a plain loop, in whatever blocks they come."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation import similarity
from sonoloop.evaluation.similarity import NONE, nearest, standardised


def draw(seed: int, *shape: int) -> Tensor:
    """Draw embeddings."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@given(
    num_queries=st.integers(1, 12),
    num_references=st.integers(1, 12),
    num_groups=st.integers(1, 4),
    block=st.integers(1, 5),
    seed=st.integers(0, 99),
)
@settings(max_examples=30)
def test_it_is_the_plain_loop(
    num_queries: int, num_references: int, num_groups: int, block: int, seed: int
) -> None:
    """numpy.corrcoef over every pair and flip, own group and others apart, both directions."""
    queries, references = draw(seed, num_queries, 3, 6), draw(seed + 1, num_references, 6)
    rng = np.random.default_rng(seed)
    query_groups = rng.integers(0, num_groups, num_queries).tolist()
    reference_groups = rng.integers(0, num_groups, num_references).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(similarity, "BLOCK", block)
        patch.setattr(similarity, "QUERY_BLOCK", block)
        found = nearest(
            queries.tensor_split(2),
            references,
            query_groups=query_groups,
            reference_groups=reference_groups,
        )
    table = np.array(
        [
            [max(np.corrcoef(flip, row)[0, 1] for flip in query.numpy()) for row in references]
            for query in queries
        ]
    )
    same = np.array(query_groups)[:, None] == np.array(reference_groups)
    others, own = np.where(same, NONE, table), np.where(same, table, NONE)
    np.testing.assert_allclose(found.similarity, others.max(1), atol=1e-5)
    np.testing.assert_allclose(found.own_similarity, own.max(1), atol=1e-5)
    np.testing.assert_allclose(found.reference_similarity, others.max(0), atol=1e-5)
    for index, values in ((found.index, others), (found.own_index, own)):
        has_any = values.max(1) > NONE
        np.testing.assert_array_equal(index.numpy()[~has_any], -1)
        np.testing.assert_array_equal(index.numpy()[has_any], values.argmax(1)[has_any])


@given(offset=st.floats(-10, 10), scale=st.floats(0.1, 10))
def test_brightness_and_contrast_do_not_count(offset: float, scale: float) -> None:
    """A row shifted and scaled is the row."""
    row = draw(0, 1, 50)
    torch.testing.assert_close(
        standardised(scale * row + offset), standardised(row), atol=1e-4, rtol=0
    )


def test_a_constant_row_resembles_nothing() -> None:
    """A black clip is no copy of any."""
    found = nearest(
        [torch.full((1, 4, 8), -0.7)], draw(0, 3, 8), query_groups=["a"], reference_groups="bcd"
    )
    assert found.similarity.tolist() == [0]


def test_sets_that_cannot_be_compared_are_refused() -> None:
    """Empty, of two embeddings, without groups, not finite."""
    good = draw(0, 2, 4)
    queries = good[:, None]

    def search(queries: Tensor, references: Tensor, num_queries: int = 2) -> None:
        nearest(
            [queries],
            references,
            query_groups="q" * num_queries,
            reference_groups="r" * 2,
        )

    with pytest.raises(ValueError, match="each of 0 references, got 2"):
        search(queries, good[:0])
    with pytest.raises(ValueError, match="each of 2 queries, got 1"):
        search(queries, good, 1)
    with pytest.raises(ValueError, match="each of 2 queries, got 3"):
        search(queries, good, 3)
    with pytest.raises(ValueError, match="one source, got 3 and 4 dimensions"):
        search(queries[..., :3], good)
    with pytest.raises(SonoloopError, match="not finite"):
        search(queries, good / 0)
    with pytest.raises(SonoloopError, match="no clips to compare with"):
        nearest([queries], good[:0], query_groups="qq", reference_groups="")
    with pytest.raises(SonoloopError, match="no clips to look for copies in"):
        nearest([], good, query_groups="", reference_groups="rr")
