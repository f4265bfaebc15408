"""One answer by Smolsight, as a line of JSON: DETAIL FOLDER PICTURE TOKENS."""

import json
import resource
import sys
from pathlib import Path

import mlx_model
from mlx_model.answer import stream_answer
from mlx_model.events import Answered
from mlx_model.image_files import open_image
from mlx_model.images import Detail
from mlx_model.prompt import Message, Picture, Text
from mlx_model.request import Request


def main(detail: Detail, folder: str, picture: str, tokens: str) -> None:
    checkpoint = mlx_model.load(folder)
    message = Message("user", (Picture(open_image(Path(picture))), Text("Describe this image.")))
    request = Request((message,), detail=detail, max_tokens=int(tokens), repetition_guard=False)
    *_, last = stream_answer(checkpoint, request)
    assert isinstance(last, Answered)
    answer = last.answer
    assert answer.generated_tokens == int(tokens), f"{answer.generated_tokens} of {tokens} tokens: a stop token came up"
    result = {
        "prompt_tokens": answer.prompt_tokens,
        "first_token": answer.seconds.first_token,
        "tokens_per_second": answer.tokens_per_second,
        "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(*sys.argv[1:])  # type: ignore[arg-type]
