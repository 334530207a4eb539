"""`khokahano dead-letters`: read, replay and drop what could not be handled."""

import asyncio
import dataclasses
from typing import Annotated

import typer

from ops import output
from shared.dead_letters import Chosen, DeadLetter, DeadLetters
from shared.settings import BrokerSettings

app = typer.Typer(help="Read, replay and drop what could not be handled.", no_args_is_help=True)

Queue = Annotated[str | None, typer.Option("--queue", help="Only this queue's, such as registry:gateway.registration_submitted.v1.")]
Ids = Annotated[list[str] | None, typer.Argument(metavar="[MESSAGE_ID]…")]
All = Annotated[bool, typer.Option("--all", help="All of them, or all of --queue.")]


@app.command("list")
def list_letters(queue: Queue = None) -> None:
    """List the dead letters: their queue, id, age and reason; nothing of their contents."""
    letters = asyncio.run(_of(queue).read())
    for letter in letters:
        fields = dataclasses.asdict(letter)
        del fields["body"]
        output.say(f"{letter.message_id}  {letter.queue}  {letter.buried_at[:19]}  {letter.error}: {letter.reason}", **fields)
    if not letters:
        output.say("no dead letters", dead_letters=0)


@app.command()
def show(message_id: str, queue: Queue = None) -> None:
    """Show one dead letter whole. Its body holds personal data: show it to nobody who need not see it."""
    letters = [letter for letter in asyncio.run(_of(queue).read()) if letter.message_id == message_id]
    if not letters:
        output.fail(f"there is no dead letter {message_id}")
    for letter in letters:
        fields = dataclasses.asdict(letter)
        output.say("\n".join(f"{name}: {value}" for name, value in fields.items()), **fields)


@app.command()
def replay(message_ids: Ids = None, queue: Queue = None, everything: All = False) -> None:
    """Send dead letters back to the queue they came from, under the same id: what was handled meanwhile is not handled twice."""
    done = asyncio.run(_of(queue).replay(_chosen(message_ids, everything)))
    _tell(done, "replayed", message_ids)


@app.command()
def drop(message_ids: Ids = None, queue: Queue = None, everything: All = False) -> None:
    """Delete dead letters for good."""
    done = asyncio.run(_of(queue).drop(_chosen(message_ids, everything)))
    _tell(done, "dropped", message_ids)


def _of(queue: str | None) -> DeadLetters:
    try:
        return DeadLetters(BrokerSettings().rabbitmq_url, queue)
    except LookupError as error:
        raise typer.BadParameter(str(error)) from error


def _chosen(message_ids: list[str] | None, everything: bool) -> Chosen:
    if bool(message_ids) == everything:
        raise typer.BadParameter("name the message ids, or say --all")
    wanted = set(message_ids or ())

    def choose(letter: DeadLetter) -> bool:
        return everything or letter.message_id in wanted

    return choose


def _tell(done: int, what: str, message_ids: list[str] | None) -> None:
    if done < len(set(message_ids or ())):
        output.fail(f"{done} {what}; the others are not among the dead letters")
    output.say(f"{done} {what}", **{what: done})
