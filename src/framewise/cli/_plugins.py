"""``framewise plugins``."""

import typer


def plugins() -> None:
    """Show every extension point and what is installed, one line each.

    \b
    Example:
        framewise plugins
    """  # noqa: D301 (\b is what click reads)
    from framewise._plugins import KINDS, load_plugin, plugin_names

    rows = [
        (kind, name, (load_plugin(kind, name).__doc__ or "").strip().partition("\n")[0])
        for kind in KINDS
        for name in plugin_names(kind)
    ]
    kind_width, name_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    for kind, name, line in rows:
        typer.echo(f"{kind:<{kind_width}}  {name:<{name_width}}  {line}")
