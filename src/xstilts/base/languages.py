"""Codes of languages, in two letters and in three: a closed list, so that a misspelt one is an error."""

from collections.abc import Mapping

_PAIRS = """
af afr  am amh  ar ara  bg bul  bn ben  cs ces  da dan  de deu  el ell  en eng  es spa  et est  eu eus  fa pes  fi fin
fr fra  gu guj  ha hau  he heb  hi hin  ht hat  hu hun  id ind  it ita  ja jpn  jv jav  ka kat  kk kaz  ko kor  lt lit
ml mal  mr mar  ms zsm  my mya  nl nld  pa pan  pl pol  pt por  qu que  ro ron  ru rus  sv swe  sw swh  ta tam  te tel
th tha  tl tgl  tr tur  uk ukr  ur urd  vi vie  wo wol  yo yor  zh cmn
""".split()

# ISO 639-1 to ISO 639-3. Tatoeba and BUCC name single languages, not macrolanguages: Persian is pes (Western), Chinese
# cmn (Mandarin), Swahili swh, Malay zsm. Tatoeba's Arabic, though, is the macrolanguage ara.
LANGUAGE3: Mapping[str, str] = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
LANGUAGES = frozenset(LANGUAGE3)
