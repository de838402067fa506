"""Names that few lists know, held only by what stands beside them, in English and fourteen other languages; addresses of seventy
countries in sentences, forms and tables. Nobody is meant. A sample is (group, kind, text, value)."""
import random

NAMES = ['Wren Halloran', 'Tavish Okonjo', 'Maëlle Quintrec', 'Zbyszek Wrona', 'Oona Virtanen', 'Ikaika Kahale', 'Ngozi Adeyemi-Cole', 'Thandeka Mokoena', 'Bartholomew Finch', "Siobhán O'Rourke", 'Anders van der Velde', 'Yusra Al-Hamdan', 'Kaveh Rostami', 'Piotr Szczęsny', 'Lourdes Echeverría', 'Emma Clarke', 'John Whitfield', 'Dilnoza Karimova', 'Rutger Hoekstra', 'Mireille Abadie']
TEXTS = [
    'Patient: {v}',
    'Patient Name: {v}',
    'Name: {v}',
    'Customer: {v}',
    'Client: {v}',
    'Contact: {v}',
    'Employee: {v}',
    'Author: {v}',
    'Assigned to: {v}',
    'Assigned to {v} on Monday',
    'assignee: {v}',
    'Reporter: {v}',
    'I spoke with {v} yesterday',
    'spoke to {v} about the bill',
    'call from {v} this morning',
    'meeting with {v} at 3pm',
    'Cc: {v}, Bob Stone',
    'Participants: {v}, Bob Stone',
    'Attendees:\n- {v}\n- Bob Stone\n',
    'Dear {v},',
    'Hi {v},\n\nthanks',
    'Hello {v}!',
    'Best,\n{v}',
    'Kind regards,\n{v}\nHead of Sales',
    'Thanks,\n{v}',
    'Sincerely,\n\n{v}',
    'Mr {v}',
    'Mrs. {v}',
    'Dr. {v} prescribed it',
    'Prof. {v}',
    '{"first_name":"F","last_name":"L"}',
    '{"customer": "{v}"}',
    '{"author":"{v}"}',
    '{"full_name": "{v}"}',
    '{"displayName":"{v}"}',
    '{"patientName":"{v}"}',
    '{"contact_person": "{v}"}',
    '{"assignee": {"name": "{v}"}}',
    '{"recipient":"{v}"}',
    'name,email\n{v},x@example.org\n',
    'id,name,email\n7,{v},x@example.org\n',
    '| Name | E-mail |\n|---|---|\n| {v} | x@example.org |',
    '<td>Name</td><td>{v}</td>',
    '<tr><td>{v}</td><td>x@example.org</td></tr>',
    '{v} <x@example.org>',
    '"{v}" <x@example.org>',
    '{v} (x@example.org)',
    'employee_name={v}',
    'customer_name: {v}',
    'my name is {v}',
    'I am {v}, a customer',
    'This is {v} from Acme',
    'my husband {v} and I',
    'her daughter {v}',
    'his lawyer {v} wrote',
    'our tenant {v} has not paid',
    'the defendant {v} denies',
    'plaintiff {v}',
    'witness {v} stated',
    'signed by {v}',
    'Signature: {v}',
    'Prepared by: {v}',
    'Approved by {v}',
    'Written by {v}',
    'Reviewed by: {v}',
    'Interviewer: {v}',
    'Candidate: {v}',
    'Applicant: {v}',
    'Beneficiary: {v}',
    'Account holder: {v}',
    'Cardholder: {v}',
    'Passenger name: {v}',
    'Guest: {v}',
    'Student: {v}',
    'Teacher: {v}',
    'Physician: {v}',
    'Next of kin: {v}',
    'Emergency contact: {v}',
    'Mother: {v}',
    'Spouse: {v}',
    'Landlord: {v}',
    'Witness: {v}',
    'Attn: {v}',
    'c/o {v}',
    'Ship to: {v}',
    'Bill to: {v}',
    'Sold to {v}',
    'Deliver to {v}, please',
    'RE: {v} - invoice',
    'write a letter to {v} about',
    'reply to {v}',
    'email {v} and ask',
    '{v} is my doctor',
    '{v} lives in Leeds',
    '{v} was born in 1980',
    '{v} works for Acme',
    '{v}, 43, of Leeds',
    '{v}, CEO of Acme',
    'CEO {v} said',
    'user {v} logged in',
    'Resume of {v}',
    'CV: {v}',
    '# {v}\nSoftware engineer, x@example.org',
    '{v} (she/her)',
    'created_by: {v}',
    'Manager: {v}',
    'Doctor: {v}',
    'Nurse {v}',
    'Officer {v}',
    'Detective {v}',
    'Judge {v}',
    'Captain {v}',
    'Professor {v}',
    'Ms. {v}',
    'Miss {v}',
]
TEXTS_AT_HOME = {
    'de': ['Herr {v}', 'Frau {v}', 'Patient: {v}', 'Kunde: {v}', 'Name: {v}', 'Vor- und Nachname: {v}', 'Sehr geehrter Herr {v},', 'Liebe {v},', 'Viele Grüße\n{v}', 'Mit freundlichen Grüßen\n\n{v}', 'Ansprechpartner: {v}', 'mein Name ist {v}', 'ich bin {v}', 'Sachbearbeiter: {v}', 'Mieter: {v}', 'Antragsteller: {v}', 'i. A. {v}', 'z. Hd. {v}', 'Versicherungsnehmer: {v}'],
    'fr': ['Mme {v}', 'Monsieur {v}', 'Patient : {v}', 'Nom et prénom : {v}', 'Bonjour {v},', 'Cordialement,\n{v}', 'je suis {v}', 'Client : {v}', 'Destinataire : {v}', 'Cher {v},', 'Bien à vous,\n{v}', "à l'attention de {v}", 'Docteur {v}', 'Maître {v}', 'Mlle {v}', 'Locataire : {v}'],
    'es': ['Sra. {v}', 'Don {v}', 'Doña {v}', 'Paciente: {v}', 'Nombre y apellidos: {v}', 'Hola {v},', 'Estimada {v}:', 'Un saludo,\n{v}', 'Atentamente,\n{v}', 'soy {v}', 'Cliente: {v}', 'Dra. {v}', 'Titular: {v}'],
    'it': ['Sig. {v}', 'Sig.ra {v}', 'Paziente: {v}', 'Nome: {v}', 'Ciao {v},', 'Gentile {v},', 'Cordiali saluti\n{v}', 'sono {v}', 'Cliente: {v}', 'Dott. {v}', 'Avv. {v}', 'Intestatario: {v}'],
    'pt': ['Sra. {v}', 'Paciente: {v}', 'Nome completo: {v}', 'Olá {v},', 'Prezada {v},', 'Atenciosamente,\n{v}', 'sou {v}', 'Cliente: {v}', 'Dr. {v}', 'Titular: {v}'],
    'nl': ['Dhr. {v}', 'Mevr. {v}', 'Patiënt: {v}', 'Naam: {v}', 'Beste {v},', 'Geachte heer {v},', 'Groeten,\n{v}', 'ik ben {v}', 'Klant: {v}'],
    'pl': ['Pani {v}', 'Pacjent: {v}', 'Imię i nazwisko: {v}', 'Pozdrawiam,\n{v}', 'jestem {v}', 'Klient: {v}'],
    'sv': ['Patient: {v}', 'Namn: {v}', 'Hej {v},', 'Hälsningar\n{v}', 'Kund: {v}', 'jag är {v}'],
    'tr': ['Sayın {v}', 'Hasta: {v}', 'Adı Soyadı: {v}', 'Müşteri: {v}', '{v} Bey', '{v} Hanım'],
    'cs': ['Pacient: {v}', 'Jméno a příjmení: {v}', 'S pozdravem\n{v}', 'Zákazník: {v}'],
    'id': ['Bapak {v}', 'Ibu {v}', 'Nama: {v}', 'Pasien: {v}', 'Yth. {v}'],
    'vi': ['Ông {v}', 'Bà {v}', 'Họ và tên: {v}', 'Bệnh nhân: {v}'],
    'fi': ['Nimi: {v}', 'Potilas: {v}', 'Terveisin\n{v}'],
    'hu': ['Név: {v}', 'Tisztelt {v}!', 'Üdvözlettel,\n{v}'],
    'ro': ['Domnul {v}', 'Nume: {v}', 'Pacient: {v}', 'Cu stimă,\n{v}'],
}
ADDRESSES = """\
742 Evergreen Terrace, Springfield, OR 97477
1600 Amphitheatre Pkwy, Mountain View, CA 94043
350 Fifth Avenue, 34th floor, New York, NY 10118
12 Elm St., Apt. 4B, Cambridge, MA 02139
PO Box 4521, Tulsa, OK 74101
P.O. Box 12, Ketchikan AK 99901
RR 2 Box 152, Cabool, MO 65689
PSC 1234, Box 5678, APO AE 09204
Unit 2050 Box 4190, APO AP 96278
CMR 402 Box 1234, APO AE 09180
HC 61 Box 23, Ely, NV 89301
4511 N 32nd St, Phoenix, AZ 85018
8 Rue Sainte-Catherine Ouest, Montréal, QC H3B 1A6
1055 W Georgia St, Vancouver BC V6E 3P3
221B Baker Street, London NW1 6XE
Flat 3, 12 Queens Road, Bristol BS8 1QU
The Old Rectory, Church Lane, Stow, GL54 1AB
Rose Cottage, Mill Lane, Harrogate HG1 2AB
10 Downing St, London
45 O'Connell Street, Dublin 1, D01 F5P2
Apartment 12, The Mill, Cork, T12 X8P0
Musterstraße 12, 12345 Berlin
Am Markt 5, 99084 Erfurt
Postfach 10 12 34, 70011 Stuttgart
Straße des 17. Juni 135, 10623 Berlin
Kaiserstr. 8a, 60311 Frankfurt am Main
Mariahilfer Straße 88/2/14, 1070 Wien
Bahnhofstrasse 21, 8001 Zürich
Rue du Rhône 14, 1204 Genève
5 bis, rue des Lilas, 75019 Paris
Lieu-dit Le Bourg, 24590 Salignac
BP 123, 13001 Marseille
10 place Bellecour 69002 Lyon
Rue de la Loi 200, 1000 Bruxelles
Meir 78, 2000 Antwerpen
Herengracht 182, 1016 BR Amsterdam
Postbus 20001, 2500 EA Den Haag
Calle de Alcalá 45, 3º izq., 28014 Madrid
C/ Sant Joan, 12, 2n 1a, 08001 Barcelona
Avda. de la Constitución 3, 41001 Sevilla
Apartado de Correos 123, 29080 Málaga
Via Roma 12, 20121 Milano MI
Piazza Duomo 1, 50122 Firenze (FI)
Corso Vittorio Emanuele II 154, 00186 Roma
Rua Augusta, 45 - 3º Dto, 1100-048 Lisboa
Av. da Liberdade 110, 1269-046 Lisboa
Av. Paulista, 1578 - Bela Vista, São Paulo - SP, 01310-200
Rua XV de Novembro, 300, Centro, Curitiba/PR
Av. Insurgentes Sur 1602, Col. Crédito Constructor, 03940 Ciudad de México
Calle 100 # 8A-55, Bogotá
Cra. 7 No. 71-21, Bogotá
Av. Corrientes 1234, C1043AAZ Buenos Aires
Av. Providencia 1208, Providencia, Santiago
Jr. de la Unión 300, Lima 1
Sveavägen 44, 111 34 Stockholm
Karl Johans gate 22, 0159 Oslo
Vestergade 10, 2. tv, 1456 København K
Mannerheimintie 14 A 5, 00100 Helsinki
Laugavegur 20, 101 Reykjavík
ul. Nowy Świat 15/7, 00-029 Warszawa
os. Słoneczne 3/12, 31-958 Kraków
Vinohradská 50, 120 00 Praha 2
Hlavná 12, 811 01 Bratislava
Andrássy út 60, 1062 Budapest
1051 Budapest, Váci utca 12.
Str. Lipscani nr. 23, sector 3, București
бул. Витоша 15, София 1000
Ilica 10, 10000 Zagreb
Knez Mihailova 6, 11000 Beograd
Slovenska cesta 34, 1000 Ljubljana
Ερμού 25, 105 63 Αθήνα
Λεωφόρος Κηφισίας 44, Μαρούσι 151 25
Atatürk Mah. Cumhuriyet Cad. No:12 D:4 34750 Ataşehir/İstanbul
г. Москва, ул. Арбат, д. 12, кв. 45
190000, Санкт-Петербург, Невский пр., д. 28
вул. Хрещатик, 22, м. Київ, 01001
пр. Абая 52, Алматы 050000
רחוב הרצל 15, תל אביב
شارع الملك فهد، الرياض 12211
P.O. Box 9221, Dubai, UAE
Villa 23, Street 4, Al Barsha, Dubai
15 Tahrir Square, Cairo 11511
12 Adeola Odeku Street, Victoria Island, Lagos
P.O. Box 30197-00100, Nairobi
24 Long Street, Cape Town 8001
Flat 402, Sai Apartments, MG Road, Pune 411001
H.No. 12-3-456, Banjara Hills, Hyderabad - 500034
B-23, Sector 62, Noida, Uttar Pradesh 201301
House 12, Road 5, Dhanmondi, Dhaka 1205
House No. 5, Street 10, F-7/2, Islamabad
No. 25, Galle Road, Colombo 03
北京市海淀区中关村大街27号
上海市徐汇区漕溪北路18号2单元501室
广州市天河区天河路385号太古汇一座2楼
香港九龍尖沙咀彌敦道132號
台北市信義區信義路五段7號
106 台北市大安區忠孝東路四段100號3樓
東京都千代田区丸の内1-9-1
〒530-0001 大阪府大阪市北区梅田3丁目1番3号
神奈川県横浜市西区みなとみらい2-2-1-1
서울특별시 중구 세종대로 110
부산 해운대구 우동 1408번지
서울시 강남구 역삼동 123-45 101호
06236 서울 강남구 테헤란로 152, 10층
Blk 123 Ang Mo Kio Ave 3 #05-67 Singapore 560123
10 Anson Road, #12-14, Singapore 079903
12, Jalan Bukit Bintang, 55100 Kuala Lumpur
Jl. Jend. Sudirman No. 52, Jakarta Selatan 12190
Unit 1203, 6750 Ayala Avenue, Makati City 1226
123/45 ถนนสุขุมวิท แขวงคลองเตย กรุงเทพฯ 10110
99/1 Sukhumvit Soi 11, Khlong Toei, Bangkok 10110
12 Nguyễn Huệ, Quận 1, TP. Hồ Chí Minh
Số 5 Phố Tràng Tiền, Hoàn Kiếm, Hà Nội
Level 5, 100 George Street, Sydney NSW 2000
Unit 4/27 Beach Rd, Bondi NSW 2026
GPO Box 1234, Melbourne VIC 3001
Private Bag 92019, Auckland 1142
12 Queen Street, Auckland 1010
"""
PLACES = ['My address is {v}.', 'Address: {v}\n', 'ship it to {v} please', '{"address": "{v}"}', '{v}', 'I live at {v} with my wife', 'name,address\nAnna,"{v}"\n', 'Billing address: {v}']


def samples(seed):
    rng = random.Random(seed)
    for text in TEXTS:
        for v in rng.sample(NAMES, 4):
            first, last = v.split(' ', 1)
            value = last if '"L"' in text else v
            yield 'names held by their context', text[:16], text.replace('{v}', v).replace('"F"', '"%s"' % first).replace('"L"', '"%s"' % last), value
    for language, texts in TEXTS_AT_HOME.items():
        for text in texts:
            for v in rng.sample(NAMES, 3):
                yield 'names at home', language + '/' + text[:16], text.replace('{v}', v), v
    for v in ADDRESSES.splitlines():
        for text in PLACES:
            yield 'addresses of the world', v[:24], text.replace('{v}', v), v
