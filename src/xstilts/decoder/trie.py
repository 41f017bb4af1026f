"""The answer vocabulary as a trie of tokens, and the exact search for the likeliest answers in it.

The probability of an answer is that of its tokens and of the token that ends it, by the model as it is: nothing is
renormalised over the tokens that the trie allows, which would favour answers whose first token has few rivals. Since no
answer is likelier than its beginning, a search that always reads the likeliest beginning next has found the best answer
as soon as that comes first: the same answer as scoring every one, for a few forward passes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heapify, heappop

from torch import Tensor

from xstilts.base.errors import XstiltsError

Tokens = tuple[int, ...]


class Trie:
    """Answers as sequences of tokens, none the beginning of another, as each ends with the end token.

    Attributes:
        following: {beginning: the tokens that may follow it}.
        answers: {whole sequence: index of the answer}.

    Raises:
        XstiltsError: two answers have the same tokens, so that no search could tell them apart.
    """

    def __init__(self, answers: Sequence[str], tokens: Callable[[str], Sequence[int]], end: int) -> None:
        self.following: dict[Tokens, list[int]] = {}
        self.answers: dict[Tokens, int] = {}
        for index, answer in enumerate(answers):
            whole = (*tokens(answer), end)
            if (other := self.answers.setdefault(whole, index)) != index:
                found = f"the answers {answers[other]!r} and {answer!r} have the same tokens"
                raise XstiltsError(f"{found}; expected a tokenizer that tells them apart: choose another decoder")
            self._add(whole)

    def _add(self, whole: Tokens) -> None:
        for place in range(len(whole) - 1, -1, -1):
            beginning = self.following.setdefault(whole[:place], [])
            beginning.append(whole[place])
            if len(beginning) > 1:  # what comes before is there already
                return

    def single_way(self, beginning: Tokens) -> Tokens:
        """The beginning with all tokens that must follow it, but for the last one of an answer."""
        while len(following := self.following[beginning]) == 1 and (*beginning, following[0]) not in self.answers:
            beginning = (*beginning, following[0])
        return beginning


class Search:
    """The search for the `top` likeliest answers to one question.

    Attributes:
        found: index and log-probability of answers, best first.
        tail: the tokens to read next behind the question; None when the search is done.
    """

    def __init__(self, trie: Trie, top: int) -> None:
        self.found: list[tuple[int, float]] = []
        self.tail: Tokens | None = ()
        self._trie, self._top = trie, min(top, len(trie.answers))
        self._open: list[tuple[float, Tokens]] = [(0.0, ())]  # minus the log-probability, smallest first

    def read(self, log_probs: Tensor) -> None:
        """Take in what the model says behind every token of `tail`.

        Args:
            log_probs: float32 `[1 + tokens, vocabulary]`, the first row behind the question itself.
        """
        assert self.tail is not None
        cost, beginning = heappop(self._open)
        for place in range(len(beginning), len(self.tail) + 1):
            way, following = self.tail[:place], self._trie.following[self.tail[:place]]
            costs = [cost - one for one in log_probs[place, following].tolist()]
            if place < len(self.tail):  # the only one that may follow, and it was read
                cost = costs[0]
                continue
            self._open += [(one, (*way, token)) for one, token in zip(costs, following, strict=True)]
            heapify(self._open)
        self._settle()

    def _settle(self) -> None:
        """Move answers that nothing open can surpass to `found`, and choose what to read next."""
        while self._open and len(self.found) < self._top and self._open[0][1] in self._trie.answers:
            cost, whole = heappop(self._open)
            self.found.append((self._trie.answers[whole], -cost))
        done = len(self.found) == self._top or not self._open
        self.tail = None if done else self._trie.single_way(self._open[0][1])


def best_answers(
    trie: Trie, questions: int, top: int, read: Callable[[list[int], list[Tokens]], Tensor]
) -> list[list[tuple[int, float]]]:
    """Index and log-probability of the `top` likeliest answers to every question, best first.

    Args:
        questions: how many there are.
        read: given some questions and a tail for each, the model's log-probabilities `[questions, places, vocabulary]`
            behind the question and behind each token of its tail; places beyond a tail are not looked at.
    """
    searches = [Search(trie, top) for _ in range(questions)]
    while rows := [row for row, search in enumerate(searches) if search.tail is not None]:
        tails = [searches[row].tail or () for row in rows]
        for row, log_probs in zip(rows, read(rows, tails), strict=True):
            searches[row].read(log_probs)
    return [search.found for search in searches]
