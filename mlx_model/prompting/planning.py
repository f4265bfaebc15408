"""What a request comes to before any work: its tiles and frames, its prompt, and whether the model's context holds it.

A conversation that the context does not hold loses its oldest parts; any other prompt fails with what would make it
fit. Knows no arrays.
"""

from dataclasses import dataclass, replace

from mlx_model.answering.looking import Plans, plans_of
from mlx_model.events import Forgot
from mlx_model.loading.checkpoint import Checkpoint
from mlx_model.media.images import Detail
from mlx_model.media.video import FramePlan
from mlx_model.prompting.context import check_context, most_that_fit
from mlx_model.prompting.forgetting import Messages, fitting
from mlx_model.prompting.prompt import Prompt, Text, build_prompt, build_raw_prompt
from mlx_model.request import Request

# Of the context: the most that is kept free for an answer, and what is left out of a conversation at a time.
SHARE = 4


@dataclass(frozen=True)
class Work:
    """What is read: `request` without what was `forgot`, if anything. `room` is the tokens left for the answer."""

    request: Request
    plans: Plans = ()
    prompt: Prompt = Prompt((), "", 0)
    room: int = 0
    forgot: Forgot | None = None


def plan_work(checkpoint: Checkpoint, request: Request, *, may_forget: bool = False) -> Work:
    """Settle what is read. Raises ContextLimitError, DetailError, and InputError where the model cannot take such a
    request.

    With `may_forget` the last question alone has to fit.
    """
    return _Planning(checkpoint, request).work(may_forget)


class _Planning:
    def __init__(self, checkpoint: Checkpoint, request: Request) -> None:
        self.checkpoint, self.request = checkpoint, request
        self._counted: tuple[Messages, tuple[Plans, Prompt]] | None = None  # what was looked at last

    def work(self, may_forget: bool) -> Work:
        context, forgot = self.checkpoint.config.text.max_position_embeddings, None
        if may_forget:
            most = context - min(self.request.max_tokens, context // SHARE)
            messages, forgot = fitting(self.request.messages, self._tokens_of, most, context // SHARE)
            self.request = replace(self.request, messages=messages)
        if self._counted and self._counted[0] is self.request.messages:
            plans, prompt = self._counted[1]
        else:
            plans, prompt = self._prompt_at(self.request.detail)
        return Work(self.request, plans, prompt, self._room(plans, len(prompt.ids), context), forgot)

    def _room(self, plans: Plans, tokens: int, context: int) -> int:
        if frames := max((plan.tiles for plan in plans if isinstance(plan, FramePlan)), default=0):
            fewer = most_that_fit(frames, context, self._tokens_with_frames)
            return check_context(tokens, context, fewer, self._tokens_with_frames, "--max-frames", "a single frame")
        if not plans or self.checkpoint.image_config is None:
            return check_context(tokens, context)
        lower = () if self.request.detail == "low" else range(self.checkpoint.image_config.high - 1, 0, -1)
        return check_context(tokens, context, lower, lambda n: len(self._prompt_at(n)[1].ids))

    def _tokens_of(self, messages: Messages) -> int:
        whole, self.request = self.request, replace(self.request, messages=messages)
        try:
            self._counted = (messages, self._prompt_at(self.request.detail))
        finally:
            self.request = whole
        return len(self._counted[1][1].ids)

    def _tokens_with_frames(self, max_frames: int) -> int:
        return len(self._prompt_at(self.request.detail, max_frames)[1].ids)

    def _prompt_at(self, detail: Detail, max_frames: int | None = None) -> tuple[Plans, Prompt]:
        request, checkpoint = self.request, self.checkpoint
        plans = plans_of(checkpoint, request, detail, max_frames)
        if request.raw:
            text = "".join(part.text for part in request.parts if isinstance(part, Text))
            return plans, build_raw_prompt(text, plans, checkpoint.tokenizer, checkpoint.config)
        return plans, build_prompt(
            request.messages, plans, checkpoint.template, checkpoint.tokenizer, checkpoint.config
        )
