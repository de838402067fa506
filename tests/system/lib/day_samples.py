"""Fresh days of birth in twenty and more languages and writings, days of treatment and work, and telephones of eighty countries as
people there write them, in the places people paste. Made from a seed. A sample is (group, kind, text, value)."""
import random

MONTHS = {
    'en': 'January February March April May June July August September October November December'.split(),
    'de': 'Januar Februar März April Mai Juni Juli August September Oktober November Dezember'.split(),
    'fr': 'janvier février mars avril mai juin juillet août septembre octobre novembre décembre'.split(),
    'es': 'enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre'.split(),
    'it': 'gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre'.split(),
    'pt': 'janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro'.split(),
    'nl': 'januari februari maart april mei juni juli augustus september oktober november december'.split(),
    'pl': 'stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia'.split(),
    'ru': 'января февраля марта апреля мая июня июля августа сентября октября ноября декабря'.split(),
    'uk': 'січня лютого березня квітня травня червня липня серпня вересня жовтня листопада грудня'.split(),
    'cs': 'ledna února března dubna května června července srpna září října listopada prosince'.split(),
    'sv': 'januari februari mars april maj juni juli augusti september oktober november december'.split(),
    'no': 'januar februar mars april mai juni juli august september oktober november desember'.split(),
    'da': 'januar februar marts april maj juni juli august september oktober november december'.split(),
    'fi': 'tammikuuta helmikuuta maaliskuuta huhtikuuta toukokuuta kesäkuuta heinäkuuta elokuuta syyskuuta lokakuuta marraskuuta joulukuuta'.split(),
    'tr': 'Ocak Şubat Mart Nisan Mayıs Haziran Temmuz Ağustos Eylül Ekim Kasım Aralık'.split(),
    'ro': 'ianuarie februarie martie aprilie mai iunie iulie august septembrie octombrie noiembrie decembrie'.split(),
    'hu': 'január február március április május június július augusztus szeptember október november december'.split(),
    'el': 'Ιανουαρίου Φεβρουαρίου Μαρτίου Απριλίου Μαΐου Ιουνίου Ιουλίου Αυγούστου Σεπτεμβρίου Οκτωβρίου Νοεμβρίου Δεκεμβρίου'.split(),
    'id': 'Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember'.split(),
}
PROSE = {
    'en': ['Date of birth: {v}', 'DOB {v}', 'D.O.B. {v}', 'dob: {v}', 'born {v}', 'She was born on {v} in Leeds', 'birthdate={v}', '"dateOfBirth": "{v}"', '"birth_date":"{v}"', 'my birthday is {v}', 'Birth date ({v})', 'patient (DOB {v}) presents with', 'name,dob\nAnna,{v}\n', '| Name | Date of birth |\n|---|---|\n| A. | {v} |', '<td>DOB</td><td>{v}</td>', 'Birthday: {v}', 'date_of_birth: {v}', '{v} (date of birth)', 'DOB - {v}', 'Born: {v}, Paris', 'dob is {v}'],
    'de': ['Geburtsdatum: {v}', 'geboren am {v}', 'geb. {v}', 'geb. am {v}', 'Geb.-Datum: {v}', 'GebDat {v}', '"geburtsdatum": "{v}"', 'Mein Geburtstag ist der {v}', 'geboren: {v}'],
    'fr': ['Date de naissance : {v}', 'né le {v}', 'née le {v}', '"date_naissance": "{v}"', 'ma date de naissance est le {v}', 'DDN : {v}'],
    'es': ['Fecha de nacimiento: {v}', 'nacido el {v}', 'nací el {v}', 'F. nac.: {v}', '"fecha_nacimiento":"{v}"', 'fecha nac. {v}', 'FN: {v}'],
    'it': ['Data di nascita: {v}', 'nato il {v}', 'nata a Roma il {v}', '"data_nascita": "{v}"', 'D.N. {v}'],
    'pt': ['Data de nascimento: {v}', 'nascido em {v}', 'nasci em {v}', '"data_nascimento": "{v}"', 'Nasc.: {v}', 'DN: {v}'],
    'nl': ['Geboortedatum: {v}', 'geboren op {v}', 'geb. {v}', '"geboortedatum":"{v}"'],
    'pl': ['Data urodzenia: {v}', 'urodzony {v}', 'ur. {v}', '"data_urodzenia": "{v}"', 'urodziłam się {v}'],
    'ru': ['Дата рождения: {v}', 'родился {v}', 'родилась {v}', 'д.р. {v}', 'ДР: {v}', '{v} г.р.', '{v} года рождения', 'год рождения: {v}'],
    'uk': ['Дата народження: {v}', 'народився {v}', '{v} р.н.'],
    'cs': ['Datum narození: {v}', 'narozen {v}', 'nar. {v}', '"datum_narozeni": "{v}"'],
    'sv': ['Födelsedatum: {v}', 'född {v}', 'född den {v}', '"fodelsedatum": "{v}"'],
    'no': ['Fødselsdato: {v}', 'født {v}', '"fodselsdato": "{v}"'],
    'da': ['Fødselsdato: {v}', 'født {v}', 'født den {v}'],
    'fi': ['Syntymäaika: {v}', 'syntynyt {v}', 'synt. {v}'],
    'tr': ['Doğum tarihi: {v}', '{v} doğumlu', '"dogum_tarihi": "{v}"', 'doğum tarihim {v}'],
    'ro': ['Data nașterii: {v}', 'născut la {v}', 'născută pe {v}'],
    'hu': ['Születési dátum: {v}', 'született: {v}', 'szül. {v}', 'Születési idő: {v}'],
    'el': ['Ημερομηνία γέννησης: {v}', 'γεννήθηκε στις {v}'],
    'id': ['Tanggal lahir: {v}', 'lahir pada {v}', 'TTL: Jakarta, {v}', 'tgl lahir {v}'],
}
WRITINGS = {
    'en': ['iso', 'dmy/', 'us', 'ord', 'mon', 'MON', 'words', 'dmyy/', 'usab', 'dmy-', 'ymd/', 'sp'],
    'de': ['dmy.', 'words', 'dmyy', 'iso'],
    'fr': ['dmy/', 'words', 'dmy-'],
    'es': ['dmy/', 'words', 'dmy-'],
    'it': ['dmy/', 'words'],
    'pt': ['dmy/', 'words'],
    'nl': ['dmy-', 'words'],
    'pl': ['dmy.', 'words', 'iso'],
    'ru': ['dmy.', 'words'],
    'uk': ['dmy.', 'words'],
    'cs': ['dmy.', 'words'],
    'sv': ['iso', 'words'],
    'no': ['dmy.', 'words'],
    'da': ['dmy-', 'words'],
    'fi': ['dmy.', 'words'],
    'tr': ['dmy.', 'words', 'dmy/'],
    'ro': ['dmy.', 'words'],
    'hu': ['iso'],
    'el': ['dmy/', 'words'],
    'id': ['dmy-', 'words'],
}
EVENTS = ['admitted on {v} with chest pain', 'discharged {v}', 'Date of admission: {v}', 'Date of discharge: {v}', 'Date of death: {v}', 'died on {v}', 'date of service {v}', 'DOS: {v}', 'surgery on {v}', 'seen in clinic on {v}', 'diagnosed {v}', 'Visit date: {v}', 'LMP {v}', 'vaccinated on {v}', 'gestorben am {v}', 'OP am {v}', 'hospitalisé le {v}', 'sortie le {v}', 'décédé le {v}', 'ingresó el {v}', 'alta el {v}', 'falleció el {v}', 'fecha de ingreso: {v}', 'ricoverato il {v}', 'dimesso il {v}', 'internado em {v}', 'data da alta: {v}', '入院日期：{v}', '出院时间：{v}', '手术日期：{v}', '就诊日期 {v}', '入院日：{v}', 'дата поступления {v}', 'выписан {v}', 'przyjęty {v}', 'opgenomen op {v}', 'hire date: {v}', 'wedding date {v}', 'married on {v}', 'appointment on {v}', 'collected on {v}', 'Specimen collected: {v}', 'date of injury: {v}', 'date of accident {v}', 'date of diagnosis: {v}', 'last visit {v}', 'prescribed on {v}', '"admission_date": "{v}"', '"discharge_date":"{v}"', '"visit_date": "{v}"', 'admissionDate: {v}', 'date_of_death={v}', 'id,admission_date\n7,{v}\n']
EAST = [(['出生日期：{v}', '出生于{v}', '生日是{v}', '出生年月：{v}', '{v}生人', '生于{v}'], ['%d年%d月%d日', '%d-%02d-%02d', '%d/%d/%d']),
        (['生年月日：{v}', '{v}生まれ', '誕生日は{v}です'], ['%d年%d月%d日', '%d/%02d/%02d']),
        (['생년월일: {v}', '{v} 출생', '생년월일 {v}'], ['%d년 %d월 %d일', '%d-%02d-%02d', '%d.%02d.%02d'])]
# country | forms; # a digit
TELEPHONES = """\
US|(###) 5##-####;###-5##-####;###.5##.####;+1 (###) 5##-####;1-###-5##-####;+1###5######;### 5## ####;###5######
CA|+1 416 5## ####;(514) 5##-####
GB|+44 20 7### ####;020 7### ####;07### ######;+44 7### ######;+44 (0)161 ### ####;0161 ### ####;01### ######;0044 7### ######;+447#########
IE|+353 1 ### ####;01 ### ####;087 ### ####;+353 87 ### ####
DE|+49 30 #######;030/#######;0151 ########;+49 (0)89 ######-##;0049 171 #######;089-######;(030) ### ### ##;+49-171-#######
AT|+43 1 #######;0664 #######;+43 (0)664 ### ## ##;01/### ## ##
CH|+41 44 ### ## ##;079 ### ## ##;044 ### ## ##;0041 79 ### ## ##
FR|01 ## ## ## ##;+33 1 ## ## ## ##;06.##.##.##.##;0033 6 ## ## ## ##;+33 (0)6 ## ## ## ##;06########
BE|+32 2 ### ## ##;0470 ## ## ##;02/### ## ##;+32 470/##.##.##
NL|+31 20 ### ####;06 ########;06-########;020-#######;+31 6 ## ## ## ##
LU|+352 ## ## ##;621 ### ###;+352 621 ### ###
ES|+34 91 ### ## ##;6## ### ###;91 ### ## ##;+34 6## ## ## ##;6########
PT|+351 21 ### ####;91# ### ###;+351 91# ### ###;21 ### ## ##
IT|+39 06 #### ####;06 ########;333 #######;+39 333 ### ####;02-########;347/#######
GR|+30 210 ### ####;69# ### ####;210 #######;+30 69########
SE|+46 8 ### ### ##;070-### ## ##;08-### ### ##;+46 70 ### ## ##;070 ### ## ##
NO|+47 ## ## ## ##;4## ## ###;9########;+47 9## ## ###
DK|+45 ## ## ## ##;## ## ## ##;+45########
FI|+358 9 ### ####;040 ### ####;09 ### ####;050-#######;+358 40 ### ####
IS|+354 ### ####;5## ####
PL|+48 22 ### ## ##;5## ### ###;22 ### ## ##;+48 5########;(22) ### ## ##;5##-###-###
CZ|+420 2## ### ###;60# ### ###;+420 60#######;2## ### ###
SK|+421 2 #### ####;0905 ### ###;02/#### ####
HU|+36 1 ### ####;06 30 ### ####;+36 30 ### ####;06-1-###-####
RO|+40 21 ### ####;0722 ### ###;021 ### ## ##;0722.###.###
BG|+359 2 ### ####;0888 ### ###;02/### ## ##
HR|+385 1 #### ###;091 ### ####;01/####-###
SI|+386 1 ### ## ##;031 ### ###;01 ### ## ##
RS|+381 11 ### ####;064 ### ####;011/###-###;064/###-##-##
UA|+380 44 ### ## ##;067 ### ## ##;(044) ###-##-##;+38 (067) ###-##-##
RU|+7 495 ###-##-##;8 (495) ###-##-##;8-916-###-##-##;+7 (916) ### ## ##;8916#######;+7916#######
BY|+375 29 ###-##-##;8 (029) ###-##-##;+375 (29) ### ## ##
KZ|+7 701 ### ## ##;8 701 ### ####
EE|+372 5### ####;5### ####
LV|+371 2### ####;2#######
LT|+370 6## #####;8 6## #####;+370 (5) ### ####
TR|+90 212 ### ## ##;0532 ### ## ##;(0212) ### ## ##;0 532 ### ## ##;05#########
IL|+972 3 ### ####;054-###-####;03-#######;+972-54-#######;0541######
AE|+971 4 ### ####;050 ### ####;04 ### ####;+971 50 #######
SA|+966 11 ### ####;05# ### ####;+966 5# ### ####;05########
QA|+974 #### ####;5### ####
KW|+965 #### ####
EG|+20 2 #### ####;010 #### ####;0100 ### ####;+20 100 ### ####
MA|+212 6 ## ## ## ##;06 ## ## ## ##;0522-######
DZ|+213 55# ## ## ##;055# ## ## ##
TN|+216 ## ### ###
NG|+234 80# ### ####;080# ### ####;080########
GH|+233 24 ### ####;024 ### ####
KE|+254 7## ######;07## ### ###;07########
ZA|+27 11 ### ####;082 ### ####;(011) ###-####;+27 (0)82 ### ####
ET|+251 91 ### ####;091# ######
IN|+91 98### #####;98########;+91-98########;011-########;098### #####;+91 (22) #### ####;91-98########
PK|+92 300 #######;0300-#######;0300 #######;021-########
BD|+880 1### ######;01###-######;01#########
LK|+94 77 ### ####;077 ### ####;077-#######
NP|+977 98########;98########
CN|+86 138 #### ####;138########;138-####-####;138 #### ####;010-########;(021)########;0755-########;86-138########;+86-10-########
HK|+852 2### ####;9### ####;2#######;(852) 9### ####
MO|+853 6### ####
TW|+886 2 #### ####;0912-###-###;02-####-####;(02)####-####;09########;0912 ### ###
JP|+81 3 #### ####;03-####-####;090-####-####;03(####)####;0#########;+81-90-####-####;080########
KR|+82 2 ### ####;010-####-####;02-###-####;010 #### ####;010########;+82-10-####-####;031)###-####
SG|+65 6### ####;9### ####;8#######
MY|+60 3 #### ####;012-### ####;03-#### ####;+6012#######
TH|+66 2 ### ####;081 ### ####;02-###-####;08########
VN|+84 24 #### ####;090 ### ####;0912.###.###;(028) #### ####;09########
ID|+62 21 ### ####;0812-####-####;(021) #######;0812########;+62 812 #### ####
PH|+63 2 #### ####;0917 ### ####;(02) 8###-####;0917-###-####;09#########
AU|+61 2 #### ####;0412 ### ###;(02) 9### ####;04########;1300 ### ###;+61 412 ### ###
NZ|+64 9 ### ####;021 ### ####;09-### ####;(09) ### ####;027 ### ###
BR|+55 11 9####-####;(11) 9####-####;(21) ####-####;11 9########;+55 (11) #####-####;1191#######
MX|+52 55 #### ####;55 #### ####;(55) ####-####;+52 1 55 #### ####;044 55 #### ####;55########
AR|+54 11 ####-####;011 ####-####;15-####-####;(011) 15-####-####;+54 9 11 #### ####;11 ####-####
CL|+56 2 #### ####;9 #### ####;+56 9 #### ####;(2) #### ####
CO|+57 1 ### ####;310 ### ####;(601) ### ####;310#######;+57 310 #######
PE|+51 1 ### ####;9## ### ###;(01) ### ####
VE|+58 212 ### ####;0414-#######;0212-###.##.##
EC|+593 2 ### ####;099 ### ####;09########
UY|+598 2### ####;099 ### ###
BO|+591 7#######
CR|+506 #### ####;8###-####
GT|+502 #### ####;5###-####
DO|+1 809-###-####;(809) ###-####
"""
LABELS = {
    'DE': ['Telefon: {v}', 'Tel. {v}', 'Handy {v}', 'meine Nummer ist {v}'],
    'AT': ['Tel.: {v}', 'Mobil {v}'],
    'CH': ['Tel. {v}', 'Natel {v}'],
    'FR': ['Tél. : {v}', 'mon numéro est le {v}', 'portable {v}', 'appelez-moi au {v}'],
    'ES': ['Tel.: {v}', 'móvil {v}', 'mi número es {v}', 'llámame al {v}'],
    'IT': ['Tel. {v}', 'cell. {v}', 'il mio numero è {v}', 'cellulare: {v}'],
    'PT': ['Tel.: {v}', 'telemóvel {v}'],
    'BR': ['Tel.: {v}', 'celular {v}', 'meu número é {v}', 'WhatsApp {v}'],
    'NL': ['Tel: {v}', 'mobiel {v}', 'bel {v}'],
    'PL': ['tel. {v}', 'kom. {v}', 'telefon: {v}'],
    'RU': ['тел. {v}', 'телефон: {v}', 'мой номер {v}'],
    'UA': ['тел. {v}', 'телефон: {v}'],
    'BY': ['тел. {v}'],
    'KZ': ['тел. {v}'],
    'CN': ['电话：{v}', '手机号{v}', '联系电话 {v}', '请拨打{v}'],
    'HK': ['電話：{v}', '手機 {v}'],
    'TW': ['電話：{v}', '手機 {v}'],
    'JP': ['電話：{v}', 'TEL {v}', '携帯 {v}', '電話番号は{v}です'],
    'KR': ['전화: {v}', '연락처 {v}', '휴대폰 {v}', '제 번호는 {v}입니다'],
    'TR': ['Tel: {v}', 'cep {v}', 'telefonum {v}'],
    'SE': ['Tel: {v}', 'mobil {v}'],
    'NO': ['Tlf: {v}', 'mobil {v}'],
    'DK': ['Tlf. {v}', 'mobil {v}'],
    'FI': ['Puh. {v}', 'puhelin {v}'],
    'CZ': ['tel. {v}', 'mobil {v}'],
    'SK': ['tel. {v}'],
    'HU': ['Tel.: {v}', 'mobil {v}'],
    'RO': ['tel. {v}', 'telefon {v}'],
    'GR': ['Τηλ. {v}', 'κινητό {v}'],
    'IL': ['טלפון: {v}', 'נייד {v}'],
    'SA': ['هاتف: {v}', 'جوال {v}'],
    'AE': ['هاتف: {v}', 'mobile {v}'],
    'EG': ['تليفون {v}', 'موبايل {v}'],
    'TH': ['โทร. {v}', 'เบอร์ {v}'],
    'VN': ['ĐT: {v}', 'số điện thoại {v}', 'SĐT {v}'],
    'ID': ['Telp. {v}', 'no. HP {v}', 'WA {v}'],
    'MX': ['Tel. {v}', 'cel. {v}'],
    'AR': ['Tel.: {v}', 'cel {v}'],
    'CL': ['fono {v}', 'cel {v}'],
    'CO': ['cel. {v}', 'celular {v}'],
    'IN': ['Mob: {v}', 'phone {v}', 'contact no. {v}'],
}
LABELS_ENGLISH = ['Phone: {v}', 'Tel: {v}', 'call me at {v}', 'my number is {v}', '{"phone": "{v}"}', 'phone_number={v}', '"mobile":"{v}"', 'Mobile {v}', 'name,phone\nAnna,{v}\n', '| Name | Phone |\n|---|---|\n| A. | {v} |', 'Fax: {v}', 'reach me on {v}', '<td>Telephone</td><td>{v}</td>', 'Contact: Anna ({v})', '{v} (mobile)', 'whatsapp: {v}', 'ph no {v}', 'cell: {v}', 'contactNumber: {v}', 'Tel.:{v}', 'tel:{v}', 'sms to {v}']


def written(how, language, y, m, d):
    month, english = MONTHS[language][m - 1], MONTHS['en'][m - 1]
    if how == 'words':
        return ('%d. %s %d' if language in ('de', 'cs', 'no', 'da', 'fi') else '%d de %s de %d' if language in ('es', 'pt') else '%d %s %d') % (d, month, y)
    ordinal = {1: '1st', 2: '2nd', 3: '3rd'}.get(d, '%dth' % d)
    return {'iso': '%04d-%02d-%02d' % (y, m, d), 'dmy.': '%02d.%02d.%04d' % (d, m, y), 'dmy/': '%02d/%02d/%04d' % (d, m, y), 'dmy-': '%d-%d-%04d' % (d, m, y),
            'dmyy': '%02d.%02d.%02d' % (d, m, y % 100), 'dmyy/': '%d/%d/%02d' % (d, m, y % 100), 'ymd/': '%04d/%02d/%02d' % (y, m, d),
            'sp': '%02d %02d %04d' % (d, m, y), 'mon': '%02d-%s-%04d' % (d, english[:3], y), 'MON': '%02d %s %04d' % (d, english[:3].upper(), y),
            'us': '%s %d, %d' % (english, d, y), 'usab': '%s. %d, %d' % (english[:3], d, y), 'ord': '%s %s %d' % (ordinal, english, y)}[how]


def number(rng, form):
    out = ''
    for c in form:
        first = not out or out[-1] in '( +-./'
        out += c if c != '#' else rng.choice('23456789') if first else rng.choice('0123456789')
    return out


def birth_samples(rng):
    for language, texts in PROSE.items():
        for text in texts:
            for how in WRITINGS[language]:
                v = written(how, language, rng.randrange(1945, 2008), rng.randrange(1, 13), rng.randrange(1, 29))
                yield 'days of birth', language + '/' + how, text.replace('{v}', v), v
    for texts, forms in EAST:
        for text in texts:
            for form in forms:
                v = form % (rng.randrange(1945, 2008), rng.randrange(1, 13), rng.randrange(1, 29))
                yield 'days of birth', text, text.replace('{v}', v), v


def samples(seed):
    rng = random.Random(seed)
    yield from birth_samples(rng)
    for text in EVENTS:
        for how in ('iso', 'dmy/', 'us'):
            v = written(how, 'en', rng.randrange(2010, 2025), rng.randrange(1, 13), rng.randrange(1, 29))
            yield 'days of a life', text, text.replace('{v}', v), v
    for line in TELEPHONES.splitlines():
        country, forms = line.split('|')
        for form in forms.split(';'):
            for text in rng.sample(LABELS_ENGLISH, 3) + LABELS.get(country, []):
                v = number(rng, form)
                yield 'telephones of the world', country + ' ' + form, text.replace('{v}', v), v
