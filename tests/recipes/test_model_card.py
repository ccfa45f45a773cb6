"""The card of an exported model."""

from sonoloop.autoencoder.config import AutoencoderConfig
from sonoloop.data.config import ClipConfig
from sonoloop.diffusion.config import DiffusionConfig
from sonoloop.recipes.model_card import TrainingFacts, model_card
from sonoloop.synthesis.config import ModelConfig, TypicalityConfig

CONFIG = ModelConfig(
    name="lung",
    trained_on="lung ultrasound",
    licence="CC-BY-NC-SA-4.0",
    clip=ClipConfig(),
    autoencoder=AutoencoderConfig(),
    diffusion=DiffusionConfig(),
    latent_shape=(8, 4, 4, 4),
    frame_rate_hz=25 / 3,
    weights_sha256="ab" * 32,
    typicality=TypicalityConfig(
        threshold=1.5, unusual_threshold=1.2, num_stills=300, num_groups=40
    ),
)
FACTS = TrainingFacts(
    num_videos=87,
    num_groups=40,
    labels={"covid19": 20, "healthy": 67},
    hardware={"autoencoder": "one GPU", "diffusion": "some CPU"},
    steps={"autoencoder": 20_000, "diffusion": 5_000},
    minutes={"autoencoder": 61.23, "diffusion": None},
    parameters={"autoencoder": 8_400_000, "diffusion": 5_750_000},
    software="sonoloop 0.1.0, torch 2.6",
)


def test_card_states_data_training_licence_and_limits() -> None:
    """What someone must know before using the weights."""
    card = model_card(CONFIG, FACTS)
    assert "87 training videos of 40 groups" in card
    assert "covid19 20, healthy 67" in card
    assert "| autoencoder | 8.40 M | 20,000 | 61.2 | one GPU |" in card
    assert "| diffusion | 5.75 M | 5,000 | unknown | some CPU |" in card
    assert "CC-BY-NC-SA-4.0" in card
    assert "never use a loop for diagnosis" in card
    assert "the 300 training stills" in card
    assert "16 frames at 8.33 Hz" in card


def test_card_admits_a_missing_check() -> None:
    """A model without typicality says so."""
    card = model_card(CONFIG.model_copy(update={"typicality": None}), FACTS)
    assert "cannot tell stills that are unlike its training data" in card


def test_card_says_what_can_be_asked_for() -> None:
    """Labels and motion strength of a model trained with control; nothing of others."""
    told = CONFIG.diffusion.model_copy(update={"labels": ("cyst", "solid"), "motion": True})
    card = model_card(CONFIG.model_copy(update={"diffusion": told}), FACTS)
    assert "It can be asked for a label (cyst, solid) and a motion strength from 0 to 1." in card
    assert "It can be asked for" not in model_card(CONFIG, FACTS)
