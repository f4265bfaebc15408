"""Writes tests/fixtures/clips: small clips with what goes wrong with clips, one each.

    python -m tools.clip_fixtures

Needs ffmpeg 4 or 5 with libx264 and libvpx on the path (newer ones set a rotation in another way). Frame N of the grey
clips has the luma 16 + 3 N, so that a frame's pixels tell which one it is.
"""

import subprocess
import tempfile
from pathlib import Path

OUT = Path(__file__).parents[1] / "tests" / "fixtures" / "clips"
RATE = 15
SECONDS = 4
GREY = f"color=size=64x48:rate={RATE}:duration={SECONDS},format=yuv420p,geq=lum='16+3*N':cb=128:cr=128"
HALF = f"size=64x24:rate={RATE}:duration=1"
HALVES = f"color=red:{HALF}[top];color=blue:{HALF}[low];[top][low]vstack"
H264 = ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", "12", "-g", "15")


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        steady, halves, front = (Path(folder) / name for name in ("steady.mp4", "halves.mp4", "front.mp4"))
        _ffmpeg("-f", "lavfi", "-i", GREY, *H264, steady)
        _ffmpeg("-f", "lavfi", "-i", HALVES, *H264, halves)
        # Fifteen frames a second for a second, three seconds of one in seven.
        kept = "select='lt(t,1)+not(mod(n,7))'"
        _ffmpeg("-f", "lavfi", "-i", f"{GREY},{kept}", "-vsync", "vfr", *H264, OUT / "variable.mp4")
        _ffmpeg("-i", halves, "-c", "copy", "-metadata:s:v", "rotate=90", OUT / "rotated.mp4")
        _ffmpeg("-ss", "1.4", "-i", steady, "-c", "copy", OUT / "trimmed.mp4")
        sound = ("-f", "lavfi", "-i", "sine=duration=6:sample_rate=8000")
        late = ("-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "aac", "-b:a", "8k")
        _ffmpeg("-itsoffset", "2", "-i", steady, *sound, *late, OUT / "late.mp4")
        _ffmpeg(*sound, "-c:a", "aac", "-b:a", "8k", OUT / "sound.mp4")
        for ending in ("mp4", "mov", "mkv", "ts"):
            _ffmpeg("-i", steady, "-c", "copy", OUT / f"steady.{ending}")
        _ffmpeg("-i", steady, "-c:v", "libvpx-vp9", "-b:v", "60k", OUT / "steady.webm")
        # Frames out of order and no time stamps in the file: the last one decodes without any.
        _ffmpeg("-i", steady, "-c:v", "mpeg4", "-qscale:v", "2", "-bf", "2", OUT / "steady.avi")
        _ffmpeg("-i", steady, "-c", "copy", "-movflags", "+faststart", front)
        content = front.read_bytes()
        (OUT / "cut-off.mp4").write_bytes(content[: len(content) * 8 // 10])
    print(f"{sum(path.stat().st_size for path in OUT.iterdir()) / 1000:.0f} kB")


def _ffmpeg(*arguments: str | Path) -> None:
    bitexact = ("-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1")
    *words, out = arguments
    subprocess.run(["ffmpeg", "-v", "error", "-y", *words, *bitexact, out], check=True)


if __name__ == "__main__":
    main()
