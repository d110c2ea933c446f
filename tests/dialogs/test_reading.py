"""Reading a message: courtesies, answers, contrasts, second thoughts, quotations, logs."""

import time

import pytest

from bot.dialogs.reading.polarity import is_reversed, is_well
from bot.dialogs.reading.reading import read


@pytest.mark.parametrize(
    ("text", "sense", "contrast", "states"),
    [
        ("oui mais ça recommence", "yes", True, "ça recommence"),
        ("yes but only on my phone", "yes", True, "only on my phone"),
        (
            "oui, et comment je fais pour la facture ?",
            "yes",
            False,
            "comment je fais pour la facture ?",
        ),
        ("non c'est bon ça marche", "no", False, "c'est bon ça marche"),
        ("non, tout va bien maintenant", "no", False, "tout va bien maintenant"),
        ("ok merci mais ca fuit tjrs", None, True, "ca fuit tjrs"),
        ("thanks, but it is still broken", None, True, "it is still broken"),
        ("merci c réglé !", None, False, "c réglé !"),
        ("merci bcp bonne soirée 😊", None, False, "bonne soirée 😊"),
        ("merci de m'appeler", None, False, "merci de m'appeler"),
        ("merci pour votre aide", None, False, "merci pour votre aide"),
        ("no sound in the meeting", None, False, "no sound in the meeting"),
        ("non le voyant est éteint", "no", False, "le voyant est éteint"),
        ("bonjour, mon four ne chauffe plus", None, False, "bonjour, mon four ne chauffe plus"),
    ],
)
def test_the_answer_and_what_is_said_after_it(
    text: str, sense: str | None, contrast: bool, states: str
) -> None:
    reading = read(text)

    assert (reading.sense, reading.contrast, reading.states) == (sense, contrast, states)


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        ("oui enfin non", "non"),
        ("au bureau enfin non chez moi", "chez moi"),
        ("at the office, or rather at home", "at home"),
        ("en fait oui, je vois un site", ""),
        ("ça marche enfin", ""),
    ],
)
def test_the_last_word_counts_where_something_is_taken_back(text: str, corrected: str) -> None:
    assert read(text).corrected == corrected


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "Comment changer mon mot de passe ? Et comment réserver une salle ?",
            ("Comment changer mon mot de passe ?", "comment réserver une salle ?"),
        ),
        (
            "Where is my order and how long is the warranty?",
            ("Where is my order", "how long is the warranty?"),
        ),
        ("hôtel et train", ("hôtel et train",)),
        ("mon four ne chauffe plus", ("mon four ne chauffe plus",)),
    ],
)
def test_parts_that_may_each_be_a_need(text: str, parts: tuple[str, ...]) -> None:
    assert read(text).parts == parts


def test_quoted_mail_signatures_and_logs_are_set_apart() -> None:
    mail = "Please send me my invoice\n\nOn Mon, 2 Nov 2026 at 09:12, Shop wrote:\n> Your oven does not heat"
    signed = "Bonjour,\nmon pc est lent\nCordialement,\nAda Byron\nService des achats"
    pasted = "excel plante\nError 0x80070005 Access is denied. at System.IO.FileStream"

    assert read(mail).text == "Please send me my invoice"
    assert read(signed).question == "mon pc est lent"
    assert read(pasted).text == "excel plante"
    assert read(pasted).pasted == "Error 0x80070005 Access is denied. at System.IO.FileStream"
    assert read("> votre réponse\nnon ça marche pas").text == "non ça marche pas"
    assert read("> only a quotation").text == "> only a quotation"


@pytest.mark.parametrize("part", ["mais ", "et ", ", ", "merci ", "non ", "> a\n", "On x wrote:\n", " \n"])
def test_reading_takes_time_in_proportion_to_the_length(part: str) -> None:
    def seconds(length: int) -> float:
        text = (part * length)[:length]
        start = time.process_time()
        for _ in range(3):
            read(text)
        return time.process_time() - start

    seconds(1000)
    assert seconds(4000) < 40 * max(seconds(1000), 0.001)


@pytest.mark.parametrize(
    ("said", "matched"),
    [
        ("le wifi marche très bien", "le wifi ne marche pas"),
        ("j'ai bien reçu mon colis", "je n'ai pas reçu mon colis"),
        ("mon colis est bien arrivé", "je n'ai pas reçu mon colis"),
        ("my oven gets too hot", "my oven does not heat"),
        ("mon four chauffe trop", "mon four ne chauffe pas"),
        (
            "je reçois des codes de vérification sans rien demander",
            "je ne reçois pas le code de vérification",
        ),
        ("pas l'imprimante, le scanner", "l'imprimante n'imprime pas"),
        ("not the laptop, the phone", "my laptop does not start"),
        ("mon compte n'est plus bloqué", "mon compte est bloqué"),
        ("le fer ne fuit pas", "mon fer fuit"),
        ("j'ai retrouvé mon badge", "j'ai perdu mon badge"),
        ("my account is unlocked now", "my account is locked"),
        ("the printer prints fine now", "the printer does not print"),
    ],
)
def test_the_opposite_is_seen(said: str, matched: str) -> None:
    assert is_reversed(said, matched, "fr")


@pytest.mark.parametrize(
    ("said", "matched"),
    [
        ("l'imprimante n'imprime pas", "mon imprimante ne marche plus"),
        ("ça ne marche pas le wifi au bureau", "le wifi ne marche pas"),
        ("mon colis n'est pas arrivé", "je n'ai pas reçu mon colis"),
        ("je n'arrive pas à me connecter au vpn", "le vpn ne se connecte pas"),
        ("impossible de me connecter au vpn", "le vpn ne se connecte pas"),
        ("le vpn se connecte mais coupe sans arrêt", "le vpn ne se connecte pas"),
        ("le wifi marche mal", "le wifi ne marche pas"),
        ("comment recevoir ma facture ?", "je n'ai pas reçu ma facture"),
        ("je n'arrive pas à changer mon mot de passe", "comment changer mon mot de passe"),
        ("no sound in meetings", "people can't hear me"),
        ("la centrale vapeur", "ma centrale ne fait pas de vapeur"),
        ("et l'imprimante ne marche pas non plus", "l'imprimante n'imprime pas"),
    ],
)
def test_other_words_for_the_same_are_no_opposite(said: str, matched: str) -> None:
    assert not is_reversed(said, matched, "fr")


def test_that_something_works_is_told_from_a_request() -> None:
    assert is_well("tout marche très bien", "fr")
    assert not is_well("je voudrais bien changer mon mot de passe", "fr")
    assert not is_well("le wifi ne marche pas très bien", "fr")
