"""``faisceau lexicon``: try a lexicon on what was reviewed, find the words it lacks, accept one."""

from dataclasses import asdict
from pathlib import Path

import click

from faisceau.cli.base import call, note, out, print_json, print_table
from faisceau.cli.commands import CASE, command, group, workspace
from faisceau.words import N_, say

lexicon = group(
    "lexicon",
    N_(
        "Keep a lexicon up to date with what was reviewed: test it, suggest words, accept one.\n\n"
        "A lexicon is a YAML file; accepting a word writes another file, the next version."
    ),
)
WHICH = click.option(
    "--lexicon",
    "name",
    default="stupefiants",
    show_default=True,
    help=N_("A lexicon's name, or the path of its file."),
)
PLACES = {
    "earned": N_("earns its place"),
    "noise": N_("makes noise"),
    "open": N_("too few to tell"),
    "unmet": N_("not met"),
}


@command("test", N_("Which forms of a lexicon earn their place, which only make noise."), lexicon)
@CASE
@WHICH
@click.option("--all", "every", is_flag=True, help=N_("Show the forms that are not met too."))
def test(case: Path, name: str, every: bool) -> None:
    trial = workspace(case).lexicon_test(name)
    forms = [form for form in trial.forms if every or form.place != "unmet"]
    if call().as_json:
        print_json({**asdict(trial), "forms": [asdict(form) for form in forms]})
        return
    note(
        N_("{lexicon}, on {relevant} relevant conversations and {others} others"),
        lexicon=trial.lexicon,
        relevant=trial.relevant,
        others=trial.others,
    )
    print_table(
        [say(h) for h in (N_("Concept"), N_("Form"), N_("Relevant"), N_("Others"), N_("Place"))],
        [[f.concept, f.form, f.relevant, f.others, say(PLACES[f.place])] for f in forms],
    )


@command(
    "suggest",
    N_(
        "Words and phrases that confirmed conversations use more than the others, or like the "
        "words of a lexicon, and that it lacks.\n\n"
        "Learnt from verdicts (kind ai): a case under a judicial mandate may not run it. Nothing "
        "that is an identifier or a name in the case, or occurs in fewer than five conversations, "
        "is shown. A name that only the texts hold, written small, can be among them: look at the "
        "examples before you accept a word."
    ),
    lexicon,
)
@CASE
@WHICH
@click.option("--top", type=click.IntRange(1), default=50, show_default=True)
def suggest(case: Path, name: str, top: int) -> None:
    found = workspace(case).lexicon_suggest(name)[:top]
    if call().as_json:
        print_json([asdict(one) for one in found])
        return
    if not found:
        note(N_("No word stands out: confirm conversations first, then ask again"))
    for one in found:
        out().print(
            say(
                N_("{term}  {score}  in {confirmed} confirmed conversations, {others} others"),
                term=one.term,
                score=f"{one.score:.1f}",
                confirmed=one.confirmed,
                others=one.others,
            )
        )
        if one.near:
            words = N_("used like {near} (likeness {likeness})")
            out().print("    " + say(words, near=one.near, likeness=one.likeness))
        for row, text in one.examples:
            out().print(f"    {row}  {' '.join(text.split())[:120]}")


@command(
    "accept",
    N_("Write a lexicon's next version, with a word that suggest shows; who and why are kept."),
    lexicon,
)
@CASE
@click.argument("term")
@WHICH
@click.option("--kind", required=True, help=N_("What it is: a kind or a concept of the lexicon."))
@click.option("--why", required=True, help=N_("Why; kept in the lexicon and in the ledger."))
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path),
    help=N_("The file of the next version."),
)
def accept(case: Path, term: str, *, name: str, kind: str, why: str, output: Path) -> None:
    from faisceau.errors import UsageError

    if output.exists():
        raise UsageError(N_("{path} is there already"), path=output)
    text, one = workspace(case).lexicon_accept(term, kind, why, name)
    output.write_text(text, encoding="utf-8")
    if call().as_json:
        print_json({"path": output, **asdict(one)})
    else:
        note(N_("{term} accepted: {path}"), term=term, path=output)
