"""The logits of an answer's first token, and the same checkpoint in another arithmetic: for comparing machines.

Not on the way to an answer: `answer.py` is. What an installation computes is held against what was stored elsewhere.
"""

import threading
from pathlib import Path
from typing import Literal, get_args

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from mlx_model.answering.generate import prefill
from mlx_model.answering.looking import Looking, plans_of
from mlx_model.answering.stopwatch import Stopwatch
from mlx_model.loading.checkpoint import Checkpoint, load
from mlx_model.prompting.prompt import build_prompt
from mlx_model.request import Request

Arithmetic = Literal["float32", "bfloat16", "4 bits"]
ARITHMETICS: tuple[Arithmetic, ...] = get_args(Arithmetic)
GROUP_SIZE = 64


def load_as(folder: Path, arithmetic: Arithmetic) -> Checkpoint:
    """A checkpoint whose packed layers are expanded, all in one arithmetic.

    "4 bits": float32 with the decoder's layers packed anew, for the kernels of packed weights. Raises as `load` does.
    """
    checkpoint = load(folder, keep_quantized=False)
    checkpoint.model.set_dtype(mx.bfloat16 if arithmetic == "bfloat16" else mx.float32)
    if arithmetic == "4 bits":
        for layer in checkpoint.model.language_model.layers:
            nn.quantize(layer, GROUP_SIZE, 4)
    mx.eval(checkpoint.model.parameters())
    return checkpoint


def first_logits(checkpoint: Checkpoint, request: Request) -> np.ndarray:
    """Float32 logits [vocabulary] behind the request's prompt."""
    plans = plans_of(checkpoint, request, request.detail)
    looked = Looking(checkpoint, request, threading.Event(), Stopwatch(), None).stream(plans)
    while True:
        try:
            next(looked)
        except StopIteration as end:
            features = end.value
            break
    prompt = build_prompt(request.messages, plans, checkpoint.template, checkpoint.tokenizer, checkpoint.config)
    decoder = checkpoint.model.language_model
    cache = decoder.new_cache()
    *_, hidden = prefill(decoder, checkpoint.model.embed(mx.array([prompt.ids]), features), cache)
    return np.array(decoder.logits(hidden)[0, -1].astype(mx.float32))
