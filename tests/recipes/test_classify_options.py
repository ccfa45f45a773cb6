"""Options become the settings of network, training and window."""

from pathlib import Path

import pytest

from sonoloop.errors import UsageError
from sonoloop.recipes.classify_options import ClassifyOptions


def test_options_reach_the_settings() -> None:
    """What is given counts, the rest is the network's own."""
    options = ClassifyOptions(
        net="tsm", frames=16, epochs=3, any_class=True, init=Path("weights.safetensors"), seed=4
    )
    config, settings = options.classifier(("a", "b")), options.training()
    assert (config.net, config.num_frames, config.size) == ("tsm", 16, 224)
    assert (settings.optimizer, settings.epochs, settings.class_balanced) == ("sgd", 3, False)
    assert settings.initial_weights == Path("weights.safetensors")
    assert ClassifyOptions(learning_rate=0.1).training().learning_rate == 0.1
    assert ClassifyOptions(window_s=3.0).clip(96).window_s == 3.0


def _all_settings(options: ClassifyOptions) -> None:
    options.classifier(("a", "b"))
    options.training()
    options.clip(64)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (ClassifyOptions(size=8), "size: .*greater than or equal to 32, got 8"),
        (ClassifyOptions(epochs=0), "epochs: .*, got 0"),
        (ClassifyOptions(window_s=-1.0), "window-s: .*, got -1.0"),
        (ClassifyOptions(windows=0), "--windows 0: at least 1 window"),
    ],
)
def test_impossible_values_are_refused(options: ClassifyOptions, sentence: str) -> None:
    """Naming option and value."""
    with pytest.raises(UsageError, match=sentence):
        _all_settings(options)
