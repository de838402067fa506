"""Places where secrets stand, each a line: what people write in chats and tickets, files of systems, tools, cookies, signatures
of requests, addresses that are keys. A sample is (group, kind, text, value); the values are made from a seed and open nothing."""
import re

from secret_samples import fill, fill_in, shape

# A token of any form in the place of {v}
TOKEN_PLACES = r"""
btw the api token for staging is {v}
Token: {v}
api-key {v}
Here's my key\n\n{v}\n\ncan you test it?
apikey = {v}
Bitte nutze den Schlüssel {v} für den Zugriff.
Der Zugangstoken: {v}
voici ma clé api {v}
le token est "{v}"
mi clave api: {v}
este es mi token de acceso {v}
API密钥: {v}
秘钥是 {v} ，请保密
密钥为：{v}
用这个key：{v}
access_token為{v}
il token è {v}
meu token é {v}
APIキー：{v}
мой токен: {v}
api 키는 {v} 이에요
my secret key ({v}) leaked
secret={v}, id=42
key=>{v}
the credentials: {v}
Bearer {v}
set TOKEN to {v} and retry
export the key as {v} first
PAT: {v}
Your API key has been created: {v}
Copy your new token now: {v}
Client secret value: {v}
rotate old key {v} please
I'm using {v} as my access token
with token={v} it works
license key: {v}
webhook secret - {v}
curl -H "api-token: {v}" https://x
curl https://x -d "apikey={v}"
http POST x.dev Authorization:'Token {v}'
wget --header="X-Token: {v}" https://x
axios.get(u,{headers:{"x-access-token":"{v}"}})
req.Header.Set("X-Api-Token", "{v}")
request.AddHeader("ApiKey", "{v}");
conn.setRequestProperty("X-Auth-Key", "{v}");
$ch_headers[] = 'X-Api-Key: {v}';
r = requests.post(u, params={"key": "{v}"})
session.headers.update({"Authorization": "{v}"})
.header("apikey", "{v}")
let headers = ["X-API-KEY": "{v}"]
-e "API_SECRET={v}"
--set-string auth.token={v}
--from-literal=token={v}
kubectl create secret generic x --from-literal=key={v}
aws configure set aws_secret_access_key {v}
az login --service-principal -u x -p {v} --tenant t
gcloud auth activate --key {v}
npm config set //r/:_authToken {v}
git config --global github.token {v}
vault kv put secret/x token={v}
docker secret create tok - <<< {v}
flyctl secrets set TOKEN={v}
heroku config:set SECRET={v}
railway variables set API_KEY={v}
terraform apply -var="token={v}"
ansible-playbook x.yml -e "token={v}"
pulumi config set --secret token {v}
dotnet user-secrets set Api:Key {v}
firebase functions:config:set k.key="{v}"
echo {v} | wrangler secret put API_KEY
setx API_KEY {v}
composer config github-oauth.github.com {v}
pip config set global.token {v}
poetry config pypi-token.pypi {v}
twine upload -u __token__ -p {v} dist/*
cargo login {v}
gem push --key {v}
sentry-cli login --auth-token {v}
stripe listen --api-key {v}
ngrok config add-authtoken {v}
tailscale up --authkey={v}
cloudflared tunnel run --token {v}
doppler configure set token {v}
op signin --session {v}
huggingface-cli login --token {v}
wandb login {v}
openai api_key {v}
replicate auth login --token {v}
mvn -Dtoken={v} deploy
gradle -Ptoken={v}
newman run x --env-var "token={v}"
k6 run -e TOKEN={v}
ab -H "Authorization: Bearer {v}" x
grpcurl -H "authorization: bearer {v}" x
websocat "wss://x/?token={v}"
<setting name="ApiToken" serializeAs="String"><value>{v}</value></setting>
<add name="Token" connectionString="{v}"/>
<entry key="secret">{v}</entry>
<env name="TOKEN" value="{v}"/>
<bean><property name="apiKey" value="{v}"/></bean>
<string name="api_key" translatable="false">{v}</string>
<meta name="api-key" content="{v}">
<input type="hidden" name="token" value="{v}">
data-api-key="{v}"
<script src="https://x/js?key={v}"></script>
[token]\nvalue={v}\n
token:\n  value: {v}\n
auth:\n  - type: bearer\n    token: {v}\n
headers:\n  Authorization: Bearer {v}\n
secrets:\n  - name: API\n    value: {v}\n
{"headers":[{"key":"X-Api-Key","value":"{v}"}]}
{"auth":{"bearer":[{"key":"token","value":"{v}","type":"string"}]}}
{"mcpServers":{"x":{"env":{"API_KEY":"{v}"}}}}
{"args":["--api-key","{v}"]}
{"credentials":{"token":"{v}"}}
config :app, token: "{v}"
(setq api-key "{v}")
(def api-key "{v}")
let api_key = "{v}";;
Const ApiKey As String = "{v}"
$Env:ApiKey = '{v}'
set apiKey "{v}"
API_KEY := {v}
#define API_TOKEN "{v}"
static let token = "{v}"
final apiKey = '{v}';
const val TOKEN = "{v}"
apiKey <- "{v}"
api_key: !secret {v}
token = os.environ.get("TOKEN", "{v}")
TOKEN=${TOKEN:-{v}}
process.env.TOKEN ?? "{v}"
env.Get("TOKEN") ?: "{v}"
@Value("${token:{v}}")
token: "{{ env "TOKEN" | default "{v}" }}"
assert token == "{v}"
mock_token = "{v}"
"token","{v}"
token|{v}
| Token | {v} |
Token\t{v}
* Secret key: `{v}`
**Token** — {v}
Token » {v}
>>> client.token\n'{v}'
(pdb) p api_key\n'{v}'
token=%22{v}%22
{\\"token\\":\\"{v}\\"}
INSERT INTO tokens VALUES (1, '{v}');
UPDATE users SET api_token = '{v}' WHERE id = 1;
SELECT * FROM t WHERE access_token='{v}'
COMMENT 'key {v}'
vercel env add API_KEY production <<< {v}
llm keys set openai --value {v}
"apikey": [{"key": "value", "value": "{v}", "type": "string"}, {"key": "key", "value": "X-API-Key"}]
claude mcp add x -e API_KEY={v} -- npx y
az keyvault secret set --vault-name v -n x --value "{v}"
-setcookie {v}
crypto.createHmac('sha256', '{v}')
hmac.new(b"{v}", msg, hashlib.sha256)
jwt.sign(payload, '{v}')
jwt.encode(p, "{v}", algorithm="HS256")
stripe = Stripe('{v}')
github.Github("{v}")
Minio("h", "minioadmin", "{v}")
algoliasearch('APPID', '{v}')
$ gh auth token\n{v}\n$
bob@web1:~$ echo $API_TOKEN\n{v}\nbob@web1:~$
$ kubectl get secret x -o jsonpath='{.data.token}' | base64 -d\n{v}\n$
$ pass show api/stripe\n{v}\n$
terraform output -raw api_key\n{v}\n
AWS Secret Access Key [None]: {v}
Unseal Key 1: {v}
Token (will be hidden): {v}
Key                  Value\n---                  -----\ntoken                {v}\ntoken_accessor       x
reg add HKCU\\Environment /v API_KEY /d {v}
<key>ApiKey</key>\n\t<string>{v}</string>
config.omniauth :github, 'id', '{v}'
"""

# Passwords in files and on command lines
PASSWORD_FILES = r"""
{"ConnectionStrings": {"Default": "Server=db;Database=shop;User Id=sa;Password={v};TrustServerCertificate=True"}}
"ConnectionString": "Host=pg;Username=app;Password={v};Database=x"
jdbc:sqlserver://db:1433;databaseName=x;user=sa;password={v};encrypt=true
spring.datasource.url=jdbc:postgresql://db/x?user=app&password={v}\n
jdbc:oracle:thin:scott/{v}@//db:1521/ORCL
db.acme.dev:5432:*:app:{v}\n
[client]\nuser=root\npassword="{v}"\n
[mysqldump]\nuser = backup\npassword = {v}\n
define( 'DB_USER', 'wp' );\ndefine( 'DB_PASSWORD', '{v}' );\n
ansible_ssh_pass: {v}\nansible_user: root\n
web1 ansible_host=10.0.0.1 ansible_user=root ansible_password={v}\n
---\nvault_db_password: "{v}"\n
<password>{v}</password>
<server><id>nexus</id><username>ci</username><password>{v}</password></server>
nexusPassword={v}\n
credentials { username 'ci'\n password '{v}' }\n
machine ftp.acme.dev login bob password {v}
docker login -u bob -p {v} registry.acme.dev
username=bob\npassword={v}\ndomain=CORP\n
//nas/x /mnt cifs username=bob,password={v},uid=1000 0 0
<auth-user-pass>\nbob\n{v}\n</auth-user-pass>
# client server secret IP\nbob pptpd {v} *\n
: PSK "{v}"
bob : EAP "{v}"
network={\n  ssid="home"\n  psk="{v}"\n}
wpa_passphrase={v}\n
client ap1 {\n  ipaddr = 10.0.0.2\n  secret = {v}\n}
username admin privilege 15 password 0 {v}
enable secret {v}
/user add name=bob password={v} group=full
snmp-server community {v} RO
<AdministratorPassword><Value>{v}</Value></AdministratorPassword>
chpasswd:\n  list: |\n    root:{v}\n
rootpw --plaintext {v}\n
d-i passwd/root-password password {v}\n
$pw = ConvertTo-SecureString '{v}' -AsPlainText -Force
New-LocalUser -Name bob -Password (ConvertTo-SecureString "{v}" -AsPlainText -Force)
net use Z: \\\\srv\\x /user:bob {v}
sqlplus scott/{v}@ORCL
mongosh "mongodb://root:{v}@m1:27017/admin"
requirepass {v}\n
AUTH default {v}\n
rabbitmqctl add_user bob {v}
ALTER ROLE app WITH PASSWORD '{v}';
SET PASSWORD FOR 'root'@'localhost' = PASSWORD('{v}');
dn: uid=bob,dc=x\nuserPassword: {v}\n
bindpw {v}\n
ldap_default_authtok = {v}\n
[smtp.gmail.com]:587 bob@gmail.com:{v}\n
account default\nhost smtp.x\nuser bob\npassword {v}\n
set imap_pass = "{v}"\n
User bob\nPass {v}\n
poll imap.x proto IMAP user 'bob' password '{v}'\n
http_proxy=http://bob:{v}@proxy:3128\n
https://bob:{v}@git.acme.dev/x.git
https://bob:{v}@github.com\n
svn checkout https://svn/x --username bob --password {v}\n
RSYNC_PASSWORD={v} rsync -a x bob@h::m
lftp -u bob,{v} sftp://h
ncftpput -u bob -p {v} h /x f
wget --http-user=bob --http-password={v} https://x
7z x -p{v} a.7z
gpg --batch --passphrase {v} -d a.gpg
openssl enc -d -aes-256-cbc -k {v} -in a
xfreerdp /u:bob /p:{v} /v:h
x11vnc -passwd {v}
smbclient //h/x -U 'bob%{v}'
curl -u 'bob:{v}' https://x
driver.find_element(By.ID,'password').send_keys('{v}')
cy.get('#password').type('{v}')
await page.fill('#password', '{v}')
password => '{v}',
default['db']['password'] = '{v}'
mysql.pass: {v}\n
Input Password    id=pass    {v}\n
username=bob&password={v}&submit=Login
{"email":"bob@x.de","password":"{v}"}
mutation { login(email: "b@x.de", password: "{v}") { token } }
<wsse:Password Type="x">{v}</wsse:Password>
site,username,password\nx.de,bob,{v}\n
<String><Key>Password</Key><Value ProtectInMemory="True">{v}</Value></String>
{"name":"password","value":"{v}"}
"""

# Passwords as people say them
PASSWORD_SAID = r"""
my password is {v} can you tell me if it is strong enough?
Login with admin and the password {v}
the wifi password here is {v}
user: bob pass: {v}
I changed the root password to {v} yesterday
pw = {v}
username bob@x.com\npassword {v}\n
creds are bob / {v}
Use "{v}" as password.
pwd is {v}, dont share
the passphrase for my ssh key is "{v}"
temp password: {v} (please change after login)
Your new password is: {v}
Dear Bob, your account is ready. User name: bob. Password: {v}. Regards
das Passwort lautet {v}
Mein Kennwort ist {v}, ist das sicher?
Zugangsdaten: Benutzer bob, Passwort {v}
WLAN-Passwort: {v}
Das PW für den Server ist {v}
Bitte logge dich mit dem Passwort {v} ein.
Benutzername: bob\nKennwort: {v}
Initialpasswort = {v}
mon mot de passe est {v}
Le mot de passe du serveur : {v}
identifiant bob, mot de passe {v}
mdp: {v}
code wifi : {v}
Le mot de passe provisoire est « {v} ».
mi contraseña es {v}
usuario bob contraseña {v}
La clave del wifi es {v}
contraseña: {v}
La contraseña temporal para entrar es {v}.
clave: {v}
我的密码是{v}
用户名：bob 密码：{v}
登录密码 {v} 不对
wifi密码{v}
账号admin，密码为{v}，请登录
初始密码：{v}
la password è {v}
a senha é {v}
het wachtwoord is {v}
hasło to {v}
пароль от сервера: {v}
パスワードは{v}です
비밀번호는 {v}입니다
şifre: {v}
lösenordet är {v}
password for the db: {v}
the admin pw is {v}
my pass is {v} help
Passwort: {v}
root/{v}
login: root password: {v}
ssh root@10.0.0.5 password {v}
The default password ({v}) must be changed
Password has been set to {v}
Passwort geändert auf {v}
dein Passwort: "{v}"
Das WLAN-Kennwort heißt {v}
Mein PayPal Passwort ist {v}
mot de passe = {v}
votre mot de passe temporaire : {v}
le mdp c'est {v}
contraseña del servidor: {v}
mi contraseña de gmail es {v}
contraseña → {v}
密码是：{v}
我的数据库密码为 {v}
管理员密码：{v}
口令：{v}
password（密码）：{v}
账号/密码：admin/{v}
user=admin pass={v}
admin:{v}@10.0.0.1
username/password: bob/{v}
credentials are bob:{v}
bob's password is {v}
The password's {v}
password==> {v}
PASSWORD   {v}
passwd:{v}
passphrase "{v}"
la password del wifi è {v}
a senha do wifi é {v}
wachtwoord: {v}
hasło: {v}
пароль: {v}
パスワード：{v}
비밀번호: {v}
كلمة المرور هي {v}
keystore password={v}
spring.redis.password: {v}
"pwd":"{v}"
DB_PASS='{v}'
MYSQL_PWD={v}
--password {v}
Enter password: {v}
sudo password: {v}
BasicAuth("bob", "{v}")
auth=("bob", "{v}")
new MongoClient("mongodb://bob:{v}@h/db")
dsn: "bob:{v}@tcp(db:3306)/x"
amqp://guest:{v}@mq:5672
smtp://bob%40x.de:{v}@smtp.x.de:587
redis://:{v}@h:6379
sftp://bob:{v}@h
conn.login("bob","{v}")
smtp.login("bob@x.de", "{v}")
DriverManager.getConnection(url, "bob", "{v}")
psycopg2.connect("dbname=x user=bob password={v}")
new SqlConnection("Server=x;Uid=bob;Pwd={v};")
createUser({user:"bob",pwd:"{v}",roles:[]})
GRANT ALL ON *.* TO bob@h IDENTIFIED BY "{v}"
CREATE LOGIN bob WITH PASSWORD = '{v}'
useradd -p {v} bob
echo "bob:{v}" | chpasswd
echo {v} | sudo -S ls
htpasswd -b f bob {v}
openssl pkcs12 -passout pass:{v}
keytool -storepass {v}
restic password: {v}
borg BORG_PASSPHRASE={v}
ANSIBLE_BECOME_PASSWORD={v}
<Password>{v}</Password>
<add key="DbPassword" value="{v}"/>
password = {v}
password: {v}
password : "{v}"
'password' => '{v}'
password="{v}"
Password={v};
"""

# Passwords handed to tools, routers, statements and calls, without a word for them beside
PASSWORD_TOOLS = r"""
127.0.0.1:6379> AUTH {v}
127.0.0.1:6379> AUTH app {v}
ACL SETUSER app on >{v} ~* +@all
user default on >{v} ~* &* +@all
redis-server --requirepass {v}
expdp scott/{v} directory=d dumpfile=x.dmp
rman target sys/{v}@prod
db2 connect to sample user db2inst1 using {v}
CREATE DATABASE LINK l CONNECT TO scott IDENTIFIED BY {v} USING 'o';
hdbsql -n host:30015 -u SYSTEM -p {v}
beeline -u jdbc:hive2://h:10000 -n hive -p {v}
cypher-shell -u neo4j -p {v}
ldapadd -x -D cn=admin,dc=x -w {v} -f a.ldif
ipa-client-install -p admin -w {v}
olcRootPW: {v}
LDAP_BIND_CREDENTIALS={v}
kinit bob@CORP <<< '{v}'
echo {v} | kinit bob@CORP
cryptsetup luksOpen /dev/sdb x <<< '{v}'
echo -e "{v}\n{v}" | passwd root
printf '{v}\n{v}\n' | smbpasswd -a -s bob
net use \\\\srv\\share {v} /user:CORP\\bob
$password = ConvertTo-SecureString -AsPlainText -Force -String {v}
Set-ADAccountPassword bob -NewPassword (ConvertTo-SecureString -AsPlainText "{v}" -Force)
impacket-psexec CORP/bob:'{v}'@10.0.0.9
keytool -importkeystore -srcstorepass {v} -deststorepass changeit
rar a -hp{v} a.rar b
unrar x -p{v} a.rar
veracrypt -t -p '{v}' v.hc /mnt
security unlock-keychain -p {v} login.keychain
security import c.p12 -P "{v}" -k x
signtool sign /f c.pfx /p {v} a.exe
certutil -p {v} -importPFX c.pfx
xcrun altool --upload-app -u bob -p {v}
username bob privilege 15 secret {v}
snmp-server user bob grp v3 auth sha {v} priv aes 128 x
snmp-server user bob grp v3 auth sha x priv aes 128 {v}
snmpwalk -v2c -c {v} 10.0.0.1
snmpget -v3 -u bob -l authPriv -a SHA -A {v} -x AES -X x 10.0.0.1
snmpget -v3 -u bob -l authPriv -a SHA -A x -x AES -X {v} 10.0.0.1
rocommunity {v} 10.0.0.0/8
rwcommunity {v}
createUser bob SHA "{v}" AES
tacacs-server key {v}
radius-server host 10.0.0.2 key {v}
crypto isakmp key {v} address 0.0.0.0
ip ospf authentication-key {v}
ip ospf message-digest-key 1 md5 {v}
standby 1 authentication {v}
wpa-psk ascii 0 {v}
set system root-authentication plain-text-password-value {v}
set psksecret {v}
option key '{v}'
uci set wireless.@wifi-iface[0].key='{v}'
netsh wlan set profileparameter name=home keyMaterial={v}
<keyMaterial>{v}</keyMaterial>
WIFI:T:WPA;S:home;P:{v};;
CREATE LOGIN app WITH PASSWORD = N'{v}', CHECK_POLICY = OFF
EXEC sp_addlogin 'app', '{v}'
EXEC sp_addlinkedsrvlogin 's', 'false', NULL, 'sa', '{v}'
UPDATE users SET password = MD5('{v}') WHERE id=1;
INSERT INTO users (name, password) VALUES ('bob', '{v}');
INSERT INTO `users` (`id`, `name`, `password`, `mail`) VALUES (7, 'bob', '{v}', 'bob@x.de');
use admin; db.auth("root", "{v}")
db.changeUserPassword("app", "{v}")
User.objects.create_superuser('admin', 'a@b.de', '{v}')
client.connect('h', 22, 'bob', '{v}')
redis.StrictRedis('h', 6379, 0, '{v}')
pika.PlainCredentials('guest', '{v}')
new NetworkCredential("bob", "{v}", "CORP")
mysql_async::Opts::builder().pass(Some("{v}"))
Credentials::new("bob".to_string(), "{v}".to_string())
credentials += Credentials("R", "nexus", "bob", "{v}")
username: bob\npassword: !unsafe '{v}'
poetry config http-basic.corp bob {v}
bundle config gems.corp bob:{v}
composer config http-basic.repo.corp bob {v}
auth_basic: admin:{v}
traefik: basicauth.users=admin:{v}
FLOWER_BASIC_AUTH=admin:{v}
--basic-auth=admin:{v}
await page.type('input[name=password]', '{v}')
$('#password').val('{v}')
I fill in "Password" with "{v}"
Enter passphrase for key '/root/.ssh/id_rsa': {v}
rabbitmq:\n  auth:\n    erlangCookie: {v}
RELEASE_COOKIE={v}
ansible-vault encrypt_string '{v}' --name 'db'
aws ssm put-parameter --name x --type SecureString --value "{v}"
aws secretsmanager create-secret --name x --secret-string '{v}'
az keyvault secret set --vault-name v -n x --value "{v}"
mc alias set m https://minio minioadmin {v}
"basic": [{"key": "password", "value": "{v}", "type": "string"}, {"key": "username", "value": "bob"}]
"""

# What a place holds is of one form: place <- form
HELD = r"""
Cookie: theme=dark; sessionid={v}; lang=de <- {a32}
Cookie: _session_id={v} <- {h32}
document.cookie = "auth_token={v}; path=/" <- {w40}
set-cookie: __Host-session={v}; Secure; HttpOnly <- {b60}
Cookie: __Secure-next-auth.session-token={v} <- eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..{b16}.{b200}.{b22}
Cookie: .AspNetCore.Cookies={v} <- CfDJ8{b160}
Cookie: ASP.NET_SessionId={v} <- {a24}
JSESSIONID={v}; Path=/app <- {H32}.node1
PHPSESSID={v} <- {a26}
laravel_session={v} <- eyJpdiI6I{w150}%3D
wordpress_logged_in_{h32}={v} <- bob%7C1760000000%7C{w43}%7C{h64}
user_session={v} <- {b48}
SID={v}; HSID=x <- g.a000{b140}
__Secure-1PSID={v} <- g.a000{b140}
cf_clearance={v} <- {b43}-1760000000-1.2.1.1-{b80}
__Secure-next-auth.session-token.0={v} <- eyJ{b300}
li_at={v} <- AQED{b148}
MYSAPSSO2={v} <- AjQx{B120}
X-XSRF-TOKEN: {v} <- {u}
"session_token": "{v}" <- {b43}
GET /callback?code={v}&state=xyz <- {b64}
https://app/cb?code={v}&scope=x <- 4/0A{b70}
"refresh_token": "{v}" <- {b80}
{"access_token":"{v}","expires_in":3600,"token_type":"Bearer"} <- {w64}
id_token={v} <- eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOi{b90}.{b120}
https://app/#access_token={v}&token_type=bearer <- {b50}
https://app.acme.dev/reset-password?token={v} <- {h64}
https://app.acme.dev/login/magic/{v} <- {b43}
https://app.acme.dev/invite?key={v} <- {w32}
https://x.dev/verify-email/{v} <- {h40}
https://b.s3.eu-west-1.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20260101T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature={v} <- {h64}
https://b.s3.amazonaws.com/k?X-Amz-Security-Token={v}&X-Amz-Expires=60 <- IQoJb3JpZ2luX2Vj{b200}
https://b.s3.amazonaws.com/k?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Expires=1760000000&Signature={v} <- {w27}%3D
https://a.blob.core.windows.net/c/b?sv=2024-11-04&ss=b&srt=sco&sp=rl&se=2027-01-01T00:00:00Z&sig={v} <- {w43}%3D
https://storage.googleapis.com/b/o?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Expires=900&X-Goog-Signature={v} <- {h512}
https://b.oss-cn-hangzhou.aliyuncs.com/o?OSSAccessKeyId=LTAI5tAbcdefghij1234&Expires=1760000000&Signature={v} <- {w27}%3D
https://b.cos.ap-shanghai.myqcloud.com/o?q-sign-algorithm=sha1&q-ak=AKID{w32}&q-signature={v} <- {h40}
https://d1.cloudfront.net/x?Expires=1760000000&Signature={v}&Key-Pair-Id=APKA <- {b340}__
Authorization: AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature={v} <- {h64}
curl -X POST https://hooks.slack.com/services/T{A10}/B{A10}/{v} <- {w24}
https://discord.com/api/webhooks/{d19}/{v} <- {b68}
https://acme.webhook.office.com/webhookb2/{u}@{u}/IncomingWebhook/{v}/{u} <- {h32}
https://prod-12.westeurope.logic.azure.com:443/workflows/{h32}/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig={v} <- {b43}
https://open.feishu.cn/open-apis/bot/v2/hook/{v} <- {u}
https://oapi.dingtalk.com/robot/send?access_token={v} <- {h64}
加签密钥：{v} <- SEC{h64}
https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={v} <- {u}
https://api.telegram.org/bot{v}/sendMessage <- {d10}:AA{b33}
https://mattermost.acme.dev/hooks/{v} <- {a26}
https://hooks.zapier.com/hooks/catch/1234567/{v}/ <- {a7}
https://maker.ifttt.com/trigger/x/with/key/{v} <- {b22}
https://hook.eu1.make.com/{v} <- {a32}
https://chat.googleapis.com/v1/spaces/AAAA1234/messages?key=AIzaSy{b33}&token={v} <- {b43}%3D
https://events.pagerduty.com/integration/{v}/enqueue <- {h32}
https://n8n.acme.dev/webhook/{v} <- {u}
https://api.pushover.net token={v} <- {a30}
https://hc-ping.com/{v} <- {u}
https://sctapi.ftqq.com/{v}.send <- SCT{d6}T{w24}
https://api.day.app/{v}/hello <- {w22}
https://open.larksuite.com/open-apis/bot/v2/hook/{v} <- {u}
root:{v}:19000:0:99999:7::: <- $6${w16}${w86}
bob:{v}:20000:0:99999:7::: <- $y$j9T${w22}${w43}
admin:{v} <- $apr1${w8}${w22}
bob:{v} <- $2y$05${w53}
bob:{v} <- {SHA}{B27}=
hash: {v} <- $argon2id$v=19$m=65536,t=3,p=4${B22}${B43}
Administrator:500:aad3b435b51404eeaad3b435b51404ee:{v}::: <- {h32}
"password_hash": "{v}" <- pbkdf2_sha256$600000${w22}${B43}=
user_pass: {v} <- $P$B{w30}
IDENTIFIED BY PASSWORD '{v}' <- *{H40}
PASSWORD 'md5{v}' <- {h32}
PASSWORD '{v}' <- SCRAM-SHA-256$4096:{B22}==${B43}=:{B43}=
password = "{v}" <- scrypt:32768:8:1${w16}${h128}
SAMLResponse={v} <- PHNhbWxwOlJlc3BvbnNl{B400}
Authorization: Digest username="bob", realm="x", nonce="n", uri="/", response="{v}" <- {h32}
Authorization: Negotiate {v} <- YII{B300}
Authorization: Hawk id="x", mac="{v}" <- {B43}=
apikey: {v} <- {w32}
DD-API-KEY: {v} <- {h32}
Ocp-Apim-Subscription-Key: {v} <- {h32}
x-goog-api-key: {v} <- AIza{b35}
PRIVATE-TOKEN: {v} <- glpat-{b20}
X-Vault-Token: {v} <- hvs.{b90}
AccessKey: {v} <- {w40}
X-Figma-Token: {v} <- figd_{b40}
X-Shopify-Access-Token: {v} <- shpat_{h32}
X-RapidAPI-Key: {v} <- {h10}msh{h15}p1{h6}jsn{h12}
Authorization: {v} <- {h40}
Authorization: token {v} <- {h40}
Authorization: GenieKey {v} <- {u}
Authorization: key={v} <- AAAA{b7}:APA91b{b134}
Authorization: SSWS {v} <- 00{b40}
Authorization: Klaviyo-API-Key {v} <- pk_{h34}
Authorization: Bot {v} <- MTE{w23}.G{b5}.{b38}
Authorization: LC-API-Key {v} <- {w40}
{"type":"service_account","private_key_id":"{v}","client_email":"x@y.iam.gserviceaccount.com"} <- {h40}
[prod]\naws_access_key_id=AKIAIOSFODNN7EXAMPL2\naws_secret_access_key={v}\n <- {B40}
[prod]\naws_session_token = {v}\n <- FwoGZXIvYXdz{B200}
DefaultEndpointsProtocol=https;AccountName=a;AccountKey={v};EndpointSuffix=core.windows.net <- {B86}==
Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=k;SharedAccessKey={v} <- {B43}=
HostName=x.azure-devices.net;DeviceId=d;SharedAccessKey={v} <- {B43}=
AccountEndpoint=https://x.documents.azure.com:443/;AccountKey={v}; <- {B86}==
Endpoint=https://x.azconfig.io;Id=abcd;Secret={v} <- {w84}
InstrumentationKey={v};IngestionEndpoint=https://x <- {u}
aeg-sas-key: {v} <- {B43}=
endpoint=https://x.communication.azure.com/;accesskey={v} <- {B86}==
Endpoint=https://x.service.signalr.net;AccessKey={v};Version=1.0; <- {B43}=
{"auths":{"ghcr.io":{"auth":"{v}"}}} <- {B48}
token: {v} <- eyJhbGciOiJSUzI1NiIsImtpZCI6I{b40}.{b300}.{b340}
client-key-data: {v} <- LS0tLS1CRUdJTi{B400}==
kubeadm join 10.0.0.1:6443 --token {v} --discovery-token-ca-cert-hash sha256:{h64} <- {a6}.{a16}
docker swarm join --token {v} 10.0.0.1:2377 <- SWMTKN-1-{a50}-{a25}
K3S_TOKEN={v} <- K10{h64}::server:{h32}
ETCD_ROOT_PASSWORD={v} <- {w10}
::set-output name=token::{v} <- ghs_{w36}
./config.sh --url https://github.com/a/b --token {v} <- A{A28}
gitlab-runner register --token {v} <- glrt-{b20}
cloudflared service install {v} <- eyJhIjoi{w160}
DBT_CLOUD_TOKEN: {v} <- dbtu_{b43}=
https://{v}@o4504.ingest.sentry.io/1 <- {h32}
$ANSIBLE_VAULT;1.1;AES256\n{v} <- {d80}
AGE_KEY={v} <- AGE-SECRET-KEY-1{A58}
"secret_key": {"value": "{v}"} <- {w40}
"attributes": {"password": "{v}", "id": "x"} <- {w20}
nix.settings.access-tokens = "github.com={v}" <- ghp_{w36}
"github-oauth": {"github.com": "{v}"} <- {h40}
pip install --index-url https://__token__:{v}@pypi.acme.dev/simple x <- {b40}
npmAuthToken: "{v}" <- {u}
<passphrase>{v}</passphrase> <- {w24}
realm=x\nhost=h\nuser=u\npassword={v}\n <- {w16}
COCOAPODS_TRUNK_TOKEN={v} <- {h32}
channel: https://conda.anaconda.org/t/{v}/acme <- ac-{u}
anaconda -t {v} upload x <- {w2}-{u}
options(repos=c(x="https://bob:{v}@cran")) <- {w16}
IdentityAgent x # passphrase {v} <- {w12}9a
"""

SHORT = 'hunter2! letmein99 Sommer2024! qwertz123 Passw0rd abc12345 tr0ub4dor&3 correct-horse-battery M0nkey! dragon88 Schalke04! azerty12 Wachtwoord01 Winter2025! c0ff33cup summer-garden-7'.split()
SHORT_SAID = [
    'my password is {v} can you tell me if it is strong enough?', 'user: bob pass: {v}', 'das Passwort lautet {v}', 'mon mot de passe est {v}',
    'mi contraseña es {v}', '我的密码是{v}', 'username bob@x.com\npassword {v}\n', 'Use "{v}" as password.', 'Your new password is: {v}',
    '用户名：bob 密码：{v}', 'Zugangsdaten: Benutzer bob, Passwort {v}',
]
CODES = ['{h5}-{h5}', '{a4}-{a4}', '{d8}', '{d4} {d4}', '{A5}-{A5}']
CODES_SAID = ['Your recovery codes:\n{c}\nKeep them safe.', 'GitHub recovery codes\n\n{c}\n', '2FA backup codes: {c}', 'Wiederherstellungscodes:\n{c}',
              'codes de secours :\n{c}', 'códigos de recuperación:\n{c}', '备用码：\n{c}']
SEED_SAID = ['seed phrase: {v}', 'my metamask recovery phrase is {v} and I lost access', 'MNEMONIC="{v}"', '我的助记词是 {v}', "const mnemonic = '{v}'",
             'Meine Wallet-Wörter: {v}', 'mi frase semilla: {v}']
SEED_WORDS = """abandon ability absent absorb abstract absurd abuse accident account accuse achieve acid acoustic acquire actor actual adapt addict
adjust admit advance advice aerobic afford afraid agent airport aisle alarm album alcohol alert alien almost alpha amateur amazing amount amused
analyst anchor ancient anger angle ankle announce annual antenna antique anxiety zone zebra youth yellow wrestle worry wonder wolf witness winter
window vivid avocado bachelor bamboo blossom broccoli canoe cinnamon coyote dolphin elbow giraffe hamster ivory jaguar kangaroo lobster
mosquito noodle ostrich pelican raccoon scorpion tortoise umbrella violin walnut""".split()
TOKEN_FORMS = '{w32} {w40} {h32} {h40} {h64} {b43} {a32} {w24} {u} {A32} {b64} zk_{w36}'.split()
NOUNS = 'river tiger coffee window rocket harbor silver dragon maple orchid summer winter monkey banana football sunshine princess'.split()
# The same places with words: nothing may be found.
HARMLESS_TOKENS = ['required', 'invalid_request', 'my-service-name', '${TOKEN}', '<your-token>', 'getTokenFor(user)', 'see the manual', 'eu-west-1']
HARMLESS_PASSWORDS = ['required', 'incorrect', 'optional', 'changeme', '********', '${PASSWORD}', '<password>', 'string', 'not set']


def places(block):
    return [line.replace('\\n', '\n').replace('\\t', '\t').replace('\\\\', '\\') for line in block.strip('\n').split('\n')]


def chosen(rng):
    """A password as people choose and as managers make them."""
    word, other = rng.choice(NOUNS), rng.choice(NOUNS)
    return rng.choice([
        '%s%d%s' % (word, rng.randrange(1, 99), rng.choice('!@#$')), '%s%d!' % (word.capitalize(), rng.randrange(2019, 2027)),
        '%s-%s-%s-%d' % (word, other, rng.choice(NOUNS), rng.randrange(9)), fill(rng, '{w%d}' % rng.randrange(12, 20)),
        '%s%s%d' % (word.capitalize(), other.capitalize(), rng.randrange(10, 99)), 'P@ssw0rd%d' % rng.randrange(10, 9999),
        fill(rng, '{w7}') + rng.choice('!#^*-_+') + fill(rng, '{w7}'),
    ])


def plain(place):
    """Whether a password in this place may not hold marks."""
    return '://' in place or re.search(r'[&;@,:/%]\{v\}|\{v\}[&;@,:/%]', place) is not None


def token_places(rng, each):
    for place in places(TOKEN_PLACES):
        for _ in range(2 * each):
            value = fill(rng, rng.choice(TOKEN_FORMS))
            yield 'tokens in places', place[:40], shape(place, v=value), value
    for line in places(HELD):
        place, form = line.split(' <- ')
        for _ in range(each):
            value = fill_in(rng, form)
            yield 'held by places', place[:40], shape(fill_in(rng, place), v=value), value


def password_places(rng, each):
    for group, block in (('passwords in places', PASSWORD_FILES), ('passwords handed over', PASSWORD_TOOLS), ('passwords said', PASSWORD_SAID)):
        for place in places(block):
            for _ in range(2 * each):
                value = chosen(rng)
                while plain(place) and re.search(r'[^\w-]', value):
                    value = chosen(rng)
                yield group, place[:40], shape(place, v=value), value
    for value in SHORT:
        for place in SHORT_SAID:
            yield 'short passwords said', place[:40], shape(place, v=value), value


def code_places(rng, each):
    for place in CODES_SAID:
        for form in CODES:
            value = '\n'.join(fill(rng, form) for _ in range(8))
            yield 'codes and seeds', place[:40], shape(place, c=value), value
    for place in SEED_SAID:
        for count in (12, 15, 24):
            value = ' '.join(rng.sample(SEED_WORDS, count))
            yield 'codes and seeds', place[:40], shape(place, v=value), value


def place_samples(rng, each):
    for family in (token_places, password_places, code_places):
        yield from family(rng, each)


def harmless_places(rng):
    """(group, kind, text): the places above, holding words."""
    for group, block, words in (('tokens', TOKEN_PLACES, HARMLESS_TOKENS), ('passwords', PASSWORD_FILES + PASSWORD_TOOLS[1:] + PASSWORD_SAID, HARMLESS_PASSWORDS)):
        for place in places(block):
            if 'token__' in place or re.search(r'[\w]:\{v\}@|/\{v\}@|://:|-p\{v\}|-pw? \{v\}', place):
                continue  # whatever stands there is the secret
            for word in words:
                yield group, place[:40] + '/' + word, shape(fill_in(rng, place), v=word)
