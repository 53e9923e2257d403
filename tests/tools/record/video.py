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


def describe(path: Path) -> tuple[str, int | None]:
    """What a video file holds, and how many frames as far as it says.

    Raises
    ------
    Fault
        FFmpeg cannot read it, or it has no picture, or too large ones.
    """
    with _open(path) as container:
        stream = _pictures(container, path)
        context = stream.codec_context
        size = f"{context.width} x {context.height} pixels"
        if context.width * context.height > MOST_PIXELS:
            raise Fault(f"{path} has frames of {size}; should have at most {MOST_PIXELS:,}")
        rate = f", {float(stream.average_rate):.3g} frames a second" if stream.average_rate else ""
        first = next((frame for frame in _decoded(container, stream) if isinstance(frame, av.VideoFrame)), None)
        turned = f", turned by {first.rotation} degrees as it says" if first and first.rotation else ""
        deep = f" of {first.format.components[0].bits} bits" if first and _is_deep(first) else ""
        counts = [stream.frames] if stream.frames else []
        ends = _stated_end(container, stream)
        if ends and stream.average_rate:
            counts.append(round(ends * stream.average_rate))
    return f"{path.name}, a video ({context.name}{deep}) of {size}{turned}{rate}", min(counts, default=None)


def frames(path: Path, every: int) -> Iterator[Stored]:
    """Yield every so many-th frame as grey levels, upright; one that does not decode is skipped."""
    number = 0
    with _open(path) as container:
        stream = _pictures(container, path)
        stream.thread_type = "AUTO"
        shown = _Shown()
        for decoded in _decoded(container, stream):
            if isinstance(decoded, str):
                yield Skipped(number, "", decoded)
            elif decoded.is_corrupt:
                yield Skipped(number, "", "is corrupt, as its decoder reports")
            elif number % every == 0:
                yield _grey(decoded, number)
            if isinstance(decoded, av.VideoFrame):
                shown.add(decoded)
            number += 1
        missing = _missing(container, stream, number, shown)
    if missing:
        yield Skipped(number, "", missing)


def _grey(decoded: av.VideoFrame, number: int) -> Stored:
    """Grey levels of a frame, (height, width): of a grey video as stored, else by luma of 8 bits."""
    try:
        levels = decoded.to_ndarray() if _is_deep(decoded) else decoded.to_ndarray(format="gray")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        return Skipped(number, "", f"its pixels ({decoded.format.name}) cannot be made grey levels ({_reason(error)})")
    # A phone films as its sensor lies, and says how far to turn it, counterclockwise.
    return Frame(number, "", np.rot90(levels, round(decoded.rotation / 90)))


def _is_deep(decoded: av.VideoFrame) -> bool:
    return decoded.format.name.startswith("gray") and 8 < decoded.format.components[0].bits <= 16


class _Shown:
    """Until when the frames so far are shown, and the longest time from one to the next, in seconds."""

    def __init__(self) -> None:
        self.until = self.longest = self._begins = Fraction(0)

    def add(self, decoded: av.VideoFrame) -> None:
        if decoded.pts is not None and decoded.time_base is not None:
            last, self._begins = self._begins, decoded.pts * decoded.time_base
            self.longest = max(self.longest, self._begins - last)
            # Not every container says how long a frame is shown.
            self.until = self._begins + (decoded.duration * decoded.time_base or self.longest)


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
    stream = container.streams.video[0]
    if stream.codec_context is None:
        raise Fault(f"{path} has pictures that FFmpeg knows no decoder of; should be a video")
    return stream


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


def _missing(container: av.container.InputContainer, stream: av.VideoStream, number: int, shown: _Shown) -> str:
    """How much of the stated length is not there, in words; nothing where all is."""
    ends = _stated_end(container, stream)
    each = max(1 / stream.average_rate if stream.average_rate else 0, shown.longest)  # of a variable frame rate
    # A video that was trimmed on a phone has frames that are not to be shown: it is shorter than their number.
    if stream.frames > number and (ends is None or shown.until + each / 2 < ends):
        return f"the video breaks off here; it should have {stream.frames} frames"
    if ends is not None and shown.until + FRAMES_TO_SPARE * each < ends:
        return f"the video breaks off here, at {float(shown.until):.2f} s; it should last {float(ends):.2f} s"
    return ""


def _stated_end(container: av.container.InputContainer, stream: av.VideoStream) -> Fraction | None:
    if stream.duration and stream.time_base:
        return (stream.duration + (stream.start_time or 0)) * stream.time_base
    # The length of a container is that of its longest stream: where there are several it is not this one's.
    if container.duration and len(container.streams) == 1:
        return Fraction(container.duration + (container.start_time or 0), av.time_base)
    return None


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
