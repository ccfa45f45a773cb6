"""The table beside the loops of ``sonoloop synthesize``, in pandas: what made each of them.

    python examples/pandas_manifest.py LOOPS

Needs ``pip install pandas``. With pyarrow, ``pandas.read_parquet`` reads manifest.parquet, and the
index.parquet of a prepared dataset, with their types.
"""

import argparse
from pathlib import Path

import pandas as pd


def main() -> None:
    """Print what was made of every still, and which of them not to trust."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("loops", type=Path)
    asked = parser.parse_args()

    loops = pd.read_csv(asked.loops / "manifest.csv")
    stills = loops.groupby("source").agg(
        loops=("sample", "count"),
        seeds=("seed", "nunique"),
        distance=("typicality_distance", "first"),
        atypical=("atypical", "any"),
    )
    print(stills.round(2).to_string())
    print(f"model {loops['model'].iloc[0]}, SHA-256 {loops['model_sha256'].iloc[0][:16]}...")


if __name__ == "__main__":
    main()
