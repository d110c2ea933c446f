"""What happens when a user says X: all rules of the dialogue, in the order in which they are tried.

The first rule that returns a result decides the turn. docs/dialogue.md is made from this table.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bot.dialogs.replies import later_needs
from bot.dialogs.rules import (
    buttons,
    commands,
    edits,
    flow_step,
    knowledge,
    open_question,
    person,
    repair,
    safety,
    smalltalk,
    waiting,
    wordless,
)
from bot.dialogs.turn.context import TurnContext
from bot.dialogs.turn.understanding import understand
from bot.domain.turn import TurnResult


class Rule:
    """One line of the table.

    Args:
        name: unique in the table.
        when: what the user does, in a plain phrase.
        apply: returns None when the rule does not apply to the turn.
        intents: of the message as a whole, for which alone the rule is tried; none for any.
    """

    def __init__(
        self, name: str, when: str, apply: Callable[[TurnContext], TurnResult | None], *intents: str
    ) -> None:
        self.name = name
        self.when = when
        self.intents = frozenset(intents)
        self._apply = apply

    @property
    def function(self) -> str:
        """Module and name of the function, such as `smalltalk.greet`."""
        return f"{self._apply.__module__.rpartition('.')[2]}.{self._apply.__name__}"

    def __call__(self, turn: TurnContext) -> TurnResult | None:
        """The result of the turn, None when the rule does not apply to it."""
        return self._apply(turn) if not self.intents or turn.intent in self.intents else None


def _always(turn: TurnContext) -> bool:
    return True


@dataclass(frozen=True)
class RuleStage:
    """Rules that are tried one after the other on the same turn.

    Args:
        title: of the section.
        rules: in order.
        prepare: what is done to the turn before the first of them, None for nothing.
        applies: whether the stage is for this turn at all.
    """

    title: str
    rules: tuple[Rule, ...]
    prepare: Callable[[TurnContext], TurnContext] | None = None
    applies: Callable[[TurnContext], bool] = _always


WITH_PEOPLE = (
    Rule("danger_with_people", "says that somebody or something is in danger", safety.danger),
    Rule("agent_has_it", "writes anything else while an agent has the conversation", waiting.agent_has_it),
    Rule("withdrawal", "answers whether the request is to be withdrawn", waiting.withdrawal_answered),
    Rule("no_words_while_waiting", "presses, edits or sends a file while waiting", waiting.no_words),
    Rule("withdraw", "no longer needs a person", waiting.withdraw, "cancel", "no_human", "resolved"),
    Rule("bot_again", "wants the bot again", waiting.bot_again, "bot_wanted"),
    Rule("queue_status", "asks when it is their turn", waiting.status),
    Rule("answer_while_waiting", "asks what an article answers for sure", waiting.answer),
    Rule("added_while_waiting", "adds anything else to the request", waiting.added),
)

BEFORE_UNDERSTANDING = (
    Rule("deleted", "deletes a message", edits.deleted),
    Rule("edit_without_effect", "edits an older message, or no words of it", edits.edit_without_effect),
    Rule("press_step", "presses a choice of the step that waits", buttons.step),
    Rule("press_pick", "presses an answer to a question outside a flow", buttons.pick),
    Rule("press_dont_know", "presses “I do not know” at the step that waits", buttons.dont_know),
    Rule("press_helped", "presses “this helped” under an answer", buttons.helped),
    Rule("press_unhelped", "presses “this did not help” under an answer", buttons.unhelped),
    Rule("press_why", "presses “why this answer?” under an answer", buttons.why),
    Rule("press_human", "presses “talk to a person”", buttons.human),
    Rule("press_stale", "presses any other button, whose question is no longer open", buttons.stale),
    Rule("command_start", "sends /start", commands.start),
    Rule("command_human", "sends /human", commands.human),
    Rule("command_help", "sends any other command, without a question after it", commands.how_to),
    Rule("only_a_file", "sends a file without words", wordless.only_a_file),
    Rule("empty", "sends nothing", wordless.empty),
    Rule(
        "question_label", "writes a label or number of the question outside a flow", open_question.full_answer
    ),
    Rule("step_label", "writes a label, synonym or number of the step that waits", flow_step.full_answer),
    Rule("human_label", "writes the label of the button for a person", buttons.human_by_label),
    Rule("feedback_label", "writes the label of a button under the latest answer", buttons.feedback_by_label),
)

BEFORE_THE_OPEN_QUESTION = (
    Rule("danger", "says that somebody or something is in danger", safety.danger),
    Rule("only_a_number", "writes a number when nothing was asked", wordless.only_a_number),
    Rule("only_signs", "writes signs without words", wordless.only_signs),
    Rule("person_asked", "asks for a person", person.person_asked, "human"),
    Rule("language", "asks for another language", repair.switch_language),
    Rule("correct", "says that an earlier answer was wrong", repair.correct),
    Rule("back", "wants the previous question again", repair.back, "back"),
    Rule("cancel", "cancels", repair.cancel, "cancel"),
    Rule("repeat", "wants the last message again", repair.repeat, "repeat"),
    Rule("wait", "asks to wait", repair.wait, "wait"),
    Rule("returned", "is back after a pause", repair.returned, "returned"),
    Rule("dont_know", "does not know", repair.dont_know, "dont_know"),
    Rule("why", "asks why this answer", repair.why, "why"),
)

OPEN_QUESTION = (
    Rule(
        "question_answer", "names one of its answers, or says yes or no to it", open_question.partial_answer
    ),
    Rule("question_yes", "says yes to “which of these?”", open_question.affirmed, "affirm"),
    Rule("question_solved", "says that it works again", open_question.solved, "resolved"),
    Rule("question_no", "refuses all its answers", open_question.refused, "deny", "not_resolved"),
)

STEP_ANSWER = (
    Rule("step_text", "answers a step that takes any text, or asks something there", flow_step.free_text),
    Rule("step_corrected", "names a choice after “in fact” or the like", flow_step.corrected_answer),
    Rule("step_named", "names the order number, product ... that the step asks for", flow_step.named_answer),
    Rule("step_answer", "names a choice among other words, or says yes or no", flow_step.partial_answer),
    Rule("step_solved", "says that it works again", flow_step.solved, "resolved"),
)

SMALL_TALK = (
    Rule("greet", "says hello", smalltalk.greet, "greet"),
    Rule("thank", "says thanks", smalltalk.thank, "thank"),
    Rule("goodbye", "says goodbye", smalltalk.goodbye, "goodbye"),
    Rule("praise", "praises the product or the service", smalltalk.praise, "praise"),
    Rule("laugh", "laughs", smalltalk.laugh, "laugh"),
    Rule("help", "asks what can be said here", smalltalk.how_to, "help"),
    Rule("bot_challenge", "asks whether this is a robot", smalltalk.bot_challenge, "bot_challenge"),
    Rule("frustration", "is fed up", smalltalk.frustration, "frustration"),
    Rule("urgent", "says that it is urgent", smalltalk.urgent, "urgent"),
    Rule("not_urgent", "says that there is no hurry", smalltalk.not_urgent, "not_urgent"),
    Rule("no_human", "wants no person, or the bot", smalltalk.no_human, "no_human", "bot_wanted"),
    Rule("yes", "says yes, or that it works, outside a flow", smalltalk.yes, "affirm", "resolved"),
    Rule("no", "says no, or that it does not work, outside a flow", smalltalk.no, "deny", "not_resolved"),
)

STEP_NOT_ANSWERED = (
    Rule(
        "step_yes_or_no",
        "says yes or no where the choices are others",
        flow_step.unclear_yes_or_no,
        "affirm",
        "deny",
        "resolved",
        "not_resolved",
    ),
    Rule("step_earlier", "gives another answer to an earlier step", flow_step.earlier_answer),
    Rule("step_similar", "says in other words what a choice means", flow_step.similar_answer),
    Rule("step_aside", "asks what an article answers, or another flow is for", flow_step.aside),
    Rule("step_named_asking", "names in a question what the step asks for", flow_step.named_in_question),
    Rule("step_not_understood", "says anything else", flow_step.not_understood),
)

KNOWLEDGE_BASE = (
    Rule("all_well", "says that what an article or flow would mend works", smalltalk.all_well),
    Rule("search", "says anything else", knowledge.search),
)

TABLE: tuple[RuleStage, ...] = (
    RuleStage(
        "A person has the conversation, or is awaited",
        WITH_PEOPLE,
        prepare=waiting.understood,
        applies=waiting.is_with_people,
    ),
    RuleStage("Before the text is understood", BEFORE_UNDERSTANDING),
    RuleStage(
        "The text is understood: what goes before the open question",
        BEFORE_THE_OPEN_QUESTION,
        prepare=understand,
    ),
    RuleStage("A question outside a flow is open", OPEN_QUESTION),
    RuleStage("A step of a flow waits: its answer", STEP_ANSWER, prepare=open_question.drop_optional),
    RuleStage("Small talk", SMALL_TALK),
    RuleStage("A step of a flow waits: no answer to it", STEP_NOT_ANSWERED),
    RuleStage("The knowledge base", KNOWLEDGE_BASE),
)


def decide(turn: TurnContext) -> TurnResult:
    """The result of the first rule that applies, and of the next need where nothing is open after it."""
    for stage in TABLE:
        if not stage.applies(turn):
            continue
        turn = stage.prepare(turn) if stage.prepare else turn
        for rule in stage.rules:
            result = rule(turn)
            if result is not None:
                return later_needs.go_on(turn, result)
    raise AssertionError("the last rule of the table applies to every turn")
