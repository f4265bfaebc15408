"""What a request shows, pictures and clips, on its way to image tokens.

Plans come first and cost nothing; the encoder's work is a generator of events. Knows neither prompts nor words.
"""

import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import replace

import mlx.core as mx
import numpy as np

from mlx_model.answering.features import FeatureCache, in_batches, stream_features
from mlx_model.answering.stopwatch import Stopwatch
from mlx_model.config import ImageConfig
from mlx_model.errors import InputError, stop_if
from mlx_model.events import Event, TilesEncoded
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.media.images import Detail, Plan, cut_tiles, plan, tile_hash, unique_tiles
from mlx_model.media.read_ahead import read_ahead
from mlx_model.media.video import Clip, FramePlan, plan_frames, stream_tiles
from mlx_model.prompting.prompt import Message, Picture
from mlx_model.protocol import Glimpsed
from mlx_model.request import Request

Plans = tuple[Plan | FramePlan, ...]


def stream_look(
    checkpoint: Checkpoint, request: Request, cancelled: threading.Event, seen: FeatureCache
) -> Iterator[Event]:
    """Encode a request's pictures into `seen`, for a question that is still to come.

    Raises Cancelled after the batch of tiles under way, InputError where the model cannot see.
    """
    plans = plans_of(checkpoint, request, request.detail)
    yield from Looking(checkpoint, request, cancelled, Stopwatch(), seen).stream(plans)


def stream_glance(
    checkpoint: Checkpoint, picture: Picture, cancelled: threading.Event, seen: FeatureCache
) -> Iterator[Event | Glimpsed]:
    """Look at a picture in one tile; `Glimpsed` comes last. Raises as `stream_look` does."""
    request = Request((Message("user", (picture,)),), "low")
    plans = plans_of(checkpoint, request, "low")
    tokens = yield from Looking(checkpoint, request, cancelled, Stopwatch(), seen).stream(plans)
    assert tokens is not None, "there is one picture"
    mean = tokens.astype(mx.float32).mean(axis=0)
    mean = mean / mx.maximum(mx.linalg.norm(mean), 1e-12)
    yield Glimpsed(tuple(mean.tolist()))  # type: ignore[arg-type]


def plans_of(checkpoint: Checkpoint, request: Request, detail: Detail, max_frames: int | None = None) -> Plans:
    """One plan for each picture and clip, in order. Raises DetailError, and InputError where the model cannot see."""
    return tuple(
        plan_frames(part, _image_config(checkpoint), max_frames)
        if isinstance(part, Clip)
        else plan(part.image.width, part.image.height, detail, _image_config(checkpoint))
        for part in request.media
    )


def _image_config(checkpoint: Checkpoint) -> ImageConfig:
    if checkpoint.image_config is None:
        raise InputError("The model reads text alone and cannot look at pictures: choose a SmolVLM checkpoint.")
    return checkpoint.image_config


class Looking:
    """One request's pictures and clips. A picture that is in `seen` is not encoded again; others go there."""

    def __init__(
        self,
        checkpoint: Checkpoint,
        request: Request,
        cancelled: threading.Event,
        watch: Stopwatch,
        seen: FeatureCache | None,
    ) -> None:
        self.checkpoint, self.request, self.cancelled = checkpoint, request, cancelled
        self.watch, self.seen = watch, seen
        self._total = 0

    def stream(self, plans: Plans, known: int = 0) -> Generator[Event, None, mx.array | None]:
        """Image tokens of everything in a row, [tokens, D]; None where there is nothing to see.

        The first `known` pictures and clips are left out. Raises Cancelled after the batch of tiles under way.
        """
        self._total = sum(plan.tiles for plan in plans[known:])
        features: list[mx.array] = []
        for part, part_plan in list(zip(self.request.media, plans, strict=True))[known:]:
            self.stop_if_cancelled()
            done = sum(map(len, features))
            if isinstance(part, Clip) and isinstance(part_plan, FramePlan):
                features.append((yield from self._watch(part, part_plan, done)))
            elif isinstance(part, Picture) and isinstance(part_plan, Plan):
                features.append((yield from self._look_at(part, part_plan, done)))
        if features:
            # The encoder's activations are the largest buffers of all; the decoder cannot use them again.
            mx.clear_cache()
        return mx.concatenate(features).flatten(0, 1) if features else None

    def _look_at(self, picture: Picture, picture_plan: Plan, before: int) -> Generator[Event, None, mx.array]:
        """A picture's image tokens, [tiles, tokens per tile, D]; identical tiles are encoded once."""
        with self.watch.stage("preprocess"):
            features = self.seen.get(picture.image, picture_plan) if self.seen is not None else None
        if features is None:
            with self.watch.stage("preprocess"):
                distinct, order = unique_tiles(cut_tiles(picture.image, picture_plan, _image_config(self.checkpoint)))
            batches = yield from self._encode(distinct, before)
            features = mx.concatenate(batches)[mx.array(order)]
            if self.seen is not None:
                mx.eval(features)
                self.seen.put(picture.image, picture_plan, features)
        yield TilesEncoded(before + picture_plan.tiles, self._total)
        return features

    def _watch(self, clip: Clip, frames: FramePlan, before: int) -> Generator[Event, None, mx.array]:
        """A clip's image tokens; the next frames are read while those before them are encoded.

        Frames that are known are not even decoded.
        """
        tokens = {index: known for index in frames.indices if (known := self._recall(clip, index)) is not None}
        if tokens:
            yield TilesEncoded(before + len(tokens), self._total)
        unread = [index for index in frames.indices if index not in tokens]
        tiles = stream_tiles(
            clip, replace(frames, indices=tuple(unread)), _image_config(self.checkpoint), self.cancelled
        )
        with closing(read_ahead(in_batches(tiles))) as batches:
            while unread:
                with self.watch.stage("preprocess"):
                    batch = next(batches)
                read, unread = unread[: len(batch)], unread[len(batch) :]
                features = yield from self._look_at_frames(clip, read, batch, before + len(tokens))
                tokens |= zip(read, features, strict=True)
        return mx.concatenate([tokens[index] for index in frames.indices])

    def _recall(self, clip: Clip, index: int) -> mx.array | None:
        return self.seen.get_frame(clip, index) if self.seen is not None else None

    def _look_at_frames(
        self, clip: Clip, indices: list[int], tiles: np.ndarray, before: int
    ) -> Generator[Event, None, list[mx.array]]:
        """Image tokens [1, tokens per tile, D] of frames [t, H, W, 3]; what looks alike or is known costs nothing."""
        with self.watch.stage("preprocess"):
            keys = [tile_hash(tile) for tile in tiles]
            known = {key: self.seen.find(key) for key in keys} if self.seen is not None else {}
        found = {key: features for key, features in known.items() if features is not None}
        unknown = {key: tile for key, tile in zip(keys, tiles, strict=True) if key not in found}
        if unknown:
            features = mx.concatenate((yield from self._encode(np.stack(list(unknown.values())), before)))
            found |= zip(unknown, mx.split(features, len(unknown)), strict=True)
            mx.eval([found[key] for key in unknown])
        if len(unknown) < len(tiles):
            yield TilesEncoded(before + len(tiles), self._total)
        if self.seen is not None:
            for key in unknown:
                self.seen.keep(key, found[key])
            for index, key in zip(indices, keys, strict=True):
                self.seen.know_frame(clip, index, key)
        return [found[key] for key in keys]

    def _encode(self, tiles: np.ndarray, before: int) -> Generator[Event, None, list[mx.array]]:
        features: list[mx.array] = []
        with self.watch.stage("vision"):
            for batch in stream_features(self.checkpoint.model, tiles, _image_config(self.checkpoint)):
                features.append(batch)
                yield TilesEncoded(before + sum(map(len, features)), self._total)
                self.stop_if_cancelled()
        return features

    def stop_if_cancelled(self) -> None:
        stop_if(self.cancelled, "The answer was stopped.")
