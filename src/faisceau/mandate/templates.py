"""A commented mandate for each regime, to be filled by hand or from answers.

The comments are in French, for the people who fill them; the keys are those of the design.
"""

from importlib.resources import files

from faisceau.errors import UsageError
from faisceau.mandate.vocabulary import REGIMES
from faisceau.words import N_


def template(regime: str) -> str:
    """The template of ``regime``; ``UsageError`` when no regime is called so."""
    if regime not in REGIMES:
        raise UsageError(
            N_("No regime is called {regime}"),
            hint=N_("Choose one of: {regimes}"),
            regime=regime,
            regimes=list(REGIMES),
        )
    return (files("faisceau.mandate") / "templates" / f"{regime}.toml").read_text("utf-8")
