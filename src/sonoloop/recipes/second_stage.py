"""What all kinds of stage 2 share: they learn cached latents of a trained autoencoder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch
from rich.console import Console

from sonoloop.data.dataset_source import fingerprint
from sonoloop.recipes.config import STAGE_1_SECTIONS, Preset
from sonoloop.recipes.initial_weights import refuse_to_keep_nothing
from sonoloop.recipes.latent_cache import LatentCache
from sonoloop.recipes.latent_task import SecondStage, latent_task
from sonoloop.recipes.shared_latents import shared_latents
from sonoloop.recipes.trained_autoencoder import load_autoencoder
from sonoloop.recipes.training_control import with_control
from sonoloop.recipes.training_data import TrainingData, open_training_data
from sonoloop.synthesis.config import Stage2
from sonoloop.training.interruption import Interruption
from sonoloop.training.launch import launch_fabric, open_shared_run
from sonoloop.training.loop import Outcome
from sonoloop.training.session import run_training

Composer = Callable[[Preset, LatentCache, TrainingData, tuple[int, ...], str | None], SecondStage]
"""(settings, training latents on the device, videos, latent shape, where weights come from)."""


@dataclass(frozen=True)
class SecondStageRecipe:
    """How one kind of stage 2 is trained.

    Args:
        name: Which; a preset has a section of this name and another, "name_training".
        compose: Builds model and losses; may draw from torch's global generator.
        sources: What else it starts from, for the run's config.
    """

    name: Stage2
    compose: Composer
    sources: Mapping[str, str] = field(default_factory=dict)

    def train(
        self,
        data: Path,
        autoencoder: Path,
        preset: Preset,
        out: Path,
        *,
        init: str | None = None,
        resume: bool = False,
        max_seconds: float | None = None,
        console: Console | None = None,
    ) -> Outcome:
        """Train stage 2 and write its run folder.

        Args:
            data: Prepared dataset.
            autoencoder: Run folder of stage 1; its clip and autoencoder settings are taken.
            preset: Settings of augmentation, latent cache and stage 2.
            out: Run folder.
            init: Run folder or model whose weights are the start; None for random ones.
            resume: Whether to go on with the run that ``out`` holds.
            max_seconds: Stop with a checkpoint after this time, encoding included; None for no
                limit.
            console: Where people read; standard output by default.

        Returns:
            How it ended.

        Raises:
            UsageError: If dataset, stage 1 or the run folder cannot be used.
            SonoloopError: If a loss is not finite or a checkpoint cannot be written.
        """
        interruption = Interruption(max_seconds)
        console = console or Console()
        stage_1 = load_autoencoder(autoencoder)
        taken = {section: getattr(stage_1.preset, section) for section in STAGE_1_SECTIONS}
        preset = preset.model_copy(update=taken)
        clips = open_training_data(data, preset.clip, console)
        preset = with_control(preset, clips.train)
        run_config = {
            "stage": self.name,
            "init": init,
            "data": str(data),
            "data_fingerprint": fingerprint(data),
            "autoencoder_run": str(autoencoder),
            "autoencoder_weights_sha256": stage_1.weights_sha256,
            **self.sources,
            **preset.model_dump(mode="json"),
        }
        by_name = {"diffusion": preset.diffusion_training, "flow": preset.flow_training}
        training = by_name[self.name].for_videos(len(clips.train))
        refuse_to_keep_nothing(self.name, training.max_steps, init)
        fabric = launch_fabric(training)
        with open_shared_run(fabric, out, run_config, resume=resume) as run:
            model = stage_1.model.to(fabric.device)
            cache = shared_latents(
                model,
                stage_1.weights_sha256,
                clips.train,
                preset,
                run.path,
                seed=training.seed,
                fabric=fabric,
                console=console,
            )
            # Only now: encoding the latents seeds too, and reading those that are there does not.
            torch.manual_seed(training.seed)
            stage_2 = self.compose(preset, cache, clips, model.latent_shape, init)
            task = latent_task(self.name, stage_2, cache, model, clips, preset, training, fabric)
            return run_training(
                fabric, task, training, run, interruption=interruption, console=console
            )
