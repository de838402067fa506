"""A model server that misbehaves: the request's model name says how ("bad:NAME"), or `default` does. Threads; port 0."""
import json
import socket
import ssl
import struct
import threading
import time
import zlib

WHOLE = (b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":{"role":"assistant",'
         b'"content":"ok"},"finish_reason":"stop"}]}')


def head(extra=b"", status=b"200 OK", kind=b"application/json"):
    return b"HTTP/1.1 " + status + b"\r\nContent-Type: " + kind + b"\r\n" + extra + b"\r\n"


def length(body):
    return b"Content-Length: %d\r\n" % len(body)


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def event(text):
    return b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"%s"},"finish_reason":null}]}\n\n' % text


GZIP = zlib.compressobj(9, zlib.DEFLATED, 31)
GZIP = b"".join(GZIP.compress(b"0" * (1 << 20)) for _ in range(32)) + GZIP.flush()
CHUNKED = b"Transfer-Encoding: chunked\r\n"
STREAM = head(CHUNKED, kind=b"text/event-stream")
STREAM_END = chunk(event(b"").replace(b'"delta":{"content":""},"finish_reason":null', b'"delta":{},"finish_reason":"stop"')) + chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


class BadModel:
    def __init__(self, default="ok", tls=None):
        self.default, self.context = default, None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.lock, self.ids, self.connections, self.ended = threading.Lock(), [], 0, 0
        self.times = []          # when a connection ended under an answer
        self.go = threading.Event()  # for those that wait to be told
        self.stopping = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.listener.getsockname()[1]
        self.url = "%s://%s:%d" % ("https" if tls else "http", "localhost" if tls else "127.0.0.1", self.port)
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.stopping.set()
        self.go.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()

    def accept(self):
        while True:
            try:
                c = self.listener.accept()[0]
            except OSError:
                return
            with self.lock:
                self.connections += 1
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def read(self, c):
        """-> (id, mode, stream, path) of one whole request; None at the end."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = c.recv(65536)
            if not more:
                return None
            data += more
        first, _, body = data.partition(b"\r\n\r\n")
        lines = first.decode("latin-1").split("\r\n")
        fields = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines[1:])}
        left = int(fields.get("content-length", 0)) - len(body)
        while left > 0:
            more = c.recv(65536)
            if not more:
                return None
            body += more
            left -= len(more)
        value = json.loads(body) if body else {}
        name = value.get("model", "")
        mode = name[4:] if name.startswith("bad:") else fields.get("x-bad", self.default)
        with self.lock:
            self.ids.append(fields.get("x-request-id"))
        return mode, bool(value.get("stream")), fields

    def serve(self, c):
        try:
            c.settimeout(60)
            c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.context:
                c = self.context.wrap_socket(c, server_side=True)
            if self.default == "early":
                c.sendall(head(b"Content-Length: 0\r\nConnection: close\r\n", b"413 Too Large"))
                c.recv(1)
                return
            while True:
                request = self.read(c)
                if not request or self.answer(c, *request) is False:
                    return
        except (OSError, ValueError):
            with self.lock:
                self.ended += 1
                self.times.append(time.monotonic())
        finally:
            try:
                c.close()
            except OSError:
                pass

    def reset(self, c):
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        c.close()
        return False

    def forever(self, c, piece, gap):
        while not self.stopping.is_set():
            c.sendall(piece)
            time.sleep(gap)

    def answer(self, c, mode, stream, fields):
        mode, _, argument = mode.partition(" ")
        return getattr(self, "do_" + mode.replace("-", "_"))(c, stream, argument)

    def do_ok(self, c, stream, _):
        c.sendall(self.good(stream))

    def do_sse(self, c, stream, argument):
        count, gap = (argument or "20 0.05").split()
        c.sendall(STREAM)
        for i in range(int(count)):
            c.sendall(chunk(event(b"w%d " % i)))
            time.sleep(float(gap))
        c.sendall(STREAM_END)

    def do_cut_sse(self, c, stream, _):
        c.sendall(STREAM + b"".join(chunk(event(b"w%d " % i)) for i in range(9)))
        return False

    def do_empty_sse(self, c, stream, _):
        c.sendall(STREAM)
        return False

    def do_wait(self, c, stream, _):
        self.go.wait(30)
        self.do_ok(c, stream, "")

    def do_hang(self, c, stream, _):
        c.recv(1)
        raise OSError

    def do_hang_head(self, c, stream, _):
        c.sendall(head(length(WHOLE)))
        self.do_hang(c, stream, "")

    def do_reset(self, c, stream, _):
        return self.reset(c)

    def do_reset_mid(self, c, stream, _):
        c.sendall(head(length(WHOLE)) + WHOLE[:20])
        time.sleep(.05)
        return self.reset(c)

    def do_at(self, c, stream, argument):
        """So many bytes of a good answer, and then its end."""
        count, how = argument.split()
        c.sendall(self.good(stream)[:int(count)])
        return self.reset(c) if how == "rst" else False

    @staticmethod
    def good(stream):
        return STREAM + chunk(event(b"ok")) + STREAM_END if stream else head(length(WHOLE)) + WHOLE

    def do_fin(self, c, stream, _):
        return False

    def do_slow(self, c, stream, argument):
        data = head(length(WHOLE)) + WHOLE
        for i in range(0, len(data), 4):
            c.sendall(data[i:i + 4])
            time.sleep(float(argument or .01))

    def do_cut_cl(self, c, stream, _):
        c.sendall(head(length(WHOLE)) + WHOLE[:-5])
        return False

    def do_cut_chunk(self, c, stream, _):
        c.sendall(head(CHUNKED) + chunk(WHOLE[:40]) + b"20\r\nabc")
        return False

    def do_cut_last(self, c, stream, _):
        c.sendall(head(CHUNKED) + chunk(WHOLE))
        return False

    def do_no_notify(self, c, stream, _):
        """The body ends with the connection, but TLS ends without saying so."""
        c.sendall(head(b"Connection: close\r\n") + WHOLE)
        s = socket.socket(fileno=c.detach())
        s.shutdown(socket.SHUT_RDWR)
        s.close()
        raise OSError

    def do_until_close(self, c, stream, _):
        c.sendall(head(b"Connection: close\r\n") + WHOLE)
        if self.context:
            c.unwrap()
        return False

    def do_garbage(self, c, stream, _):
        c.sendall(bytes(range(256)) * 4)
        return False

    def do_both(self, c, stream, _):
        c.sendall(head(CHUNKED + length(WHOLE)) + chunk(WHOLE) + b"0\r\n\r\n")

    def do_bad_chunk(self, c, stream, _):
        c.sendall(head(CHUNKED) + b"0x5\r\nhello\r\n0\r\n\r\n")

    def do_neg_cl(self, c, stream, _):
        c.sendall(head(b"Content-Length: -5\r\n") + WHOLE)
        return False

    def do_dup_cl(self, c, stream, _):
        c.sendall(head(length(WHOLE) + b"Content-Length: 5\r\n") + WHOLE)

    def do_flood_1xx(self, c, stream, _):
        for _ in range(20000):
            c.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        c.sendall(head(length(WHOLE)) + WHOLE)

    def do_huge_head(self, c, stream, _):
        c.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"a" * (8 << 20) + b"\r\n" + length(WHOLE) + b"\r\n" + WHOLE)

    def do_huge_body(self, c, stream, argument):
        c.sendall(head(CHUNKED))
        for _ in range(int(argument or 1024) * 16):
            c.sendall(chunk(b"a" * 65536))
        c.sendall(b"0\r\n\r\n")

    def do_huge_stream(self, c, stream, argument):
        c.sendall(STREAM)
        for _ in range(int(argument or 64) * 16):
            c.sendall(chunk(event(b"a" * 65536)))
        c.sendall(STREAM_END)

    def do_huge_event(self, c, stream, _):
        c.sendall(STREAM + chunk(event(b"ok")))
        for _ in range(1024):
            c.sendall(chunk(b"data: " + b"a" * 65536))

    def do_gzip_bomb(self, c, stream, _):
        c.sendall(head(b"Content-Encoding: gzip\r\n" + length(GZIP)) + GZIP)

    def do_te_gzip(self, c, stream, _):
        c.sendall(head(b"Transfer-Encoding: gzip, chunked\r\n") + chunk(zlib.compress(WHOLE)) + b"0\r\n\r\n")

    def do_redirect(self, c, stream, argument):
        c.sendall(head(b"Location: %s\r\nContent-Length: 0\r\n" % argument.encode(), b"302 Found"))

    def do_crlf(self, c, stream, _):
        c.sendall(b"HTTP/1.1 200 OK\r\nX-A: a\rX-B: b\nX-C\x00: c\r\n" + length(WHOLE) + b"\r\n" + WHOLE)

    def do_page(self, c, stream, argument):
        page = b"<html><h1>Bad gateway</h1></html>"
        c.sendall(head(length(page), (argument or "502 Bad Gateway").encode(), b"text/html") + page)

    def do_big(self, c, stream, argument):
        body = WHOLE.replace(b'"ok"', b'"' + b"x" * int(argument) + b'"')
        c.sendall(head(length(body)) + body)

    def do_switch(self, c, stream, _):
        c.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")

    def do_empty(self, c, stream, argument):
        c.sendall(b"HTTP/1.1 %s\r\n\r\n" % (argument or "204 No Content").encode())
