"""All commands: where each lives, how it is introduced, what to copy. Loads nothing."""

from typing import NamedTuple


class Command(NamedTuple):
    """Where a command lives and how it is introduced in the help."""

    module: str
    function: str
    summary: str
    examples: tuple[str, ...]


COMMANDS: dict[tuple[str, ...], Command] = {
    ("demo",): Command(
        "sonoloop.cli.demo",
        "demo",
        "move a real ultrasound still that comes with sonoloop",
        ("", "--phantom"),
    ),
    ("synthesize",): Command(
        "sonoloop.cli.synthesize",
        "synthesize",
        "turn your own stills into loops",
        (
            "still.png --out loops --samples 4",
            "still.png --out loops --frames 64 --loop",
            "stills/ --out loops --model model --motion 0.8 --guidance-scale 2",
        ),
    ),
    ("transfer",): Command(
        "sonoloop.cli.transfer",
        "transfer",
        "move your own stills as a clip moves",
        ("clip.mp4 still.png --out loops", "clip.mp4 stills/ --out loops --start 1.5 --loop"),
    ),
    ("provenance",): Command(
        "sonoloop.cli.provenance",
        "provenance",
        "tell which model, seed and still made a file",
        ("loops/", "loop.dcm", "loop.mp4 --json"),
    ),
    ("phantom",): Command(
        "sonoloop.cli.phantom",
        "phantom",
        "generate moving speckle, to try every step without data",
        ("--out phantoms --count 48", "--out phantoms --count 200 --motion-label"),
    ),
    ("data", "prepare"): Command(
        "sonoloop.cli.data",
        "prepare",
        "turn videos and stills into a dataset: crop, group, split",
        ("phantoms --out dataset", "manifest.csv --out dataset --size 128"),
    ),
    ("data", "check"): Command(
        "sonoloop.cli.data",
        "check",
        "verify a dataset: checksums, splits, leaks",
        ("dataset",),
    ),
    ("data", "pack"): Command(
        "sonoloop.cli.data",
        "pack",
        "write a dataset as one small file to train from",
        ("dataset --out dataset.pack",),
    ),
    ("data", "export"): Command(
        "sonoloop.cli.data",
        "export",
        "write stills and clips of a dataset as files",
        ("dataset --split test --out held_out",),
    ),
    ("train", "autoencoder"): Command(
        "sonoloop.cli.train",
        "autoencoder",
        "stage 1: clip -> latent dynamics -> clip, given frame 0",
        (
            "--data dataset --preset tiny --out runs/autoencoder",
            "--data dataset --out runs/autoencoder --max-seconds 3600 --resume",
        ),
    ),
    ("train", "diffusion"): Command(
        "sonoloop.cli.train",
        "diffusion",
        "stage 2: first frame + noise -> latent dynamics",
        (
            "--data dataset --autoencoder runs/autoencoder --preset tiny --out runs/diffusion",
            "--data dataset --autoencoder runs/autoencoder --out runs/diffusion --resume",
            "--data dataset --autoencoder runs/autoencoder --control --out runs/diffusion",
        ),
    ),
    ("train", "conditioner"): Command(
        "sonoloop.cli.train",
        "conditioner",
        "what tells the baseline (cINN) of the first frame",
        (
            "--data dataset --out runs/conditioner",
            "--data dataset --preset tiny --out runs/conditioner --max-seconds 600",
        ),
    ),
    ("train", "flow"): Command(
        "sonoloop.cli.train",
        "flow",
        "stage 2, baseline (cINN): latents <-> noise, given frame 0",
        (
            "--data dataset --autoencoder runs/autoencoder --preset tiny --out runs/flow",
            "--data dataset --autoencoder runs/ae --conditioner runs/conditioner --out runs/flow",
        ),
    ),
    ("adapt",): Command(
        "sonoloop.cli.adapt",
        "adapt",
        "fine-tune the bundled model on your own few videos",
        ("videos/ --out model --minutes 5", "videos/ --out better --model model --minutes 30"),
    ),
    ("export",): Command(
        "sonoloop.cli.export",
        "export",
        "join both stages into one model folder",
        (
            "--autoencoder runs/autoencoder --diffusion runs/diffusion --out model",
            "--autoencoder runs/autoencoder --flow runs/flow --out baseline",
        ),
    ),
    ("evaluate",): Command(
        "sonoloop.cli.evaluate",
        "evaluate",
        "measure clips of any origin beside real ones",
        (
            "--real dataset --synthetic loops --out evaluation",
            "--real real_clips --synthetic loops --metrics fvd,motion --out evaluation",
        ),
    ),
    ("audit",): Command(
        "sonoloop.cli.audit",
        "audit",
        "ask what a label needs: a still, motion, or just the source",
        (
            "dataset --label b_lines",
            "dataset --label label --classes healthy,bacterial_pneumonia --out audit",
        ),
    ),
    ("classify", "train"): Command(
        "sonoloop.cli.classify",
        "train",
        "learn to tell classes of videos apart",
        (
            "dataset --out runs/classifier --width 16 --size 64",
            "dataset --label severity --classes mild=0,1 severe=2,3 --net tsm --out runs/tsm",
        ),
    ),
    ("classify", "predict"): Command(
        "sonoloop.cli.classify",
        "predict",
        "write each video's probability of each class",
        (
            "runs/classifier dataset --out predictions.csv",
            "runs/classifier loops --out loops.csv",
        ),
    ),
    ("study",): Command(
        "sonoloop.cli.study",
        "study",
        "ask whether synthetic video helps a classifier",
        (
            "--data dataset --label b_lines --out study --plan",
            "--data dataset --label b_lines --out study --arms a,b,d,g,i,k --ratios 0.5",
        ),
    ),
    ("weights", "fetch"): Command(
        "sonoloop.cli.weights",
        "fetch",
        "fetch the frozen nets that metrics need, once",
        ("", "i3d-kinetics-400 --weights-dir weights"),
    ),
    ("weights", "list"): Command(
        "sonoloop.cli.weights",
        "list_",
        "list these nets: what for, how large, whether here",
        ("",),
    ),
    ("weights", "verify"): Command(
        "sonoloop.cli.weights",
        "verify",
        "check fetched nets against their checksums",
        ("", "lpips-alex lpips-vgg"),
    ),
    ("report",): Command(
        "sonoloop.cli.report",
        "report",
        "show evaluations, trainings, studies and audits on one page",
        (
            "runs/autoencoder runs/diffusion --out report.html",
            "evaluation runs/diffusion --out report.html --title 'Lung, first model'",
            "study audit --out study.html",
        ),
    ),
    ("doctor",): Command(
        "sonoloop.cli.doctor",
        "doctor",
        "look at this installation: GPU, codecs, models, disk",
        ("", "--json"),
    ),
    ("completion",): Command(
        "sonoloop.cli.completion",
        "completion",
        "print a script that completes commands in your shell",
        ("bash > ~/.local/share/bash-completion/completions/sonoloop",),
    ),
}
"""Words after ``sonoloop`` -> command, in the order in which the data walks."""
