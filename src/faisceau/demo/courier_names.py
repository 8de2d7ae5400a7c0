"""Invented names, streets and carriers of the courier routes: what procedures are filled with.

Family and given names are ordinary ones of the communities met on the routes from Guyane,
Suriname, Brazil, Haiti and the Maghreb; their combinations are drawn at random.
"""


def _split(text: str, between: str | None = None) -> list[str]:
    return text.split(between)


FAMILY = {
    "french": _split(
        "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent "
        "Lefebvre Michel Garcia Roux Fontaine Chevalier Gauthier Perrin Lambert Bonnet Marchand "
        "Delaunay Poirier Vasseur Guillet Hamelin Carpentier Rousselot"
    ),
    "guyanese": _split(
        "Joseph Jean-Louis Sébastien Régis Adélaïde Horth Patient Théolade Karam Prévot Clet "
        "Ringuet Elfort Mathurin Castor Polydore Verderosa Egalgi Dorlin Nestor Contout Epailly "
        "Chaumet Saint-Clair Briolin"
    ),
    "surinamese": _split(
        "Amoida Pinas Kanapé Sijlbing Wijngaarde Van-Dijk Kartosen Djojo Misidjan Bosland "
        "Naarendorp Abauna Doekoe Petrusi Sabajo Landveld Eduards Jozefzoon Dinge Adjako Koese "
        "Apensa Saling Wensenjo Aboikoni"
    ),
    "brazilian": _split(
        "Silva Santos Oliveira Souza Rodrigues Ferreira Alves Pereira Lima Gomes Costa Ribeiro "
        "Martins Carvalho Almeida Lopes Soares Fernandes Vieira Barbosa Nascimento Cavalcante "
        "Figueiredo Magalhães Queiroz"
    ),
    "haitian": _split(
        "Jean Pierre Charles Louis Baptiste Joseph Etienne Saint-Fleur Désir Estimé Toussaint "
        "Exantus Cadet Dorvil Métellus Philogène Saintil Augustin Belizaire Cherilus Dieudonné "
        "Élysée Guerrier Mondésir Thélusma"
    ),
    "maghrebi": _split(
        "Benali Bouchikhi Haddad Mansouri El-Amrani Belkacem Cherif Khelifi Zerrouki Ouali "
        "Bensaïd Hamdi Tazi Bouzidi Slimani Mekhloufi Kaddour Ait-Ouarab Ferhat Messaoudi Yahiaoui "
        "Guendouz Chaouch Lakhdar Benchekroun"
    ),
}
GIVEN = {
    "french": _split(
        "Marie Jean Pierre Michel Nicolas Julie Sophie Thomas Camille Antoine Lucas Émilie "
        "Mathieu Sandrine Christophe Céline Guillaume Aurélie Hugo Manon"
    ),
    "guyanese": _split(
        "Jean-Claude Marie-Josée Steeve Davy Kelly Gaëlle Rodrigue Ruddy Mickaël Prisca Yannick "
        "Chrystelle Thierry Loïc Murielle Stéphane Olivia Grégory Laurence Anaïs"
    ),
    "surinamese": _split(
        "Melvin Clifton Romeo Sergio Cheryl Naomi Orlando Gianni Rachel Patrick Ruben Fabian "
        "Stanley Marciano Jerrel Sherida Dwight Irma Lucien Ricardo"
    ),
    "brazilian": _split(
        "Maria José Ana João Antônio Francisco Carlos Paulo Lucas Luiz Marcos Rafael Juliana "
        "Fernanda Adriana Wellington Jéssica Thiago Cleiton Rosângela"
    ),
    "haitian": _split(
        "Jean Marie Wilner Fritz Guerda Rose-Laure Junior Mackenson Wislande Jacques Evens Nadège "
        "Peterson Roseline Frantz Kervens Judith Lovely Ronald Daphnée"
    ),
    "maghrebi": _split(
        "Mohamed Fatima Ahmed Youssef Khadija Omar Karim Rachid Samira Nadia Abdelkader Hicham "
        "Nour-Eddine Zineb Said Leïla Bilal Hassan Mourad Yacine"
    ),
}
WEIGHTS = {
    "french": 0.22,
    "guyanese": 0.25,
    "surinamese": 0.14,
    "brazilian": 0.14,
    "haitian": 0.13,
    "maghrebi": 0.12,
}
RARE_PARTS = (
    ["Ka", "Bou", "Ché", "Dja", "Fou", "Gho", "Ma", "Tou", "Za", "Oua", "Sa", "Phi", "Ri", "No"],
    ["ba", "li", "ssa", "ru", "ndé", "lou", "mo", "ki", "tche", "ya", "do", "ph", "wa", "bri"],
    ["rd", "ni", "ou", "ssi", "lle", "ane", "ito", "ka", "mi", "ard", "eau", "di", "ra", "son"],
)
STREETS = _split(
    "de la République;Victor Hugo;Jean Jaurès;du Général de Gaulle;des Lilas;Pasteur;de la Gare;"
    "Saint-Denis;Voltaire;des Peupliers;du Moulin;Léopold Héder;Christophe Colomb;des Palmistes;"
    "Édouard Herriot;Lamartine;de Belleville;du Faubourg;Paul Éluard;des Acacias;Molière;Barbès;"
    "de Stalingrad;Louis Blanc;de la Liberté;Félix Éboué;du Vieux Port;des Flamboyants",
    ";",
)
STREET_KINDS = ["rue", "avenue", "boulevard", "allée", "chemin", "place", "impasse"]
SHORT = {"avenue": "av.", "boulevard": "bd", "allée": "all.", "chemin": "che", "place": "pl"}
TOWNS = [
    ("97300", "Cayenne"),
    ("97320", "Saint-Laurent-du-Maroni"),
    ("97310", "Kourou"),
    ("75018", "Paris"),
    ("93200", "Saint-Denis"),
    ("94310", "Orly"),
    ("59000", "Lille"),
    ("13003", "Marseille"),
    ("69008", "Lyon"),
    ("31000", "Toulouse"),
    ("33000", "Bordeaux"),
    ("76600", "Le Havre"),
]
ROUTES = [
    ("CAY", "ORY", "Air France", "AF853"),
    ("CAY", "ORY", "Air Caraïbes", "TX571"),
    ("PBM", "AMS", "KLM", "KL714"),
    ("FOR", "CDG", "Air France", "AF445"),
    ("GRU", "CDG", "LATAM", "LA8068"),
    ("PAP", "CDG", "Air Caraïbes", "TX540"),
    ("ALG", "ORY", "Air Algérie", "AH1006"),
    ("CMN", "LYS", "Royal Air Maroc", "AT744"),
]
AGENCIES = [
    "Opodo",
    "Expedia",
    "Havas Voyages Cayenne",
    "Guyane Voyages",
    "Booking.com",
    "Nouvelles Frontières",
    "Gotogate",
    "Surinam Travel",
    "Maroni Évasion",
    "eDreams",
]
PACKAGING = [
    "boulettes cellophane",
    "ovules latex",
    "sachet plastique thermosoudé",
    "ruban adhésif marron",
    "film étirable",
    "préservatif noué",
    "sous vide",
]
CONCEALMENT = [
    "in corpore",
    "valise à double fond",
    "bagage en soute",
    "ceinture abdominale",
    "semelles",
    "boîtes de conserve",
]
MARKINGS = ["lion", "étoile", "Rolex", "couronne", "€", "dauphin", "trèfle", "BMW"]
MARK_WORDS = (
    ["tigre", "soleil", "serpent", "aigle", "clé", "ancre", "crâne", "rose", "taureau", "fusée"],
    ["bleu", "rouge", "doré", "double", "barré", "cerclé", "inversé", "à deux têtes"],
    ["7", "13", "99", "XL", "JR", "K2", "ZN", "MM", "22", "DK", "LV", "Q8"],
)
KIN = ["Maman", "Papa", "Mon cœur", "Tata", "Frère", "Sista", "Bébé", "Cousin", "Mamie", "Ti Jo"]
NICKNAMES = (
    ["Gros", "Ti", "Don", "Big", "Vieux", "El", "Grand", "Chef", "Boss", "Le", "Dj", "Patron"],
    ["Max", "Léo", "Kiki", "Momo", "Nel", "Chabin", "Tonton", "Rico", "Zo", "Wil", "Sam", "Fredo"],
)
