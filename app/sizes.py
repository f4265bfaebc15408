"""Bytes as people say them, in powers of ten as disks are sold."""


def in_words(nbytes: int) -> str:
    if nbytes < 1e5:
        return f"{nbytes / 1e3:.1f} kB"
    return f"{nbytes / 1e9:.2f} GB" if nbytes >= 1e9 else f"{nbytes / 1e6:.1f} MB"
