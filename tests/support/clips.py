"""Video clips made with ffmpeg: a clock to look at, and the same second in squares to read.

    python tests/support/clips.py static/clip.mp4        # the clip that the demo ships
    python tests/support/clips.py --large video.mp4      # 200 MB, the minute three times

In the lower left corner six squares, white for 1, hold the whole second of the frame in
binary, so that a test reads from the picture which second is shown.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

WIDTH, HEIGHT, SECONDS, RATE = 854, 480, 60, 24
SQUARES = 6
TIMES = 3
_FONT = "DejaVu Sans Mono"


class Square(NamedTuple):
    """A square of the picture: its left and upper edge, its size and what it is worth."""

    x: int
    y: int
    size: int
    worth: int


def squares() -> list[Square]:
    """Where the second is written, the highest bit first."""
    return [
        Square(32 + 44 * place, HEIGHT - 32 - 36, 36, 1 << (SQUARES - 1 - place))
        for place in range(SQUARES)
    ]


def missing() -> str | None:
    """Why no clip can be made here, `None` if one can."""
    return None if shutil.which("ffmpeg") else "ffmpeg is not installed"


def make_clip(path: Path, *, large: bool = False) -> None:
    """Make a clip of a minute, H.264 and AAC, ready to be played before it is complete.

    It is less than 3 MB. `large`: noise makes it 68 MB, and it comes `TIMES` over, so that
    what a browser and the sockets hold ahead of what is watched is a small part of it.
    """
    if not large:
        _encode(path, "-preset medium -b:v 345k", noise=False)
        return
    minute = path.with_suffix(".minute.mp4")
    try:
        _encode(minute, "-preset ultrafast -b:v 9M -minrate 9M -maxrate 9M -bufsize 9M", noise=True)
        repeated = ["-stream_loop", str(TIMES - 1), "-i", str(minute), "-c", "copy"]
        _ffmpeg([*repeated, "-movflags", "+faststart", str(path)])
    finally:
        minute.unlink(missing_ok=True)


def _encode(path: Path, quality: str, *, noise: bool) -> None:
    _ffmpeg(
        [
            *("-f", "lavfi", "-i", _background()),
            *("-f", "lavfi", "-i", _tick()),
            *("-f", "lavfi", "-i", f"color=white@0.9:s={WIDTH}x6:r={RATE}:d={SECONDS},format=rgba"),
            *("-filter_complex", _picture(noise), "-map", "[v]", "-map", "1:a"),
            *shlex.split(f"-c:v libx264 {quality} -g {2 * RATE} -pix_fmt yuv420p"),
            *shlex.split("-c:a aac -b:a 48k -ac 1 -movflags +faststart -map_metadata -1"),
            *("-fflags", "+bitexact", "-f", "mp4", str(path)),
        ]
    )


def _ffmpeg(arguments: list[str]) -> None:
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *arguments]
    subprocess.run(command, check=True, timeout=100)


def _background() -> str:
    """Three colours that drift slowly."""
    return (
        f"gradients=s={WIDTH}x{HEIGHT}:r={RATE}:d={SECONDS}:n=3:seed=7:speed=0.004"
        f":c0=0x14213d:c1=0x1f7a8c:c2=0x5f3a8c:x0=0:y0=0:x1={WIDTH}:y1={HEIGHT}"
    )


def _tick() -> str:
    """A soft tick every second, higher on every tenth."""
    pitch = "if(lt(mod(t\\,10)\\,1)\\,990\\,660)"
    return f"aevalsrc=exprs='0.2*sin(2*PI*{pitch}*t)*exp(-22*mod(t\\,1))':s=44100:d={SECONDS}"


def _picture(noise: bool) -> str:
    """The background, noise if wanted, the clock, the squares and a line that grows."""
    filters = ["noise=alls=40:allf=t+u"] if noise else []
    clock = r"%{eif\:floor(t/60)\:d}\:%{eif\:mod(floor(t)\,60)\:d\:2}"
    filters += [
        f"drawtext=font='{_FONT}':text='{clock}':fontsize=150:fontcolor=white"
        ":x=(w-tw)/2:y=(h-150)/2-24:shadowcolor=black@0.35:shadowx=3:shadowy=3"
    ]
    for x, y, size, worth in squares():
        lit = f"gte(mod(t\\,{2 * worth})\\,{worth})"
        box = f"drawbox=x={x}:y={y}:w={size}:h={size}:t=fill"
        filters += [f"{box}:color=black", f"{box}:color=white:enable='{lit}'"]
    line = f"[2:v]overlay=x='-W+W*t/{SECONDS}':y=H-6:shortest=1"
    return f"[0:v]{','.join(filters)}[b];[b]{line}[v]"


if __name__ == "__main__":
    make_clip(Path(sys.argv[-1]), large="--large" in sys.argv)
