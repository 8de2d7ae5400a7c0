"""``faisceau watch``: wanted plates against reads as they arrive, each alert told at once."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import click

from faisceau.cli.base import call, note, one_line, print_lines
from faisceau.cli.commands import CASE, command, pair, workspace
from faisceau.words import N_, say


@command(
    "watch",
    N_(
        "Tell when wanted plates are read, while reads arrive.\n\n"
        "LIST holds one plate a line, or columns plate and reason. Reads (CSV or JSON Lines) come "
        "from a file, a folder (new files as they come) or standard input: tail -f FILE | faisceau "
        "watch CASE LIST --from -. Ctrl-C ends the watch.\n\n"
        "Each alert is in the ledger; its read is added to the case and kept a month, or as its "
        "procedure orders. Other reads are not stored."
    ),
)
@CASE
@click.argument("listed", metavar="LIST", type=click.Path(path_type=Path))
@click.option(
    "--from",
    "arriving",
    metavar="PATH|-",
    required=True,
    type=click.Path(path_type=Path, allow_dash=True),
    help=N_("Where reads come from: a file, a folder, or - for standard input."),
)
@click.option("--once", is_flag=True, help=N_("End once the files of the folder are read."))
@click.option("--exact", is_flag=True, help=N_("Plates as written alone, no likely misreads."))
@click.option(
    "--map", "mapping", multiple=True, metavar="NATIVE=THEIRS", help=N_("A column of the file.")
)
@click.option("--procedure", metavar="REF", help=N_("The procedure that the reads come from."))
@click.option(
    "--timezone",
    default="Europe/Paris",
    show_default=True,
    help=N_("Zone of times that state none, and of the times told."),
)
def watch(
    case: Path, listed: Path, arriving: Path, mapping: tuple[str, ...], timezone: str, **more: Any
) -> None:
    source = sys.stdin.buffer if str(arriving) == "-" else arriving
    with _until_stopped() as stop:
        watching = workspace(case).watch(
            listed,
            source,
            columns=dict(map(pair, mapping)),
            timezone=timezone,
            stop=stop,
            **more,
        )
        zone = ZoneInfo(timezone)
        for told in watching.alerts():
            if call().format == "text":
                click.echo(one_line(in_words(told, zone)))
            else:
                print_lines([as_json(told, zone)])
    _print_end(watching)


@contextmanager
def _until_stopped() -> Iterator[Event]:
    """An event that Ctrl-C or the system's request to end sets; a second Ctrl-C interrupts."""
    stop = Event()

    def end(number: int, _frame: Any) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def as_json(told: Any, zone: ZoneInfo) -> dict[str, Any]:
    """An alert as one JSON object."""
    alert = told.alert
    return {
        "plate": alert.wanted,
        "read": alert.read,
        "exact": alert.exact,
        "line": told.line,
        "reason": told.reason or None,
        "camera_id": alert.camera,
        "at": alert.at,
        "local": alert.at.astimezone(zone).isoformat(),
        "zone": zone.key,
        "direction": alert.direction,
        "latitude": alert.latitude,
        "longitude": alert.longitude,
        "next": [
            {"camera_id": o.camera, "share": o.share, "usual_s": o.usual_s} for o in alert.onward
        ],
        "source": told.source,
        "entry": told.entry,
    }


def in_words(told: Any, zone: ZoneInfo) -> str:
    """An alert on one line."""
    alert = told.alert
    local = alert.at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z")
    parts = [
        say(
            N_("{local}: {plate} at {camera}"), local=local, plate=alert.wanted, camera=alert.camera
        )
    ]
    if not alert.exact:
        parts.append(say(N_("perhaps: read as {read}"), read=alert.read))
    if alert.direction:
        parts.append(say(N_("heading {direction}"), direction=alert.direction))
    if alert.latitude is not None and alert.longitude is not None:
        parts.append(f"{alert.latitude:.5f}, {alert.longitude:.5f}")
    if alert.onward:
        text = N_("{camera} ({share} %, about {minutes} min)")
        cameras = [
            say(
                text,
                camera=o.camera,
                share=round(100 * o.share),
                minutes=max(1, round(o.usual_s / 60)),
            )
            for o in alert.onward
        ]
        parts.append(say(N_("likely next: {cameras}"), cameras=cameras))
    if told.reason:
        parts.append(say(N_("wanted: {reason}"), reason=told.reason))
    return "; ".join(parts)


def _print_end(watching: Any) -> None:
    """The counts, and everything that was not looked at, on standard error."""
    done, bad = watching.counted, watching.wanted.bad
    note(N_("{reads} reads, {alerts} alerts"), reads=done.reads, alerts=done.alerts)
    for text, facts in watching.notes:
        note(text, **facts)
    if bad:
        note(N_("{n} lines of the list are no plate: {lines}"), n=len(bad), lines=bad[:20])
    if done.bad:
        note(N_("{n} bad lines were left out"), n=done.bad)
    for name, reject in done.examples:
        why = one_line(say(reject.reason, **reject.facts))
        note("  {name}#{where}: {why}", name=name, where=reject.locator, why=why)
    for name, error in done.failed:
        note(N_("{name} was left out: {why}"), name=name, why=one_line(str(error)))
    for n, text in (
        (done.expired, N_("{n} reads of no procedure were not looked at: older than 15 days")),
        (done.outside, N_("{n} reads were not looked at: outside the mandate's scope")),
        (done.changed, N_("{n} files changed after they were read: the change was not read")),
        (done.unread.total(), N_("{n} unreadable values were taken as absent")),
        (done.kept, N_("{n} hits were added to the case")),
        (done.unkept, N_("{n} hits were not kept")),
    ):
        if n:
            note(text, n=n)
    if done.unknown:
        names = sorted(done.unknown)[:20]
        note(N_("Columns that are not known: {names}"), names=names)
    for zone, n in sorted(done.assumed.items()):
        note(N_("{n} times without a zone were read in that of {zone}"), n=n, zone=zone)
