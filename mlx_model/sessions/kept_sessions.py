"""The conversations whose KV caches are kept, within a budget of bytes; those go first that were asked longest ago.

A question takes the kept session that begins most like it: its own conversation's, cut to what still holds, or a branch
of another one's. Knows names and marks, and nothing of what they stand for.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from mlx_model.cache import KVCache
from mlx_model.errors import SmolsightError
from mlx_model.sessions.session import Mark, Session, common_length


class Sessions:
    """Kept sessions of one model, `max_bytes` of them; `new_cache` makes an empty KV cache, an entry a layer."""

    def __init__(self, new_cache: Callable[[], list[KVCache]], max_bytes: int = 0) -> None:
        self.max_bytes = max_bytes
        self.new_cache = new_cache
        self._kept: OrderedDict[str, Session] = OrderedDict()

    @property
    def nbytes(self) -> int:
        """Bytes of all; what two share counts for each."""
        return sum(session.nbytes for session in self._kept.values())

    @contextmanager
    def lent(self, conversation: str | None, marks: Sequence[Mark]) -> Iterator[Session]:
        """A session that holds the longest known beginning of `marks`, and is told to expect the rest of them.

        It is never all: the last one is to be read, as its logits are what is asked for. Afterwards the session is kept
        under its name, also when the work was stopped. Without a name nothing is looked up and nothing kept. After an
        error that is not ours nobody can say what is in the cache, so it goes.
        """
        session = Session(self.new_cache()) if conversation is None else self._take(conversation, marks[:-1])
        session.expect(marks[session.length :])
        try:
            yield session
        except SmolsightError:
            self._keep(conversation, session)
            raise
        else:
            self._keep(conversation, session)

    def get(self, conversation: str) -> Session | None:
        """What is kept of a conversation."""
        return self._kept.get(conversation)

    def put(self, conversation: str, session: Session) -> None:
        """Keep a session, in place of what there was by this name."""
        self._keep(conversation, session)

    def forget(self, conversation: str) -> None:
        """Give a session back; nothing to do where none is kept."""
        self._kept.pop(conversation, None)

    def limit(self, max_bytes: int) -> None:
        """Keep no more than this from now on."""
        self.max_bytes = max_bytes
        while self.nbytes > self.max_bytes:
            self._kept.popitem(last=False)

    def _take(self, conversation: str, marks: Sequence[Mark]) -> Session:
        known = {name: common_length(session.marks, marks) for name, session in self._kept.items()}
        # Of two that are as good, its own: that one needs no copy.
        best = max(known, key=lambda name: (known[name], name == conversation), default=None)
        if best is None or not known[best]:
            self.forget(conversation)
            return Session(self.new_cache())
        if best != conversation:
            self.forget(conversation)
            self._kept.move_to_end(best)
            return self._kept[best].branch(known[best])
        session = self._kept.pop(conversation)
        session.trim(known[best])
        return session

    def _keep(self, conversation: str | None, session: Session) -> None:
        if conversation is None:
            return
        self._kept.pop(conversation, None)
        if session.nbytes <= self.max_bytes:
            self._kept[conversation] = session
        self.limit(self.max_bytes)
