"""Presets, overrides and what is wrong with them."""

import subprocess
import sys
from pathlib import Path

import pytest

from sonoloop.errors import UsageError
from sonoloop.recipes.config import (
    STAGE_1_SECTIONS,
    Preset,
    load_preset,
    parse_preset,
    preset_names,
)


def test_shipped_presets_are_valid() -> None:
    """Every TOML file of the package loads."""
    assert preset_names() == ["cinn", "default", "laptop", "paper", "tiny"]
    for name in preset_names():
        assert isinstance(load_preset(name), Preset)


def test_paper_preset_has_the_paper_s_values() -> None:
    """Known values: LDDM (MICCAI 2024, arXiv:2503.14966), Sections 2 and 3."""
    paper = load_preset("paper")
    assert (paper.clip.window_frames, paper.clip.num_frames) == (48, 16)
    assert paper.autoencoder_training.learning_rate == 1e-5
    assert paper.diffusion_training.learning_rate == 1e-2
    assert paper.diffusion_training.batch_size == 16
    assert {paper.autoencoder_training.optimizer, paper.diffusion_training.optimizer} == {"adam"}
    assert paper.autoencoder.decoder == "adain"
    assert paper.diffusion.objective == "epsilon"


def test_cinn_preset_has_the_cinn_s_values() -> None:
    """Known values: cINN (CVPR 2021, arXiv:2105.04551), configurations of its landscape model."""
    cinn = load_preset("cinn")
    assert (cinn.autoencoder.encoder, cinn.autoencoder.decoder) == ("cinn", "spade")
    assert (cinn.autoencoder.latent, cinn.autoencoder.latent_channels) == ("vector", 64)
    stage_1, stage_2 = cinn.autoencoder_training, cinn.flow_training
    assert (stage_1.learning_rate, stage_1.batch_size, stage_1.max_epochs) == (2e-4, 7, 100)
    assert (stage_2.learning_rate, stage_2.batch_size, stage_2.max_epochs) == (1e-5, 50, 31)
    assert stage_2.amsgrad
    assert cinn.latent_cache.posterior == "sample"
    assert (cinn.flow.num_blocks, cinn.flow.hidden_width) == (20, 512)
    assert cinn.flow.negative_slope == 0.9
    assert (cinn.flow.conditioner, cinn.conditioner.decoder_width) == ("resnet50", 96)


def test_override_beats_preset() -> None:
    """Strings are read as TOML, and as themselves where they are none."""
    preset = load_preset(
        "tiny",
        {
            "autoencoder_training.learning_rate": "1e-4",
            "autoencoder.encoder_widths": "[8, 8, 8, 8]",
            "autoencoder.decoder": "adain",
            "autoencoder_training.seed": 3,
        },
    )
    assert preset.autoencoder_training.learning_rate == 1e-4
    assert preset.autoencoder.encoder_widths == (8, 8, 8, 8)
    assert preset.autoencoder.decoder == "adain"
    assert preset.autoencoder_training.seed == 3


def test_autoencoder_takes_its_sizes_from_the_clip() -> None:
    """One setting changes both; stating both differently is refused."""
    assert load_preset("default", {"clip.size": "64"}).autoencoder.size == 64
    with pytest.raises(UsageError, match=r"clip.size is 64 but autoencoder.size is 128"):
        load_preset("default", {"clip.size": "64", "autoencoder.size": "128"})


def test_preset_comes_back_from_json() -> None:
    """What config.json of a run holds gives the same settings."""
    preset = load_preset("paper")
    assert parse_preset(preset.model_dump(mode="json"), source="config.json") == preset


def test_sections_of_stage_1_exist() -> None:
    """They are spelt as in the preset."""
    assert set(STAGE_1_SECTIONS) < Preset.model_fields.keys()


@pytest.mark.parametrize(
    ("key", "nearest"),
    [
        ("autoencoder_training.lerning_rate", "autoencoder_training.learning_rate"),
        ("autoencodr.decoder", "autoencoder"),
        ("diffusion.dept", "diffusion.depth"),
        ("clips", "clip"),
    ],
)
def test_unknown_key_names_the_nearest(key: str, nearest: str) -> None:
    """A slip of the finger costs a second, not a training."""
    with pytest.raises(UsageError, match=f"unknown setting {key.split('.', 1)[0]}.*{nearest}"):
        load_preset("tiny", {key: "1"})


@pytest.mark.parametrize(("name", "nearest"), [("tyni", "tiny"), ("papper", "paper")])
def test_unknown_preset_names_the_nearest(name: str, nearest: str) -> None:
    """Or, where nothing is near, all of them."""
    with pytest.raises(UsageError, match=f"no preset '{name}': did you mean '{nearest}'"):
        load_preset(name)
    with pytest.raises(UsageError, match="take one of cinn, default, laptop, paper, tiny"):
        load_preset("xyz")


def test_impossible_value_names_key_and_value() -> None:
    """One sentence, from file or override."""
    with pytest.raises(UsageError, match=r"tiny: autoencoder_training.batch_size: .*got 0$"):
        load_preset("tiny", {"autoencoder_training.batch_size": "0"})
    with pytest.raises(UsageError, match=r"x: clip: .*got 3"):
        parse_preset({"clip": 3}, source="x")
    with pytest.raises(UsageError, match=r"clip.size: clip is not a section"):
        load_preset("tiny", {"clip": 3, "clip.size": 64})


def test_own_file_is_read(tmp_path: Path) -> None:
    """A path that ends in .toml; broken and missing ones are refused by name."""
    path = tmp_path / "mine.toml"
    path.write_text("[clip]\nsize = 96\n")
    assert load_preset(str(path)).clip.size == 96
    path.write_text("[clip\n")
    with pytest.raises(UsageError, match=r"mine.toml: not valid TOML"):
        load_preset(str(path))
    with pytest.raises(UsageError, match=r"no preset file .*other.toml"):
        load_preset(str(tmp_path / "other.toml"))


def test_presets_import_no_torch() -> None:
    """--dry-run stays fast."""
    code = "import sys, sonoloop.recipes.config; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
