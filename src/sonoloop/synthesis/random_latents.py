"""The control in stage 2's place: a still gets the latent of a training clip chosen at random.

It looks at no still and has learnt nothing. A prior that scores no better has learnt nothing that
counts either. It holds the motion of real patients: such a model is for measuring, not for others.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sonoloop.errors import UsageError
from sonoloop.layers.item_noise import check_generators
from sonoloop.shapes import Frame, Latent


class RandomTrainingLatents(nn.Module):
    """Draw from the latents of training clips, each as likely as the others.

    Args:
        num_latents: How many there are.
        latent_shape: Shape of one, channels first.
    """

    latents: Tensor

    def __init__(self, num_latents: int, latent_shape: tuple[int, ...]) -> None:
        """Make room for them."""
        super().__init__()
        self.latent_shape = tuple(latent_shape)
        self.register_buffer("latents", torch.zeros(num_latents, *self.latent_shape))

    def sample(
        self,
        first_frame: Frame,
        *,
        generators: Sequence[torch.Generator],
        num_inference_steps: int | None = None,
    ) -> Latent:
        """Choose a latent for each first frame.

        Args:
            first_frame: First frame of each clip; only their number counts.
            generators: One per item, on the CPU.
            num_inference_steps: None or 1: there is nothing to do in steps.

        Raises:
            ValueError: If there is not one CPU generator per item.
            UsageError: If more than one step is asked for.
        """
        check_generators(len(first_frame), generators)
        if num_inference_steps not in {None, 1}:
            msg = f"a latent is chosen in one step, not in {num_inference_steps}: leave it out"
            raise UsageError(msg)
        count = len(self.latents)
        chosen = [int(torch.randint(count, (), generator=one)) for one in generators]
        return self.latents[chosen]
