/* The error table. */
#include "proxy/base/err.h"

#include <assert.h>
#include <stddef.h>

#define INV "invalid_request_error"
#define SRV "server_error"
#define UPS "upstream_error"

static const struct err_row rows[] = {
    {ERR_OK, "ok", 200, NULL, NULL, "", false},
    {ERR_MEMORY, "memory", 503, SRV, "out_of_memory", "The proxy is out of memory.", false},
    {ERR_LIMIT, "limit", 413, INV, "limit_exceeded", "A limit of the proxy was exceeded.", false},
    {ERR_INTERNAL, "internal", 500, SRV, "internal_error", "The proxy met an internal error; the request was not sent on.",
     false},
    {ERR_IO, "io", 500, SRV, "internal_error", "The proxy met an internal error; the request was not sent on.", false},
    {ERR_AGAIN, "again", 500, SRV, "internal_error", "The proxy met an internal error; the request was not sent on.", false},
    {ERR_HEAD, "head", 400, INV, "malformed_request", "The request head is not valid HTTP/1.1.", false},
    {ERR_HEAD_TOO_LARGE, "head_too_large", 431, INV, "head_too_large", "The request head is too large.", false},
    {ERR_TARGET_TOO_LONG, "target_too_long", 414, INV, "target_too_long", "The request target is too long.", false},
    {ERR_METHOD, "method", 405, INV, "method_not_allowed", "This method is not allowed here.", false},
    {ERR_VERSION, "version", 505, INV, "http_version", "This HTTP version is not supported.", false},
    {ERR_FRAMING, "framing", 400, INV, "malformed_request", "The request body's framing is malformed or ambiguous.", false},
    {ERR_LENGTH_REQUIRED, "length_required", 411, INV, "length_required",
     "A request with a body needs Content-Length or chunked coding.", false},
    {ERR_BODY_TOO_LARGE, "body_too_large", 413, INV, "request_too_large", "The request body is too large.", false},
    {ERR_EXPECTATION, "expectation", 417, INV, "expectation_failed", "This expectation cannot be met.", false},
    {ERR_MEDIA_TYPE, "media_type", 415, INV, "unsupported_media_type",
     "This content type or coding cannot be screened and is refused.", false},
    {ERR_CLIENT_TIMEOUT, "client_timeout", 408, INV, "request_timeout", "The request did not arrive in time.", false},
    {ERR_CLIENT_GONE, "client_gone", 0, INV, NULL, "The client went away.", false},
    {ERR_CLIENT_EOF, "client_eof", 400, INV, "malformed_request", "The request ended before it was whole.", false},
    {ERR_ENDPOINT, "endpoint", 404, INV, "unknown_endpoint", "This endpoint is not known to the proxy and is refused.", false},
    {ERR_UNAUTHORIZED, "unauthorized", 401, INV, "invalid_api_key", "The API key is not known to the proxy.", false},
    {ERR_FORBIDDEN, "forbidden", 403, INV, "forbidden", "This caller may not use this model or endpoint.", false},
    {ERR_NO_ROUTE, "no_route", 404, INV, "model_not_found", "No route serves this model.", false},
    {ERR_JSON, "json", 400, INV, "invalid_json", "The request body is not valid JSON.", false},
    {ERR_UTF8, "utf8", 400, INV, "invalid_utf8", "The request body is not valid UTF-8.", false},
    {ERR_JSON_DEPTH, "json_depth", 400, INV, "json_too_deep", "The request body is nested too deeply.", false},
    {ERR_JSON_DUPLICATE, "json_duplicate", 400, INV, "duplicate_key", "The request body has a duplicate object key.", false},
    {ERR_SHAPE, "shape", 400, INV, "invalid_request", "The request body does not have the shape this endpoint takes.", false},
    {ERR_BLOCKED, "blocked", 400, INV, "content_blocked", "The request holds sensitive content that the policy blocks.", false},
    {ERR_NOT_SCANNED, "not_scanned", 503, SRV, "not_scanned", "The request could not be screened and was refused.", false},
    {ERR_OPAQUE, "opaque", 400, INV, "opaque_content",
     "The request holds content that cannot be screened, and the policy blocks it.", false},
    {ERR_OVERLOAD, "overload", 503, SRV, "overloaded", "The proxy is overloaded.", false},
    {ERR_AUDIT, "audit", 503, SRV, "audit_unavailable", "The audit record could not be written; the request was not sent on.",
     false},
    {ERR_DRAINING, "draining", 503, SRV, "shutting_down", "The proxy is shutting down.", false},
    {ERR_UP_CONNECT, "connect", 502, UPS, "upstream_connect", "The model's server could not be reached.", true},
    {ERR_UP_TLS, "tls", 502, UPS, "upstream_tls", "The model's server could not be verified.", true},
    {ERR_UP_FIRST_BYTE, "first_byte", 504, UPS, "upstream_timeout", "The model's server did not answer in time.", true},
    {ERR_UP_IDLE, "idle", 504, UPS, "upstream_idle", "The model's answer stalled.", true},
    {ERR_UP_TOTAL, "total", 504, UPS, "upstream_total", "The model's answer took too long.", true},
    {ERR_UP_429, "429", 429, "rate_limit_error", "upstream_rate_limit", "The model's server limits the rate.", true},
    {ERR_UP_5XX, "5xx", 502, UPS, "upstream_error", "The model's server failed.", true},
    {ERR_UP_REFUSAL, "refusal", 502, UPS, "refusal", "The model refused.", true},
    {ERR_UP_CONTENT_FILTER, "content_filter", 502, UPS, "content_filter", "The provider's content filter cut in.", true},
    {ERR_UP_CONTEXT_LENGTH, "context_length", 400, INV, "context_length_exceeded", "The prompt is too long for the model.", true},
    {ERR_UP_MALFORMED, "malformed", 502, UPS, "upstream_malformed", "The model's server sent a malformed answer.", true},
    {ERR_UP_CLOSED, "closed", 502, UPS, "upstream_closed",
     "The model's server closed the connection before its answer was whole.", true},
    {ERR_UP_TRUNCATED, "truncated", 502, UPS, "upstream_truncated", "The model's answer ended before it was whole.", true},
    {ERR_UP_TOO_LARGE, "up_too_large", 502, UPS, "upstream_too_large", "The model's answer is too large.", true},
    {ERR_UP_ALL_FAILED, "all_failed", 502, UPS, "upstream_unavailable", "No target could answer the request.", false},
};

const struct err_row *err_row(enum err e)
{
    static_assert(sizeof rows / sizeof rows[0] == ERR_COUNT, "one row for each error");
    assert((unsigned)e < ERR_COUNT && rows[e].err == e);
    return &rows[e];
}

const char *err_name(enum err e) { return err_row(e)->name; }
