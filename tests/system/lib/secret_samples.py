"""Fresh samples of secrets, made from a seed: each kind in the shapes people paste. Nothing here is a real token: prefixes,
lengths and alphabets are those of the makers' documents, the rest is chance. A sample is (group, kind, text, value)."""
import base64
import json
import random
import re
import string

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALPHABETS = {
    'w': DIGITS + LOWER + UPPER, 'h': DIGITS + 'abcdef', 'H': DIGITS + 'ABCDEF', 'd': DIGITS, 'a': DIGITS + LOWER,
    'A': DIGITS + UPPER, 'l': LOWER + UPPER, 'U': UPPER, 's': LOWER, 'b': DIGITS + LOWER + UPPER + '_-',
    'B': DIGITS + LOWER + UPPER + '+/', '2': UPPER + '234567', '_': DIGITS + LOWER + UPPER + '_',
    '5': '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz', 'q': 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L',
}

# What a prefix says: the value is to be found wherever it stands. {w36}: 36 of the alphabet w; {u}: a UUID.
PREFIXED = """
aws-access-key AKIA{2 16}
aws-sts-key ASIA{2 16}
aws-bedrock ABSK{B128}
aws-mws amzn.mws.{u}
aws-appsync da2-{a26}
gcp-api-key AIza{b35}
google-client-secret GOCSPX-{b28}
google-access-token ya29.{b120}
google-refresh-token 1//0{b64}
azure-client-secret {w3}8Q~{b34}
azure-devops {w76}AZDO{w4}
azure-openai {w52}JQQJ99{w26}
alibaba LTAI{w20}
tencent AKID{w32}
volcengine AKLT{w43}
digitalocean-pat dop_v1_{h64}
digitalocean-oauth doo_v1_{h64}
digitalocean-refresh dor_v1_{h64}
yandex-api AQVN{b36}
scaleway SCW{A17}
fly fo1_{b43}
heroku HRKU-AA{b58}
cloudflare-ca v1.0-{h24}-{h146}
netlify nfp_{w36}
supabase-pat sbp_{h40}
supabase-secret sb_secret_{w22}_{w8}
planetscale-token pscale_tkn_{b43}
planetscale-password pscale_pw_{b43}
neon napi_{a64}
github-pat ghp_{w36}
github-oauth gho_{w36}
github-app ghs_{w36}
github-user ghu_{w36}
github-refresh ghr_{w76}
github-fine github_pat_{w22}_{w59}
gitlab-pat glpat-{b20}
gitlab-runner glrt-{b20}
gitlab-deploy gldt-{b20}
gitlab-trigger glptt-{h40}
gitlab-agent glagent-{b50}
gitlab-scim glsoat-{b20}
gitlab-incoming glimt-{b25}
gitlab-feed glft-{b20}
gitlab-registration GR1348941{b20}
bitbucket-app ATBB{w32}
bitbucket-repo ATCTT3xFfG{w180}={H8}
atlassian ATATT3xFfGF0{b180}={H8}
sourcegraph sgp_{h16}_{h40}
openai-old sk-{w20}T3BlbkFJ{w20}
openai-project sk-proj-{b74}T3BlbkFJ{b74}
openai-service sk-svcacct-{b74}T3BlbkFJ{b74}
openai-admin sk-admin-{b58}T3BlbkFJ{b58}
anthropic sk-ant-api03-{b93}AA
anthropic-admin sk-ant-admin01-{b93}AA
anthropic-oauth sk-ant-oat01-{b93}AA
huggingface hf_{l34}
groq gsk_{w52}
xai xai-{w80}
perplexity pplx-{w48}
replicate r8_{w37}
openrouter sk-or-v1-{h64}
tavily tvly-{w32}
deepseek sk-{h32}
moonshot sk-{w48}
langsmith lsv2_pt_{h32}_{h10}
langfuse sk-lf-{u}
nvidia nvapi-{b64}
fireworks fw_{w24}
together tgp_v1_{b43}
llamacloud llx-{w48}
pinecone pcsk_{w5}_{w63}
elevenlabs sk_{h48}
jina jina_{w32}{b20}
voyage pa-{b43}
cerebras csk-{a48}
runpod rpa_{A46}
e2b e2b_{h40}
databricks dapi{h32}
databricks-oauth dose{h32}
slack-bot xoxb-{d12}-{d12}-{w24}
slack-user xoxp-{d12}-{d12}-{d13}-{h32}
slack-app xapp-1-A{A10}-{d13}-{h64}
slack-refresh xoxe-1-{w146}
slack-webhook https://hooks.slack.com/services/T{A10}/B{A10}/{w24}
discord-webhook https://discord.com/api/webhooks/{d19}/{b68}
teams-webhook https://contoso.webhook.office.com/webhookb2/{u}@{u}/IncomingWebhook/{h32}/{u}
feishu-webhook https://open.feishu.cn/open-apis/bot/v2/hook/{u}
telegram {d10}:AA{b33}
discord-bot MTE{d1}{w22}.G{b5}.{b38}
stripe-secret sk_live_{w24}
stripe-long sk_live_51{w97}
stripe-restricted rk_live_{w24}
stripe-webhook whsec_{w32}
square-token EAAA{b60}
square-oauth sq0csp-{b43}
square-access sq0atp-{b22}
razorpay rzp_live_{w14}
braintree access_token$production${a16}${h32}
flutterwave FLWSECK-{h32}-X
mercadopago APP_USR-{d16}-{d6}-{h32}-{d9}
shippo shippo_live_{h40}
lob live_{h35}
duffel duffel_live_{b43}
easypost EZAK{h32}{w22}
plaid access-production-{u}
polar polar_oat_{w43}
sendgrid SG.{b22}.{b43}
brevo xkeysib-{h64}-{w16}
mailgun key-{h32}
mailchimp {h32}-us{d2}
mailersend mlsn.{h64}
resend re_{w8}_{w24}
twilio-key SK{h32}
twilio-sid AC{h32}
npm npm_{w36}
pypi pypi-AgEIcHlwaS5vcmc{b150}
rubygems rubygems_{h48}
crates cio{w32}
clojars CLOJARS_{a60}
nuget oy2{a43}
docker-pat dckr_pat_{b27}
docker-oat dckr_oat_{b32}
circleci CCIPAT_{w22}_{h40}
buildkite bkua_{h40}
harness pat.{w22}.{h24}.{w20}
pulumi pul-{h40}
prefect pnu_{w36}
doppler dp.pt.{w43}
doppler-service dp.st.prd.{w43}
terraform {w14}.atlasv1.{b67}
vault hvs.{b95}
vault-batch hvb.{b160}
infracost ico-{w32}
octopus API-{A26}
openshift sha256~{b43}
jfrog AKCp{w69}
jfrog-reference cmVmdGtu{w56}
artifactory AKCp8{w68}
datadog-new ddapp_{w34}
newrelic-user NRAK-{A27}
newrelic-browser NRJS-{h19}
newrelic-insert NRII-{b32}
newrelic-license {h36}NRAL
dynatrace dt0c01.{A24}.{A64}
grafana-cloud glc_eyJ{B90}
grafana-service glsa_{w32}_{h8}
grafana-old eyJrIjoi{w70}
sentry-user sntryu_{h64}
sentry-org sntrys_eyJ{w120}
honeycomb hcaik_{a58}
posthog phx_{w43}
launchdarkly sdk-{u}
sonarqube squ_{h40}
snyk snyk_uat.{h8}.{w60}
postman PMAK-{h24}-{h34}
linear lin_api_{w40}
notion ntn_{d11}{w35}
notion-old secret_{w43}
figma figd_{b40}
asana 1/{d16}:{h32}
airtable pat{w14}.{h64}
contentful CFPAT-{b43}
typeform tfp_{w44}
readme rdme_{a70}
frameio fio-u-{b64}
adobe p8e-{b32}
maxmind {w6}_{w29}_mmk
mapbox sk.eyJ1Ijoi{w70}.{b22}
shopify-admin shpat_{h32}
shopify-custom shpca_{h32}
shopify-secret shpss_{h32}
hubspot pat-na1-{u}
clickhouse 4b1d{w38}
dropbox sl.u.{b160}
facebook EAAC{w160}
instagram IGQVJ{b140}
twitter-bearer AAAAAAAAAAAAAAAAAAAAA{w28}%3D{w50}
tailscale tskey-auth-k{w10}CNTRL-{w32}
onepassword ops_eyJ{B300}
onepassword-key A3-{A6}-{A6}-{A5}-{A5}-{A5}-{A5}
age AGE-SECRET-KEY-1{q58}
nats SU{2 56}
apify apify_api_{w36}
aiven AIVENv1{B100}
salesforce 00D{w15}!AQ{w96}
bitwarden 0.{u}.{w30}:{B22}==
infisical st.{h24}.{h32}.{h32}
vercel vcp_{w56}
render rnd_{w32}
ory ory_pat_{w43}
clickup pk_{d8}_{A32}
wakatime waka_{u}
dbt dbtc_{w40}
trigger tr_prod_{w20}
backblaze K00{d1}{B27}
mongodb-atlas mdb_sa_sk_{b40}
portainer ptr_{B43}=
pganalyze pga_{w33}
django django-insecure-{w50}
paseto v4.local.{b120}
wandb-new wandb_v1_{_77}
xprv xprv9{5 107}
segment sgp_{w64}
voiceflow VF.DM.{h24}.{w16}
teamwork tkn.v1_{w64}=
adafruit aio_{w28}
pubnub-secret sec-c-{u}
workos sk_live_{w40}
clerk sk_live_{w42}
browserbase bb_live_{b27}
exa-style exa_{w36}
convex prod:happy-otter-123|{B80}
turso eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJ{b80}.{b86}
modal ak-{w22}
modal-secret as-{w22}
weaviate wv_{w40}
unkey unkey_{5 24}
liveblocks sk_prod_{b60}
novu nv_{w32}
inngest signkey-prod-{h64}
loops lps_{w32}
clearbit-like cb_{w36}
ngrok 2{w26}_{w21}
crowdin-like crw_{h40}
stytch secret-live-{b36}=
zapier-like zap_{w40}
mistral-like mst_{w32}
sambanova-like sn_{w40}
coder {w10}-{w22}
aikido AIK_CI_{w32}
aikido-secret AIK_SECRET_{w64}
airtable-oauth oaa{w14}.v1.{b43}.{h64}
asaas $aact_prod_{w76}
alibaba-session CAIS{w300}=
buildkite-agent bkaa_{b75}
buildkite-package bkpat_{b54}
canva cnvca{b51}
cloudsmith csa_{h30}{w6}
cockroach CCDB1_{w22}_{w40}
configcat configcat-sdk-1/{b22}/{b22}
astra AstraCS:{w24}:{h64}
devcycle dvc_server_{w24}
devin apk_user_{w140}==
devin-service cog_{s52}
swarm SWMKEY-1-{w43}
ebay PRD-{h12}-{h4}-{h4}-{h4}-{h4}
notify gcntfy-acme-{u}-{u}
highnote sk_live_a2V5Xz{B69}==
lichess lip_{w20}
mergify mergify_application_key_{w64}
mercury secret-token:mercury_production_wma_{w43}_yrucrem
midtrans SB-Mid-server-{b24}
onesignal os_v2_app_{a103}
onfido api_live.{b11}.{b32}
paddle pdl_sdbx_apikey_{a26}_{w22}_{w3}
paddle-webhook pdl_ntfset_{a26}_{w32}
polar-at polar_at_u_{b43}
redirectpizza rpa_{w30}
samsara samsara_api_{w30}
tableau {w22}==:{w32}
upcloud ucat_{A26}
workato wrkaus-eyJ{w30}.{w60}.{b80}
zuplo zpka_{a32}_{h8}
cloudflare-user cfut_{w48}
cursor crsr_{h64}
blockprotocol b10ck5.{h32}.{u}
builderio bpk-{h32}
cartesia sk_car_{b22}
crossmint sk_production_{5 180}
anyscale aph0_{b200}
lambda secret_acme_{h32}.{w32}
luma luma-{u}-{h8}
neptune eyJhcGlfYWRkcmVzcyI6{w160}
uploadthing eyJhcGlLZXkiOi{w160}
vercel-blob vercel_blob_rw_{w16}_{w30}
adyen AQE{B110}-{B43}=-{w16}
cashfree cfsk_ma_prod_{h32}_{h8}
omise skey_test_{a19}
shopify-partner prtapi_{h32}
webflow ws-{h64}
akamai akab-{a16}-{a16}
exoscale EXO{h24}
aws-session IQoJb3JpZ2luX2Vj{B300}
azure-storage {B76}+ASt{w6}==
azure-servicebus {B33}+ASb{w6}=
azure-redis {w33}AzCa{w6}=
stackhawk hawk.{b20}.{b20}
veracode vera01ei-{h32}
axiom xaat-{u}
dynatrace-platform dt0s16.{A8}.{A64}
firehydrant fhb-{h32}
unleash *:production.{h56}
fullstory na1.{w60}
intercom dG9rO{w55}=
rails BAh{w160}--{h40}
apollo user:gh.{u}:{b22}
confluent cflt{B60}
databricks-entra dkea{h32}
gitpod gitpod_pat_{b60}.{w20}
discord-mfa mfa.{b84}
matrix syt_{w12}_{l20}_{w6}
whatsapp EAAh{w180}
linkedin WPL_AP1.{w16}.{w6}==
fivem cfxk_{w20}_{w6}
age-hybrid AGE-SECRET-KEY-PQ-1{q58}
minisign RWRTY0Iy{w200}==
twitch-chat oauth:{a30}
you ydc-sk-{h16}-{b32}-{h8}
chutes cpk_{h32}.{h32}.{w32}
amp sgamp_user_{A26}_{h64}
warp wk-1.{h64}
lmstudio sk-lm-{w8}:{w20}
ark ark-{u}-{a5}
huggingface-oauth hf_oauth_{b300}
zep z_1dWlkI{b100}
nebius v1.CmM{b200}
relace rlc-{b32}
kaggle KGAT_{h32}
turnstile 0x4AAAAAAA{b26}
paypal A21AA{b92}
vk vk1.a.{b198}
ttn NNSXS.{2 39}.{2 52}
macaroon MDAx{b180}
jwe eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..{b16}.{b200}.{b22}
"""

# Only the name beside it says what it is: (service as people write it, environment name, form).
NAMED = """
AWS|AWS_SECRET_ACCESS_KEY|{B40}
Datadog|DATADOG_API_KEY|{h32}
Datadog|DD_APP_KEY|{h40}
Twilio|TWILIO_AUTH_TOKEN|{h32}
Cloudflare|CLOUDFLARE_API_TOKEN|{b40}
Cloudflare|CF_API_KEY|{h37}
Mistral|MISTRAL_API_KEY|{w32}
Cohere|COHERE_API_KEY|{w40}
AI21|AI21_API_KEY|{w32}
Azure|AZURE_OPENAI_API_KEY|{h32}
Azure|AZURE_STORAGE_KEY|{B86}==
Azure|COSMOS_KEY|{B86}==
Azure|AZURE_SEARCH_KEY|{w52}
Algolia|ALGOLIA_ADMIN_KEY|{h32}
Heroku|HEROKU_API_KEY|{u}
Okta|OKTA_API_TOKEN|00{b40}
Auth0|AUTH0_CLIENT_SECRET|{b64}
Fastly|FASTLY_API_TOKEN|{b32}
Snyk|SNYK_TOKEN|{u}
Codecov|CODECOV_TOKEN|{u}
Travis|TRAVIS_TOKEN|{b22}
CircleCI|CIRCLE_TOKEN|{h40}
Mailchimp|MANDRILL_API_KEY|{b22}
Mailjet|MAILJET_SECRET_KEY|{h32}
Postmark|POSTMARK_SERVER_TOKEN|{u}
SparkPost|SPARKPOST_API_KEY|{h40}
PagerDuty|PAGERDUTY_TOKEN|u+{b18}
Opsgenie|OPSGENIE_API_KEY|{u}
Splunk|SPLUNK_HEC_TOKEN|{u}
Sumo Logic|SUMO_ACCESS_KEY|{w64}
LogDNA|LOGDNA_INGESTION_KEY|{h32}
Rollbar|ROLLBAR_ACCESS_TOKEN|{h32}
Bugsnag|BUGSNAG_API_KEY|{h32}
Amplitude|AMPLITUDE_SECRET_KEY|{h32}
Mixpanel|MIXPANEL_SECRET|{h32}
Segment|SEGMENT_WRITE_KEY|{w32}
Intercom|INTERCOM_ACCESS_TOKEN|dG9rO{w55}=
Zendesk|ZENDESK_API_TOKEN|{w40}
Freshdesk|FRESHDESK_API_KEY|{w20}
Jira|JIRA_API_TOKEN|{w24}
Trello|TRELLO_TOKEN|{h64}
Asana|ASANA_CLIENT_SECRET|{h32}
Spotify|SPOTIFY_CLIENT_SECRET|{h32}
Twitch|TWITCH_CLIENT_SECRET|{a30}
Twitter|TWITTER_API_SECRET|{w50}
LinkedIn|LINKEDIN_CLIENT_SECRET|{w16}
Facebook|FACEBOOK_APP_SECRET|{h32}
GitHub|GITHUB_CLIENT_SECRET|{h40}
Bitbucket|BITBUCKET_CLIENT_SECRET|{w32}
Dropbox|DROPBOX_APP_SECRET|{a15}
Box|BOX_CLIENT_SECRET|{w32}
PayPal|PAYPAL_CLIENT_SECRET|{b80}
Adyen|ADYEN_API_KEY|AQE{w60}
Coinbase|COINBASE_API_SECRET|{w32}
Binance|BINANCE_SECRET_KEY|{w64}
Kraken|KRAKEN_API_SECRET|{B86}==
Alpaca|ALPACA_SECRET_KEY|{w40}
Alpha Vantage|ALPHAVANTAGE_API_KEY|{A16}
OpenWeather|OPENWEATHER_API_KEY|{h32}
Mapbox|MAPS_API_KEY|{b39}
Cloudinary|CLOUDINARY_API_SECRET|{b27}
Unsplash|UNSPLASH_SECRET_KEY|{b43}
YouTube|YOUTUBE_API_KEY|{b39}
Pusher|PUSHER_APP_SECRET|{h20}
Ably|ABLY_API_KEY|{b6}.{b6}:{b43}
Agora|AGORA_APP_CERTIFICATE|{h32}
Zoom|ZOOM_CLIENT_SECRET|{w32}
Line|LINE_CHANNEL_SECRET|{h32}
WeChat|WECHAT_APP_SECRET|{h32}
DingTalk|DINGTALK_APP_SECRET|{b64}
Alipay|ALIPAY_APP_KEY|{w32}
Baidu|BAIDU_SECRET_KEY|{w32}
Tencent|TENCENT_SECRET_KEY|{w32}
Huawei|HUAWEI_SK|{w40}
Aliyun|ALIYUN_ACCESS_KEY_SECRET|{w30}
Qiniu|QINIU_SECRET_KEY|{b40}
Zhipu|ZHIPU_API_KEY|{h32}.{w16}
Django|DJANGO_SECRET_KEY|{w50}
Rails|SECRET_KEY_BASE|{h128}
Laravel|APP_KEY|base64:{B43}=
Flask|FLASK_SECRET_KEY|{h48}
NextAuth|NEXTAUTH_SECRET|{B43}=
JWT|JWT_SECRET|{w48}
Session|SESSION_SECRET|{h64}
Cookie|COOKIE_SECRET|{w32}
Encryption|ENCRYPTION_KEY|{h64}
Webhook|WEBHOOK_SECRET|{h40}
HMAC|HMAC_KEY|{B43}=
Signing|SIGNING_SECRET|{h32}
Consul|CONSUL_HTTP_TOKEN|{u}
Nomad|NOMAD_TOKEN|{u}
Vault|VAULT_TOKEN|s.{w24}
Jenkins|JENKINS_API_TOKEN|11{h32}
TeamCity|TEAMCITY_TOKEN|{w60}
Sonatype|NEXUS_TOKEN|{b40}
Artifactory|ARTIFACTORY_API_KEY|{w73}
Elastic|ELASTIC_API_KEY|{w60}==
Kibana|KIBANA_ENCRYPTION_KEY|{h32}
InfluxDB|INFLUXDB_TOKEN|{b86}==
Supabase|SUPABASE_SERVICE_KEY|eyJhbGciOiJIUzI1NiJ9.eyJ{b80}.{b43}
Firebase|FIREBASE_SERVER_KEY|AAAA{b7}:APA91b{b134}
Expo|EXPO_TOKEN|{b40}
Bitrise|BITRISE_TOKEN|{b86}
Netlify|NETLIFY_AUTH_TOKEN|{b43}
Vercel|VERCEL_TOKEN|{w24}
Hetzner|HCLOUD_TOKEN|{w64}
Linode|LINODE_TOKEN|{h64}
Vultr|VULTR_API_KEY|{A36}
OVH|OVH_APPLICATION_SECRET|{w32}
Namecheap|NAMECHEAP_API_KEY|{h32}
GoDaddy|GODADDY_SECRET|{w22}
Gandi|GANDI_API_KEY|{w24}
Shodan|SHODAN_API_KEY|{w32}
VirusTotal|VT_API_KEY|{h64}
Censys|CENSYS_SECRET|{w32}
Etherscan|ETHERSCAN_API_KEY|{A34}
Infura|INFURA_PROJECT_SECRET|{h32}
Alchemy|ALCHEMY_API_KEY|{b32}
Ethereum|DEPLOYER_PRIVATE_KEY|0x{h64}
WireGuard|WG_PRIVATE_KEY|{B43}=
DeepL|DEEPL_AUTH_KEY|{u}:fx
Deepgram|DEEPGRAM_API_KEY|{h40}
AssemblyAI|ASSEMBLYAI_API_KEY|{h32}
Stability|STABILITY_KEY|sk-{w48}
SerpApi|SERPAPI_KEY|{h64}
RapidAPI|X_RAPIDAPI_KEY|{h10}msh{h15}p1{h6}jsn{h12}
internal|INTERNAL_SERVICE_TOKEN|{w44}
internal|MY_COMPANY_API_KEY|{h48}
internal|PAYMENTS_HMAC_SECRET|{b56}
internal|LEGACY_ACCESS_KEY|{A20}
internal|PARTNER_CLIENT_SECRET|{w40}
internal|BOT_TOKEN|{w59}
internal|ADMIN_API_TOKEN|{u}
"""


def fill(rng, form):
    """{w36}: 36 characters of the alphabet w; {2 16}: 16 of '2'; {u}: a UUID."""
    out, i = [], 0
    while i < len(form):
        if form[i] != '{':
            out.append(form[i])
            i += 1
            continue
        end = form.index('}', i)
        kind, count = form[i + 1], form[i + 2:end].strip()
        if kind == 'u':
            h = ''.join(rng.choice(ALPHABETS['h']) for _ in range(30))
            out.append('%s-%s-4%s-%s%s-%s' % (h[:8], h[8:12], h[12:15], rng.choice('89ab'), h[15:18], h[18:30]))
        else:
            run = [rng.choice(ALPHABETS[kind]) for _ in range(int(count))]
            if kind in 'bB_' and run[-1] in '_-+/':
                run[-1] = rng.choice(ALPHABETS['w'])  # makers' tokens do end so, now and then; prose then hides where
            out.append(''.join(run))
        i = end + 1
    return ''.join(out)


def fill_in(rng, text):
    """fill(), of a text that may have other braces."""
    return re.sub(r'\{(?:u|[%s]\d+)\}' % ''.join(k for k in ALPHABETS if not k.isdigit()), lambda m: fill(rng, m.group()), text)


def words_of(name):
    return [w.lower() for w in name.replace('-', '_').split('_')]


def camel(name):
    w = words_of(name)
    return w[0] + ''.join(x.capitalize() for x in w[1:])


def pascal(name):
    return ''.join(x.capitalize() for x in words_of(name))


# ---- a name and a value, as people paste them
NAMED_SHAPES = {
    'env': '{N}={v}\n', 'env-quoted': '{N}="{v}"\n', 'env-single': "{N}='{v}'\n", 'export': 'export {N}={v}\n',
    'export-quoted': 'export {N}="{v}"\n', 'fish': 'set -x {N} {v}\n', 'powershell': '$env:{N} = "{v}"\n', 'batch': 'set {N}={v}\n',
    'yaml': 'app:\n  {n}: {v}\n  region: eu-west-1\n', 'yaml-quoted': "  {n}: '{v}'\n", 'yaml-kebab': '{k}: "{v}"\n',
    'json': '{"{c}": "{v}", "region": "eu-west-1"}', 'json-snake': '{\n  "{n}": "{v}",\n  "debug": false\n}',
    'json-upper': '{"env": {"{N}": "{v}"}}', 'json-pair': '{"name": "{N}", "value": "{v}"}',
    'json-escaped': '{"body": "{\\"{n}\\": \\"{v}\\"}"}', 'json-key-value': '[{"Key": "{N}", "Value": "{v}"}]',
    'python': '{N} = "{v}"\n', 'python-single': "{n} = '{v}'\n", 'python-environ': "os.environ['{N}'] = '{v}'\n",
    'python-kwarg': 'client = Client({n}="{v}", timeout=30)\n', 'python-getenv': 'key = os.getenv("{N}", "{v}")\n',
    'python-dict': "cfg = {'{n}': '{v}', 'retries': 3}\n", 'js': "const {c} = '{v}';\n", 'js-object': '  {c}: "{v}",\n',
    'js-env': "process.env.{N} = '{v}';\n", 'js-or': "const key = process.env.{N} || '{v}';\n", 'ts': "private readonly {c}: string = '{v}';\n",
    'java': 'private static final String {N} = "{v}";\n', 'java-put': 'props.put("{d}", "{v}");\n', 'go': '{c} := "{v}"\n',
    'go-const': 'const {C} = "{v}"\n', 'go-setenv': 'os.Setenv("{N}", "{v}")\n', 'csharp': 'var {c} = "{v}";\n', 'csharp-const': 'public const string {C} = "{v}";\n',
    'ruby': "config.{n} = '{v}'\n", 'ruby-env': "ENV['{N}'] = '{v}'\n", 'ruby-hash': "{n}: '{v}',\n", 'php': '${n} = "{v}";\n', 'php-define': "define('{N}', '{v}');\n",
    'php-array': "'{n}' => '{v}',\n", 'rust': 'let {n} = "{v}";\n', 'rust-const': 'const {N}: &str = "{v}";\n', 'c': '#define {N} "{v}"\n',
    'c-char': 'static const char *{n} = "{v}";\n', 'kotlin': 'val {c} = "{v}"\n', 'swift': 'let {c} = "{v}"\n', 'scala': 'val {c}: String = "{v}"\n',
    'lua': 'local {n} = "{v}"\n', 'dart': "final String {c} = '{v}';\n", 'dockerfile': 'ENV {N}={v}\n', 'dockerfile-space': 'ENV {N} {v}\n', 'dockerfile-arg': 'ARG {N}={v}\n',
    'docker-run': 'docker run -d -e {N}={v} -p 80:80 app:latest\n', 'compose': '    environment:\n      - {N}={v}\n',
    'compose-map': '    environment:\n      {N}: {v}\n', 'k8s-env': '        - name: {N}\n          value: "{v}"\n',
    'k8s-stringdata': 'kind: Secret\nstringData:\n  {k}: {v}\n', 'terraform': '  {n} = "{v}"\n', 'terraform-var': 'variable "{n}" {\n  default = "{v}"\n}\n',
    'tf-export': 'export TF_VAR_{n}="{v}"\n', 'actions': 'env:\n  {N}: {v}\n', 'gitlab-ci': 'variables:\n  {N}: "{v}"\n', 'properties': 'app.{d}={v}\n',
    'ini': '[default]\n{n} = {v}\n', 'toml': '{n} = "{v}"\n', 'xml': '<{c}>{v}</{c}>\n', 'xml-attribute': '<add key="{C}" value="{v}" />\n', 'plist': '<key>{C}</key>\n<string>{v}</string>\n',
    'android': '<string name="{n}">{v}</string>\n', 'log': '2026-11-02T10:14:07Z INFO config loaded {n}={v} region=eu\n', 'log-json': '{"level":"debug","msg":"init","{n}":"{v}"}\n',
    'repr': "Config(host='db1', {n}='{v}', port=5432)\n", 'query': 'GET /v1/items?page=2&{n}={v} HTTP/1.1\n', 'markdown-table': '| `{N}` | `{v}` | required |\n',
    'markdown-list': '- **{N}**: `{v}`\n', 'markdown-bold': '**{N}:** {v}\n', 'helm': 'helm upgrade app . --set {c}={v}\n', 'flag': 'deploy --{k} {v} --region eu\n', 'flag-equals': 'deploy --{k}={v}\n',
    'sql': "INSERT INTO settings (name, value) VALUES ('{n}', '{v}');\n", 'heroku': 'heroku config:set {N}={v} -a shop\n', 'gh': 'gh secret set {N} --body "{v}"\n',
    'vercel': 'npx wrangler secret put {N} <<< "{v}"\n', 'ansible': "    {n}: \"{v}\"\n", 'nix': '{n} = "{v}";\n', 'gradle': '{c}={v}\n', 'colon-prose': 'the {S} {l}: {v}\n',
}
PROSE_SHAPES = {
    'is': 'Hi, my {S} {l} is {v} and I still get a 401, what am I doing wrong?', 'here': 'here is the {l}: {v}, please use it for the call',
    'use': 'Use {v} as the {S} {l} when you run the script.', 'paren': 'I set the {S} {l} ({v}) but nothing happens.', 'backtick': 'My {S} {l} is `{v}`. Why is it rejected?',
    'quoted': 'Our {l} for {S} is "{v}", can you write the client?', 'newline': 'My {S} {l}:\n{v}\nPlease debug this.', 'zh': '我的{S}密钥是{v}，帮我看看为什么报错', 'zh-token': '{S} 的 token 为 {v} ，怎么调用？',
    'zh-colon': '密钥：{v}', 'de': 'Mein {S}-API-Schlüssel lautet {v}, was mache ich falsch?', 'de-colon': 'Der geheime Schlüssel: {v}', 'fr': 'Ma clé API {S} est {v}, pourquoi erreur 401 ?', 'fr-colon': 'Voici le jeton {S} : {v}',
    'es': 'Mi clave de API de {S} es {v}, ¿qué hago mal?', 'it': 'La mia chiave API di {S} è {v}, cosa sbaglio?', 'pt': 'Minha chave de API do {S} é {v}, por que falha?', 'ru': 'Мой ключ API {S}: {v}, почему ошибка?', 'ja': '{S}のAPIキーは{v}です。なぜエラーになりますか',
    'ko': '{S} API 키는 {v} 입니다. 왜 오류가 나나요?', 'pl': 'Mój klucz API {S} to {v}, dlaczego błąd?', 'tr': '{S} API anahtarım {v}, neden hata alıyorum?', 'nl': 'Mijn {S} API-sleutel is {v}, wat doe ik fout?',
}
BARE_SHAPES = {
    'alone': '{v}', 'line': 'try this one\n{v}\nthanks', 'sentence': 'I think {v} is still valid.', 'comma': 'tokens: a, {v}, b', 'quoted': "'{v}'", 'angle': '<{v}>', 'zh': '这个{v}，能用吗', 'url': 'https://api.example.org/v2/me?access_token={v}&x=1',
    'bearer': 'curl -H "Authorization: Bearer {v}" https://api.example.org/v1/me', 'header': "curl -s -H 'X-Api-Key: {v}' https://api.example.org", 'basic': 'git clone https://oauth2:{v}@git.example.org/a/b.git', 'npmrc': '//npm.example.org/:_authToken={v}',
    'netrc': 'machine git.example.org login bot password {v}', 'pypirc': '[pypi]\nusername = __token__\npassword = {v}\n', 'fetch': "fetch(u, {headers: {Authorization: 'Bearer {v}'}})", 'requests': "requests.get(u, headers={'Authorization': 'token {v}'})",
    'argument': 'client = Client("{v}")', 'escaped-newline': 'line one\\n{v}\\nline two', 'html': '<td>{v}</td>', 'kubeconfig': 'users:\n- name: dev\n  user:\n    token: {v}\n',
}


def shape(template, **parts):
    for key, value in parts.items():
        template = template.replace('{%s}' % key, value)
    return template


def named(template, service, name, value):
    label = ' '.join(words_of(name)[1:]) or words_of(name)[0]
    return shape(template, N=name, n=name.lower(), k=name.lower().replace('_', '-'), c=camel(name), C=pascal(name), d='.'.join(words_of(name)),
                 S=service, l=label, v=value)


def kinds(text, mark):
    for line in text.strip().split('\n'):
        yield line.split(mark)


def prefixed_samples(rng, each):
    bare, prose, shapes = sorted(BARE_SHAPES), sorted(PROSE_SHAPES), sorted(NAMED_SHAPES)
    for kind, form in (line.split(' ', 1) for line in PREFIXED.strip().split('\n')):
        name = kind.split('-')[0].upper() + '_' + rng.choice(['TOKEN', 'KEY', 'SECRET', 'CREDENTIAL'])
        for i in range(each):
            value = fill(rng, form)
            if i % 3 == 0:
                which = rng.choice(bare)
                yield 'token bare', kind + '/' + which, shape(BARE_SHAPES[which], v=value), value
            elif i % 3 == 1:
                which = rng.choice(prose)
                yield 'token in prose', kind + '/' + which, named(PROSE_SHAPES[which], kind.split('-')[0], name, value), value
            else:
                which = rng.choice(shapes)
                yield 'token in files', kind + '/' + which, named(NAMED_SHAPES[which], kind.split('-')[0], name, value), value


def named_samples(rng, each):
    prose, shapes = sorted(PROSE_SHAPES), sorted(NAMED_SHAPES)
    for service, name, form in kinds(NAMED, '|'):
        for i in range(each):
            value = fill(rng, form)
            if i % 3 == 2:
                which = rng.choice(prose)
                yield 'named in prose', name + '/' + which, named(PROSE_SHAPES[which], service, name, value), value
            else:
                which = rng.choice(shapes)
                yield 'named in files', name + '/' + which, named(NAMED_SHAPES[which], service, name, value), value
    for which in shapes:  # every shape, with names of no service
        for name in ('API_KEY', 'ACCESS_TOKEN', 'CLIENT_SECRET'):
            value = fill(rng, rng.choice(['{w32}', '{h40}', '{b43}', '{w24}', '{B44}']))
            yield 'every shape', name + '/' + which, named(NAMED_SHAPES[which], 'acme', name, value), value


# ---- passwords
NOUNS = 'river tiger coffee window rocket harbor silver dragon maple orchid thunder velvet copper nimbus pepper falcon'.split()
MARKS = '!@#$%^&*?-_+='


def password(rng):
    kind = rng.randrange(6)
    word = rng.choice(NOUNS)
    if kind == 0:
        return word.capitalize() + str(rng.randrange(10, 9999)) + rng.choice('!@#$%')
    if kind == 1:
        return '%s-%s-%d' % (word, rng.choice(NOUNS), rng.randrange(10, 99))
    if kind == 2:
        chars = [rng.choice(LOWER), rng.choice(UPPER), rng.choice(DIGITS), rng.choice('!@#%^*?')] + \
                [rng.choice(ALPHABETS['w'] + '!@#%^*?_-') for _ in range(rng.randrange(6, 14))]
        rng.shuffle(chars)
        return rng.choice(ALPHABETS['l']) + ''.join(chars) + rng.choice(ALPHABETS['w'])
    if kind == 3:
        return fill(rng, '{w%d}' % rng.randrange(12, 24))
    if kind == 4:
        return word.capitalize() + rng.choice(NOUNS).capitalize() + str(rng.randrange(100, 9999))
    return word.replace('e', '3').replace('o', '0').replace('i', '1').capitalize() + rng.choice('_.@') + str(rng.randrange(10, 999))


PASSWORD_SHAPES = {
    'env': 'DB_PASSWORD={v}\n', 'env-quoted': 'MYSQL_ROOT_PASSWORD="{v}"\n', 'export': "export PGPASSWORD='{v}'\n", 'yaml': 'database:\n  user: app\n  password: {v}\n', 'yaml-quoted': '  password: "{v}"\n', 'json': '{"user": "app", "password": "{v}"}',
    'json-pw': '{"login":"app","pwd":"{v}"}', 'json-camel': '{"dbPassword": "{v}"}', 'python': 'PASSWORD = "{v}"\n', 'python-kwarg': 'conn = psycopg2.connect(host="db1", user="app", password="{v}")\n', 'python-dict': "'PASSWORD': '{v}',\n", 'js': "const password = '{v}';\n", 'java': 'String dbPassword = "{v}";\n',
    'java-set': 'ds.setPassword("{v}");\n', 'go': 'Password: "{v}",\n', 'csharp': 'options.Password = "{v}";\n', 'php': "$db_pass = '{v}';\n", 'php-pdo': 'new PDO("mysql:host=db1;dbname=shop", "app", "{v}");\n', 'php-mysqli': "mysqli_connect('db1', 'app', '{v}', 'shop');\n", 'php-wp': "define( 'DB_PASSWORD', '{v}' );\n",
    'ruby': 'password: "{v}",\n', 'rust': 'password: "{v}".into(),\n', 'properties': 'spring.datasource.password={v}\n', 'ini': '[client]\npassword = {v}\n', 'toml': 'password = "{v}"\n', 'xml': '<password>{v}</password>\n', 'xml-attribute': '<user username="tomcat" password="{v}" roles="manager-gui"/>\n',
    'hibernate': '<property name="hibernate.connection.password">{v}</property>\n', 'terraform': '  master_password = "{v}"\n', 'compose': '      - POSTGRES_PASSWORD={v}\n', 'compose-map': '      POSTGRES_PASSWORD: {v}\n', 'dockerfile': 'ENV DB_PASS={v}\n', 'k8s-env': '- name: DB_PASSWORD\n  value: "{v}"\n',
    'ansible': 'ansible_become_pass: {v}\n', 'mysql': 'mysql -h db1 -u root -p{v} shop\n', 'mysql-long': 'mysqldump --user=root --password={v} shop > s.sql\n', 'psql': 'PGPASSWORD={v} psql -h db1 -U app\n', 'redis': 'redis-cli -h cache1 -a {v} ping\n', 'sshpass': 'sshpass -p {v} ssh deploy@web1\n',
    'sshpass-quoted': "sshpass -p '{v}' scp a.tgz deploy@web1:\n", 'curl': 'curl -u admin:{v} https://ci.example.org/api/json\n', 'curl-quoted': "curl --user 'admin:{v}' https://ci.example.org\n", 'wget': 'wget --user=bob --password={v} https://files.example.org/a\n', 'docker-login': 'docker login -u ci -p {v} registry.example.org\n',
    'chpasswd': "echo 'deploy:{v}' | chpasswd\n", 'net-user': 'net user backup {v} /add\n', 'openssl': 'openssl rsa -in a.pem -passin pass:{v}\n', 'keytool': 'keytool -list -keystore a.jks -storepass {v}\n', 'powershell': 'ConvertTo-SecureString "{v}" -AsPlainText -Force\n', 'sqlcmd': 'sqlcmd -S db1 -U sa -P {v}\n',
    'ldap': 'ldapsearch -D cn=admin,dc=x -w {v} -b dc=x\n', 'smb': 'smbclient //nas/data -U bob%{v}\n', 'zip': 'unzip -P {v} backup.zip\n', 'htpasswd': 'htpasswd -bc .htpasswd bob {v}\n', 'sql-create': "CREATE USER 'app'@'%' IDENTIFIED BY '{v}';\n", 'sql-role': "ALTER ROLE app WITH PASSWORD '{v}';\n", 'sql-mssql': "CREATE LOGIN app WITH PASSWORD = '{v}';\n",
    'netrc': 'machine ftp.example.org login bob password {v}\n', 'pgpass': 'db1.example.org:5432:shop:app:{v}\n', 'wifi': 'ssid="home"\npsk="{v}"\n', 'wifi-nm': '[wifi-security]\npsk={v}\n', 'ado': 'Server=db1;Database=shop;User Id=sa;Password={v};Encrypt=true;\n', 'ado-pwd': 'Data Source=db1;Uid=sa;Pwd={v};\n', 'jdbc': 'jdbc:sqlserver://db1:1433;databaseName=shop;user=sa;password={v}\n',
    'jdbc-query': 'jdbc:mysql://db1/shop?user=app&password={v}\n', 'libpq': "host=db1 dbname=shop user=app password={v} sslmode=require\n", 'log': '2026-11-02 10:14:07 DEBUG login user=bob password={v} ok=true\n', 'query': 'POST /login?user=bob&password={v} HTTP/1.1\n', 'form': 'username=bob&password={v}&remember=1\n', 'smtp': 'SMTP_USER=bob\nSMTP_PASS={v}\n',
    'htaccess-like': 'auth_basic_user: bob\nauth_basic_pass: {v}\n', 'markdown': '- **Password:** `{v}`\n', 'table': '| bob | Password | {v} |\n', 'vagrant': 'config.ssh.password = "{v}"\n', 'ftp-script': 'open ftp.example.org\nuser bob {v}\n', 'expect': 'expect "assword:"\nsend "{v}\\r"\n', 'grub': 'requirepass {v}\n', 'rabbit': 'default_pass = {v}\n',
}
URL_PASSWORDS = {
    'postgres': 'postgresql://app:{v}@db1.example.org:5432/shop', 'mysql': 'mysql://root:{v}@127.0.0.1/shop', 'mongodb': 'mongodb+srv://app:{v}@cluster0.ab1cd.mongodb.net/shop', 'redis': 'redis://:{v}@cache1:6379/0', 'rediss': 'rediss://default:{v}@eu1.upstash.io:6379', 'amqp': 'amqp://guest:{v}@mq1:5672/%2f',
    'https': 'https://bob:{v}@git.example.org/a/b.git', 'ftp': 'ftp://bob:{v}@ftp.example.org/', 'smtp': 'smtps://bob:{v}@mail.example.org:465', 'ldap': 'ldap://cn=admin:{v}@ldap1:389', 'go-dsn': 'app:{v}@tcp(db1:3306)/shop?parseTime=true', 'sqlalchemy': 'postgresql+psycopg2://app:{v}@db1/shop', 'mssql': 'mssql+pyodbc://sa:{v}@db1/shop', 'nats': 'nats://app:{v}@nats1:4222', 'proxy': 'http_proxy=http://bob:{v}@proxy.example.org:3128', 'clickhouse': 'clickhouse://default:{v}@ch1:9000/db',
}
PASSWORD_PROSE = {
    'en': 'my password is {v} and I cannot log in', 'en-for': 'The password for the staging server is {v}.', 'en-colon': 'Password: {v}', 'en-login': 'log in with bob / {v}', 'en-user': 'user bob, password {v}', 'en-use': "use the password '{v}' for the vpn", 'en-chat': 'pw: {v}', 'en-wifi': 'the wifi password is {v}', 'en-changed': 'I changed the root password to {v} yesterday', 'en-old': 'old password {v} does not work any more',
    'zh': '我的密码是{v}，登录不上', 'zh-colon': '密码：{v}', 'zh-account': '账号：bob 密码：{v}', 'zh-wifi': '无线密码为 {v}', 'zh-db': '数据库口令 {v} 已过期', 'de': 'Mein Passwort ist {v} und es geht nicht', 'de-lautet': 'Das Kennwort lautet {v}', 'de-colon': 'Passwort: {v}', 'fr': 'Mon mot de passe est {v}, rien ne marche', 'fr-colon': 'Mot de passe : {v}', 'es': 'Mi contraseña es {v} y no puedo entrar', 'es-colon': 'Contraseña: {v}',
    'it': 'La mia password è {v} ma non funziona', 'it-colon': 'Parola d\'ordine: {v}', 'pt': 'Minha senha é {v} e não consigo entrar', 'pt-colon': 'Senha: {v}', 'ru': 'Мой пароль {v}, не могу войти', 'ru-colon': 'Пароль: {v}', 'ja': 'パスワードは{v}です', 'ja-colon': 'パスワード：{v}', 'ko': '비밀번호는 {v} 입니다', 'ko-colon': '비밀번호: {v}', 'pl': 'Moje hasło to {v} i nie działa', 'pl-colon': 'Hasło: {v}', 'nl': 'Mijn wachtwoord is {v} maar het werkt niet', 'nl-colon': 'Wachtwoord: {v}', 'tr': 'Şifrem {v} ama giremiyorum', 'tr-colon': 'Parola: {v}', 'sv': 'Mitt lösenord är {v}', 'cs': 'Moje heslo je {v}', 'uk': 'Мій пароль {v}', 'vi': 'Mật khẩu của tôi là {v}', 'ar': 'كلمة المرور: {v}', 'he': 'הסיסמה שלי היא {v}', 'hi': 'मेरा पासवर्ड {v} है', 'id': 'Kata sandi saya {v}',
}


def odd_samples(rng, each):
    """Passwords as managers make them, of all the marks there are, between quotes and without."""
    for which in ('env-quoted', 'env-single', 'yaml-quoted', 'json-snake', 'python', 'js', 'go', 'csharp', 'php', 'env', 'yaml', 'properties'):
        quoted = which not in ('env', 'yaml', 'properties')
        for _ in range(2 * each):
            marks = '!@#$%^&*()[]{}-_+=|?~;:,./' + ('<>' if quoted else '')
            value = rng.choice(ALPHABETS['l']) + ''.join(rng.choice(rng.choice([ALPHABETS['w'], marks])) for _ in range(rng.randrange(14, 24))) + rng.choice(ALPHABETS['w'])
            name = rng.choice(['DB_PASSWORD', 'ADMIN_PASSWORD', 'MASTER_PASSWORD'])
            yield 'generated passwords ' + ('quoted' if quoted else 'bare'), which, named(NAMED_SHAPES[which], 'acme', name, value), value


def password_samples(rng, each):
    for shapes, group in ((PASSWORD_SHAPES, 'password in files'), (URL_PASSWORDS, 'password in URLs'), (PASSWORD_PROSE, 'password in prose')):
        for which in sorted(shapes):
            for _ in range(each):
                value = password(rng)
                while (group == 'password in URLs' and any(c in value for c in '@#%?')) or (which == 'form' and any(c in value for c in '%&')):
                    value = password(rng)
                while which in ('query', 'jdbc-query') and any(c in value for c in '#&%'):
                    value = password(rng)
                yield group, which, shape(shapes[which], v=value), value


# ---- kinds nobody has named: a prefix or none, and chance
UNKNOWN = '{s3}_{w32} {s4}_{w24} {s2}_{w40} {s5}-{w32} {s3}_live_{w24} {s4}_{s4}_{w32} {s3}_{h40} {s3}_{b43} {U4}{w32} {w32} {w48} {w20}.{w40} {s3}_{w8}_{w32} {s6}_sk_{w40} {s3}_v1_{w36}'.split()


def unknown_samples(rng, each):
    bare, prose, shapes = sorted(BARE_SHAPES), sorted(PROSE_SHAPES), sorted(NAMED_SHAPES)
    for form in UNKNOWN:
        for _ in range(each):
            value, which = fill(rng, form), rng.choice(bare)
            yield 'unknown kinds bare', form + '/' + which, shape(BARE_SHAPES[which], v=value), value
            value, which = fill(rng, form), rng.choice(prose)
            yield 'unknown kinds in prose', form + '/' + which, named(PROSE_SHAPES[which], 'Acmecorp', 'ACMECORP_API_KEY', value), value
            value, which, name = fill(rng, form), rng.choice(shapes), rng.choice(['API_KEY', 'TOKEN', 'SECRET', 'ACCESS_KEY', 'CREDENTIAL'])
            yield 'unknown kinds in files', form + '/' + which, named(NAMED_SHAPES[which], 'Acmecorp', 'ACMECORP_' + name, value), value


# ---- what tools, programs and chats take, each in its own way
TOOL_PASSWORDS = {
    'kubectl': 'kubectl create secret generic db --from-literal=password={v}', 'vault-kv': 'vault kv put secret/db password={v}',
    'az': 'az login -u bob@x.example -p {v}', 'pip-index': 'pip install --index-url https://bob:{v}@pypi.example.org/simple x',
    'git-remote': 'git remote set-url origin https://bob:{v}@git.example.org/a.git', 'mongo': 'mongosh --host db1 -u root --password {v}',
    'pulumi': 'pulumi config set --secret dbPassword {v}', 'firebase': 'firebase functions:config:set mail.password="{v}"',
    'openssl-enc': 'openssl enc -aes-256-cbc -k {v} -in a', 'gpg': 'gpg --batch --passphrase {v} -c a.txt',
    'ssh-keygen': 'ssh-keygen -t ed25519 -N "{v}" -f id', '7z': '7z x -p{v} a.7z', 'lftp': 'lftp -u bob,{v} ftp.example.org',
    'wget-http': 'wget --http-user=bob --http-password={v} https://x.example', 'httpie': 'http -a bob:{v} GET https://x.example',
    'mount': 'mount -t cifs //nas/x /mnt -o username=bob,password={v}', 'cifs-file': 'username=bob\npassword={v}\ndomain=X',
    'restic': 'export RESTIC_PASSWORD={v}', 'borg': 'BORG_PASSPHRASE={v}', 'mycnf': '[client]\nuser=root\npassword="{v}"\n',
    'sqlplus': 'sqlplus scott/{v}@orcl', 'svn': 'svn co --username bob --password {v} https://x.example/svn',
    'arduino': 'const char* password = "{v}";', 'arduino-wifi': 'WiFi.begin("home", "{v}");', 'esphome': 'wifi:\n  ssid: home\n  password: "{v}"\n',
    'ha': 'wifi_password: {v}\n', 'mikrotik': '/user add name=bob password={v} group=full',
    'cisco-user': 'username admin privilege 15 password 0 {v}', 'cisco-enable': 'enable password {v}', 'cisco-secret': 'enable secret {v}',
    'snmp': 'snmp-server community {v} RO', 'juniper': 'pre-shared-key ascii-text "{v}";', 'ipsec': '192.0.2.1 198.51.100.2 : PSK "{v}"',
    'nuget': '<add key="ClearTextPassword" value="{v}" />',
    'maven': '<server><id>nexus</id><username>bob</username><password>{v}</password></server>', 'sbt': 'password={v}\n',
    'rclone': '[remote]\ntype = webdav\nuser = bob\npass = {v}\n', 'psql-uri': 'psql "postgresql://bob:{v}@db1/shop"',
    'pscred': '$pw = ConvertTo-SecureString -String "{v}" -AsPlainText -Force',
    'vbs': 'conn.Open "Provider=SQLOLEDB;Data Source=db1;User ID=sa;Password={v};"', 'smtp-java': 'props.put("mail.smtp.password", "{v}");',
    'smtp-py': 'server.login("bob@example.org", "{v}")', 'paramiko': 'ssh.connect("web1", username="bob", password="{v}")',
    'ftp-py': 'ftp.login("bob", "{v}")', 'mysql-connector': 'mysql.connector.connect(user="root", password="{v}", host="db1")',
    'sequelize': 'new Sequelize("shop", "root", "{v}", {host: "db1"})', 'knex': 'connection: { host: "db1", user: "root", password: "{v}" }',
    'django-db': "'USER': 'app', 'PASSWORD': '{v}', 'HOST': 'db1'", 'laravel': 'DB_PASSWORD={v}\nMAIL_PASSWORD=null',
    'spring-yml': 'spring:\n  datasource:\n    password: {v}\n', 'wp': "define('DB_PASSWORD', '{v}');", 'joomla': "public $password = '{v}';",
    'drupal': "'password' => '{v}',", 'magento': "'password' => '{v}'", 'rails': '  password: <%= "{v}" %>\n', 'elixir': 'password: "{v}",',
    'clj': ':password "{v}"', 'lisp': '(setq my-password "{v}")', 'perl': 'my $password = "{v}";',
    'perl-dbi': 'DBI->connect("dbi:mysql:shop", "root", "{v}")', 'r': 'dbConnect(MySQL(), user="root", password="{v}")',
    'matlab': "password = '{v}';", 'vb': 'Dim password As String = "{v}"', 'delphi': "Password := '{v}';",
    'ts-type': "  private password: string = '{v}';", 'kotlin-named': 'password = "{v}",', 'cpp': 'std::string password = "{v}";',
    'cpp-brace': 'std::string password{"{v}"};', 'go-struct': 'Password:  "{v}",', 'chat-pair': 'login: bob\npw: {v}', 'chat-slash': 'creds: bob/{v}',
    'chat-arrow': 'admin -> {v} (password)', 'table-md': '| user | password |\n|---|---|\n| bob | {v} |', 'csv': 'user,password,host\nbob,{v},db1\n',
    'xlsx': 'bob\tpassword\t{v}\n', 'email': 'Your temporary password is: {v}\nPlease change it.',
    'email2': 'Username: bob\nPassword: {v}\n\nRegards', 'note': 'router admin password = {v}', 'zh-chat': '用户名bob，密码{v}',
    'zh-temp': '初始密码为{v}，请尽快修改', 'zh-root': 'root密码：{v}', 'ja-chat': 'ID: bob / PW: {v}', 'de-chat': 'Benutzer: bob, Passwort: {v}',
    'fr-chat': 'identifiant : bob / mot de passe : {v}', 'es-chat': 'usuario: bob, clave: {v}', 'ru-chat': 'логин: bob пароль: {v}',
    'unix-su': 'echo {v} | sudo -S apt update', 'expect2': 'spawn ssh bob@web1\nexpect "*password:*" { send "{v}\\r" }',
    'jenkins-cli': 'java -jar cli.jar -auth bob:{v}', 'nmcli': 'nmcli dev wifi connect home password {v}',
    'iwctl': 'iwctl --passphrase {v} station wlan0 connect home', 'adb': 'keytool -genkey -keypass {v} -storepass {v}',
    'jarsigner': 'jarsigner -storepass {v} a.jar k', 'signing': 'storePassword "{v}"', 'signing2': 'keyPassword = "{v}"',
    'rdp': 'xfreerdp /u:bob /p:{v} /v:host1', 'winrm': 'evil-winrm -i 192.0.2.1 -u bob -p {v}', 'runas': 'psexec \\\\host1 -u bob -p {v} cmd',
    'wmic': 'wmic /node:h /user:bob /password:{v} os get', 'schtasks': 'schtasks /create /ru bob /rp {v} /tn x',
    'dsquery': 'dsadd user cn=bob -pwd {v}',
}
TOOL_TOKENS = {
    'auth-token-header': 'Authorization: Token token="{v}"', 'x-auth-key': '-H "X-Auth-Key: {v}"',
    'grpc': 'grpcurl -H "authorization: bearer {v}" h:443 x', 'aws-configure': 'aws configure set aws_secret_access_key {v}',
    'gh-auth': 'echo {v} | gh auth login --with-token', 'npm-config': 'npm config set //npm.example.org/:_authToken {v}',
    'oauth2-bearer': 'curl --oauth2-bearer {v} https://x.example', 'composer': '{"github-oauth": {"github.com": "{v}"}}',
    'cargo': '[registry]\ntoken = "{v}"\n', 'gem': '---\n:rubygems_api_key: {v}\n', 'clasp': '{"token":{"refresh_token":"{v}"}}',
    'adc': '{"client_id":"x","client_secret":"{v}","type":"authorized_user"}', 'sso': '{"accessToken": "{v}", "region": "eu-west-1"}',
    's3cfg': 'access_key = A\nsecret_key = {v}\n', 'jwk': '{"kty":"EC","crv":"P-256","d":"{v}"}',
    'nginx': 'proxy_set_header Authorization "Bearer {v}";', 'ws': 'wss://x.example/socket?token={v}',
    'fragment': 'https://x.example/cb#access_token={v}&token_type=bearer', 'reset': 'https://x.example/reset?code={v}',
    'sig': 'https://x.example/f?Expires=1&Signature={v}&Key-Pair-Id=A', 'git-extra': 'git -c http.extraHeader="Authorization: Bearer {v}" fetch',
    'docker-config': '{"auths":{"x":{"identitytoken":"{v}"}}}', 'terraformrc': 'credentials "app.terraform.io" {\n  token = "{v}"\n}',
    'tfvars': 'api_token = "{v}"', 'prom': 'bearer_token: {v}', 'alertmanager': 'api_url: https://x.example\nservice_key: {v}',
    'datadog-yaml': 'api_key: {v}\nsite: x', 'newrelic-ini': 'license_key = {v}', 'sentry-cli': '[auth]\ntoken={v}',
    'slack-sign': 'SLACK_SIGNING_SECRET={v}', 'php-const': "const API_KEY = '{v}';", 'js-headers': "headers: { 'x-api-key': '{v}' }",
    'axios': "axios.defaults.headers.common['Authorization'] = 'Bearer {v}';", 'fetch-query': 'fetch(`https://x.example/v1?apikey={v}`)',
    'swift-let': 'static let apiKey: String = "{v}"', 'android-xml': '<meta-data android:name="com.x.API_KEY" android:value="{v}" />',
    'plist-dict': '<key>API_KEY</key> <string>{v}</string>', 'gradle-field': 'buildConfigField "String", "API_KEY", "\\"{v}\\""',
    'unity': 'public string apiKey = "{v}";', 'py-call': 'openai.api_key = "{v}"', 'py-call2': 'client = OpenAI(api_key="{v}")',
    'langchain': 'ChatOpenAI(openai_api_key="{v}")', 'dotnet-secrets': 'dotnet user-secrets set "Api:Key" "{v}"',
    'appsettings': '"ApiSettings": { "ApiKey": "{v}" }', 'yaml-list': 'tokens:\n  - {v}\n', 'toml-table': '[tokens]\nmain = "{v}"',
    'k8s-arg': 'args: ["--token={v}"]', 'systemd': 'Environment="API_TOKEN={v}"', 'cron': '0 1 * * * API_KEY={v} /opt/x',
    'compose-cmd': 'command: --api-key {v}', 'csv': 'name,api_key\nbob,{v}\n', 'md-table': '| service | token |\n|---|---|\n| x | {v} |',
    'traceback': "KeyError: 'x' in Client(token='{v}', timeout=3)", 'log-masked': 'DEBUG > X-Api-Key: {v}',
    'curl-verbose': '> authorization: Bearer {v}\n', 'har': '{"name": "authorization", "value": "Bearer {v}"}',
    'har-cookie': '{"name": "session_id", "value": "{v}"}', 'postman': '{"key": "apiKey", "value": "{v}", "type": "string"}',
    'slack-chat': 'hey, the prod token is {v}, keep it safe', 'chat-key': 'key: {v}', 'chat-this': 'is this key still ok? {v}',
    'chat-two': 'API key = {v}, secret is the same', 'diff': '-API_TOKEN=old\n+API_TOKEN={v}\n', 'git-log': 'remove hardcoded token {v}',
    'ps': 'root 12 0.0 /usr/bin/x --token {v}', 'env-dump': 'PATH=/bin\nHOME=/root\nAPI_TOKEN={v}\n',
    'set-x': "+ curl -H 'Authorization: Bearer {v}' https://x.example", 'jinja': 'token: "{{ lookup(\'env\', \'T\') | default(\'{v}\') }}"',
    'java-ann': '@Value("${api.key:{v}}")', 'sh-default': 'TOKEN="${TOKEN:-{v}}"', 'make': 'TOKEN ?= {v}', 'cmake': 'set(API_KEY "{v}")',
    'bat-set': 'set "API_KEY={v}"', 'reg': '"ApiKey"="{v}"', 'sql-update': "UPDATE cfg SET api_key='{v}' WHERE id=1",
    'graphql': 'mutation { login(token: "{v}") { id } }', 'protobuf': 'api_key: "{v}"', 'erl': '{api_key, "{v}"}.', 'hs': 'apiKey = "{v}" :: String',
    'ocaml': 'let api_key = "{v}"', 'r': 'Sys.setenv(API_KEY = "{v}")', 'julia': 'ENV["API_KEY"] = "{v}"', 'nim': 'const apiKey = "{v}"',
    'zig': 'const api_key = "{v}";',
}


def tool_samples(rng, each):
    for which in sorted(TOOL_PASSWORDS):
        for _ in range(each):
            value = password(rng)
            while any(c in value for c in '@#%?&^*') and ('://' in TOOL_PASSWORDS[which] or which == 'csv'):
                value = password(rng)
            yield 'passwords for tools', which, shape(TOOL_PASSWORDS[which], v=value), value
    for which in sorted(TOOL_TOKENS):
        for _ in range(each):
            plain = which in ('chat-this', 'yaml-list', 'toml-table')
            value = fill(rng, rng.choice(['{w32}', '{w40}'] if plain else ['{w32}', '{h40}', '{b43}', '{w24}', '{h32}', '{u}', '{a32}', '{w40}']))
            yield 'tokens for tools', which, shape(TOOL_TOKENS[which], v=value), value


# ---- makers nobody has named: what is handed over, stands beside a bare word, or is a key's UUID
MAKERS = 'zorblex quantaro finchly mapvio trelliq weathero payzenta cryptiva sportdex hrmint ledgerloom mailora chatvane geoquill'.split()
HANDED = {
    'constructor': 'client = {M}Client("{v}")', 'new': 'const api = new {M}Api("{v}", true);', 'go': 'c := {m}.NewClient("{v}")',
    'init': '{m}.init("{v}")', 'setter': '{m}.setApiKey("{v}");', 'curl -u': 'curl -u {v}: https://api.{m}.example/v1/things',
    'write key': '{m}_write_key = "{v}"', 'client key': '"{m}ClientKey": "{v}",\n"client_key": "{v}"', 'flag': '{m} deploy --api-key {v} --region eu',
    'attribute': '<service name="{m}" api_key="{v}"/>', 'header': 'curl -H "X-{M}-Token: {v}" https://api.{m}.example/v1',
    'arrow': 'secret key -> {v}', 'table': '{M}\tapi_key\t{v}', 'comment': '// old api token was {v}', 'helm': 'helm install x y --set {m}.apiKey={v}',
}
WEAKLY = {
    'quoted': "{m} '{v}'", 'called': '{m}("{v}")', 'listed': '{m}:\n  - "{v}"', 'colon': '{m}: {v}', 'assigned': '{m} = {v}',
    'environment': '{N}_APP={v}',
}
HANDED_FORMS = '{h32} {h40} {u} {w24} {w32} {w40} {a32} {b43} {A32} {s3}_{w32}'.split()
WEAK_FORMS = '{w24} {w32} {w40} {a32} {s3}_{w32}'.split()
ALONE_FORMS = '{w36} {b43} {s3}_{a32} {U4}-{A28} {s3}_{w32} {s4}_{h40}'.split()


def maker_samples(rng, each):
    for which in sorted(HANDED) + sorted(WEAKLY):
        for form in HANDED_FORMS if which in HANDED else WEAK_FORMS:
            for _ in range(each):
                m, value = rng.choice(MAKERS), fill(rng, form)
                text = shape((HANDED.get(which) or WEAKLY[which]) + '\n', M=m.capitalize(), m=m, N=m.upper(), v=value)
                yield 'makers unnamed, ' + ('handed over' if which in HANDED else 'weakly'), which + '/' + form, text, value
    for form in ALONE_FORMS:
        for _ in range(4 * each):
            value = fill(rng, form)
            yield 'makers unnamed, alone', form, 'the log shows %s and nothing else\n' % value, value


# ---- users and passwords as lists and mails have them, in many languages
USER_NAMES = 'ID id User Username login account 아이디 계정 账号 用户名 ユーザー usuario Benutzer логин'.split()
PASS_NAMES = 'PW pw Password password PWD passwd 비번 비밀번호 패스워드 암호 密码 口令 パスワード пароль contraseña Passwort senha wachtwoord hasło'.split()
PAIRED = ['{i}:{u} {p}:{v}', '{i}:{u},{p}:{v}', '{i}: {u} / {p}: {v}', '{i}={u};{p}={v}', '{i}: {u}\n{p}: {v}', '{i}/{p}: {u}/{v}',
          '({i}/{p}: {u}/{v})', '{i}, {p} : {u}, {v}', '{i}({u}) {p}({v})', '{i}\t{p}\n{u}\t{v}', '{i},{p}\n{u},{v}\n',
          '| {i} | {p} |\n|---|---|\n| {u} | {v} |', '{u}@192.0.2.7 ({p}: {v})', 'ssh {u}@192.0.2.7 ({p}:{v})', 'user "{u}" password "{v}"']
SINGLE = ['{p}:{v}', '{p} = {v}', '{p}({v})', '{p} -> {v}', '{p}->{v}', '[{p}] {v}', '{p}/{v}', '{p}：{v}', '- {p}: {v}', '| {p} | {v} |']


def pair_samples(rng, each):
    for where, forms in (('both', PAIRED), ('password', SINGLE)):
        for form in forms:
            for p in PASS_NAMES:
                for _ in range(max(1, each // 3)):
                    value = password(rng)
                    while any(c in value for c in '|,;/&()='):
                        value = password(rng)
                    text = shape(form, i=rng.choice(USER_NAMES), p=p, u=rng.choice(['master', 'admin', 'kim01', 'svc_app', 'jdoe']), v=value)
                    yield 'passwords beside users' if where == 'both' else 'passwords beside their name', form, text, value


# ---- the same places with what is no secret: none of it may be found
HARMLESS = {
    'version': '{d1}.{d2}.{d1}', 'date': '2026-0{d1}-1{d1}', 'path': '/var/lib/{s6}/{s5}.{s3}', 'place': 'https://{s6}.example/{s4}/{s5}',
    'constant': 'MAX_{U5}_OF_{U4}', 'sentence': 'see the manual of the service', 'template': '${{A8}_TOKEN}', 'placeholder': '<your-key>',
    'masked': 'xxxxxxxxxxxxxxxx', 'environment': 'os.environ["API_KEY"]', 'call': 'getTokenFor(user{d1})', 'name': 'thePageTokenOfTheList',
    'region': 'eu-west-{d1}', 'package': 'com.example.app.TokenProvider', 'kebab': 'my-service-account-name', 'type': 'Optional[str]',
    'coordinates': 'org.example:auth-library:1.{d1}.0', 'switch': 'enabled', 'camel': 'V1alpha1AuditSinkSpec', 'file': 'token_cache_v{d1}.json',
}


# What systems call their things by: found nowhere else, secret nowhere.
IDENTIFIERS = [
    'pod/web-{h9}-{a5} uid={u} containerID: containerd://{h64}', '"x-amz-id-2": "{B76}", "requestID": "{w26}"', 'X-Amz-Cf-Id: {b54}==',
    '"id": "pi_3{w23}", "latest_charge": "ch_3{w23}", "invoice": "in_1{w23}", "txn": "txn_3{w23}"', 'x-amz-version-id: {w32}',
    '"id": "chatcmpl-{w29}", "tool_call_id": "call_{w24}", "request-id": "req_011C{w20}"', '{"kid": "{w32}", "kty": "RSA", "e": "AQAB"}',
    'INFO job=01J{A23} worker=2{w26} item=c{a24} took=12ms', '{"requestId": "2{w26}", "documentId": "{w20}", "entity": "{w21}"}',
    'https://docs.google.com/document/d/1{b43}/edit', 'fileId: 1{w32}', 'https://www.youtube.com/watch?v={b11}&list=PL{w32}',
    '"integrity": "sha512-{B86}==",', 'checksum = "{h64}"', 'github.com/x/y v1.0.0 h1:{B43}=', 'commit {h40}\nChange-Id: I{h40}',
    'traceparent: 00-{h32}-{h16}-01', '256 SHA256:{B43} bob@host (ED25519)', "script-src 'nonce-{B22}==' 'sha256-{B43}='",
    'BUILD_TAG=jenkins-{a24}\nGIT_COMMIT={h40}\nNODE_ID={w22}', 'INSTANCE=i-0{h17}\nIMAGE=registry.example/app:{h12}', 'resource: {w21}\nslug: {a12}',
    'https://open.spotify.com/track/{w22} uri spotify:album:{w22}', 'Message-ID: <CA{w24}_{w24}@mail.example>', '?gclid=EAIaIQobChMI{w40}&utm_id={d9}',
    'ipfs://Qm{w44}', 'tx 0x{h64} block {d8}', '/subscriptions/{u}/resourceGroups/rg tenantId: {u}', '{h32}  usr/bin/{s6}\n{h32}  usr/bin/{s7}',
    '"AWS::ApiGateway::ApiKey": "{h16}",', '"AWS::IAM::AccessKey": "{h16}",', '"AWS::EC2::EIPAssociation": "{h16}",',
    '"KmsKeyId": "arn:aws:kms:us-east-1:{d12}:key/{u}"', '"encryptionKey": "arn:aws:kms:us-west-2:{d12}:key/{u}",',
    '--key-id arn:aws:kms:us-west-2:{d12}:key/{u}', 'SecretArn: arn:aws:secretsmanager:eu-west-1:{d12}:secret:prod/db-{w6}',
    '"PublicKeyId": "K{A13}"', '"VerifiedAccessInstanceId": "vai-0{h16}",', '"OriginAccessControlId": "E{A13}"',
    '"NextToken": "{b60}",', '--next-token {u}', '"nextPageToken": "{b40}"', 'page_token={b40}', '"continuationToken": "{w60}=="',
    'idempotencyToken={u}', 'partition_key={u}', '"s3_key": "uploads/{h32}/{u}.png"', '"blobKey": "{h40}"', 'publicKeyToken={h16}',
    '<UserSecretsId>{u}</UserSecretsId>', 'io.jsonwebtoken:jjwt-api:0.12.5', 'db-password: ENC[AES256_GCM,data:{B12}==,iv:{B43}=,tag:{B22}==,type:str]',
    'ForceLengthPassiveDeGroote2016', '$ops{OPpASSIGN_COMMON_RC1}', 'curl -u "${_u}:${_p}" https://h', 'curl --user "$(cat u.txt):$(cat p.txt)" h',
    'curl --user neo4j:[PASSWORD] http://[IP]:7474/', 'curl -u <user:password> https://h/x', 'LIC_FILES_CHKSUM = "file://LICENSE;md5={h32}"',
    '    --hash=sha256:{h64}', '"tokenizer.json": "{h64}",', 'image: ghcr.io/acme/token-service@sha256:{h64}', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{B43} bob@host',
    'snmp-server user bob grp v3 priv aes 128', '<<<<<<< feature/ABC-1234-new-token', 'echo -e "line1\\nline2" | tee f', 'rar x archive2.rar',
    'INSERT INTO users (name, password) VALUES ($1, $2);', 'certutil -hashfile setup2024.exe SHA256', 'turn the lights on >{s5}2',
    'PASS: ld-{s4}/{s5}{d2}\nPASS: {s5}{d2}', 'xmlSecTransformDsaSha{d3}GetKlass', '#define {U6}_{U4}_{U5}_{d2} 4',
]


def harmless_samples(rng, each):
    """(group, kind, text): the shapes above, holding nothing."""
    shapes = dict(HANDED, **WEAKLY)
    shapes.update(NAMED_SHAPES)
    for which in sorted(shapes):
        for kind in sorted(HARMLESS):
            for _ in range(each):
                m = rng.choice(MAKERS)
                value = HARMLESS[kind] if '{A8}' in HARMLESS[kind] else fill(rng, HARMLESS[kind])
                text = named(shapes[which], m.capitalize(), rng.choice(['API_KEY', 'ACCESS_TOKEN', 'CLIENT_SECRET']), value)
                yield which, kind, shape(text, M=m.capitalize(), m=m)
    for form in IDENTIFIERS:
        for _ in range(4 * each):
            yield 'identifiers', form, fill_in(rng, form) + '\n'

# ---- secrets with a structure
def wrapped(text, n):
    return '\n'.join(text[i:i + n] for i in range(0, len(text), n))


def pem(rng, what, head, length):
    body = head + fill(rng, '{B%d}' % length)
    return '-----BEGIN %s-----\n%s\n-----END %s-----' % (what, wrapped(body, 64), what)


def b64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip('=')


def jwt(rng, alg='HS256', **claims):
    head = b64url(json.dumps({'alg': alg, 'typ': 'JWT'}).encode())
    return head + '.' + b64url(json.dumps(dict({'sub': str(rng.randrange(10**9)), 'iat': 1760000000}, **claims)).encode()) + '.' + fill(rng, '{b43}')


def structured_samples(rng, each):
    for _ in range(each):
        for what, head, n in (('RSA PRIVATE KEY', 'MIIEpAIBAAKCAQEA', 1580), ('PRIVATE KEY', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ', 1570), ('EC PRIVATE KEY', 'MHcCAQEEI', 150), ('OPENSSH PRIVATE KEY', 'b3BlbnNzaC1rZXktdjEAAAAA', 500), ('ENCRYPTED PRIVATE KEY', 'MIIFHDBOBgkqhkiG9w0BBQ0wQTApBgkqhkiG9w0BBQww', 1600), ('DSA PRIVATE KEY', 'MIIBvAIBAAKBgQ', 580), ('PGP PRIVATE KEY BLOCK', '', 1200)):
            key = pem(rng, what, head, n)
            yield 'private keys', what, key, key
            yield 'private keys', what + ' json', json.dumps({'key': key}), json.dumps(key)[1:-1]
            yield 'private keys', what + ' indented', 'tls.key: |\n' + '\n'.join('    ' + l for l in key.split('\n')) + '\n', '\n'.join('    ' + l for l in key.split('\n')).strip()
            yield 'private keys', what + ' cut', key[:len(key) // 2], key[:len(key) // 2]
        j = jwt(rng)
        for which in sorted(BARE_SHAPES):
            yield 'tokens with a structure', 'jwt/' + which, shape(BARE_SHAPES[which], v=j), j
        user = base64.b64encode(('bob:' + password(rng)).encode()).decode()
        yield 'tokens with a structure', 'basic header', 'Authorization: Basic %s\n' % user, user
        yield 'tokens with a structure', 'docker auth', '{"auths":{"registry.example.org":{"auth":"%s"}}}' % user, user
        yield 'tokens with a structure', 'npmrc _auth', '//npm.example.org/:_auth=%s\n' % user, user
        p64 = base64.b64encode(password(rng).encode()).decode()
        yield 'tokens with a structure', 'k8s data', 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: db\ndata:\n  password: %s\n' % p64, p64
        yield 'tokens with a structure', 'k8s data first', 'kind: Secret\napiVersion: v1\ntype: Opaque\ndata:\n  db-password: %s\n  user: YXBw\n' % p64, p64
        key64 = base64.b64encode(fill(rng, '{w90}').encode()).decode()
        yield 'tokens with a structure', 'kubeconfig', 'users:\n- name: admin\n  user:\n    client-key-data: %s\n' % key64, key64
        s = fill(rng, '{w32}')
        for which, t in (('cookie', 'Cookie: lang=en; sessionid={v}; theme=dark\n'), ('set-cookie', 'Set-Cookie: session={v}; Path=/; HttpOnly\n'), ('phpsessid', 'Cookie: PHPSESSID={v}\n'), ('csrf', 'X-CSRF-Token: {v}\n'), ('connect.sid', 'Cookie: connect.sid={v}\n'), ('auth header', 'X-Auth-Token: {v}\n'), ('api header', 'x-api-key: {v}\n'), ('apim', 'Ocp-Apim-Subscription-Key: {v}\n'), ('private header', 'PRIVATE-TOKEN: {v}\n'), ('bearer lower', 'authorization: bearer {v}\n')):
            yield 'tokens with a structure', which, shape(t, v=s), s
        seed = fill(rng, '{2 32}')
        yield 'tokens with a structure', 'otpauth', 'otpauth://totp/Acme:bob@example.org?secret=%s&issuer=Acme' % seed, seed
        yield 'tokens with a structure', 'totp named', 'TOTP_SECRET=%s\n' % seed, seed
        salt, digest = fill(rng, '{w16}'), fill(rng, '{w86}')
        yield 'tokens with a structure', 'shadow', 'bob:$6$%s$%s:19000:0:99999:7:::' % (salt, digest), '$6$%s$%s' % (salt, digest)
        bc = '$2b$12$' + fill(rng, '{w53}')
        yield 'tokens with a structure', 'bcrypt', 'password_hash: %s\n' % bc, bc
        sas = fill(rng, '{w42}') + '%3D'
        yield 'tokens with a structure', 'azure sas', 'https://a.blob.core.windows.net/c/f?sp=r&st=2026-01-01T00:00:00Z&se=2027-01-01T00:00:00Z&sv=2022-11-02&sr=b&sig=' + sas, sas
        akey = fill(rng, '{B86}') + '=='
        yield 'tokens with a structure', 'azure connection', 'DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=%s;EndpointSuffix=core.windows.net' % akey, akey
        yield 'tokens with a structure', 'service bus', 'Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=%s=' % akey[:43], akey[:43] + '='
        amz = fill(rng, '{h64}')
        yield 'tokens with a structure', 's3 presigned', 'https://b.s3.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=3600&X-Amz-Signature=' + amz, amz
        sec = fill(rng, '{B40}')
        yield 'tokens with a structure', 'aws credentials', '[default]\naws_access_key_id = AKIA%s\naws_secret_access_key = %s\n' % (fill(rng, '{2 16}'), sec), sec
        yield 'tokens with a structure', 'aws csv', 'Access key ID,Secret access key\nAKIA%s,%s\n' % (fill(rng, '{2 16}'), sec), sec
        pw = password(rng)
        yield 'tokens with a structure', 'htpasswd', 'bob:$apr1$%s$%s' % (salt[:8], digest[:22]), '$apr1$%s$%s' % (salt[:8], digest[:22])
        cl = fill(rng, '{b27}')
        yield 'tokens with a structure', 'cloudinary', 'CLOUDINARY_URL=cloudinary://%s:%s@shop' % (fill(rng, '{d15}'), cl), cl
        dsn = fill(rng, '{h32}')
        yield 'tokens with a structure', 'sentry dsn', 'SENTRY_DSN=https://%s@o12345.ingest.sentry.io/42' % dsn, dsn
        del pw


def samples(seed=1, each=3):
    """Every kind `each` times; the same seed gives the same samples."""
    rng = random.Random(seed)
    for family in (prefixed_samples, named_samples, password_samples, odd_samples, unknown_samples, tool_samples, maker_samples, pair_samples,
                   structured_samples):
        yield from family(rng, each if family is not structured_samples else 1 + each // 3)
