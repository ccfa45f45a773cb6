"""REST: loops by curl's kind of requests, and every refusal one sentence of JSON."""

import io
import re
import time
import zipfile
from collections.abc import Iterator

import httpx
import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage

from sonoloop.data.recording import Frames
from sonoloop.synthesis.image_to_video import ImageToVideo
from sonoloop.web.limits import Limits
from sonoloop.web.rest import ROOT, routes
from sonoloop.web.server import plain_app
from sonoloop.web.service import SynthesisService

from .conftest import run_server
from .shared_stills import png

LIMITS = Limits(max_upload_mb=2, max_queue=1, max_frames=4000, max_files=20)
LONG = {"frames": "3000"}


@pytest.fixture(scope="module")
def client(model: ImageToVideo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Serve REST alone: it needs no Gradio."""
    with SynthesisService(model, tmp_path_factory.mktemp("jobs"), LIMITS) as service:
        app = plain_app()
        app.include_router(routes(service))
        for url in run_server(app, LIMITS):
            with httpx.Client(base_url=f"{url}{ROOT}", timeout=60, trust_env=False) as connected:
                yield connected


def submit(
    client: httpx.Client, content: bytes, name: str = "a.png", **data: str
) -> httpx.Response:
    """Send one still."""
    return client.post("/jobs", files={"stills": (name, content)}, data=data)


def finished(client: httpx.Client, sent: httpx.Response) -> dict[str, object]:
    """Ask until a job has ended."""
    assert sent.status_code == 202, sent.text
    while True:
        answer: dict[str, object] = client.get(f"/jobs/{sent.json()['id']}").json()
        if answer["state"] in {"done", "failed", "cancelled"}:
            return answer
        time.sleep(0.02)


def test_loops_by_rest(client: httpx.Client) -> None:
    """Submit, ask, fetch, remove."""
    sent = submit(client, png(), samples="2", seed="4", loop="true", motion="")
    assert sent.json()["state"] in {"queued", "running"}
    answer = finished(client, sent)
    assert (answer["state"], answer["loops_done"], answer["error"]) == ("done", 2, None)
    results = answer["results"]
    assert isinstance(results, list)
    assert [(result["still"], result["sample"]) for result in results] == [
        ("a.png", 0),
        ("a.png", 1),
    ]
    assert set(results[0]["files"]) == {"mp4", "gif", "npy", "dicom"}
    origin = str(client.base_url).removesuffix(f"{ROOT}/")
    fetched = client.get(origin + results[0]["files"]["npy"])
    assert np.load(io.BytesIO(fetched.content)).shape == (16, 91, 123)
    assert fetched.headers["x-content-type-options"] == "nosniff"
    assert client.delete(f"/jobs/{answer['id']}").status_code == 204
    gone = client.get(f"/jobs/{answer['id']}")
    assert (gone.status_code, "there is no such job" in gone.json()["error"]) == (404, True)


def test_model_tells_what_can_be_asked(client: httpx.Client) -> None:
    """Name, training data, labels, bounds."""
    model = client.get("/model").json()
    assert (model["name"], model["trained_on"], model["num_frames"]) == ("tiny", "speckle", 16)
    assert (model["labels"], model["max_upload_mb"]) == ([], 2)


def test_same_still_and_seed_give_the_same_loop(client: httpx.Client) -> None:
    """However often it is asked for."""
    contents = []
    for _ in range(2):
        results = finished(client, submit(client, png(), seed="7"))["results"]
        assert isinstance(results, list)
        origin = str(client.base_url).removesuffix(f"{ROOT}/")
        contents.append(client.get(origin + results[0]["files"]["npy"]).content)
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"samples": "many"}, "samples: Input should be a valid integer"),
        ({"sampels": "2"}, "there is no setting 'sampels': choose among samples, seed"),
        ({"samples": "0"}, "samples must be at least 1, got 0"),
        ({"steps": "5000"}, "steps must be at most 1000, got 5000"),
        ({"label": "cyst"}, "this model was trained without labels"),
        ({"frames": "1"}, "a clip needs at least 2 frames"),
    ],
)
def test_wrong_setting_is_a_sentence(
    client: httpx.Client, data: dict[str, str], sentence: str
) -> None:
    """Status 400, nothing was begun."""
    refused = submit(client, png(), **data)
    assert refused.status_code == 400
    assert sentence in refused.json()["error"]


def test_full_queue_says_when_to_come_back(client: httpx.Client) -> None:
    """One at work, one waiting; the next gets 503. Cancelled ones make room."""
    first = submit(client, png(), **LONG).json()["id"]
    while client.get(f"/jobs/{first}").json()["state"] == "queued":
        time.sleep(0.01)
    second = submit(client, png(), **LONG).json()
    assert second["ahead"] == 1
    third = submit(client, png(), **LONG)
    assert (third.status_code, third.headers["retry-after"]) == (503, "30")
    assert "try again in a minute" in third.json()["error"]
    for job in (second["id"], first):
        assert client.delete(f"/jobs/{job}").status_code == 204
    assert finished(client, submit(client, png()))["state"] == "done"
    assert client.get(f"/jobs/{first}").json()["state"] == "cancelled"


def dicom(frames: Frames, **stated: int) -> bytes:
    """Write a DICOM file whose header may state more than it holds."""
    dataset = pydicom.Dataset()
    dataset.SOPClassUID = UltrasoundMultiFrameImageStorage
    dataset.SOPInstanceUID = "1.2.3"
    dataset.Modality, dataset.SamplesPerPixel = "US", 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.NumberOfFrames, dataset.Rows, dataset.Columns = frames.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation = 0
    for name, value in stated.items():
        setattr(dataset, name, value)
    dataset.PixelData = frames.tobytes()
    dataset["PixelData"].VR = "OB"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def speckle(num_frames: int = 2, size: int = 64) -> Frames:
    """Draw noise."""
    return np.random.default_rng(0).integers(1, 256, (num_frames, size, size), dtype=np.uint8)


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        ({"Rows": 60_000, "Columns": 60_000}, "is 60000 x 60000 pixels, at most 10000 a side"),
        ({"Rows": 9_000, "Columns": 9_000}, "at most 10000 a side and 64 million in all"),
        ({"Rows": 7_000, "Columns": 7_000}, "cannot be decoded"),
        ({"NumberOfFrames": 2_000_000_000}, "cannot be decoded"),
    ],
)
def test_dicom_bomb_is_a_sentence(
    client: httpx.Client, stated: dict[str, int], sentence: str
) -> None:
    """A header of a few bytes that asks for gigabytes takes none."""
    answer = finished(client, submit(client, dicom(speckle(), **stated), "bomb.dcm"))
    assert answer["state"] == "failed"
    assert str(answer["error"]).startswith("bomb.dcm: ")
    assert sentence in str(answer["error"])


def test_zip_named_dcm_is_a_sentence(client: httpx.Client) -> None:
    """It is what it holds, not what it is called."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.txt", "x" * 1000)
    answer = finished(client, submit(client, buffer.getvalue(), "scan.dcm"))
    assert answer["error"] == (
        "scan.dcm: is no DICOM file: the mark DICM after the preamble is missing"
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd.png", "passwd.png"),
        ("..\\..\\x.png", "x.png"),
        ("a\x01\x1b[31m.png", "a%01_[31m.png"),
        ("\u202egnp.png", "_gnp.png"),
    ],
)
def test_names_cannot_lead_anywhere(client: httpx.Client, name: str, shown: str) -> None:
    """No folder, no control character: in the answer, the files or the manifest."""
    answer = finished(client, submit(client, png(), name))
    assert answer["state"] == "done", answer["error"]
    results = answer["results"]
    assert isinstance(results, list)
    assert results[0]["still"] == shown
    root = f"{ROOT}/jobs/{answer['id']}/files/"
    for address in results[0]["files"].values():
        assert re.fullmatch(r"[\w.\[\]-]+", address.removeprefix(root))


def test_too_large_an_upload_is_a_sentence(client: httpx.Client) -> None:
    """By its stated length, and by what comes where none is stated."""
    refused = submit(client, bytes(4_000_000))
    assert refused.status_code == 413
    assert refused.json()["error"].startswith("the files are larger than 2 MB together")

    def parts() -> Iterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="stills"; filename="a.png"\r\n\r\n'
        for _ in range(40):
            yield bytes(100_000)
        yield b"\r\n--x--\r\n"

    kind = {"content-type": "multipart/form-data; boundary=x"}
    refused = client.post("/jobs", content=parts(), headers=kind)
    assert refused.status_code == 413
    assert refused.json()["error"].startswith("the files are larger than 2 MB together")


def test_500_files_at_once_are_a_sentence(client: httpx.Client) -> None:
    """Nothing is kept of them."""
    files = [("stills", (f"{number}.png", b"x")) for number in range(500)]
    refused = client.post("/jobs", files=files)
    assert refused.status_code == 413
    assert "500 files were sent, at most 20 are taken at once" in refused.json()["error"]


def test_what_is_no_form_or_no_address_is_a_sentence(client: httpx.Client) -> None:
    """JSON instead of a form, a broken form, an unknown path, a wrong method."""
    assert "no still was sent" in client.post("/jobs", json={"samples": 1}).json()["error"]
    kind = {"content-type": "multipart/form-data; boundary=x"}
    broken = client.post("/jobs", content=b"garbage", headers=kind)
    assert broken.status_code == 400
    assert "error" in broken.json()
    assert client.get("/nothing").json()["error"] == "Not Found: see docs/serve.md"
    assert client.put("/jobs").json()["error"] == "Method Not Allowed: see docs/serve.md"


@pytest.mark.parametrize("name", ["..%2F..%2Fsecret", "%2e%2e", ".stills", "a.mp4"])
def test_only_files_of_the_job_are_given(client: httpx.Client, name: str) -> None:
    """Escaped or not."""
    job = finished(client, submit(client, png()))["id"]
    assert client.get(f"/jobs/{job}/files/{name}").status_code == 404


def test_strangers_are_refused(client: httpx.Client) -> None:
    """A page elsewhere may neither send here nor give its own name to this address."""
    foreign = client.get("/model", headers={"origin": "https://example.org"})
    assert (foreign.status_code, foreign.json()["error"]) == (
        403,
        "a page of another server may not ask this one",
    )
    renamed = client.get("/model", headers={"host": "example.org"})
    assert renamed.status_code == 403
    own = str(client.base_url).removesuffix(f"{ROOT}/")
    assert client.get("/model", headers={"origin": own}).status_code == 200


def test_documentation_pages_of_fastapi_are_off(client: httpx.Client) -> None:
    """They load scripts from elsewhere."""
    origin = str(client.base_url).removesuffix(f"{ROOT}/")
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert httpx.get(origin + path, trust_env=False).status_code == 404


def test_logs_name_no_file(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    """A still's name may be a patient's."""
    finished(client, submit(client, png(), "Meier_Anna.png"))
    finished(client, submit(client, b"x", "Meier_Anna.png"))
    assert "Meier" not in caplog.text
