"""A video is read frame by frame; a broken one as far as it goes, and what is none is refused in one line."""

from __future__ import annotations

import re
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from fixtures.fault import Fault
from tests.tools.record import video
from tests.tools.record.frames import Frame, Skipped, Stored, open_source
from tests.tools.record.video import N_FRAMES, SCENE, picture, write_video


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration, in a folder with a space in its name."""
    path = tmp_path_factory.mktemp("a folder") / "tracker.mkv"
    assert video.main(["--to", str(path)]) == 0
    return path


def frames(path: Path, every: int = 1) -> tuple[list[Frame], list[Skipped]]:
    """The frames that can be read, and the others."""
    found: list[Stored] = list(open_source(path).frames(every))
    readable = [frame for frame in found if isinstance(frame, Frame)]
    return readable, [frame for frame in found if isinstance(frame, Skipped)]


def test_the_demonstration_comes_back_pixel_by_pixel(film: Path) -> None:
    readable, others = frames(film)
    assert [frame.number for frame in readable] == list(range(N_FRAMES))
    assert not others
    for frame in readable:
        np.testing.assert_array_equal(frame.array, picture(SCENE, frame.number))


def test_the_demonstration_is_the_same_bytes_again(film: Path, tmp_path: Path) -> None:
    video.main(["--to", str(tmp_path / "again.mkv")])
    assert (tmp_path / "again.mkv").read_bytes() == film.read_bytes()


def test_every_so_many_th_frame_keeps_its_number(film: Path) -> None:
    assert [frame.number for frame in frames(film, every=7)[0]] == [0, 7, 14, 21]


def test_a_video_says_what_it_is(film: Path) -> None:
    assert open_source(film).description == "tracker.mkv, a video (ffv1) of 160 x 120 pixels, 10 frames a second"


def test_a_truncated_video_is_read_to_where_it_breaks_off(film: Path, tmp_path: Path) -> None:
    whole = film.read_bytes()
    torn = tmp_path / "torn.mkv"
    torn.write_bytes(whole[: len(whole) * 6 // 10])
    readable, (last,) = frames(torn)
    assert 10 <= len(readable) < N_FRAMES
    assert last.number == len(readable)
    assert "the video breaks off here" in last.reason
    assert "it should last 2.40 s" in last.reason


def test_a_frame_that_does_not_decode_is_one_frame_less(film: Path, tmp_path: Path) -> None:
    with av.open(str(film)) as container:
        packet = bytes([packet for packet in container.demux(video=0) if packet.size][12])
    corrupt = tmp_path / "corrupt.mkv"
    corrupt.write_bytes(film.read_bytes().replace(packet, bytes(byte ^ 0xFF for byte in packet)))
    readable, (broken,) = frames(corrupt)
    assert broken.number == 12
    assert broken.reason.startswith("cannot be decoded (")
    assert [frame.number for frame in readable] == [number for number in range(N_FRAMES) if number != 12]
    np.testing.assert_array_equal(readable[12].array, picture(SCENE, 13))


def test_a_video_of_another_codec_is_read_too(tmp_path: Path) -> None:
    write_video(tmp_path / "tracker.avi", (picture(SCENE, time) * 8 for time in range(4)), codec="mpeg4")
    readable, others = frames(tmp_path / "tracker.avi")
    assert len(readable) == 4
    assert not others
    assert np.abs(readable[3].array.astype(int) - picture(SCENE, 3).astype(int) * 8).mean() < 5  # lossy


def write_sound(path: Path) -> None:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(1600))


NO_VIDEOS = {
    "text.mp4": b"no video at all\n" * 40,
    "empty.mp4": b"",
    # Playlists name other files, which nobody asked for.
    "list.m3u8": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\ntracker.mkv\n#EXT-X-ENDLIST\n",
    "list.ffconcat": b"ffconcat version 1.0\nfile tracker.mkv\n",
}


@pytest.mark.parametrize("name", [*NO_VIDEOS, "sound.wav", "half.mp4"])
def test_what_is_no_whole_video_is_refused_in_one_line(film: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    (tmp_path / film.name).write_bytes(film.read_bytes())
    if name == "sound.wav":
        write_sound(path)
    elif name == "half.mp4":  # its index is at its end
        write_video(path, (picture(SCENE, time) * 8 for time in range(4)), codec="mpeg4")
        path.write_bytes(path.read_bytes()[:-900])
    else:
        path.write_bytes(NO_VIDEOS[name])
    with pytest.raises(Fault) as why:
        open_source(path)
    assert re.fullmatch(r".+ cannot be read as a video \(.+\); should be a whole video file, .+", str(why.value))


def test_a_video_without_a_decoder_is_refused(film: Path, tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(film.read_bytes().replace(b"FFV1", b"XXXX"))
    with pytest.raises(Fault, match="knows no decoder of; should be a video"):
        open_source(tmp_path / "a.mkv")


def test_a_video_of_too_large_frames_is_refused_before_one_is_decoded(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(video, "MOST_PIXELS", 160 * 120 - 1)
    with pytest.raises(Fault, match="has frames of 160 x 120 pixels; should have at most 19,199"):
        open_source(film)


def test_a_disk_that_fills_up_leaves_no_half_video(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert video.main(["--to", str(tmp_path / "no folder" / "tracker.mkv")]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "cannot be written" in line
    assert list(tmp_path.iterdir()) == []
