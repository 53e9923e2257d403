"""A small video in which a tracker breaks: five objects, one of which leaves the picture.

The picture is that of the corpus's chain ``chain-object-leaves``, larger and
with more between the objects: lossless, the same on every platform.

Examples
--------
  nox -s demonstration -- --to tracker.mkv
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from fixtures import command_line, whole_file
from fixtures.fault import Fault
from fixtures.generated_case import Disc, Scene

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


def write_video(
    path: Path, pictures: Iterable[np.ndarray], *, codec: str = "ffv1", container: str | None = None
) -> None:
    """Write greyscale pictures of one size, uint8 (height, width), as a video without sound.

    Parameters
    ----------
    codec : str
        ``ffv1`` is lossless.
    container : str, optional
        FFmpeg's name of the container; without it the path's suffix decides.
    """
    # Without this flag the container gets a random name of its own.
    with av.open(str(path), "w", format=container, options={"fflags": "+bitexact"}) as file:
        stream = None
        for levels in pictures:
            frame = av.VideoFrame.from_ndarray(levels, format="gray")
            if stream is None:
                stream = file.add_stream(codec, rate=FRAMES_PER_SECOND)
                stream.width, stream.height = frame.width, frame.height
                stream.pix_fmt = "gray" if codec == "ffv1" else "yuv420p"
                stream.gop_size = 1  # each frame stands for itself, so that a broken one breaks no other
                stream.time_base = Fraction(1, FRAMES_PER_SECOND)
            file.mux(stream.encode(frame))
        if stream is not None:
            file.mux(stream.encode(None))


@command_line.command()
def main(arguments: list[str] | None = None) -> int:
    parser = command_line.parser("demonstration", __doc__)
    parser.add_argument("--to", type=Path, required=True, metavar="FILE.mkv", help="file to write")
    options = parser.parse_args(arguments)
    if options.to.suffix != ".mkv":
        raise Fault(f"--to is {str(options.to)!r}; should end in .mkv")
    with whole_file.writing(options.to) as scratch:
        write_video(scratch, (picture(SCENE, time) for time in range(N_FRAMES)), container="matroska")
    print(f"{options.to}: {N_FRAMES} frames of {SCENE.width} x {SCENE.height} pixels, {len(SCENE.objects)} objects")
    return 0


if __name__ == "__main__":
    sys.exit(main())
