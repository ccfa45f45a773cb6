"""Print how often the study's rule claims help where there is none, and where there is some.

Patient scores are simulated as the study makes them: clips of each patient share a difficulty that
all arms share too, every arm has its own noise, and every fold of every training seed has its own
offset, as nets of different folds do. ``python benchmarks/study_null.py`` takes some minutes on one
core. Target: at most 16 false claims in 200 null runs, whichever way nothing is there.
"""

import argparse
import time

import numpy as np

from sonoloop.classification.patient_draws import LEVEL
from sonoloop.classification.statistics import OutOfFold
from sonoloop.classification.verdict import RIVALS, verdict

GOOD, BAD, UPPER = 1.2, -3.0, 2.2
"""Effects in units of the noise: GOOD gives an AUROC of about .72, UPPER .87, BAD far below 1/2."""

SCENARIOS = {
    "null: all arms alike": dict.fromkeys((*RIVALS, "i"), GOOD) | {"k": UPPER},
    "null, worst: (i) equals (g), others far below": dict.fromkeys(RIVALS, BAD)
    | {"g": GOOD, "i": GOOD, "k": UPPER},
    "null, worst: (i) equals (b), others far below": dict.fromkeys(RIVALS, BAD)
    | {"b": GOOD, "i": GOOD, "k": UPPER},
    "effect of half the headroom": dict.fromkeys(RIVALS, GOOD) | {"i": 1.7, "k": UPPER},
    "effect of all the headroom": dict.fromkeys(RIVALS, GOOD) | {"i": UPPER, "k": UPPER},
}
PATIENT_DEVIATION, CLIP_DEVIATION, ARM_DEVIATION, FOLD_DEVIATION = 1.0, 0.7, 0.7, 0.3


def simulate(
    run: int, effects: dict[str, float], *, num_patients: int, num_seeds: int, num_folds: int = 5
) -> OutOfFold:
    """Simulate the scores of all arms out of fold, with 3 to 8 clips a patient."""
    rng = np.random.default_rng(run)
    patients = np.repeat(np.arange(num_patients), rng.integers(3, 9, num_patients))
    tendency = rng.beta(0.7, 0.7, num_patients)
    labels = rng.random(len(patients)) < tendency[patients]
    folds = patients % num_folds
    hard = rng.normal(0, PATIENT_DEVIATION, num_patients)[patients]
    hard += rng.normal(0, CLIP_DEVIATION, len(patients))
    scores = {
        arm: np.stack(
            [
                effect * labels
                + hard
                + rng.normal(0, ARM_DEVIATION, num_patients)[patients]
                + rng.normal(0, FOLD_DEVIATION, num_folds)[folds]
                for _ in range(num_seeds)
            ]
        )
        for arm, effect in effects.items()
    }
    return OutOfFold(labels, tuple(map(str, patients)), scores)


def main() -> None:
    """Run every scenario and print its counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--patients", type=int, default=51)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--draws", type=int, default=1000)
    arguments = parser.parse_args()
    print(
        f"{arguments.runs} runs, {arguments.patients} patients, {arguments.seeds} training seeds, "
        f"{arguments.draws} draws"
    )
    for name, effects in SCENARIOS.items():
        begun = time.monotonic()
        found = [
            verdict(
                simulate(run, effects, num_patients=arguments.patients, num_seeds=arguments.seeds),
                seed=run,
                num_draws=arguments.draws,
            )
            for run in range(arguments.runs)
        ]
        claims = sum(one.answer == "helps" for one in found)
        unadjusted = sum(
            all(
                one.difference.estimate > 0 and (one.difference.p_value or 0) < 1 - LEVEL
                for one in each.against_rivals
            )
            for each in found
        )
        ratios = [one.recovery.ratio for one in found if one.recovery]
        decided = [ratio.estimate for ratio in ratios if ratio is not None]
        gain = np.mean([one.auroc["i"].estimate - one.auroc["b"].estimate for one in found])
        recovery = f"median {np.median(decided):.2f}" if decided else "none"
        print(
            f"{name}: {claims} of {arguments.runs} claim help ({unadjusted} without "
            f"Holm); mean (i) - (b) {gain:+.3f}; "
            f"recovery decided in {len(decided)}, {recovery}; {time.monotonic() - begun:.0f} s"
        )


if __name__ == "__main__":
    main()
