"""Real weights, fetched when a test asks for them."""

from pathlib import Path

import pytest

from tests.parity.smollm2 import gguf_file


@pytest.fixture(scope="session")
def smollm2_gguf(request: pytest.FixtureRequest) -> Path:
    """The GGUF file of SmolLM2-135M-Instruct, kept in pytest's own cache."""
    cache = request.config.cache
    assert cache is not None
    return gguf_file(cache.mkdir("smollm2"))
