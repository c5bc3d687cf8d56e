"""What the votes on a pair of versions say: tallies, an interval, a plain sentence."""

import math
from dataclasses import dataclass

Z = 1.959963984540054  # two-sided 95 % of a normal distribution


@dataclass(frozen=True)
class Tally:
    """Votes on two versions, in the order of `names`."""

    names: tuple[str, str]
    first: int = 0
    second: int = 0
    ties: int = 0

    @property
    def decided(self) -> int:
        """Votes that are no ties."""
        return self.first + self.second

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the fraction that prefers the version with more votes, ties left out."""
        return wilson(max(self.first, self.second), self.decided)

    def describe(self) -> str:
        """Who is preferred, by how many, and whether chance alone could do that."""
        ties = f" ({self.ties} tied)" if self.ties else ""
        if not self.decided:
            return f"No preference yet{ties}"
        if self.first == self.second:
            return f"Even, {self.first} of {self.decided}, too few to say{ties}"
        best = self.names[0] if self.first > self.second else self.names[1]
        chance = "beyond chance" if self.interval[0] > 0.5 else "too few to say"
        votes = max(self.first, self.second)
        return f"{best} preferred, {votes} of {self.decided}, {chance}{ties}"


def wilson(wins: int, votes: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a fraction, with continuity correction; (0, 1) without votes.

    Newcombe, "Two-sided confidence intervals for the single proportion" (1998), method 4. Reviews
    are short, and without the correction the interval is too narrow for them: 14 of 19 would be
    beyond chance, which an exact sign test (p = 0.06) denies.

    Raises:
        ValueError: not 0 <= wins <= votes.

    """
    if not 0 <= wins <= votes:
        raise ValueError(f"{wins} of {votes} is not a fraction")
    if votes == 0:
        return 0.0, 1.0
    return lowest(wins, votes), 1 - lowest(votes - wins, votes)


def lowest(wins: int, votes: int) -> float:
    """The lower end of the interval; the upper is that of the losses, from 1."""
    if wins == 0:
        return 0.0
    fraction, square = wins / votes, Z * Z
    root = square - 2 - 1 / votes + 4 * fraction * (votes * (1 - fraction) + 1)
    return (2 * wins + square - 1 - Z * math.sqrt(root)) / (2 * (votes + square))
