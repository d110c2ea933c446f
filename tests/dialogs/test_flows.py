"""Flows through `decide`: answers of every kind, repair at any step, asides, ends."""

from dataclasses import replace

import pytest

from bot.domain.case import HandoffReason, Urgency
from bot.domain.messages import ButtonStyle
from bot.domain.turn import Decision
from tests.dialogs.world import Chat, chat, content, labels, said


def walk(*texts: str) -> Chat:
    """A chat after these messages."""
    talk = chat()
    for text in texts:
        talk.say(text)
    return talk


def test_a_flow_starts_when_it_is_surer_than_any_article() -> None:
    result = chat().say("mon vpn ne marche pas")

    assert result.decision is Decision.FLOW
    assert "Où êtes-vous ?" in said(result)
    assert labels(result) == ["Chez moi", "Au bureau"]
    assert result.in_flow
    assert (result.why.rule, result.why.flow, result.why.step) == ("flow_confident", "vpn", "lieu")
    assert result.why.confidence == 0.9
    assert result.why.threshold == 0.45
    assert [candidate.id for candidate in result.why.candidates] == ["vpn", "wifi"]
    assert result.why.release_id == 7


@pytest.mark.parametrize(
    "answer",
    ["Chez moi", "1", "chez moi !", "à la maison", "en teletravail", "j'y suis, chez moi là", "at home"],
)
def test_a_step_is_answered_by_label_number_synonym_typo_and_among_words(answer: str) -> None:
    result = walk("mon vpn ne marche pas").say(answer)

    assert "clignote-t-il" in said(result)
    assert result.why.step == "voyant"


@pytest.mark.parametrize("answer", ["oui", "ouais", "Oui", "oui il clignote", "ça clignote oui"])
def test_yes_picks_the_choice_that_means_yes(answer: str) -> None:
    result = walk("mon vpn ne marche pas", "chez moi").say(answer)

    assert "Redémarrez la box." in said(result)
    assert "Le VPN se connecte-t-il maintenant ?" in said(result)
    assert len(result.replies) == 1
    assert labels(result) == ["Oui", "Non"]


def test_words_that_mean_a_choice_pick_it_and_it_is_said() -> None:
    talk = walk("mon vpn ne marche pas")
    result = talk.say("je bosse depuis mon domicile")

    assert result.why.rule == "step_meant"
    assert "Je comprends : « Chez moi »." in said(result)
    assert "clignote-t-il" in said(result)


def test_words_that_hardly_mean_a_choice_do_not_pick_it() -> None:
    assert walk("mon vpn ne marche pas").say("vaguement domicile").why.rule == "step_not_understood"


def test_labels_are_encoded_once_for_all_turns() -> None:
    talk = walk("mon vpn ne marche pas", "vaguement domicile", "annuler", "mon vpn ne marche pas")
    talk.say("vaguement domicile encore")

    assert [len(batch) for batch in talk.encode.batches] == [1, 10, 1, 1]


def test_solved_ends_the_flow_and_nothing_is_left_open() -> None:
    talk = walk("mon vpn ne marche pas", "chez moi", "oui")
    result = talk.say("oui")

    assert result.decision is Decision.FLOW
    assert "c'est réglé" in said(result)
    assert not result.in_flow
    assert not result.close
    handoff = talk.say("une personne svp").handoff
    assert handoff is not None
    assert handoff.tried == ()


def test_the_last_resort_hands_over_with_all_that_was_tried() -> None:
    talk = walk("mon vpn ne marche pas", "chez moi", "oui", "non")
    result = talk.say("AB-12")

    assert result.decision is Decision.HANDOFF
    assert not result.in_flow
    request = result.handoff
    assert request is not None
    assert request.reason is HandoffReason.FLOW
    assert request.urgency is Urgency.LOW
    assert request.category == "reseau"
    assert request.summary == "mon vpn ne marche pas"
    assert [line.replace("\u202f", " ").replace("\u00a0", " ") for line in request.tried] == [
        "Vérification suivie : Le VPN ne se connecte pas",
        "Où êtes-vous ? → Chez moi",
        "Le voyant de la box clignote-t-il ? → Oui, il clignote",
        "Consigne donnée : Redémarrez la box.",
        "Le VPN se connecte-t-il maintenant ? → Non",
        "Quel est le numéro de série ? → AB-12",
        "Le VPN ne se connecte pas malgré le redémarrage.",
    ]


def test_a_branch_looks_at_earlier_answers_and_the_flow_can_end_without_question() -> None:
    result = walk("mon vpn ne marche pas", "chez moi").say("non")

    assert "Attendez dix minutes" in said(result)
    assert result.decision is Decision.FLOW
    assert not result.in_flow
    assert labels(result) == ["Parler à une personne"]


def test_buttons_carry_the_turn_and_the_authors_way_out_is_offered() -> None:
    talk = walk("mon vpn ne marche pas")
    result = talk.press("Au bureau")

    assert "numéro de série" in said(result)
    (button,) = [button for reply in result.replies for button in reply.buttons]
    assert (button.label, button.value, button.style) == ("Je ne sais pas", "dontknow:2", ButtonStyle.QUIET)
    assert talk.press_value("dontknow:1").why.rule == "stale_press"
    assert talk.press("Je ne sais pas").decision is Decision.HANDOFF


def test_not_knowing_brings_help_and_then_a_person() -> None:
    talk = walk("mon vpn ne marche pas", "chez moi")
    first = talk.say("je ne sais pas")
    second = talk.say("je ne sais pas")

    assert first.decision is Decision.FLOW
    assert "C'est la petite lampe." in said(first)
    assert "clignote-t-il" in said(first)
    assert "Parler à une personne" in labels(first)
    assert second.handoff is not None
    assert second.handoff.reason is HandoffReason.FLOW
    assert second.handoff.tried[-1].startswith("Où êtes-vous")


def test_not_understanding_twice_brings_a_person() -> None:
    talk = walk("mon vpn ne marche pas", "chez moi")
    first = talk.say("blabla")
    second = talk.say("encore blabla")

    assert (first.decision, first.why.rule) == (Decision.FLOW, "step_not_understood")
    assert second.handoff is not None
    assert second.handoff.reason is HandoffReason.LOW_CONFIDENCE


def test_an_understood_answer_forgets_earlier_misses() -> None:
    talk = walk("mon vpn ne marche pas", "blabla", "chez moi")

    assert talk.say("blabla").decision is Decision.FLOW


def test_going_back_puts_the_earlier_question_again() -> None:
    talk = walk("mon vpn ne marche pas", "chez moi", "oui")
    result = talk.say("retour")

    assert result.decision is Decision.COMMAND
    assert "clignote-t-il" in said(result)
    assert result.why.step == "voyant"
    assert "Où êtes-vous" in said(talk.say("retour"))
    assert "première question" in said(talk.say("retour"))
    assert "numéro de série" in said(talk.say("au bureau"))


def test_repeating_puts_the_instructions_again_too() -> None:
    talk = walk("mon vpn ne marche pas", "chez moi", "oui", "attendez")
    result = talk.say("répète")

    assert result.decision is Decision.COMMAND
    assert "Redémarrez la box." in said(result)
    assert labels(result) == ["Oui", "Non"]


def test_waiting_changes_nothing() -> None:
    talk = walk("mon vpn ne marche pas", "chez moi")
    result = talk.say("attendez")

    assert result.decision is Decision.COMMAND
    assert labels(result) == []
    assert "Redémarrez" in said(talk.say("oui"))


def test_cancelling_leaves_the_flow_and_keeps_what_was_tried() -> None:
    talk = walk("mon vpn ne marche pas", "chez moi")
    result = talk.say("annuler")

    assert result.decision is Decision.COMMAND
    assert not result.in_flow
    request = talk.say("une personne svp").handoff
    assert request is not None
    assert "Où êtes-vous ? → Chez moi" in [line.replace("\u202f", " ") for line in request.tried]


@pytest.mark.parametrize(
    "words", ["non je me suis trompé, au bureau", "en fait je suis au bureau", "au bureau"]
)
def test_an_earlier_answer_is_corrected(words: str) -> None:
    talk = walk("mon vpn ne marche pas", "chez moi")
    result = talk.say(words)

    assert result.why.rule == "answer_corrected"
    assert "numéro de série" in said(result)
    request = talk.say("une personne svp").handoff
    assert request is not None
    assert "Au bureau" in request.tried[1]
    assert len(request.tried) == 2


def test_a_correction_takes_another_way() -> None:
    talk = walk("mon vpn ne marche pas", "au bureau", "retour", "chez moi", "oui", "non")
    result = talk.say("je me suis trompé, le voyant ne clignote pas")

    assert result.why.rule == "answer_corrected"
    assert "Attendez dix minutes" in said(result)


def test_a_correction_keeps_later_answers_but_asks_again_whether_it_is_solved() -> None:
    talk = walk("le café ne coule pas", "la grande", "plusieurs", "non")
    result = talk.say("je me suis trompé, c'est la petite")

    assert [line.strip() for line in said(result).split("\n") if line.strip()] == [
        "D'accord, je corrige.",
        "Rincez la buse.",
        "Le café coule-t-il ?",
    ]
    request = talk.say("une personne svp").handoff
    assert request is not None
    assert "Quelle machine avez-vous ? → La petite" in [line.replace("\u202f", " ") for line in request.tried]
    assert "Combien de tasses ? → Plusieurs" in [line.replace("\u202f", " ") for line in request.tried]


def test_a_slip_changes_the_earlier_answer_even_if_the_open_question_takes_the_same_word() -> None:
    talk = walk("l'imprimante est muette", "non")
    result = talk.say("je me suis trompé, oui")

    assert result.why.rule == "answer_corrected"
    assert result.decision is Decision.HANDOFF


def test_the_question_that_is_open_is_answered_before_an_earlier_one() -> None:
    talk = walk("mon vpn ne marche pas", "chez moi", "oui")
    result = talk.say("en fait oui")

    assert "c'est réglé" in said(result)


def test_a_slip_without_new_words_goes_back() -> None:
    result = walk("mon vpn ne marche pas", "chez moi").say("je me suis trompé")

    assert "Où êtes-vous" in said(result)


def test_a_slip_that_fits_nothing_is_asked_about_and_never_taken_as_free_text() -> None:
    talk = walk("mon vpn ne marche pas", "au bureau")
    unclear = talk.say("je me suis trompé, c'était violet")
    known = talk.say("je me suis trompé, au bureau")

    assert (unclear.decision, unclear.why.rule) == (Decision.COMMAND, "correction_unclear")
    assert "bien ce que j'avais noté" in said(known)
    assert talk.say("AB-12").decision is Decision.HANDOFF


def test_an_aside_is_answered_and_the_question_put_again() -> None:
    talk = walk("mon vpn ne marche pas", "chez moi")
    result = talk.say("au fait, j'ai oublié mon mot de passe, comment faire ?")

    assert result.decision is Decision.ANSWER
    assert result.why.article == "mdp"
    assert (result.why.flow, result.why.step) == ("vpn", "voyant")
    assert "Mon compte" in said(result)
    assert "clignote-t-il" in result.replies[-1].text
    assert "Redémarrez" in said(talk.say("oui"))


def test_an_aside_in_free_text_is_told_from_an_answer() -> None:
    talk = walk("mon vpn ne marche pas", "au bureau")

    assert talk.say("comment changer mon mot de passe ?").decision is Decision.ANSWER
    unsure = talk.say("c'est quoi ça ?")
    assert unsure.decision is Decision.FLOW
    assert "numéro de série" in said(unsure)
    assert talk.say("AB-12").decision is Decision.HANDOFF


def test_thanks_are_no_free_text() -> None:
    result = walk("mon vpn ne marche pas", "au bureau").say("merci")

    assert result.decision is Decision.SMALLTALK
    assert result.in_flow


def test_a_remark_is_no_aside_unless_it_is_surely_one() -> None:
    result = walk("mon vpn ne marche pas", "chez moi").say("le wifi va bien")

    assert result.why.rule == "step_not_understood"


def test_another_flow_is_offered_and_taken() -> None:
    talk = walk("mon vpn ne marche pas", "chez moi")
    offer = talk.say("et l'imprimante ne marche pas non plus")

    assert offer.decision is Decision.CLARIFY
    assert labels(offer) == ["Oui, passons à cela", "Non, continuons"]
    result = talk.say("oui")
    assert "Y a-t-il du papier" in said(result)
    request = talk.say("une personne svp").handoff
    assert request is not None
    assert request.tried[0].endswith("Le VPN ne se connecte pas")
    assert request.tried[-1].endswith("L'imprimante n'imprime pas")


@pytest.mark.parametrize("answer", ["non", "2", "Non, continuons"])
def test_another_flow_is_offered_and_declined(answer: str) -> None:
    talk = walk("mon vpn ne marche pas", "chez moi", "et l'imprimante ne marche pas non plus")
    result = talk.say(answer)

    assert result.decision is Decision.FLOW
    assert "clignote-t-il" in said(result)
    assert "Redémarrez" in said(talk.say("oui"))


def test_after_a_restart_an_offer_of_another_flow_may_be_left_unanswered() -> None:
    before = walk("mon vpn ne marche pas", "et l'imprimante ne marche pas non plus")
    result = chat(conversation=before.conversation).say("je suis dans mon domicile, en Bretagne")

    assert (result.why.rule, result.why.step) == ("step_meant", "voyant")


def test_the_running_flows_own_trigger_is_no_switch() -> None:
    result = walk("mon vpn ne marche pas", "chez moi").say("mon vpn ne marche toujours pas du tout")

    assert result.why.rule == "step_not_understood"


@pytest.mark.parametrize("at", [0, 1, 2, 3])
def test_a_person_comes_at_any_step(at: int) -> None:
    talk = walk("mon vpn ne marche pas", *["chez moi", "oui", "non"][:at])
    result = talk.say("une personne svp")

    assert result.handoff is not None
    assert result.handoff.reason is HandoffReason.ASKED
    assert len(result.handoff.tried) == [1, 2, 4, 5][at]


def test_small_talk_puts_the_question_again() -> None:
    talk = walk("mon vpn ne marche pas", "chez moi")
    for words in ("merci", "tu es un robot", "aide", "pourquoi", "bonjour"):
        result = talk.say(words)
        assert result.decision in (Decision.SMALLTALK, Decision.COMMAND)
        assert "clignote-t-il" in said(result), words


def test_it_works_meanwhile_ends_the_flow() -> None:
    result = walk("mon vpn ne marche pas", "chez moi").say("ça marche")

    assert (result.decision, result.why.rule) == (Decision.FLOW, "solved_meanwhile")
    assert not result.in_flow


def test_a_late_press_never_makes_a_wrong_move() -> None:
    talk = walk("mon vpn ne marche pas")
    talk.press("Chez moi")
    twice = talk.press("Chez moi")

    assert (twice.decision, twice.why.rule) == (Decision.COMMAND, "stale_press")
    assert "clignote-t-il" in said(twice)
    assert "Redémarrez" in said(talk.press("Oui, il clignote"))


def test_the_same_question_put_again_is_answered_by_either_button() -> None:
    talk = walk("mon vpn ne marche pas")
    early = talk.button("Chez moi").value
    talk.say("merci")

    assert talk.button("Chez moi").value == early
    assert talk.press_value(early).why.step == "voyant"


@pytest.mark.parametrize(
    "value",
    ["", ":", "step", "step:1", "step:1:9", "step:1:0", "step:x:y", "step:²:1", "nonsense:1:1", "pick:1:1"],
)
def test_a_press_that_means_nothing_puts_the_question_again(value: str) -> None:
    result = walk("mon vpn ne marche pas").press_value(value)

    assert result.why.rule == "stale_press"
    assert "Où êtes-vous" in said(result)


def test_a_flow_that_the_release_no_longer_holds_is_dropped() -> None:
    before = walk("mon vpn ne marche pas")
    after = chat(replace(content(), flows={}), before.conversation)

    assert after.say("chez moi").decision is Decision.CLARIFY
