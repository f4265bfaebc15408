"""Seconds as people and subtitles write them. Knows neither clips nor captions."""


def clock(seconds: float, point: str = ".") -> str:
    """HH:MM:SS and milliseconds behind the point; more digits of hours where they are needed."""
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"


def span(start: float, end: float) -> str:
    """Two times as people write them: 0:05 – 0:10, 0:07.5 – 1:02:10."""
    return f"{short_clock(start)} – {short_clock(end)}"


def short_clock(seconds: float) -> str:
    """0:05, 0:07.5, 1:02:10: no more digits than there is to say."""
    hours, minutes, rest = clock(seconds).split(":")
    rest = rest.rstrip("0").rstrip(".")
    return f"{int(hours)}:{minutes}:{rest}" if int(hours) else f"{int(minutes)}:{rest}"
