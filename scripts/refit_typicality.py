"""Fit the typicality check of a model folder again.

    python scripts/refit_typicality.py MODEL DATASET

DATASET is the prepared dataset the model was trained on; its training side is used, as in
``sonoloop export``. The networks stay as they are; weights.safetensors, config.json and the
checksum in README.md are rewritten.
"""

import argparse
import hashlib
from pathlib import Path

from sonoloop.data.clip_sampling import ClipSet
from sonoloop.recipes.export import fit_typicality
from sonoloop.synthesis.pretrained import CARD_FILE, pack_weights, read_model, select, write_model


def main() -> None:
    """Rewrite the model folder and print what changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path)
    parser.add_argument("dataset", type=Path)
    arguments = parser.parse_args()
    config, tensors = read_model(arguments.model)
    videos = ClipSet.open(arguments.dataset, "train", config.clip)
    typicality, fitted = fit_typicality(videos)
    networks = {part: select(tensors, part) for part in ("autoencoder", config.stage_2_part)}
    packed = pack_weights(networks, typicality.tensors())
    checksum = hashlib.sha256(packed).hexdigest()
    card = (arguments.model / CARD_FILE).read_text().replace(config.weights_sha256, checksum)
    changed = config.model_copy(update={"weights_sha256": checksum, "typicality": fitted})
    write_model(arguments.model, changed, packed, card)
    print(f"fitted to {len(videos)} videos: {fitted}; SHA-256 {checksum}")


if __name__ == "__main__":
    main()
