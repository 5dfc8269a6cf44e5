"""Names that people of many countries have, in the scripts in which they write them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class People:
    """A culture: where its people live, what they speak and how they are called."""

    countries: tuple[str, ...]
    language: str
    share: float
    first: tuple[str, ...]
    last: tuple[str, ...]


def _people(countries: str, language: str, share: float, first: str, last: str) -> People:
    return People(tuple(countries.split()), language, share, *_split(first, last))


def _split(first: str, last: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return tuple(first.split()), tuple(last.split())


CULTURES = (
    _people(
        "GB IE AU NZ ZA",
        "en",
        20,
        "Oliver Amelia George Isla Harry Ava Noah Emily Jack Sophie Leo Grace Arthur Lily Oscar"
        " Freya Henry Ella Thomas Alice",
        "Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Wright Walker Thompson"
        " Hughes Edwards Green Hall Wood Harris Clarke O'Connor",
    ),
    _people(
        "DE AT CH",
        "de",
        16,
        "Lukas Anna Felix Lena Jürgen Käthe Maximilian Sophie Jörg Björn Günther Hannah Paul"
        " Marie Jonas Mia Stefan Claudia Thomas Sabine",
        "Müller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schäfer Köhler Bauer Jäger"
        " Groß Schröder Neumann Schwarz Krüger Böhm Vogel Weiß",
    ),
    _people(
        "ES MX CO AR CL PE",
        "es",
        16,
        "María José Lucía Alejandro Carmen Javier Sofía Andrés Elena Joaquín Inés Álvaro Núria"
        " Diego Valentina Mateo Camila Sebastián Ángel Martín",
        "García Rodríguez González Fernández López Martínez Sánchez Pérez Gómez Muñoz Díaz"
        " Hernández Ruiz Jiménez Núñez Peña Álvarez Romero Torres Vázquez",
    ),
    _people(
        "PL CZ SK",
        "en",
        8,
        "Agnieszka Piotr Małgorzata Paweł Łukasz Katarzyna Jiří Zdeněk Tomáš Bożena Wojciech"
        " Michał Anna Jan Zofia Ondřej",
        "Nowak Kowalski Wiśniewski Wójcik Kamiński Lewandowski Zieliński Szymański Dąbrowski"
        " Novák Dvořák Černý Procházka Kučera Svoboda Wróbel",
    ),
    _people(
        "GR CY",
        "el",
        8,
        "Γιώργος Μαρία Δημήτρης Ελένη Κωνσταντίνος Αικατερίνη Νίκος Βασιλική Παναγιώτης Σοφία"
        " Ανδρέας Χριστίνα Ιωάννης Αθηνά Σπύρος Ειρήνη",
        "Παπαδόπουλος Νικολάου Γεωργίου Παππάς Οικονόμου Χατζής Δημητρίου Αντωνίου Σταύρου"
        " Ιωάννου Κωνσταντίνου Χριστοδούλου Αλεξίου Μακρής Βλάχος Καραγιάννης",
    ),
    _people(
        "BG RS UA KZ",
        "en",
        8,
        "Иван Мария Олександр Елена Дмитро Наталія Георги Светлана Никола Јелена Андрій Ольга"
        " Стефан Катерина Миломир Ганна",
        "Иванов Петров Шевченко Коваленко Димитров Јовановић Петровић Бондаренко Ткаченко"
        " Николић Георгиев Мельник Кравченко Марковић Стоянов Поліщук",
    ),
    _people(
        "AE SA EG JO MA",
        "en",
        10,
        "محمد فاطمة أحمد عائشة علي مريم عمر زينب يوسف خديجة خالد نور حسن سارة إبراهيم ليلى",
        "العلي الحسن المصري الخطيب النجار الحداد الشامي العمري القاسم الزهراني العتيبي السيد"
        " منصور حمدان الفارسي بركات",
    ),
    _people(
        "CN HK SG TW",
        "en",
        8,
        "伟 芳 娜 敏 静 秀英 丽 强 磊 洋 艳 勇 军 杰 娟 涛",
        "王 李 张 刘 陈 杨 黄 赵 吴 周 徐 孙 马 朱 胡 郭",
    ),
    _people(
        "VN TH MY ID",
        "en",
        6,
        "Nguyên Linh Minh Hương Đức Thảo Siti Budi Dewi Agus Somchai Malee Anh Tuấn Quỳnh Putri",
        "Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Wijaya Santoso Rahman Ismail Saetang Chai"
        " Suharto",
    ),
)

COMPANY_FORMS = ("Ltd", "GmbH", "S.A.", "Holdings", "Trading LLC", "Capital")
