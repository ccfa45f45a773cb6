"""``sonoloop export``: training runs become one model folder."""

from pathlib import Path

from sonoloop.errors import UsageError


def export(
    *,
    autoencoder: Path,
    out: Path,
    diffusion: Path | None = None,
    flow: Path | None = None,
    random_latents: bool = False,
    trained_on: str | None = None,
    data: Path | None = None,
    name: str | None = None,
    licence: str = "CC-BY-NC-SA-4.0",
) -> None:
    """Join both trained stages into a model folder for 'sonoloop synthesize --model'.

    Args:
        autoencoder: Run folder of stage 1.
        out: Folder for the model.
        diffusion: Run folder of stage 2, trained on that stage 1.
        flow: Run folder of the baseline's stage 2 instead, trained on that stage 1.
        random_latents: A control instead, to be measured and not passed on: every still gets the
            latent of a training clip chosen at random. A stage 2 must score better.
        trained_on: What the data show, such as "lung ultrasound"; told with every loop. By default
            the name of the dataset.
        data: The dataset both were trained on; by default where the run of stage 1 found it.
        name: What manifests call the model; by default the name of the folder.
        licence: Licence of the weights (SPDX); it must respect the licences of the data.
    """
    runs = [run for run in (diffusion, flow) if run is not None]
    if len(runs) + random_latents != 1:
        msg = "a model has one stage 2: give --diffusion, --flow or --random-latents, one of them"
        raise UsageError(msg)
    from sonoloop.recipes import export as recipe  # noqa: PLC0415 - imports torch: seconds

    recipe.export(
        autoencoder,
        runs[0] if runs else None,
        stage_2="diffusion" if flow is None else "flow",
        data=data,
        out=out,
        name=name or out.resolve().name,
        trained_on=trained_on,
        licence=licence,
    )
