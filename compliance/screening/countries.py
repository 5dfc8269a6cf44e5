"""Country names as watch lists write them, to ISO 3166 alpha-2 codes."""

import unicodedata

# Source: ISO 3166-1 with the short English names of Unicode CLDR. Kosovo has its user-assigned XK.
_NAMES = """
AD=Andorra; AE=United Arab Emirates; AF=Afghanistan; AG=Antigua and Barbuda; AI=Anguilla;
AL=Albania; AM=Armenia; AO=Angola; AQ=Antarctica; AR=Argentina; AS=American Samoa;
AT=Austria; AU=Australia; AW=Aruba; AX=Åland Islands; AZ=Azerbaijan;
BA=Bosnia and Herzegovina; BB=Barbados; BD=Bangladesh; BE=Belgium; BF=Burkina Faso;
BG=Bulgaria; BH=Bahrain; BI=Burundi; BJ=Benin; BL=Saint Barthélemy; BM=Bermuda; BN=Brunei;
BO=Bolivia; BQ=Caribbean Netherlands; BR=Brazil; BS=Bahamas; BT=Bhutan; BV=Bouvet Island;
BW=Botswana; BY=Belarus; BZ=Belize; CA=Canada; CC=Cocos (Keeling) Islands;
CD=Democratic Republic of the Congo; CF=Central African Republic; CG=Republic of the Congo;
CH=Switzerland; CI=Côte d'Ivoire; CK=Cook Islands; CL=Chile; CM=Cameroon; CN=China;
CO=Colombia; CR=Costa Rica; CU=Cuba; CV=Cape Verde; CW=Curaçao; CX=Christmas Island;
CY=Cyprus; CZ=Czechia; DE=Germany; DJ=Djibouti; DK=Denmark; DM=Dominica;
DO=Dominican Republic; DZ=Algeria; EC=Ecuador; EE=Estonia; EG=Egypt; EH=Western Sahara;
ER=Eritrea; ES=Spain; ET=Ethiopia; FI=Finland; FJ=Fiji; FK=Falkland Islands; FM=Micronesia;
FO=Faroe Islands; FR=France; GA=Gabon; GB=United Kingdom; GD=Grenada; GE=Georgia;
GF=French Guiana; GG=Guernsey; GH=Ghana; GI=Gibraltar; GL=Greenland; GM=Gambia; GN=Guinea;
GP=Guadeloupe; GQ=Equatorial Guinea; GR=Greece; GS=South Georgia and South Sandwich Islands;
GT=Guatemala; GU=Guam; GW=Guinea-Bissau; GY=Guyana; HK=Hong Kong;
HM=Heard and McDonald Islands; HN=Honduras; HR=Croatia; HT=Haiti; HU=Hungary; ID=Indonesia;
IE=Ireland; IL=Israel; IM=Isle of Man; IN=India; IO=British Indian Ocean Territory; IQ=Iraq;
IR=Iran; IS=Iceland; IT=Italy; JE=Jersey; JM=Jamaica; JO=Jordan; JP=Japan; KE=Kenya;
KG=Kyrgyzstan; KH=Cambodia; KI=Kiribati; KM=Comoros; KN=Saint Kitts and Nevis;
KP=North Korea; KR=South Korea; KW=Kuwait; KY=Cayman Islands; KZ=Kazakhstan; LA=Laos;
LB=Lebanon; LC=Saint Lucia; LI=Liechtenstein; LK=Sri Lanka; LR=Liberia; LS=Lesotho;
LT=Lithuania; LU=Luxembourg; LV=Latvia; LY=Libya; MA=Morocco; MC=Monaco; MD=Moldova;
ME=Montenegro; MF=Saint Martin; MG=Madagascar; MH=Marshall Islands; MK=North Macedonia;
ML=Mali; MM=Myanmar; MN=Mongolia; MO=Macao; MP=Northern Mariana Islands; MQ=Martinique;
MR=Mauritania; MS=Montserrat; MT=Malta; MU=Mauritius; MV=Maldives; MW=Malawi; MX=Mexico;
MY=Malaysia; MZ=Mozambique; NA=Namibia; NC=New Caledonia; NE=Niger; NF=Norfolk Island;
NG=Nigeria; NI=Nicaragua; NL=Netherlands; NO=Norway; NP=Nepal; NR=Nauru; NU=Niue;
NZ=New Zealand; OM=Oman; PA=Panama; PE=Peru; PF=French Polynesia; PG=Papua New Guinea;
PH=Philippines; PK=Pakistan; PL=Poland; PM=Saint Pierre and Miquelon; PN=Pitcairn Islands;
PR=Puerto Rico; PS=Palestinian Territories; PT=Portugal; PW=Palau; PY=Paraguay; QA=Qatar;
RE=Réunion; RO=Romania; RS=Serbia; RU=Russia; RW=Rwanda; SA=Saudi Arabia; SB=Solomon Islands;
SC=Seychelles; SD=Sudan; SE=Sweden; SG=Singapore; SH=Saint Helena; SI=Slovenia;
SJ=Svalbard and Jan Mayen; SK=Slovakia; SL=Sierra Leone; SM=San Marino; SN=Senegal;
SO=Somalia; SR=Suriname; SS=South Sudan; ST=São Tomé and Príncipe; SV=El Salvador;
SX=Sint Maarten; SY=Syria; SZ=Eswatini; TC=Turks and Caicos Islands; TD=Chad;
TF=French Southern Territories; TG=Togo; TH=Thailand; TJ=Tajikistan; TK=Tokelau;
TL=Timor-Leste; TM=Turkmenistan; TN=Tunisia; TO=Tonga; TR=Türkiye; TT=Trinidad and Tobago;
TV=Tuvalu; TW=Taiwan; TZ=Tanzania; UA=Ukraine; UG=Uganda; UM=U.S. Outlying Islands;
US=United States; UY=Uruguay; UZ=Uzbekistan; VA=Vatican City;
VC=Saint Vincent and Grenadines; VE=Venezuela; VG=British Virgin Islands;
VI=U.S. Virgin Islands; VN=Vietnam; VU=Vanuatu; WF=Wallis and Futuna; WS=Samoa; XK=Kosovo;
YE=Yemen; YT=Mayotte; ZA=South Africa; ZM=Zambia; ZW=Zimbabwe;
"""

# Other spellings that the OFAC, UN and EU files use. AN left the standard in 2010, lists keep it.
_OTHER_NAMES = """
AE=uae; AN=netherlands antilles; BA=bosnia; BN=brunei darussalam;
BO=bolivia (plurinational state of); BS=bahamas, the; BS=the bahamas;
CD=congo (democratic republic); CD=congo, democratic republic of the;
CD=democratic republic of congo; CD=dr congo; CG=congo; CG=congo, republic of the;
CI=cote d ivoire; CI=ivory coast; CN=china, people's republic of; CN=people's republic of china;
CV=cabo verde; CZ=czech republic; FM=micronesia (federated states of); GB=england;
GB=great britain; GB=scotland; GB=uk; GB=united kingdom of great britain and northern ireland;
GM=gambia, the; GM=the gambia; HK=china, hong kong special administrative region;
HK=hong kong, china; IM=man, isle of; IR=iran (islamic republic of); IR=islamic republic of iran;
KN=st kitts and nevis; KP=democratic people's republic of korea; KP=dprk;
KP=korea (democratic people's republic of); KP=korea, north; KR=korea; KR=korea, republic of;
KR=korea, south; KR=republic of korea; LA=lao pdr; LA=lao people's democratic republic;
LY=libyan arab jamahiriya; LY=state of libya; MD=moldova, republic of; MD=republic of moldova;
MK=macedonia; MK=macedonia, the former yugoslav republic of; MK=north macedonia, the republic of;
ML=region: northern mali; MM=burma; MM=myanmar (burma); MO=macau;
PS=occupied palestinian territory; PS=palestine; PS=palestinian; PS=possibly palestinian;
PS=region: gaza; PS=state of palestine; PS=west bank; RU=russian federation; RU=ussr;
SD=region: kafia kingi; SY=syrian arab republic; SZ=swaziland; TL=east timor; TR=turkey;
TW=chinese taipei; TW=taiwan, province of china; TZ=tanzania, united republic of;
TZ=united republic of tanzania; UA=region: crimea; US=u.s.a.; US=united states of america;
US=usa; VA=holy see; VA=vatican; VC=saint vincent and the grenadines;
VE=bolivarian republic of venezuela; VE=venezuela (bolivarian republic of);
VG=virgin islands, british; VI=virgin islands, u.s.; VN=viet nam;
"""


def _fold(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("\u2019", "'"))
    kept = "".join(char for char in plain if not unicodedata.combining(char))
    return " ".join(kept.lower().split())


def _table() -> dict[str, str]:
    pairs = (item.strip().partition("=") for item in (_NAMES + ";" + _OTHER_NAMES).split(";"))
    return {_fold(name): code for code, _, name in pairs if code}


_CODES = _table()
COUNTRY_CODES = frozenset(_CODES.values())


def country_code(text: str) -> str | None:
    """The alpha-2 code for a code or an English name; None when it is neither."""
    text = text.strip()
    if len(text) == 2 and text.upper() in COUNTRY_CODES:
        return text.upper()
    return _CODES.get(_fold(text))
