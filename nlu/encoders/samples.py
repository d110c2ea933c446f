"""Questions and passages on all sorts of subjects, to check an export on and to take mean embeddings of.

The subjects are meant to be far from one another, so that the mean stands for no subject.
"""

from dataclasses import dataclass

from nlu.encoders.vectors import Matrix

QUESTIONS = (
    "Quelle est la capitale de l'Australie ?",
    "comment faire une pâte à crêpes sans grumeaux",
    "Qui a peint le plafond de la chapelle Sixtine ?",
    "mon ordinateur ne démarre plus",
    "Faut-il tailler les rosiers au printemps ?",
    "quel temps fera-t-il demain à Lyon",
    "Combien de joueurs dans une équipe de handball ?",
    "J'ai mal au dos depuis trois jours",
    "Où en est ma commande ?",
    "Peut-on déduire les frais de garde des impôts ?",
    "un bon roman policier à lire en vacances",
    "Pourquoi le ciel est-il bleu ?",
    "Le train de 8 h 12 est-il à l'heure ?",
    "que mange un hérisson",
    "Comment accorder une guitare ?",
    "Mon propriétaire peut-il augmenter le loyer ?",
    "bonjour",
    "How far is the Moon?",
    "best way to cook brown rice",
    "Who won the World Cup in 1998?",
    "my phone does not charge",
    "When should I plant tomatoes?",
    "Is it going to rain this weekend?",
    "What are the rules of chess?",
    "I have had a headache since yesterday",
    "Can I return a jacket that does not fit?",
    "How do I open a savings account?",
    "a film like Casablanca",
    "Why do cats purr?",
    "What time does the museum close?",
    "how many calories in an avocado",
    "Do I need a visa for Japan?",
    "What is the difference between jazz and blues?",
    "thanks a lot",
)
PASSAGES = (
    "La formation des nuages",
    "L'air humide monte, se refroidit et la vapeur se condense en gouttelettes autour de fines poussières.",
    "Tarte aux pommes",
    "Étalez la pâte, disposez les quartiers en rosace, saupoudrez de sucre et enfournez quarante minutes.",
    "Le congé parental",
    "Le salarié prévient son employeur par lettre au moins un mois avant la date qu'il a choisie.",
    "Réinitialiser un téléphone",
    "Maintenez les deux boutons pendant dix secondes, puis choisissez la langue et le réseau.",
    "La bataille de Valmy",
    "Le 20 septembre 1792, l'armée française arrête les troupes prussiennes près d'un moulin.",
    "Un week-end à Porto",
    "Commencez par les quais, traversez le pont à pied et finissez la soirée dans une cave.",
    "How volcanoes erupt",
    "Molten rock rises because it is lighter than what surrounds it, and gas drives it out of the vent.",
    "Vegetable soup",
    "Fry the onions gently, add the carrots and the stock, and simmer for half an hour before blending.",
    "Renting a flat",
    "The deposit is returned within two months, less the cost of any damage that the tenant has caused.",
    "Changing a password",
    "Open the settings, choose security, and type the new one twice.",
    "The history of tea",
    "Merchants brought it to Europe in the seventeenth century, and within decades it was drunk everywhere.",
    "Training for a first marathon",
    "Run three times a week, make one of them long and slow, and rest before you feel that you must.",
)


@dataclass(frozen=True, kw_only=True)
class Reference:
    """What the original of an exported model makes of the samples.

    Args:
        queries: embeddings of `QUESTIONS`, float32, (n, dim).
        documents: embeddings of `PASSAGES`, float32, (n, dim).
        least_cosine: that the export's embeddings must have to these.
    """

    queries: Matrix
    documents: Matrix
    least_cosine: float = 0.999
