"""A small video in which a tracker breaks: five objects, one of which leaves the picture.

The picture is that of the corpus's chain ``chain-object-leaves``, larger and
with more between the objects: lossless, the same on every platform.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np

from fixtures.scenes import Disc, Scene

FRAMES_PER_SECOND = 10
N_FRAMES = 24
SCENE = Scene(
    width=160,
    height=120,
    objects=(
        Disc(x=30, y=28, radius=9, peak=24),
        Disc(x=38, y=92, radius=8, peak=18, vy=-1),
        Disc(x=84, y=60, radius=7, peak=30),
        Disc(x=112, y=98, radius=8, peak=20),
        Disc(x=96, y=24, radius=6, peak=22, vx=5),
    ),
    noise=2,
)


def picture(scene: Scene, time: int) -> np.ndarray:
    """A scene at a time as grey levels, uint8 (height, width)."""
    levels = np.zeros((scene.height, scene.width), dtype=np.uint8)
    x, y = scene.frame(time).T
    np.add.at(levels, (y, x), 1)
    return levels


def write_video(path: Path, pictures: Iterable[np.ndarray], *, codec: str = "ffv1") -> None:
    """Write greyscale pictures, uint8 (height, width), as a video without sound.

    Parameters
    ----------
    path : Path
        Its suffix names the container.
    pictures : iterable of ndarray
        All of one size.
    codec : str
        ``ffv1`` is lossless.
    """
    # Without this flag the container gets a random name of its own.
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as container:
        stream = None
        for levels in pictures:
            frame = av.VideoFrame.from_ndarray(levels, format="gray")
            if stream is None:
                stream = container.add_stream(codec, rate=FRAMES_PER_SECOND)
                stream.width, stream.height = frame.width, frame.height
                stream.pix_fmt = "gray" if codec == "ffv1" else "yuv420p"
                stream.gop_size = 1  # each frame stands for itself, so that a broken one breaks no other
                stream.time_base = Fraction(1, FRAMES_PER_SECOND)
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="nox -s demonstration --", description=__doc__.split("\n\n")[0])
    parser.add_argument("--to", type=Path, required=True, metavar="FILE.mkv", help="where the video goes")
    options = parser.parse_args(arguments)
    if options.to.suffix != ".mkv":
        parser.error(f"--to is {str(options.to)!r}; should end in .mkv")
    scratch = options.to.with_name(f".{options.to.stem}.writing.mkv")
    try:
        write_video(scratch, (picture(SCENE, time) for time in range(N_FRAMES)))
        scratch.replace(options.to)
    except (OSError, av.error.FFmpegError) as error:
        scratch.unlink(missing_ok=True)
        print(f"error: {options.to} cannot be written ({error.strerror or error})", file=sys.stderr)
        return 2
    print(f"{options.to}: {N_FRAMES} frames of {SCENE.width} x {SCENE.height} pixels, {len(SCENE.objects)} objects")
    return 0


if __name__ == "__main__":
    sys.exit(main())
