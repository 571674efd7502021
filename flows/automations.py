"""Install what Prefect does by itself about our runs: clean up dead ones, tell people.

    python -m flows.automations install --block slack-webhook/ops --webhook pager
    python -m flows.automations list
    python -m flows.automations remove

Installing again changes what is there, by name; people's choice to pause one stays. Notifications
go to blocks that were made on Prefect's page or with `prefect block create`; without any, those
chosen before stay, and a first installation only records on the page that it would have told.
"""

import argparse
import sys
from collections.abc import Sequence

import httpx
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.actions import DoNothing
from prefect.events.schemas.automations import Automation
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL

from flows.rules import NAMES, Block, build_automations
from landmark_core import cli
from landmark_core.errors import ConfigError


def install(client: SyncPrefectClient, blocks: Sequence[Block]) -> list[tuple[str, str]]:
    """Create the automations, or change those of the same names.

    Args:
        client: of the server that is to watch.
        blocks: are told; none leaves those that were chosen before.

    Returns:
        Each name with what was done: created, changed.
    """
    done = []
    for automation in build_automations(blocks):
        present = find(client, automation.name)
        if present is None:
            client.create_automation(automation)
        else:
            automation.enabled = present.enabled
            if not blocks and isinstance(automation.actions[0], DoNothing):
                automation.actions = present.actions
            client.update_automation(present.id, automation)
        done.append((automation.name, "changed" if present else "created"))
    return done


def find(client: SyncPrefectClient, name: str) -> Automation | None:
    """Return the automation of that name, null where there is none."""
    return next(iter(client.read_automations_by_name(name)), None)


def remove(client: SyncPrefectClient) -> list[str]:
    """Remove our automations; return the names of those that were there."""
    present = [automation for name in NAMES if (automation := find(client, name)) is not None]
    for automation in present:
        client.delete_automation(automation.id)
    return [automation.name for automation in present]


def find_block(client: SyncPrefectClient, block: str) -> Block:
    """Return the block as something that can be told.

    Args:
        block: type/name, as `prefect block ls` shows it; `webhook/name` is called with JSON.

    Raises:
        ConfigError: if there is no such block.
    """
    kind, mark, name = block.partition("/")
    if not (kind and mark and name):
        raise ConfigError(f"expected a block as type/name, such as slack-webhook/ops; got {block}")
    try:
        found = client.read_block_document_by_name(name=name, block_type_slug=kind)
    except ObjectNotFound as error:
        raise ConfigError(f"there is no block {block}; `prefect block ls` lists them") from error
    return Block(kind=kind, block_id=found.id)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m flows.automations", description=__doc__)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    command = commands.add_parser("install", help="create or change our automations")
    command.add_argument(
        "--block", action="append", default=[], metavar="TYPE/NAME", help="block to notify"
    )
    command.add_argument(
        "--webhook", action="append", default=[], metavar="NAME", help="webhook block to call"
    )
    command.set_defaults(run=_install)
    commands.add_parser("list", help="show our automations").set_defaults(run=_list)
    commands.add_parser("remove", help="remove our automations").set_defaults(run=_remove)
    arguments = parser.parse_args(argv)
    return cli.guard(lambda: _run(arguments), interrupted="interrupted")


def _run(arguments: argparse.Namespace) -> int:
    if not PREFECT_API_URL.value():
        raise ConfigError(
            "PREFECT_API_URL is not set: name the server that is to watch, such as "
            "http://127.0.0.1:4200/api"
        )
    try:
        with get_client(sync_client=True) as client:
            lines: list[str] = arguments.run(client, arguments)
    except httpx.TransportError as error:
        raise ConfigError(f"no Prefect server answers at {PREFECT_API_URL.value()}") from error
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return cli.EXIT_DONE


def _install(client: SyncPrefectClient, arguments: argparse.Namespace) -> list[str]:
    names = [*arguments.block, *(f"webhook/{name}" for name in arguments.webhook)]
    blocks = [find_block(client, name) for name in names]
    lines = [f"{what}: {name}" for name, what in install(client, blocks)]
    silent = [name for name in NAMES if _tells_nobody(find(client, name))]
    return lines + [f"nobody is told yet: {name} (--block TYPE/NAME)" for name in silent]


def _list(client: SyncPrefectClient, _arguments: argparse.Namespace) -> list[str]:
    return [_describe(name, find(client, name)) for name in NAMES]


def _remove(client: SyncPrefectClient, _arguments: argparse.Namespace) -> list[str]:
    return [f"removed: {name}" for name in remove(client)] or ["none was installed"]


def _describe(name: str, automation: Automation | None) -> str:
    if automation is None:
        return f"absent: {name}"
    actions = ", ".join(action.type for action in automation.actions)
    return f"{'installed' if automation.enabled else 'paused'}: {name} ({actions})"


def _tells_nobody(automation: Automation | None) -> bool:
    return automation is not None and any(
        isinstance(action, DoNothing) for action in automation.actions
    )


if __name__ == "__main__":
    sys.exit(main())
