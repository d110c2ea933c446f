"""Documents of a small imagined library, in two languages and for two desks; written for these tests."""

from kb_index.articles.documents import Document, Kind


def _both(
    id: str, desk: str, fr: tuple[str, str, list[str]], en: tuple[str, str, list[str]], kind: Kind = "article"
) -> list[Document]:
    return [
        Document(kind=kind, id=id, desk=desk, language=language, title=title, body=body, ask=tuple(ask))
        for language, (title, body, ask) in (("fr", fr), ("en", en))
    ]


DOCUMENTS: tuple[Document, ...] = (
    *_both(
        "carte-perdue",
        "lecteurs",
        (
            "Carte de lecteur perdue",
            "Signalez la perte au comptoir. Une carte neuve coûte **3 €** et se fait en cinq minutes.",
            [
                "j'ai perdu ma carte de bibliothèque",
                "on m'a volé ma carte",
                "refaire ma carte",
                "carte égarée",
            ],
        ),
        (
            "Lost reader card",
            "Tell the front desk. A new card costs **3 €** and is made in five minutes.",
            ["I lost my library card", "my card was stolen", "replace my card", "how do I get a new card"],
        ),
    ),
    *_both(
        "prolonger-pret",
        "lecteurs",
        (
            "Prolonger un prêt",
            "Dans **Mon compte**, ouvrez **Mes prêts** puis choisissez **Prolonger**. Deux fois au plus.",
            [
                "garder un livre plus longtemps",
                "rallonger la durée",
                "renouveler un emprunt",
                "je n'ai pas fini",
            ],
        ),
        (
            "Renew a loan",
            "In **My account**, open **My loans** and choose **Renew**. Twice at most.",
            ["keep a book longer", "extend my loan", "I have not finished my book", "can I renew online"],
        ),
    ),
    *_both(
        "horaires",
        "lecteurs",
        (
            "Horaires d'ouverture de la bibliothèque",
            "Du mardi au samedi de 10 h à 19 h. Fermée le dimanche et le lundi.",
            [
                "vous ouvrez quand",
                "c'est ouvert le dimanche ?",
                "à quelle heure fermez-vous",
                "jours de fermeture",
            ],
        ),
        (
            "Opening hours of the library",
            "Tuesday to Saturday, 10 to 19 h. Closed on Sunday and Monday.",
            ["when are you open", "are you open on Sunday", "what time do you close", "closing days"],
        ),
    ),
    *_both(
        "amende",
        "lecteurs",
        (
            "Retard et amendes",
            "Chaque jour de retard coûte 10 centimes par livre. Payez au comptoir ou dans **Mon compte**.",
            [
                "combien coûte un retard",
                "j'ai rendu mon livre trop tard",
                "payer ma pénalité",
                "dois-je payer",
            ],
        ),
        (
            "Late returns and fines",
            "Each day late costs 10 cents a book. Pay at the front desk or in **My account**.",
            ["how much is the fine", "I returned my book late", "pay my fine", "is there a penalty"],
        ),
    ),
    *_both(
        "liseuse-batterie",
        "lecteurs",
        (
            "La liseuse LX-200 ne charge plus",
            "Branchez la liseuse LX-200 sur une prise murale pendant une heure, puis maintenez le bouton.",
            ["ma liseuse ne s'allume plus", "batterie de la liseuse vide", "écran noir sur la liseuse"],
        ),
        (
            "The LX-200 e-reader does not charge",
            "Plug the LX-200 into a wall socket for an hour, then hold the button.",
            ["my e-reader does not turn on", "e-reader battery is empty", "black screen on the e-reader"],
        ),
    ),
    *_both(
        "liseuse-ecran",
        "lecteurs",
        (
            "La liseuse LX-350 affiche une page figée",
            "Maintenez le bouton de la LX-350 pendant dix secondes : elle redémarre.",
            ["ma liseuse est bloquée", "la page ne tourne plus", "liseuse figée"],
        ),
        (
            "The LX-350 e-reader is frozen",
            "Hold the button of the LX-350 for ten seconds: it restarts.",
            ["my e-reader is stuck", "the page does not turn", "frozen e-reader"],
        ),
    ),
    *_both(
        "wifi-salle",
        "lecteurs",
        (
            "Le wifi de la salle de lecture ne marche pas",
            "",
            ["pas d'internet", "wifi lent", "wifi coupé"],
        ),
        (
            "The wifi of the reading room does not work",
            "",
            ["no internet in the room", "slow wifi", "wifi is down"],
        ),
        kind="flow",
    ),
    *_both(
        "conges",
        "equipe",
        (
            "Poser des congés",
            "Dans **Planning**, choisissez **Absence** et les dates. Réponse sous deux jours.",
            [
                "demander des vacances",
                "je veux poser un jour",
                "comment m'absenter",
                "prendre une semaine en août",
            ],
        ),
        (
            "Ask for leave",
            "In **Planning**, choose **Absence** and the dates. Your manager answers within two days.",
            ["request holidays", "take a day off", "how do I book time off", "I want a week in August"],
        ),
    ),
    *_both(
        "chariot",
        "equipe",
        (
            "Chariot de retour cassé",
            "Mettez une étiquette rouge sur le chariot et prévenez l'atelier au poste 12.",
            ["une roue du chariot est cassée", "chariot bloqué", "réparer un chariot"],
        ),
        (
            "Broken return trolley",
            "Put a red label on the trolley and call the workshop on extension 12.",
            ["a wheel of the trolley is broken", "trolley is stuck", "repair a trolley"],
        ),
    ),
    Document(
        kind="article",
        id="journaux",
        desk="equipe",
        language="fr",
        title="Consulter les journaux anciens : demander la clef de la réserve du deuxième sous-sol",
        body="La clef est au secrétariat, contre signature.",
    ),
    Document(
        kind="article",
        id="guide-long",
        desk="equipe",
        language="fr",
        title="Guide de l'équipe",
        body="\n\n".join(
            [
                "Arrivez un quart d'heure avant l'ouverture et relevez les boîtes de retour du jardin.",
                "Les nouveautés se couvrent à l'atelier avec le film transparent rangé dans l'armoire bleue.",
                "Pour la fête du livre, les tables pliantes se trouvent dans la cave derrière la chaufferie.",
                "Le code de l'alarme change chaque premier lundi ; demandez-le à la direction.",
            ]
            + ["Texte de remplissage sans intérêt particulier, que personne ne cherche jamais ici. " * 4] * 3
            + ["Le vélo-cargo se gonfle à quatre bars avec la pompe accrochée près du portail nord."]
        ),
    ),
)

OFF_TOPIC: tuple[str, ...] = (
    "qui a gagné le match hier",
    "une recette de crêpes",
    "quel temps fera-t-il demain",
    "quelle est la capitale du Pérou",
    "raconte-moi une blague",
    "mon chat ne mange plus",
    "comment soigner un rhume",
    "combien coûte un billet pour Tokyo",
    "que penses-tu de la politique",
    "je m'ennuie",
    "traduis ceci en espagnol",
    "comment planter des tomates",
    "who won the match last night",
    "a recipe for pancakes",
    "what will the weather be tomorrow",
    "what is the capital of Peru",
    "tell me a joke",
    "my dog does not eat",
    "how do I cure a cold",
    "how much is a flight to Tokyo",
    "what do you think of politics",
    "I am bored",
    "translate this into Spanish",
    "how do I grow tomatoes",
)
