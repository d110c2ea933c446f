"""Questions through `decide`: answers, asking back, a person; feedback, language, files, edits."""

from dataclasses import replace

import pytest

from bot.domain.case import HandoffReason, Urgency
from bot.domain.conversation import Owner
from bot.domain.messages import ButtonStyle, Command, InboundKind, Source
from bot.domain.turn import Decision, Feedback
from bot.i18n.phrases import Phrases
from tests.dialogs.world import chat, content, labels, phrases, said

QUIET = ["Cela m'a aidé", "Pas tout à fait", "Parler à une personne", "Pourquoi cette réponse\u202f?"]


def test_a_sure_article_is_given_with_its_source_and_its_reasons() -> None:
    result = chat().say("j'ai oublié mon mot de passe")

    (reply,) = result.replies
    assert result.decision is Decision.ANSWER
    assert (reply.title, reply.text) == ("Mot de passe oublié", "1. Ouvrez **Mon compte**.")
    assert reply.source == Source(title="Mot de passe oublié", url="https://aide.example/it/mdp.fr")
    assert [(button.label, button.value) for button in reply.buttons] == list(
        zip(QUIET, ["helped:1", "unhelped:1", "human", "why:1"], strict=True)
    )
    assert {button.style for button in reply.buttons} == {ButtonStyle.QUIET}
    why = result.why
    assert (why.rule, why.article, why.article_language, why.article_version) == (
        "article_confident",
        "mdp",
        "fr",
        3,
    )
    assert (why.matched, why.confidence, why.threshold) == ("j'ai perdu mon mot de passe", 0.9, 0.45)
    assert [candidate.id for candidate in why.candidates] == ["mdp", "badge", "wifi"]
    assert why.release_id == 7


def test_a_greeting_with_a_question_is_greeted_and_answered() -> None:
    talk = chat()
    result = talk.say("Bonjour, j'ai oublié mon mot de passe, merci d'avance")

    assert result.decision is Decision.ANSWER
    assert said(result).startswith("\nBonjour ! Je suis Relais")
    assert talk.retriever.asked == ["j'ai oublié mon mot de passe"]
    assert "Je suis Relais" not in said(talk.say("bonjour, et le wifi ?"))


def test_a_message_is_encoded_at_most_once_and_only_when_needed() -> None:
    talk = chat()
    for words in ("bonjour", "merci", "aide", "en français", "annuler", "", "🙂", "2"):
        talk.say(words)
    talk.send(InboundKind.COMMAND, value=Command.START)
    talk.press("Le VPN ne se connecte pas")
    for words in ("chez moi", "2", "retour", "répète", "oui", "non", "je ne sais pas"):
        talk.say(words)
    assert talk.encode.calls == 0

    talk.say("bonjour, j'ai oublié mon mot de passe")
    assert talk.encode.calls == 1
    talk.say("c'est tout flou")
    talk.say("je répète que c'est tout flou un peu moins")
    assert talk.encode.calls == 3


def test_nothing_found_is_asked_once_and_then_a_person_comes() -> None:
    talk = chat()
    first = talk.say("une tarte aux prunes")
    second = talk.say("avec de la cannelle")

    assert (first.decision, first.why.rule, first.why.threshold) == (Decision.CLARIFY, "not_understood", 0.18)
    assert labels(first) == ["Parler à une personne"]
    assert second.why.rule == "still_unsure"
    assert second.handoff is not None
    assert second.handoff.reason is HandoffReason.LOW_CONFIDENCE
    assert second.handoff.summary == "une tarte aux prunes"


def test_a_question_said_otherwise_is_answered() -> None:
    talk = chat()
    talk.say("je suis bloqué")

    assert talk.say("mot de passe").why.article == "mdp"


def test_unsure_offers_choices_and_a_person() -> None:
    result = chat().say("j'ai perdu quelque chose d'important")

    assert result.decision is Decision.CLARIFY
    assert labels(result) == ["Badge perdu", "Mot de passe oublié", "Aucun de ceux-là, plutôt une personne"]
    assert [button.value for button in result.replies[0].buttons] == ["pick:1:1", "pick:1:2", "pick:1:3"]


@pytest.mark.parametrize("answer", ["2", "mot de passe oublie", "la deuxième", "le mot de passe"])
def test_a_choice_is_picked_by_number_label_or_words(answer: str) -> None:
    talk = chat()
    talk.say("j'ai perdu quelque chose d'important")
    result = talk.say(answer)

    assert (result.decision, result.why.article, result.why.rule) == (Decision.ANSWER, "mdp", "choice_picked")
    handoff = talk.say("une personne svp").handoff
    assert handoff is not None
    assert handoff.summary == "j'ai perdu quelque chose d'important"


@pytest.mark.parametrize(
    "answer", ["non", "3", "aucun de ceux-là plutôt une personne", "je ne sais pas", "nope"]
)
def test_none_of_the_choices_brings_a_person(answer: str) -> None:
    talk = chat()
    talk.say("j'ai perdu quelque chose d'important")
    result = talk.say(answer)

    assert result.handoff is not None
    assert result.handoff.reason is HandoffReason.LOW_CONFIDENCE


def test_more_words_after_the_choices_are_searched_with_the_question() -> None:
    talk = chat()
    talk.say("j'ai perdu mon truc")
    result = talk.say("d'entrée")

    assert talk.retriever.asked == ["j'ai perdu mon truc", "j'ai perdu mon truc d'entrée"]
    assert result.why.article == "badge"


def test_many_words_after_the_choices_are_searched_alone_and_with_the_question() -> None:
    talk = chat()
    talk.say("j'ai perdu mon truc")
    result = talk.say("d'entrée rouge vif perdu hier")

    assert len(talk.retriever.asked) == 3
    assert (result.why.article, result.why.confidence) == ("badge", 0.8)


def test_a_picked_answer_that_did_not_help_is_not_offered_again() -> None:
    talk = chat()
    talk.say("j'ai perdu quelque chose d'important")
    talk.press("Badge perdu")

    assert labels(talk.press("Pas tout à fait"))[0] == "Mot de passe oublié"


def test_a_clarification_that_raises_the_confidence_is_worth_another_but_not_a_third() -> None:
    talk = chat()
    rules = [talk.say(words).why.rule for words in ("c'est flou", "flou un peu moins", "flou encore")]

    assert rules == ["unsure", "unsure", "still_unsure"]


def test_yes_that_does_not_say_which_is_asked_about_once() -> None:
    talk = chat()
    talk.say("blabla")

    assert "Je vous lis." in said(talk.say("oui"))
    assert talk.say("oui").decision is Decision.HANDOFF


def test_yes_to_the_only_choice_picks_it() -> None:
    talk = chat()
    first = talk.say("c'est flou")

    assert "S'agit-il de ceci" in said(first)
    assert talk.say("ouais").why.article == "mdp"


def test_two_answers_too_near_each_other_are_both_offered() -> None:
    result = chat().say("un dossier partagé avec mes collègues")

    assert result.why.rule == "close_call"
    assert labels(result)[:2] == ["Mot de passe oublié", "Badge perdu"]


def test_a_name_that_only_one_topic_bears_starts_its_flow() -> None:
    assert chat().say("vpn").decision is Decision.FLOW


def test_a_bare_name_that_several_bear_is_asked_about() -> None:
    result = chat().say("réseau")

    assert (result.decision, result.why.rule) == (Decision.CLARIFY, "bare_name")
    assert labels(result)[:2] == ["Le VPN ne se connecte pas", "Se connecter au wifi"]
    assert chat().say("réseau en panne").decision is Decision.FLOW
    assert chat().say("pas de réseau").decision is Decision.FLOW


def test_that_helped_is_thanked_and_recorded() -> None:
    talk = chat()
    talk.say("j'ai oublié mon mot de passe")
    result = talk.press("Cela m'a aidé")

    assert result.feedback == Feedback(turn_no=1, helped=True)
    assert result.decision is Decision.SMALLTALK
    assert not result.close
    handoff = talk.say("une personne svp").handoff
    assert handoff is not None
    assert handoff.tried == ()


@pytest.mark.parametrize("words", ["ça marche", "oui", "Cela m'a aidé"])
def test_that_helped_can_be_said(words: str) -> None:
    talk = chat()
    talk.say("j'ai oublié mon mot de passe")

    assert talk.say(words).feedback == Feedback(turn_no=1, helped=True)


def test_not_quite_asks_back_once_and_then_a_person_comes() -> None:
    talk = chat()
    talk.say("j'ai oublié mon mot de passe")
    first = talk.press("Pas tout à fait")
    assert (first.decision, first.feedback) == (Decision.CLARIFY, Feedback(turn_no=1, helped=False))
    assert labels(first) == ["Badge perdu", "Aucun de ceux-là, plutôt une personne"]
    talk.press("Badge perdu")
    second = talk.press("Pas tout à fait")

    assert second.feedback == Feedback(turn_no=3, helped=False)
    assert second.handoff is not None
    assert second.handoff.reason is HandoffReason.NOT_HELPED
    assert second.handoff.summary == "j'ai oublié mon mot de passe"
    assert [line.replace("\u00a0", " ") for line in second.handoff.tried] == [
        "Article proposé : Mot de passe oublié (n'a pas aidé)",
        "Article proposé : Badge perdu (n'a pas aidé)",
    ]


def test_what_did_not_help_is_not_given_again() -> None:
    talk = chat()
    talk.say("le wifi ne marche pas")
    first = talk.say("merci mais ça ne marche toujours pas")
    assert first.decision is Decision.CLARIFY
    assert first.feedback == Feedback(turn_no=1, helped=False)
    result = talk.say("le wifi je vous dis")

    assert result.handoff is not None
    assert result.handoff.reason is HandoffReason.NOT_HELPED


def test_a_new_question_after_a_complaint_is_answered_and_the_first_one_is_the_summary() -> None:
    talk = chat()
    talk.say("j'ai oublié mon mot de passe")
    talk.say("ça ne marche toujours pas")
    assert talk.say("parlons plutôt du wifi du bureau").why.article == "wifi"
    handoff = talk.say("une personne svp").handoff

    assert handoff is not None
    assert handoff.summary == "j'ai oublié mon mot de passe"


def test_the_first_question_stays_the_summary_until_the_need_is_met() -> None:
    talk = chat()
    talk.say("j'ai oublié mon mot de passe")
    talk.press("Pas tout à fait")
    talk.press("Badge perdu")
    talk.say("parlons plutôt du wifi du bureau")
    handoff = talk.say("une personne svp").handoff

    assert handoff is not None
    assert handoff.summary == "j'ai oublié mon mot de passe"


def test_feedback_on_the_answer_before_the_last_is_noted_in_the_brief() -> None:
    talk = chat()
    talk.say("j'ai oublié mon mot de passe")
    talk.say("le wifi du bureau")
    result = talk.press_value("unhelped:1")

    assert result.decision is Decision.SMALLTALK
    assert result.feedback == Feedback(turn_no=1, helped=False)
    handoff = talk.say("une personne svp").handoff
    assert handoff is not None
    assert [line.endswith("(n'a pas aidé)") for line in handoff.tried] == [True, False]


@pytest.mark.parametrize("value", ["helped:0", "helped:", "unhelped", "why:9"])
def test_feedback_on_nothing_is_no_feedback(value: str) -> None:
    result = chat().press_value(value)

    assert (result.why.rule, result.feedback) == ("stale_press", None)


def test_a_choice_of_an_earlier_question_no_longer_counts() -> None:
    talk = chat()
    talk.say("c'est flou")
    talk.say("flou un peu moins")

    assert talk.press_value("pick:1:1").why.rule == "stale_press"
    assert talk.press_value("pick:2:1").why.article == "mdp"


def test_feedback_on_an_older_answer_is_recorded_whatever_came_since() -> None:
    talk = chat()
    talk.say("j'ai oublié mon mot de passe")
    talk.say("mon vpn ne marche pas")
    result = talk.press_value("unhelped:1")

    assert result.feedback == Feedback(turn_no=1, helped=False)
    assert "Où êtes-vous" in said(result)
    assert talk.press_value("helped:99").feedback == Feedback(turn_no=99, helped=True)


@pytest.mark.parametrize("ask", ["pourquoi", "why:1", "Pourquoi cette réponse ?"])
def test_why_this_answer_is_a_plain_sentence(ask: str) -> None:
    talk = chat()
    talk.say("bonjour, j'ai oublié mon mot de passe")
    result = talk.press_value(ask) if ":" in ask else talk.say(ask)

    text = said(result)
    assert "« j'ai oublié mon mot de passe »" in text
    assert "« j'ai perdu mon mot de passe »" in text
    assert "« Mot de passe oublié »" in text
    assert "J'ai aussi pensé à « Badge perdu »" in text
    assert not any(char.isdigit() for char in text)


def test_why_before_any_answer() -> None:
    assert "pas encore donné de réponse" in said(chat().say("pourquoi"))


def test_why_after_a_pick() -> None:
    talk = chat()
    talk.say("j'ai perdu quelque chose d'important")
    talk.say("1")

    assert "Vous avez choisi « Badge perdu »" in said(talk.say("pourquoi"))


def test_an_article_in_the_other_language_is_given_and_said_so() -> None:
    result = chat().say("hello, i lost my badge")

    assert result.language == "en"
    assert result.why.article_language == "fr"
    assert "I have this answer only in French for now" in said(result)
    assert "Passez à l'accueil." in said(result)
    assert labels(result)[0] == "That helped"


def test_the_language_follows_the_person_until_they_choose() -> None:
    talk = chat()
    assert talk.say("i forgot my password").language == "en"
    assert "welcome" in said(talk.say("merci"))
    back = talk.say("j'ai oublié mon mot de passe")
    assert (back.language, back.replies[0].title) == ("fr", "Mot de passe oublié")
    chosen = talk.say("in English please")
    assert (chosen.decision, chosen.language, chosen.language_chosen) == (Decision.COMMAND, "en", True)
    stays = talk.say("j'ai oublié mon mot de passe")
    assert (stays.language, stays.replies[0].title) == (None, "Forgotten password")


def test_a_courtesy_in_passing_does_not_change_the_language() -> None:
    assert chat().say("hello").language == "en"
    talk = chat()
    talk.say("j'ai oublié mon mot de passe")

    assert talk.say("hello").language is None


def test_a_workspace_may_word_the_welcome_of_a_desk() -> None:
    own = Phrases(
        {
            each: {**texts, "welcome.it": "Ici, l'informatique."}
            for each, texts in phrases().by_language.items()
        }
    )
    result = chat(replace(content(), phrases=own)).say("bonjour")

    assert "Ici, l'informatique." in said(result)


def test_danger_comes_first_even_in_a_flow() -> None:
    talk = chat()
    talk.say("mon vpn ne marche pas")
    result = talk.say("il y a de la fumée ici")

    assert result.decision is Decision.HANDOFF
    assert result.why.rule == "danger_fire"
    assert [reply.is_safety for reply in result.replies] == [True], "sent whoever takes the conversation"
    assert "appelez le poste 3333" in said(result)
    assert result.handoff is not None
    assert (result.handoff.reason, result.handoff.urgency) == (HandoffReason.DANGER, Urgency.HIGH)
    assert result.handoff.summary == "il y a de la fumée ici"


def test_frustration_is_met_with_a_word_and_an_offer_then_a_person() -> None:
    talk = chat()
    first = talk.say("j'en ai marre")
    assert first.decision is Decision.SMALLTALK
    assert labels(first) == ["Oui, une personne", "Non, continuons ensemble"]
    talk.say("non")
    second = talk.say("j'en ai marre")

    assert second.handoff is not None


def test_a_person_that_is_offered_can_be_taken() -> None:
    talk = chat()
    talk.say("j'en ai marre")

    assert talk.say("oui").decision is Decision.HANDOFF


def test_an_offer_of_a_person_may_be_passed_over() -> None:
    talk = chat()
    talk.say("j'en ai marre")

    assert labels(talk.say("merci")) == []


def test_frustration_beside_a_question_is_answered_with_a_word() -> None:
    result = chat().say("marre, j'ai encore oublié mon mot de passe")

    assert result.decision is Decision.ANSWER
    assert said(result).startswith("\nJe suis désolé")


def test_urgency_raises_the_case() -> None:
    talk = chat()
    assert "Que puis-je faire" in said(talk.say("c'est urgent"))
    talk.say("j'ai oublié mon mot de passe")
    handoff = talk.say("une personne svp").handoff

    assert handoff is not None
    assert handoff.urgency is Urgency.HIGH


def test_the_persons_own_words_are_the_summary() -> None:
    talk = chat()
    result = talk.say("bonjour")
    assert result.decision is Decision.SMALLTALK
    handoff = talk.say("une personne svp").handoff

    assert handoff is not None
    assert handoff.summary == "Demande à parler à une personne, sans autre précision."


def test_the_welcome_names_the_bot_and_shows_where_to_begin() -> None:
    talk = chat()
    result = talk.send(InboundKind.COMMAND, value=Command.START)

    assert "Je suis Relais, le robot" in said(result)
    assert labels(result) == [
        "Le VPN ne se connecte pas",
        "L'imprimante n'imprime pas",
        "Le café ne coule pas",
    ]
    assert talk.say("1").why.flow == "vpn"


def test_an_example_may_be_passed_over() -> None:
    talk = chat()
    talk.send(InboundKind.COMMAND, value=Command.START)

    assert talk.say("j'ai oublié mon mot de passe").decision is Decision.ANSWER


def test_commands_of_the_platform() -> None:
    talk = chat()
    assert talk.send(InboundKind.COMMAND, value=Command.HELP).decision is Decision.COMMAND
    assert talk.send(InboundKind.COMMAND, value=Command.HELP, text="mon mot de passe").why.article == "mdp"
    assert talk.send(InboundKind.COMMAND, value=Command.HUMAN).decision is Decision.HANDOFF


@pytest.mark.parametrize("words", ["", "   ", "🙂", "?!", "2"])
def test_no_words_get_a_kind_reply(words: str) -> None:
    result = chat().say(words)

    assert (result.decision, result.why.rule) == (Decision.SMALLTALK, "no_words")


def test_a_file_without_words_goes_to_a_person() -> None:
    result = chat().say("", file="photo.jpg")

    assert result.handoff is not None
    assert result.handoff.reason is HandoffReason.ATTACHMENT
    assert "je le transmets à une personne" in said(result)


def test_a_file_with_words_is_kept_and_the_words_are_answered() -> None:
    result = chat().say("j'ai oublié mon mot de passe", file="photo.jpg")

    assert result.decision is Decision.ANSWER
    assert "Votre fichier est bien arrivé" in result.replies[0].text


def test_commands_that_do_not_apply_say_so_or_are_questions() -> None:
    talk = chat()
    for words in ("annuler", "retour", "répète", "je ne sais pas"):
        result = talk.say(words)
        assert (result.decision, result.why.rule) == (Decision.COMMAND, "nothing_to_repair"), words
    assert talk.say("annuler ma commande").why.article == "badge"


def test_repeating_an_answer() -> None:
    talk = chat()
    talk.say("j'ai oublié mon mot de passe")

    assert talk.say("répète").replies[0].title == "Mot de passe oublié"


def test_goodbye_closes_and_thanks_does_not() -> None:
    talk = chat()
    assert not talk.say("merci").close
    assert talk.say("au revoir").close


def test_an_edit_of_the_last_message_takes_its_place() -> None:
    talk = chat()
    talk.say("mon vpn ne marche pas", reference="m1")
    result = talk.send(InboundKind.EDIT, text="j'ai oublié mon mot de passe", reference="m1")

    assert result.why.article == "mdp"
    assert not result.in_flow
    assert len(result.replies) == 1


def test_an_edited_answer_of_a_flow_takes_its_place() -> None:
    talk = chat()
    talk.say("mon vpn ne marche pas", reference="m1")
    talk.say("chez moi", reference="m2")
    result = talk.send(InboundKind.EDIT, text="au bureau", reference="m2")

    assert "numéro de série" in said(result)
    assert talk.send(InboundKind.EDIT, text="chez moi", reference="m2").why.step == "voyant"


@pytest.mark.parametrize(("text", "reference"), [("Mon VPN ne marche pas !", "m1"), ("autre chose", "m0")])
def test_an_edit_that_changes_nothing_or_is_late_is_passed_over(text: str, reference: str) -> None:
    talk = chat()
    talk.say("mon vpn ne marche pas", reference="m1")
    result = talk.send(InboundKind.EDIT, text=text, reference=reference)

    assert (result.decision, result.replies) == (Decision.COMMAND, ())
    assert result.in_flow
    assert talk.say("chez moi").why.step == "voyant"


def test_an_edit_after_a_press_is_passed_over() -> None:
    talk = chat()
    talk.say("mon vpn ne marche pas", reference="m1")
    talk.press("Chez moi")

    assert talk.send(InboundKind.EDIT, text="imprimante", reference="m1").replies == ()


def test_the_last_message_can_be_edited_after_another_was_deleted() -> None:
    talk = chat()
    talk.say("mon vpn ne marche pas", reference="m1")
    talk.send(InboundKind.DELETE, reference="m0")

    assert talk.send(InboundKind.EDIT, text="mot de passe oublié", reference="m1").why.article == "mdp"


def test_a_deleted_message_is_passed_over() -> None:
    talk = chat()
    talk.say("mon vpn ne marche pas", reference="m1")
    result = talk.send(InboundKind.DELETE, reference="m1")

    assert (result.decision, result.replies, result.in_flow) == (Decision.COMMAND, (), True)


def test_the_bot_is_silent_while_an_agent_has_it() -> None:
    talk = chat()
    talk.conversation = replace(talk.conversation, owner=Owner.AGENT)

    result = talk.say("j'ai oublié mon mot de passe")
    assert (result.decision, result.replies) == (Decision.NONE, ())


def test_a_very_long_message_is_searched_by_its_beginning() -> None:
    talk = chat()
    result = talk.say("j'ai oublié mon mot de passe " + "et encore autre chose " * 50_000)

    assert result.why.article == "mdp"
    assert len(talk.retriever.asked[0]) <= 600
    assert len(str(talk.conversation.state)) < 10_000
