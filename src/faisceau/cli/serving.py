"""``faisceau serve``: the workspace in a browser, on this machine unless told otherwise."""

from pathlib import Path

import click

from faisceau.cli.base import call, interactive, note
from faisceau.cli.commands import command
from faisceau.errors import FaisceauError
from faisceau.words import N_


@command("serve", N_("Open the workspace in a browser: a case, or a folder of cases."))
@click.argument(
    "where", type=click.Path(path_type=Path), default=Path(), metavar="[CASE_OR_FOLDER]"
)
@click.option("--port", type=click.IntRange(0, 65535), default=8017, show_default=True)
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
    try:
        import nicegui  # noqa: F401
    except ImportError as error:
        raise FaisceauError(
            N_("The web workspace is not installed"), hint=N_("pip install 'faisceau[web]'")
        ) from error
    from faisceau.web.serving import serve as run
    from faisceau.web.settings import Settings, configured

    wanted = call()
    settings = Settings(
        where,
        host=host,
        port=port,
        lang=wanted.lang,
        agent=wanted.agent,
        reason=wanted.reason,
        engine=wanted.engine,
        **(configured(config) if config is not None else {}),
    )

    def told(link: str) -> None:
        text = N_("Faisceau is open here, once: {link}")
        note(text if settings.links else N_("Faisceau is open here: {link}"), link=link)
        note(N_("Stop it with Ctrl-C"))
        if settings.links and interactive() and not no_browser:
            click.launch(link)

    run(settings, told)
