"""One answer by mlx-vlm, as a line of JSON: FOLDER PICTURE TOKENS.

Importing `mlx_model` first gives the peer the BLAS that Smolsight gives itself.
"""

import json
import resource
import sys
import time

import mlx_model  # noqa: F401  # isort: skip
from mlx_vlm import load, stream_generate
from mlx_vlm.prompt_utils import apply_chat_template


def main(folder: str, picture: str, tokens: str) -> None:
    model, processor = load(folder, trust_remote_code=False)
    prompt = apply_chat_template(processor, model.config, "Describe this image.", num_images=1)
    start = time.perf_counter()
    times, prompt_tokens = [], 0
    for result in stream_generate(model, processor, prompt, image=picture, max_tokens=int(tokens), temperature=0.0):
        times.append(time.perf_counter())
        prompt_tokens = result.prompt_tokens
    result = {
        "prompt_tokens": prompt_tokens,
        "first_token": times[0] - start,
        "tokens_per_second": (len(times) - 1) / (times[-1] - times[0]),
        "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])
