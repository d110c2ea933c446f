"""relais eval: measures answers and understanding, on anyone's labelled questions."""

import typer

from bot.commands.evaluate_decision import decision
from bot.commands.evaluate_faq import faq
from bot.commands.evaluate_intents import intents

app = typer.Typer(help="Measures answers and understanding.", no_args_is_help=True)
app.command()(decision)
app.command()(faq)
app.command()(intents)
