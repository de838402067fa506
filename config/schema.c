/* Every key of the configuration file, one row each: loading, the search for the nearest key, `privet help config` and
 * the tests all go by this table. Rows others refer to come first: policies before clients' checks, backends before routes. */
#include "config/load.h"

#include <stdio.h>

#define AT(s, member)  .offset = offsetof(struct s, member), .width = sizeof(((struct s *)0)->member)
#define COUNT(s, n, t) .count_offset = offsetof(struct s, n), .item = sizeof(struct t)
#define KIB            1024ull
#define MIB            (1024 * KIB)
#define GIB            (1024 * MIB)
#define SECOND         1000ull
#define HOUR           (3600 * SECOND)
#define DAY            (24 * HOUR)

#define WORDS(...)                                                                                                               \
    (const char *const[]) { __VA_ARGS__, NULL }
#define ACTIONS       WORDS("allow", "flag", "redact", "mask", "hash", "tokenize", "surrogate", "reroute", "block")
#define LEVEL_ACTIONS WORDS("flag", "reroute", "block")
#define TRIGGERS                                                                                                                 \
    WORDS("connect", "first_byte", "idle", "total", "429", "5xx", "refusal", "content_filter", "context_length", "malformed")

static const struct schema_row rows[] = {
    /* listeners */
    {"listeners", &type_list, AT(config, listeners), COUNT(config, listener_count, config_listener),
     .flags = ROW_REQUIRED | ROW_FIXED, .help = "where callers connect", .bad = "[]"},
    {"listeners[].address", &type_address, AT(config_listener, address), .flags = ROW_REQUIRED | ROW_FIXED,
     .help = "address:port; port 0 is any free one", .good = "\"[::1]:0\"", .bad = "example.com"},
    {"listeners[].tls", &type_section, AT(config_listener, tls), .help = "without it the listener speaks plain HTTP",
     .bad = "yes"},
    {"listeners[].tls.certificate", &type_file, AT(config_listener, certificate), .flags = ROW_REQUIRED,
     .help = "PEM file: the certificate and its chain", .good = "server.pem", .bad = "no-such.pem"},
    {"listeners[].tls.key", &type_file, AT(config_listener, key), .flags = ROW_REQUIRED, .help = "PEM file: its private key",
     .good = "server.key", .bad = "no-such.key"},
    {"listeners[].tls.client_ca", &type_file, AT(config_listener, client_ca),
     .help = "PEM file: callers must show a certificate of these", .good = "server.pem", .bad = "no-such.pem"},
    {"listeners[].tls.min_version", &type_enum, AT(config_listener, min_version), .def = "1.2", .min = 12,
     .names = WORDS("1.2", "1.3"), .help = "oldest TLS version", .good = "1.3", .bad = "1.1"},
    {"listeners[].allow_plaintext", &type_bool, AT(config_listener, allow_plaintext), .def = "false",
     .help = "plain HTTP on an address that is not loopback", .good = "true", .bad = "maybe"},

    {"admin", &type_section, .help = "health and metrics", .bad = "127.0.0.1:1"},
    {"admin.address", &type_admin_address, AT(config, admin_host), .flags = ROW_REQUIRED | ROW_FIXED,
     .help = "/healthz, /readyz and /metrics; no text is ever there", .good = "127.0.0.1:0", .bad = "9080"},

    {"workers", &type_int, AT(config, workers), .def = "auto", .min = 1, .max = 1024, .names = WORDS("auto"), .flags = ROW_FIXED,
     .help = "threads; auto: one for each core", .good = "2", .bad = "0"},

    /* limits */
    {"limits", &type_section, .help = "sizes and times of what a caller may send", .bad = "none"},
    {"limits.header_bytes", &type_size, AT(config, limits.header_bytes), .def = "32KiB", .min = 256, .max = MIB,
     .help = "request line and header fields together", .good = "16KiB", .bad = "16KB"},
    {"limits.body_bytes", &type_size, AT(config, limits.body_bytes), .def = "64MiB", .min = 1, .max = 2 * GIB,
     .help = "body of a request", .good = "1MiB", .bad = "-1"},
    {"limits.answer_bytes", &type_size, AT(config, limits.answer_bytes), .def = "64MiB", .min = 1, .max = 2 * GIB,
     .help = "body of an answer that is not streamed", .good = "1MiB", .bad = "3GiB"},
    {"limits.event_bytes", &type_size, AT(config, limits.event_bytes), .def = "8MiB", .min = 256, .max = GIB,
     .help = "one event of a streamed answer", .good = "64KiB", .bad = "many"},
    {"limits.client_header_timeout", &type_duration, AT(config, limits.client_header_timeout), .def = "10s", .min = 1,
     .max = HOUR, .help = "for a whole request head", .good = "5s", .bad = "5"},
    {"limits.client_body_timeout", &type_duration, AT(config, limits.client_body_timeout), .def = "30s", .min = 1, .max = HOUR,
     .help = "between two reads of a body", .good = "500ms", .bad = "5 s"},
    {"limits.client_idle_timeout", &type_duration, AT(config, limits.client_idle_timeout), .def = "75s", .min = 1, .max = DAY,
     .help = "between two requests on a connection", .good = "2m", .bad = "0s"},
    {"limits.drain_timeout", &type_duration, AT(config, limits.drain_timeout), .def = "30s", .max = DAY,
     .help = "for what is still open at the end", .good = "0s", .bad = "2d"},
    {"limits.connections", &type_int, AT(config, limits.connections), .def = "20000", .min = 1, .max = 10000000,
     .help = "open connections of callers, all workers", .good = "100", .bad = "1e3"},
    {"limits.json_depth", &type_int, AT(config, limits.json_depth), .def = "128", .min = 4, .max = 1000,
     .help = "nesting of a JSON body", .good = "64", .bad = "3"},
    {"limits.screen_time", &type_duration, AT(config, limits.screen_time), .def = "250ms", .min = 1, .max = 60 * SECOND,
     .help = "computing time for screening a body, for each MiB of it; what needs more is refused", .good = "1s", .bad = "2m"},
    {"limits.refusal_hold", &type_duration, AT(config, limits.refusal_hold), .def = "2s", .min = 1, .max = 60 * SECOND,
     .help = "how long the opening of a stream may be held while it may be a refusal", .good = "1s", .bad = "2m"},
    {"limits.refusal_bytes", &type_size, AT(config, limits.refusal_bytes), .def = "400", .min = 16, .max = 64 * KIB,
     .help = "how much of it may be held", .good = "1KiB", .bad = "8"},

    /* policies */
    {"policies", &type_map, AT(config, policies), COUNT(config, policy_count, config_policy),
     .help = "what is looked for and what is done; `default` is for callers who name none", .bad = "[default]"},
    {"policies.*.extends", &type_extends, .help = "another policy whose values hold where this one has none", .good = "default",
     .bad = "defualt"},
    {"policies.*.mode", &type_enum, AT(config_policy, observe), .def = "enforce", .names = WORDS("enforce", "observe"),
     .help = "observe: count and record what would be done, change nothing", .good = "observe", .bad = "off"},
    {"policies.*.request", &type_section, .help = "what is done with findings in a request", .bad = "redact"},
    {"policies.*.request.secrets", &type_word, AT(config_policy, secrets), .def = "redact", .names = ACTIONS,
     .help = "keys, passwords, tokens", .good = "block", .bad = "blok"},
    {"policies.*.request.pii", &type_word, AT(config_policy, pii), .def = "tokenize", .names = ACTIONS, .help = "personal data",
     .good = "mask", .bad = "tokenise!"},
    {"policies.*.request.injection", &type_word, AT(config_policy, injection), .def = "flag", .names = ACTIONS,
     .help = "instructions hidden in what a model is given to read", .good = "block", .bad = "true"},
    {"policies.*.request.injection_level", &type_section,
     .help = "what is done with a request by what all signs of injection in it add up to; those in tool results and documents\n"
             "    count twice, encoded ones half more, invisible tag characters are a clear sign",
     .bad = "block"},
    {"policies.*.request.injection_level.low", &type_word, AT(config_policy, injection_low), .def = "flag",
     .names = LEVEL_ACTIONS, .help = "a faint sign", .good = "reroute", .bad = "redact"},
    {"policies.*.request.injection_level.medium", &type_word, AT(config_policy, injection_medium), .def = "flag",
     .names = LEVEL_ACTIONS, .help = "one clear sign in a user's own turn", .good = "block", .bad = "mask"},
    {"policies.*.request.injection_level.high", &type_word, AT(config_policy, injection_high), .def = "flag",
     .names = LEVEL_ACTIONS, .help = "several, or a clear one in a tool result or document", .good = "block", .bad = "off"},
    {"policies.*.request.rules", &type_rule_actions, AT(config_policy, rules), .names = ACTIONS,
     .help = "the finer over the coarser: rule id, type, or prefix*, and its action; added to those of `extends`",
     .good = "{CREDIT_CARD: mask, aws-*: block}", .bad = "{CREDIT_CARD: hide}"},
    {"policies.*.request.allow", &type_strings, AT(config_policy, allow),
     .help =
         "what is let through: a value, \"re:PATTERN\" (the whole value), \"rule:NAME\" (as under rules), \"at:PLACE\", or "
         "several\n"
         "    in this order: \"at:tools rule:EMAIL_ADDRESS\", \"at:messages[role=system].content a@example.com\". A place is "
         "keys from\n"
         "    the top down with dots between, each a glob; arrays need no mention; [KEY=VALUE]: of an object with that member",
     .good = "[a@example.com, \"re:.*@example\\\\.org\", \"at:tools rule:EMAIL_ADDRESS\"]", .bad = "{a: b}"},
    {"policies.*.request.dictionaries", &type_strings, AT(config_policy, dictionaries),
     .help = "names under filters.dictionaries that apply", .good = "[x]", .bad = "[nobody]"},
    {"policies.*.request.opaque", &type_word, AT(config_policy, opaque), .def = "allow", .names = WORDS("allow", "block"),
     .help = "images, audio and files that text rules cannot read", .good = "block", .bad = "scan"},
    {"policies.*.response", &type_section, .help = "what is done with an answer", .bad = "restore"},
    {"policies.*.response.restore", &type_section, .help = "where placeholders become originals again", .bad = "true"},
    {"policies.*.response.restore.text", &type_bool, AT(config_policy, restore_text), .def = "true",
     .help = "in the answer's text", .good = "false", .bad = "1"},
    {"policies.*.response.restore.tool_arguments", &type_bool, AT(config_policy, restore_tool_arguments), .def = "true",
     .help = "in arguments of tool calls; secrets never", .good = "false", .bad = "no"},
    {"policies.*.response.restore.never_tools", &type_strings, AT(config_policy, never_tools),
     .help = "names or globs of tools that get no originals", .good = "[\"http_*\"]", .bad = "[[a]]"},
    {"policies.*.response.scan", &type_planned, .help = "screening of answers", .bad = "{secrets: redact}"},
    {"policies.*.response.links", &type_planned, .help = "links and images in answers", .bad = "{other: neutralise}"},
    {"policies.*.tools", &type_planned, .help = "which tools may be offered", .bad = "{deny: [shell]}"},
    {"policies.*.endpoints", &type_section, .help = "paths of the API", .bad = "block"},
    {"policies.*.endpoints.unknown", &type_enum, AT(config_policy, unknown), .def = "block",
     .names = WORDS("block", "scan", "pass"), .help = "paths nobody knows: refuse, screen every string of a JSON body, or pass",
     .good = "scan", .bad = "allow"},
    {"policies.*.logging", &type_enum, AT(config_policy, logging), .def = "metadata",
     .names = WORDS("none", "metadata", "redacted"), .planned = WORDS("full"),
     .help = "what an audit record holds; redacted: what the model saw too", .good = "redacted", .bad = "full"},
    {"policies.*.on_filter_error", &type_enum, AT(config_policy, on_filter_error), .def = "block",
     .names = WORDS("block", "flag", "allow"), .help = "a request that could not be screened", .good = "flag", .bad = "pass"},
    {"policies.*.findings_header", &type_bool, AT(config_policy, findings_header), .def = "true",
     .help = "x-privet-findings: kinds and counts, in the answer's head", .good = "false", .bad = "x"},

    /* clients */
    {"clients", &type_list, AT(config, clients), COUNT(config, client_count, config_client),
     .help = "who may call; without any, everybody, under the policy `default`", .bad = "{x: y}"},
    {"clients[].name", &type_name, AT(config_client, name), .flags = ROW_REQUIRED, .help = "its name in records", .good = "bot",
     .bad = "a b"},
    {"clients[].key_hash", &type_key_hash, AT(config_client, key_hash), .flags = ROW_SECRET,
     .help = "of its key: `privet keys new`", .good = "sha256:00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF",
     .bad = "sha256:00"},
    {"clients[].tls_subject", &type_string, AT(config_client, tls_subject), .help = "of its certificate (needs tls.client_ca)",
     .good = "\"CN=batch,O=Example\"", .bad = "\"\""},
    {"clients[].policy", &type_name, AT(config_client, policy), .def = "default", .help = "a name under policies",
     .good = "default", .bad = "nobody"},
    {"clients[].purpose", &type_string, AT(config_client, purpose), .max = 200, .help = "written into records",
     .good = "commercial", .bad = "[]"},
    {"clients[].models", &type_strings, AT(config_client, models), .help = "globs of the models it may ask for; none: all",
     .good = "[\"chat-*\"]", .bad = "[\"\"]"},
    {"clients[].rate", &type_planned, .help = "requests, tokens and cost in a time", .bad = "{requests: 600/min}"},

    /* filters */
    {"filters", &type_section, .help = "what is searched for, the same for all policies", .bad = "[secrets]"},
    {"filters.packs", &type_strings, AT(config, filters.packs), .def = "secrets, pii, injection",
     .help = "rule packs: shipped ones by name, own ones by path", .good = "./own.yaml", .bad = "secretz"},
    {"filters.dictionaries", &type_map, AT(config, filters.dictionaries),
     COUNT(config, filters.dictionary_count, config_dictionary), .help = "own terms: projects, customers, names",
     .bad = "terms.txt"},
    {"filters.dictionaries.*.file", &type_file, AT(config_dictionary, file), .help = "plain terms, one a line",
     .good = "terms.txt", .bad = "no-such.txt"},
    {"filters.dictionaries.*.hashed", &type_file, AT(config_dictionary, hashed),
     .help = "fingerprints made by `privet dictionary hash`", .good = "terms.txt", .bad = "no-such.txt"},
    {"filters.dictionaries.*.key", &type_dictionary_key, AT(config_dictionary, key), .flags = ROW_SECRET,
     .help = "what they were made with; default: the file HASHED.key", .good = "file:chain.key", .bad = "file:no-such"},
    {"filters.decode", &type_section, .help = "how deep encodings are undone", .bad = "2"},
    {"filters.decode.base64", &type_int, AT(config, filters.decode_base64), .def = "3", .max = 8, .help = "base64 and base64url",
     .good = "0", .bad = "9"},
    {"filters.decode.hex", &type_int, AT(config, filters.decode_hex), .def = "3", .max = 8, .help = "hex digits", .good = "2",
     .bad = "1.5"},
    {"filters.decode.percent", &type_int, AT(config, filters.decode_percent), .def = "3", .max = 8, .help = "percent encoding",
     .good = "2", .bad = "all"},
    {"filters.detectors", &type_list, AT(config, filters.detectors), COUNT(config, filters.detector_count, config_detector),
     .help = "external recognisers that speak as Presidio's analyzer does; they are sent the text of requests",
     .bad = "presidio"},
    {"filters.detectors[].name", &type_name, AT(config_detector, http.name), .flags = ROW_REQUIRED,
     .help = "its rules are NAME:TYPE, such as presidio:PERSON", .good = "ner", .bad = "a b"},
    {"filters.detectors[].url", &type_detector_url, AT(config_detector, http.url), .flags = ROW_REQUIRED,
     .help = "http or https; without a path: /analyze", .good = "http://127.0.0.1:5002/analyze", .bad = "builtin:echo"},
    {"filters.detectors[].key", &type_backend_key, AT(config_detector, http.key), .flags = ROW_SECRET, .help = "sent as bearer",
     .good = "file:chain.key", .bad = "\"two words\""},
    {"filters.detectors[].timeout", &type_duration, AT(config_detector, timeout), .def = "300ms", .min = 1, .max = 60 * SECOND,
     .help = "for a whole call", .good = "1s", .bad = "0s"},
    {"filters.detectors[].on_error", &type_enum, AT(config_detector, on_error), .def = "block",
     .names = WORDS("block", "flag", "allow"),
     .help = "a request it did not look at: refuse, count it in the record, or let it pass", .good = "flag", .bad = "pass"},
    {"filters.detectors[].language", &type_name, AT(config_detector, language), .def = "en", .help = "that it is told",
     .good = "de", .bad = "e n"},
    {"filters.detectors[].entities", &type_strings, AT(config_detector, entities), .max = 64,
     .help = "entity types it knows beside Presidio's own", .good = "[EMPLOYEE_ID]", .bad = "[\"\"]"},
    {"filters.detectors[].min_score", &type_fraction, AT(config_detector, min_score), .def = "0.5",
     .help = "findings it is less sure of are not asked for", .good = "0.35", .bad = "50%"},
    {"filters.detectors[].text_bytes", &type_size, AT(config_detector, text_bytes), .def = "1MiB", .min = KIB, .max = 16 * MIB,
     .help = "a request with more text is not sent to it: on_error", .good = "64KiB", .bad = "1GiB"},
    {"filters.detectors[].batch", &type_bool, AT(config_detector, batch), .def = "true",
     .help = "several texts as a list (Presidio of 2025 and later); false: joined into one", .good = "false", .bad = "2"},
    {"filters.detectors[].connections", &type_int, AT(config_detector, http.connections), .def = "32", .max = 10000,
     .help = "idle connections kept, each worker", .good = "4", .bad = "lots"},
    {"filters.detectors[].tls", &type_section, .help = "for https", .bad = "on"},
    {"filters.detectors[].tls.ca", &type_file, AT(config_detector, http.tls_ca),
     .help = "PEM file: whose certificates are accepted; default: the system's", .good = "server.pem", .bad = "no-such.pem"},
    {"filters.detectors[].tls.pin", &type_pin, AT(config_detector, http.tls_pin),
     .help = "of its public key, beside verification",
     .good = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", .bad = "sha256//AAAA"},

    {"models", &type_planned, .help = "the registry of models", .bad = "{m: {family: qwen}}"},

    /* backends */
    {"backends", &type_map, AT(config, backends), COUNT(config, backend_count, config_backend), .flags = ROW_REQUIRED,
     .help = "where models answer", .bad = "{}"},
    {"backends.*.url", &type_url, AT(config_backend, url), .flags = ROW_REQUIRED,
     .help = "http or https, host and base path; builtin:echo is the demo model inside", .good = "http://127.0.0.1:8000/base/",
     .bad = "ftp://example.com"},
    {"backends.*.dialect", &type_word, AT(config_backend, dialect), .def = "openai", .names = WORDS("openai"),
     .planned = WORDS("anthropic", "gemini", "bedrock", "azure", "cohere", "ollama", "mistral"), .help = "the API it speaks",
     .good = "openai", .bad = "anthropic"},
    {"backends.*.hosting", &type_enum, AT(config_backend, hosting), .def = "self-hosted",
     .names = WORDS("self-hosted", "managed", "hosted"), .help = "whose machine it is", .good = "hosted", .bad = "cloud"},
    {"backends.*.key", &type_backend_key, AT(config_backend, key), .flags = ROW_SECRET,
     .help = "sent as bearer; passthrough: the caller's own key is sent on", .good = "passthrough", .bad = "\"two words\""},
    {"backends.*.timeouts", &type_section, .help = "0s: none", .bad = "5s"},
    {"backends.*.timeouts.connect", &type_duration, AT(config_backend, timeouts.connect), .def = "5s", .max = HOUR,
     .help = "resolve, connect, TLS", .good = "1s", .bad = "1"},
    {"backends.*.timeouts.first_byte", &type_duration, AT(config_backend, timeouts.first_byte), .def = "60s", .max = DAY,
     .help = "from the request's end to the answer's head", .good = "20s", .bad = "soon"},
    {"backends.*.timeouts.idle", &type_duration, AT(config_backend, timeouts.idle), .def = "60s", .max = DAY,
     .help = "between two reads of an answer", .good = "30s", .bad = "-1s"},
    {"backends.*.timeouts.total", &type_duration, AT(config_backend, timeouts.total), .def = "10m", .max = 7 * DAY,
     .help = "one attempt", .good = "5m", .bad = "8d"},
    {"backends.*.tls", &type_section, .help = "for https", .bad = "on"},
    {"backends.*.tls.ca", &type_file, AT(config_backend, tls_ca),
     .help = "PEM file: whose certificates are accepted; default: the system's", .good = "server.pem", .bad = "no-such.pem"},
    {"backends.*.tls.pin", &type_pin, AT(config_backend, tls_pin), .help = "of its public key, beside verification",
     .good = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", .bad = "sha256//AAAA"},
    {"backends.*.connections", &type_int, AT(config_backend, connections), .def = "32", .max = 10000,
     .help = "idle connections kept, each worker", .good = "4", .bad = "lots"},

    /* routes */
    {"routes", &type_list, AT(config, routes), COUNT(config, route_count, config_route), .flags = ROW_REQUIRED,
     .help = "which model is answered where; the first that matches", .bad = "none"},
    {"routes[].name", &type_name, AT(config_route, name), .flags = ROW_REQUIRED, .help = "its name in records", .good = "chat",
     .bad = "\"\""},
    {"routes[].match", &type_section, .help = "which requests; without it all", .bad = "\"*\""},
    {"routes[].match.model", &type_strings, AT(config_route, match_models), .help = "a glob or a list of them",
     .good = "[\"chat-*\", \"gpt-*\"]", .bad = "{glob: x}"},
    {"routes[].target", &type_target_alone, AT(config_route, split), .help = "backend or backend/model", .good = "x/org/model-1",
     .bad = "nobody/m"},
    {"routes[].split", &type_list, AT(config_route, split), COUNT(config_route, split_count, config_target),
     .help = "instead of target: several by weight", .bad = "x"},
    {"routes[].split[].target", &type_target, AT(config_target, backend), .flags = ROW_REQUIRED,
     .help = "backend or backend/model", .good = "x/m", .bad = "x/"},
    {"routes[].split[].weight", &type_int, AT(config_target, weight), .def = "1", .min = 1, .max = 1000000, .help = "its share",
     .good = "90", .bad = "0"},
    {"routes[].shadow", &type_planned, .help = "a copy of some requests elsewhere", .bad = "{target: x}"},
    {"routes[].fallback", &type_targets, AT(config_route, fallback),
     .count_offset = offsetof(struct config_route, fallback_count), .help = "targets tried in order when one fails",
     .good = "[x/m, x]", .bad = "[y]"},
    {"routes[].fallback_on", &type_bits, AT(config_route, fallback_on), .def = "connect, first_byte, idle, 429, 5xx, malformed",
     .names = TRIGGERS, .help = "what counts as failing", .good = "[429, 5xx, refusal]", .bad = "[timeouts]"},
    {"routes[].sensitive", &type_target_own, AT(config_route, sensitive), .help = "where `reroute` sends a request",
     .good = "x/m", .bad = "nobody"},
    {"routes[].retries", &type_section, .help = "all targets together", .bad = "3"},
    {"routes[].retries.attempts", &type_int, AT(config_route, attempts), .def = "3", .min = 1, .max = 8,
     .help = "attempts at most", .good = "8", .bad = "9"},
    {"routes[].retries.total", &type_duration, AT(config_route, retry_total), .def = "60s", .min = 1, .max = DAY,
     .help = "up to the first byte sent to the caller", .good = "30s", .bad = "never"},
    {"routes[].retries.budget", &type_planned, .help = "share of requests that may be retries", .bad = "20%"},
    {"routes[].breaker", &type_section, .help = "a target that keeps failing goes to the end of the line", .bad = "off"},
    {"routes[].breaker.failures", &type_int, AT(config_route, breaker_failures), .def = "5", .min = 1, .max = 100000,
     .help = "failures that open it", .good = "3", .bad = "0"},
    {"routes[].breaker.within", &type_duration, AT(config_route, breaker_within), .def = "30s", .min = 1, .max = DAY,
     .help = "in this time", .good = "10s", .bad = "x"},
    {"routes[].breaker.open", &type_duration, AT(config_route, breaker_open), .def = "15s", .min = 1, .max = DAY,
     .help = "how long it stays open", .good = "5s", .bad = "1w"},

    {"logging", &type_section, .help = "the service's own log; never holds text of a prompt", .bad = "info"},
    {"logging.level", &type_enum, AT(config, logging.level), .def = "info",
     .names = WORDS("debug", "info", "warn", "error", "off"), .help = "least level written", .good = "warn", .bad = "warning"},
    {"logging.format", &type_enum, AT(config, logging.json), .def = "json", .names = WORDS("text", "json"),
     .help = "of its lines", .good = "text", .bad = "xml"},

    /* audit */
    {"audit", &type_section, .help = "what is kept about each request; without it nothing is", .bad = "on"},
    {"audit.journal", &type_section, .help = "the records on disk", .bad = "/var/log"},
    {"audit.journal.directory", &type_path, AT(config, audit.directory), .flags = ROW_FIXED,
     .help = "made if it is not there; default /var/lib/privet/audit", .good = "journal", .bad = "\"\""},
    {"audit.journal.segment", &type_size, AT(config, audit.segment), .def = "64MiB", .min = 64 * KIB, .max = 2 * GIB,
     .flags = ROW_FIXED, .help = "size of one file", .good = "1MiB", .bad = "1KiB"},
    {"audit.journal.retain", &type_duration, AT(config, audit.retain), .def = "90d", .min = 1, .max = 36500 * DAY,
     .flags = ROW_FIXED, .help = "how long files are kept", .good = "7d", .bad = "forever"},
    {"audit.journal.sync", &type_duration, AT(config, audit.sync), .def = "100ms", .min = 1, .max = HOUR, .flags = ROW_FIXED,
     .help = "between two writes to the disk itself", .good = "1s", .bad = "100"},
    {"audit.chain_key", &type_chain_key, AT(config, audit.chain_key), .flags = ROW_SECRET | ROW_FIXED,
     .help = "chains the records so that edits and gaps show; default: made in the directory", .good = "file:chain.key",
     .bad = "short"},
    {"audit.seal_to", &type_planned, .help = "public key for full records", .bad = "auditor.pem"},
    {"audit.redis", &type_section, .help = "a copy of the records", .bad = "redis://127.0.0.1"},
    {"audit.redis.url", &type_redis_url, AT(config, audit.redis_url), .flags = ROW_REQUIRED | ROW_SECRET | ROW_FIXED,
     .help = "redis://[user:password@]host[:port][/db] or unix:///path[?db=0]", .good = "unix:///run/redis.sock?db=1",
     .bad = "redis+sentinel://a,b/c"},
    {"audit.redis.stream", &type_section, .help = "PREFIX:audit:INSTANCE", .bad = "audit"},
    {"audit.redis.stream.maxlen", &type_int, AT(config, audit.redis_maxlen), .def = "1000000", .min = 1, .flags = ROW_FIXED,
     .help = "entries kept", .good = "1000", .bad = "1M"},
    {"audit.redis.request_ttl", &type_duration, AT(config, audit.redis_ttl), .def = "7d", .min = 1000, .max = 36500 * DAY,
     .flags = ROW_FIXED, .help = "how long a request can be looked up by its id", .good = "1h", .bad = "0s"},
    {"audit.redis.prefix", &type_name, AT(config, audit.redis_prefix), .def = "privet", .flags = ROW_FIXED,
     .help = "of every key", .good = "gw1", .bad = "a:b"},
};

const struct schema_row *schema_rows(size_t *n)
{
    *n = sizeof rows / sizeof rows[0];
    return rows;
}

const struct schema_row *schema_find(const char *path)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!strcmp(rows[i].path, path)) return &rows[i];
    return NULL;
}

bool schema_is_child(const struct schema_row *row, const char *prefix, const char **name)
{
    size_t n = strlen(prefix);
    if (strncmp(row->path, prefix, n) != 0) return false;
    const char *rest = row->path + n;
    if (n && *rest++ != '.') return false;
    if (strpbrk(rest, ".[*")) return false;
    *name = rest;
    return true;
}

/* ---- privet help config ----------------------------------------------------------------------------------------- */

static enum err print_words(struct buf *out, const struct schema_row *row)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && row->names && row->names[i]; i++)
        e = buf_addf(out, "%s%s", i ? " | " : row->type == &type_int ? " or " : ": ", row->names[i]);
    return e;
}

static enum err print_bounds(struct buf *out, const struct schema_row *row)
{
    char low[40], high[40];
    if (!row->max || !number_print(row, row->min, low) || !number_print(row, row->max, high)) return ERR_OK;
    return buf_addf(out, ", %s to %s", low, high);
}

static enum err print_row(struct buf *out, const struct schema_row *row)
{
    enum err e;
    if (row->type == &type_planned) return ERR_OK;
    e = buf_addf(out, "%s%s\n    %s", strpbrk(row->path, ".[") ? "" : "\n", row->path, row->type->name);
    if (e == ERR_OK) e = print_words(out, row);
    if (e == ERR_OK) e = print_bounds(out, row);
    if (e == ERR_OK && row->def) e = buf_addf(out, ", default %s", row->def);
    if (e == ERR_OK && (row->flags & ROW_REQUIRED)) e = buf_addf(out, ", required");
    if (e == ERR_OK && (row->flags & ROW_FIXED)) e = buf_addf(out, ", needs a restart");
    if (e == ERR_OK) e = buf_addf(out, "\n    %s\n", row->help);
    return e;
}

enum err config_print_schema(struct buf *out)
{
    enum err e = buf_add(out,
                         SLICE("Every key of the configuration. `[]` is an item of a list, `*` a name of your own.\n"
                               "${NAME} and ${NAME:-default} expand from the environment; file:NAME reads a secret from a file:\n"
                               "an absolute path, a name under $CREDENTIALS_DIRECTORY, or beside the configuration.\n"
                               "Other paths are taken from the configuration's own directory.\n"));
    for (size_t i = 0; e == ERR_OK && i < sizeof rows / sizeof rows[0]; i++) e = print_row(out, &rows[i]);
    if (e == ERR_OK) e = buf_add(out, SLICE("\nPlanned, and refused in this version:"));
    for (size_t i = 0; e == ERR_OK && i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].type == &type_planned) e = buf_addf(out, " %s", rows[i].path);
    if (e == ERR_OK) e = buf_add_byte(out, '\n');
    return e;
}
