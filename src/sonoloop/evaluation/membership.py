"""Whether synthetic clips tell which patients were trained on.

The attacker has the synthetic clips and a patient's clips, and guesses that the patient was in the
training set if some synthetic clip resembles one of them. A patient's score is the greatest
similarity of any synthetic clip to any of the patient's clips; the attack's strength is the AUROC
of members against held-out patients, .5 for guessing. Synthetic clips made from a patient's own
still are left out for that patient: the still is known to be used, and betrays nothing of training.

A patient with more clips has more chances of a high score, so give a like number of clips for
members and for others.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from jaxtyping import Float
from scipy.stats import rankdata
from torch import Tensor

from sonoloop.errors import SonoloopError
from sonoloop.evaluation.intervals import NUM_SUBSAMPLES, Interval, subsampling_interval
from sonoloop.evaluation.similarity import NONE, Group, Queries, nearest

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Membership:
    """Strength of the attack.

    Args:
        auroc: Members against held-out patients, in [0, 1], with its interval over patients.
        member_scores: Score of each member, in [-1, 1].
        held_out_scores: Score of each held-out patient.
        embedding: Name of the embedding.
    """

    auroc: Interval
    member_scores: dict[Group, float]
    held_out_scores: dict[Group, float]
    embedding: str


def membership_attack(
    synthetic: Queries,
    clips: Float[Tensor, "m features"],
    *,
    still_groups: Sequence[Group],
    clip_groups: Sequence[Group],
    members: set[Group],
    embedding: str,
    seed: int,
    num_subsamples: int = NUM_SUBSAMPLES,
) -> Membership:
    """Attack every patient.

    Args:
        synthetic: Embeddings of the synthetic clips, with their flips.
        clips: Embeddings of the real clips, of members and of held-out patients.
        still_groups: Patient of each synthetic clip's conditioning still.
        clip_groups: Patient of each real clip.
        members: Patients in the training set; all others are held out.
        embedding: Name of the embedding, to be reported.
        seed: Of the interval's draws.
        num_subsamples: The interval's draws.

    Returns:
        AUROC with its interval, and the scores.

    Raises:
        SonoloopError: If a set is empty, an embedding is not finite, or there are fewer than 5
            members or 5 held-out patients with a score.
        ValueError: If groups or features differ in number.
    """
    found = nearest(synthetic, clips, query_groups=still_groups, reference_groups=clip_groups)
    scores: dict[Group, float] = {}
    for group, similarity in zip(clip_groups, found.reference_similarity.tolist(), strict=True):
        # A patient from whose stills alone all clips were made cannot be scored.
        if similarity > NONE:
            scores[group] = max(similarity, scores.get(group, NONE))
    inside = {group: score for group, score in scores.items() if group in members}
    outside = {group: score for group, score in scores.items() if group not in members}
    sides = [np.fromiter(side.values(), np.float64) for side in (inside, outside)]
    interval = subsampling_interval(
        lambda drawn: auroc(sides[0][drawn[0]], sides[1][drawn[1]]),
        [[f"member {group}" for group in inside], [f"held out {group}" for group in outside]],
        seed=seed,
        num_subsamples=num_subsamples,
    )
    return Membership(interval, inside, outside, embedding)


def auroc(positive: Scores, negative: Scores) -> float:
    """Share of pairs in which the positive scores higher, ties counting half.

    The Mann-Whitney statistic over the number of pairs (Hanley and McNeil 1982,
    doi:10.1148/radiology.143.1.7063747).

    Args:
        positive: Scores that should be high.
        negative: Scores that should be low.

    Returns:
        In [0, 1]; .5 for scores that say nothing.

    Raises:
        SonoloopError: If a side is empty.
    """
    if not (len(positive) and len(negative)):
        msg = f"AUROC needs scores on both sides, got {len(positive)} and {len(negative)}"
        raise SonoloopError(msg)
    ranks = rankdata(np.concatenate([positive, negative]))
    num = len(positive)
    pairs = num * len(negative)
    return float((ranks[:num].sum() - num * (num + 1) / 2) / pairs)
