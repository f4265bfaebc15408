"""What the hub and the way to it do wrong, as one sentence each.

Knows the exceptions of huggingface_hub and of its HTTP client; retries nothing.
"""

import errno

from app.shelf.hub_cache import cache_folder


def status_of(error: Exception) -> int | None:
    """The status of the hub's answer; None where there was no answer."""
    return getattr(getattr(error, "response", None), "status_code", None)


def sentence(hub_id: str, error: Exception) -> str:
    """What went wrong and what to do. Errors of the network come wrapped: what counts is at the root."""
    from huggingface_hub.errors import GatedRepoError

    while isinstance(error.__cause__, Exception) and status_of(error) is None:
        error = error.__cause__
    status = status_of(error)
    if isinstance(error, GatedRepoError) or status == 403:
        return f"{hub_id} is open only to those who accepted its terms: do so on its page, then run: hf auth login"
    if status in (401, 404):
        return f"The hub has no public model {hub_id} with these files. Check the name; if it is private: hf auth login"
    if status == 429:
        return f"The hub had too many requests to give out {hub_id} now. Wait some minutes and try again."
    if status is not None:
        return f"The hub answered {status} when asked for {hub_id}. Try again later."
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk of the hub's cache {cache_folder()} is full: make room, or move it with HF_HUB_CACHE."
    if isinstance(error, OSError) and error.filename:
        return f"The hub's cache cannot be written to: {error.strerror} ({error.filename})."
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return f"{hub_id} could not be fetched from the hub ({reason}). Check the connection and try again."


def offline_sentence(hub_id: str) -> str:
    return (
        f"{hub_id} is not on this machine, and HF_HUB_OFFLINE, --offline or the window's setting forbids to fetch it. "
        "Leave it out and try again."
    )
