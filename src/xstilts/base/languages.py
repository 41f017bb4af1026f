"""Languages: their codes in two letters and in three, and their English names; a closed list, so that a misspelt code
is an error."""

from collections.abc import Mapping

_TABLE = """
af afr Afrikaans  am amh Amharic  ar ara Arabic  bg bul Bulgarian  bn ben Bengali  cs ces Czech  da dan Danish
de deu German  el ell Greek  en eng English  es spa Spanish  et est Estonian  eu eus Basque  fa pes Persian
fi fin Finnish  fr fra French  gu guj Gujarati  ha hau Hausa  he heb Hebrew  hi hin Hindi  hr hrv Croatian
ht hat Haitian  hu hun Hungarian  id ind Indonesian  it ita Italian  ja jpn Japanese  jv jav Javanese  ka kat Georgian
kk kaz Kazakh  ko kor Korean  lt lit Lithuanian  mi mri Maori  ml mal Malayalam  mr mar Marathi  ms zsm Malay
my mya Burmese  nl nld Dutch  no nor Norwegian  pa pan Punjabi  pl pol Polish  pt por Portuguese  qu que Quechua
ro ron Romanian  ru rus Russian  sv swe Swedish  sw swh Swahili  ta tam Tamil  te tel Telugu  th tha Thai
tl tgl Tagalog  tr tur Turkish  uk ukr Ukrainian  ur urd Urdu  vi vie Vietnamese  wo wol Wolof  yo yor Yoruba
zh cmn Chinese
""".split()

# ISO 639-1 to ISO 639-3. Tatoeba and BUCC name single languages, not macrolanguages: Persian is pes (Western), Chinese
# cmn (Mandarin), Swahili swh, Malay zsm. Tatoeba's Arabic, though, is the macrolanguage ara.
LANGUAGE3: Mapping[str, str] = dict(zip(_TABLE[::3], _TABLE[1::3], strict=True))
LANGUAGE_NAME: Mapping[str, str] = dict(zip(_TABLE[::3], _TABLE[2::3], strict=True))
LANGUAGES = frozenset(LANGUAGE3)
