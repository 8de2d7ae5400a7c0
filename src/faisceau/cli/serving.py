"""``faisceau serve``: the workspace in a browser, on this machine unless told otherwise."""

from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from faisceau.cli.base import call, interactive, note
from faisceau.cli.commands import command
from faisceau.errors import FaisceauError
from faisceau.words import N_


@command("serve", N_("Open the workspace in a browser: a case, or a folder of cases."))
@click.argument(
    "where", type=click.Path(path_type=Path), default=Path(), metavar="[CASE_OR_FOLDER]"
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8017,
    show_default=True,
    help=N_("0 takes a free one."),
)
@click.option(
    "--host", default="127.0.0.1", show_default=True, help=N_("Another address than the loopback.")
)
@click.option("--no-browser", is_flag=True, help=N_("Only print the link."))
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    help=N_("Settings of a server: provider of identities, certificates, limits (TOML)."),
)
def serve(where: Path, port: int, host: str, no_browser: bool, config: Path | None) -> None:
    open_workspace(where, port=port, host=host, config=config, browser=not no_browser)


def installed() -> bool:
    """True when what the web workspace needs is there (the extra ``web``)."""
    return all(find_spec(name) is not None for name in ("nicegui", "fastapi", "uvicorn"))


def open_workspace(
    where: Path, *, config: Path | None = None, browser: bool = True, **options: Any
) -> None:
    """Serve until interrupted; on a terminal, open the browser too.

    Raises ``FaisceauError`` when the extra is not installed, there is no case, or the port cannot
    be had.
    """
    if not installed():
        raise FaisceauError(
            N_("The web workspace is not installed"), hint=N_("pip install 'faisceau[web]'")
        )
    from faisceau.web.serving import serve as run
    from faisceau.web.settings import Settings, configured

    wanted = call()
    settings = Settings(
        where,
        lang=wanted.lang,
        agent=wanted.agent,
        reason=wanted.reason,
        engine=wanted.engine,
        **options,
        **(configured(config) if config is not None else {}),
    )

    def told(link: str) -> None:
        text = N_("Faisceau is open here, once: {link}")
        note(text if settings.links else N_("Faisceau is open here: {link}"), link=link)
        note(N_("Stop it with Ctrl-C"))
        if browser and settings.links and interactive():
            click.launch(link)

    with suppress(KeyboardInterrupt):  # that is how it is stopped
        run(settings, told)
