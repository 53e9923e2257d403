"""A small video in which a tracker breaks: five objects, one of which leaves the picture.

The picture is that of the corpus's chain ``chain-object-leaves``, larger and
with more between the objects: lossless, the same on every platform. Videos are
read here too, frame by frame, with PyAV.

Examples
--------
  nox -s demonstration -- --to tracker.mkv
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import av.error
import av.logging
import numpy as np

from fixtures import command_line, whole_file
from fixtures.fault import Fault
from fixtures.generated_case import Disc, Scene
from tests.tools.record.frames import MOST_PIXELS, Frame, Skipped, Stored

# Playlists and the like may name other files and addresses: a video is read from its own file, and only as these.
CONTAINERS = (
    "apng,asf,avi,dv,flv,gif,h264,hevc,image2,ivf,jpeg_pipe,m4v,matroska,webm,mjpeg,mov,mp4,mpeg,mpegts,mxf,nut,ogg,"
    "png_pipe,webp_pipe,yuv4mpegpipe"
)
OPTIONS = {"protocol_whitelist": "file", "format_whitelist": CONTAINERS}
# Of a container's stated length, what may be missing at its end without a word.
FRAMES_TO_SPARE = 2

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

av.logging.set_level(None)  # FFmpeg's own lines would mix with ours; what is wrong is raised


def description(path: Path) -> str:
    """What a video file holds; a `Fault` where FFmpeg cannot read it, it has no picture, or too large ones."""
    with _open(path) as container:
        stream = _pictures(container, path)
        context = stream.codec_context
        size = f"{context.width} x {context.height} pixels"
        if context.width * context.height > MOST_PIXELS:
            raise Fault(f"{path} has frames of {size}; should have at most {MOST_PIXELS:,}")
        rate = f", {float(stream.average_rate):.3g} frames a second" if stream.average_rate else ""
        return f"{path.name}, a video ({context.name}) of {size}{rate}"


def frames(path: Path, every: int) -> Iterator[Stored]:
    """Yield every so many-th frame as 8-bit grey levels; one that does not decode is skipped."""
    number = 0
    with _open(path) as container:
        stream = _pictures(container, path)
        stream.thread_type = "AUTO"
        ends = Fraction(0)
        for decoded in _decoded(container, stream):
            if isinstance(decoded, str):
                yield Skipped(number, "", decoded)
            elif decoded.is_corrupt:
                yield Skipped(number, "", "is corrupt, as its decoder reports")
            elif number % every == 0:
                yield Frame(number, "", decoded.to_ndarray(format="gray"))
            if not isinstance(decoded, str) and decoded.pts is not None and decoded.time_base is not None:
                ends = decoded.pts * decoded.time_base
            number += 1
        missing = _missing(container, stream, number, ends)
    if missing:
        yield Skipped(number, "", missing)


def _open(path: Path) -> av.container.InputContainer:
    try:
        return av.open(str(path), options=OPTIONS)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise Fault(
            f"{path} cannot be read as a video ({_reason(error)}); should be a whole video file, a folder of images,"
            " or .npy arrays"
        ) from None


def _pictures(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    if not container.streams.video:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise Fault(f"{path} has no pictures, only {kinds}; should be a video")
    return container.streams.video[0]


def _decoded(container: av.container.InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame | str]:
    """Frames in their order; for a packet that does not decode, and for a file that breaks off, why."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError) as error:
            yield f"the video breaks off here ({_reason(error)})"
            return
        if packet is None:
            return
        try:
            yield from packet.decode()
        except (av.error.FFmpegError, ValueError) as error:
            yield f"cannot be decoded ({_reason(error)})"


def _missing(container: av.container.InputContainer, stream: av.VideoStream, number: int, ends: Fraction) -> str:
    """How much of the stated length is not there, in words; nothing where all is."""
    if stream.frames > number:
        return f"the video breaks off here; it should have {stream.frames} frames"
    # The length of a container is that of its longest stream: where there are several it is not this one's.
    if container.duration and stream.average_rate and len(container.streams) == 1:
        stated = Fraction(container.duration, av.time_base) + Fraction(container.start_time or 0, av.time_base)
        if ends + (1 + FRAMES_TO_SPARE) / stream.average_rate < stated:
            return f"the video breaks off here, at {float(ends):.2f} s; it should last {float(stated):.2f} s"
    return ""


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error).strip()


def picture(scene: Scene, time: int) -> np.ndarray:
    """A scene at a time as grey levels, uint8 (height, width)."""
    levels = np.zeros((scene.height, scene.width), dtype=np.uint8)
    x, y = scene.frame(time).T
    np.add.at(levels, (y, x), 1)
    return levels


def write_video(
    path: Path, pictures: Iterable[np.ndarray], *, codec: str = "ffv1", container: str | None = None
) -> None:
    """Write greyscale pictures of one size, uint8 (height, width), as a video; the codec ``ffv1`` is lossless.

    The container has FFmpeg's name; without it the path's suffix decides.
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
