"""What people name: it answers the steps that ask for it, and can be corrected like any answer."""

from dataclasses import replace

from bot.dialogs.flow.reading import parse_flow
from bot.domain.messages import InboundKind
from bot.domain.turn import Decision
from tests.dialogs.world import Chat, chat, content, labels, said


def at_state(first: str = "mon colis MB-123456 avec la CX-125 n'arrive pas") -> Chat:
    """A conversation in which the two first questions were answered by the first message."""
    talk = chat()
    talk.say(first)
    return talk


def asked(talk: Chat, words: str) -> str | None:
    """The step at which the bot stands after a message."""
    return talk.say(words).why.step


def tried(talk: Chat) -> list[str]:
    """What the agent reads when the flow goes to a person."""
    request = talk.say("une personne svp").handoff
    assert request is not None
    return [line.replace("\u202f", " ").replace("\u00a0", " ") for line in request.tried]


def test_what_was_said_before_is_not_asked_and_is_told() -> None:
    talk = chat()
    result = talk.say("mon colis MB-123456 avec la CX-125 n'arrive pas")

    assert (result.decision, result.why.step) == (Decision.FLOW, "etat")
    assert "J'ai noté : MB-123456, Caféa X1. Si ce n'est pas cela, dites « retour »." in said(result)
    assert "numéro de commande" not in said(result)
    assert "Regardez chez le gardien." in said(result), "an instruction on the way is still given"
    assert tried(talk)[2:] == [
        "Quel est le numéro de commande ? → MB-123456",
        "Quel appareil attendez-vous ? → La grande",
    ]


def test_in_english() -> None:
    result = chat().say("hello, where is my colis MB-123456 please")

    assert "I have noted: MB-123456. If that is not right, say “back”." in said(result)
    assert "Which appliance do you expect?" in said(result)


def test_what_was_named_turns_before_counts_as_well() -> None:
    talk = chat()
    talk.say("bonjour")
    talk.say("le wifi pour ma Caféa M2")

    assert asked(talk, "mon colis n'arrive pas") == "commande"
    assert asked(talk, "MB-123456") == "etat"


def test_a_name_given_in_passing_answers_a_later_step() -> None:
    talk = chat()
    talk.say("mon colis n'arrive pas")
    result = talk.say("c'est MB-123456, pour une Caféa M2")

    assert result.why.step == "etat"
    assert "Je comprends : « MB-123456 »." in said(result)
    assert "J'ai noté : Caféa M2." in said(result)


def test_a_free_text_is_kept_as_the_value_that_it_holds() -> None:
    talk = chat()
    talk.say("mon colis n'arrive pas")
    talk.say("je crois que c'est mb-123456 merci")

    assert "Quel est le numéro de commande ? → mb-123456" in tried(talk)


def test_a_free_text_without_such_a_value_is_kept_as_it_is() -> None:
    talk = chat()
    talk.say("mon colis n'arrive pas")

    assert asked(talk, "numéro 4711") == "appareil"
    assert "Quel est le numéro de commande ? → numéro 4711" in tried(talk)


def test_a_synonym_answers_a_step_with_choices() -> None:
    talk = at_state("mon colis MB-123456 n'arrive pas")
    result = talk.say("la cx125")

    assert (result.why.rule, result.why.step) == ("step_named", "etat")
    assert "Je comprends : « La grande »." in said(result)


def test_a_value_that_is_no_choice_is_not_taken_for_one() -> None:
    talk = chat()
    result = talk.say("mon colis MB-123456 avec le Fournéa F60 n'arrive pas")

    assert result.why.step == "appareil"
    assert "J'ai noté : MB-123456." in said(result)


def test_of_two_values_none_is_taken() -> None:
    talk = chat()

    assert asked(talk, "mon colis avec la Caféa X1 et la Caféa M2, commande MB-123456") == "appareil"


def test_a_question_is_an_aside_even_where_it_names_a_value() -> None:
    talk = at_state("mon colis MB-123456 n'arrive pas")
    result = talk.say("comment brancher la Caféa M2 au wifi ?")

    assert (result.decision, result.why.article, result.why.step) == (Decision.ANSWER, "wifi", "appareil")


def test_back_puts_the_question_that_was_not_asked() -> None:
    talk = at_state()
    back = talk.say("retour")

    assert back.why.step == "appareil"
    assert labels(back) == ["La grande", "La petite", "Autre chose"]
    assert talk.press("La petite").why.step == "etat"
    assert tried(talk)[-1] == "Quel appareil attendez-vous ? → La petite"


def test_an_answer_taken_from_earlier_words_is_corrected_by_another_value() -> None:
    talk = at_state()
    changed = talk.say("je voulais dire MB-654321")

    assert (changed.why.rule, changed.why.step) == ("answer_corrected", "etat")
    assert tried(talk)[2:] == [
        "Quel est le numéro de commande ? → MB-654321",
        "Quel appareil attendez-vous ? → La grande",
    ]


def test_the_wrong_value_may_be_named_beside_the_right_one() -> None:
    talk = at_state()
    changed = talk.say("je me suis trompé, pas la Caféa X1, la Caféa M2")

    assert (changed.why.rule, changed.why.step) == ("answer_corrected", "etat")
    assert tried(talk)[-1] == "Quel appareil attendez-vous ? → La petite"


def test_what_was_corrected_by_a_press_is_asked_the_next_time() -> None:
    talk = at_state()
    talk.say("retour")
    talk.press("La petite")
    talk.say("annuler")

    result = talk.say("mon colis n'arrive pas")
    assert result.why.step == "appareil"
    assert "J'ai noté : MB-123456." in said(result)


def test_who_does_not_know_is_asked_the_next_time() -> None:
    talk = at_state()
    talk.say("retour")
    talk.say("retour")
    talk.say("je ne sais pas")
    talk.say("annuler")

    assert asked(talk, "mon colis n'arrive pas") == "commande"


def test_an_edited_message_names_what_it_says_now() -> None:
    talk = chat()
    talk.say("mon colis MB-123456 n'arrive pas", reference="m1")
    talk.send(InboundKind.EDIT, text="mon colis MB-654321 n'arrive pas", reference="m1")

    assert "Quel est le numéro de commande ? → MB-654321" in tried(talk)


def test_a_flow_that_comes_back_to_a_question_puts_it() -> None:
    text = """
flow: colis
title: {fr: T, en: T}
triggers: {fr: [a], en: [b]}
steps:
  - id: commande
    ask: {fr: "Quel numéro ?", en: "Which number?"}
    entity: order_number
  - id: verifier
    solved: {fr: "Est-il le bon ?", en: "Is it right?"}
    otherwise: commande
"""
    flow = parse_flow("flows/it/colis.yml", text, languages=["fr", "en"], entities=["order_number"])
    known = content()
    talk = chat(replace(known, flows={**known.flows, ("it", "colis"): flow}))

    assert asked(talk, "mon colis MB-123456 n'arrive pas") == "verifier"
    assert asked(talk, "non") == "commande"
    assert asked(talk, "MB-654321") == "verifier"
