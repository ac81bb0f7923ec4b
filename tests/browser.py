"""A headless Chromium driven through a pipe (DevTools protocol), for tests that look at pages as a reader does."""

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
PATIENCE: Final = 60.0  # seconds for one answer
FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
)  # fmt: skip


def installed() -> str | None:
    """Path of a Chromium on this machine, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One tab. `messages` holds what it wrote to the console, `requests` what it asked for, from opening on."""

    def __init__(self, connection: "_Connection", session: str) -> None:
        self._connection, self._session = connection, session
        self.messages: list[str] = []
        self.requests: list[str] = []
        connection.listeners[session] = self._listen
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """One command of the protocol."""
        return self._connection.call(method, parameters, self._session)

    def show(
        self, *, width: int, height: int = 900, features: Mapping[str, str] | None = None, media: str = ""
    ) -> Self:
        """Viewport in CSS pixels, and media features such as prefers-color-scheme."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600
        )
        pairs = [{"name": name, "value": value} for name, value in (features or {}).items()]
        self.call("Emulation.setEmulatedMedia", media=media, features=pairs)
        return self

    def open(self, path: Path) -> Self:
        """Load a file and wait until it has loaded."""
        self._connection.loaded.discard(self._session)
        self.call("Page.navigate", url=path.as_uri())
        self._connection.wait(lambda: self._session in self._connection.loaded)
        return self

    def value(self, expression: str) -> Any:
        """The value of a JavaScript expression, which the page's own policy does not concern."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def press(self, key: str, code: int = 0, text: str = "") -> None:
        """A key, down and up, as the keyboard sends it."""
        for kind in ("keyDown", "keyUp"):
            known = {"key": key, "code": key, "windowsVirtualKeyCode": code, "text": text if kind == "keyDown" else ""}
            self.call("Input.dispatchKeyEvent", type=kind, **known)

    def screenshot(self, path: Path, *, whole: bool = True) -> Path:
        """A PNG of the page."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))
        return path

    def _listen(self, method: str, given: Mapping[str, Any]) -> None:
        if method == "Runtime.consoleAPICalled":
            self.messages.append(" ".join(str(item.get("value", item.get("description"))) for item in given["args"]))
        elif method == "Runtime.exceptionThrown":
            self.messages.append(str(given["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.messages.append(given["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(given["request"]["url"])
        elif method == "Page.loadEventFired":
            self._connection.loaded.add(self._session)


class _Connection:
    """Messages as JSON, each ended by a zero byte, over two pipes."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write = read, write
        self._buffer = b""
        self._last = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self.listeners: dict[str, Any] = {}
        self.loaded: set[str] = set()

    def call(self, method: str, parameters: Mapping[str, Any], session: str | None = None) -> dict[str, Any]:
        self._last += 1
        number = self._last
        message = {"id": number, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]
        self.wait(lambda: number in self._answers)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        return answer["result"]

    def wait(self, done: Any) -> None:
        """Read messages until `done()`; AssertionError where the browser stays silent for too long."""
        limit = time.monotonic() + PATIENCE
        while not done():
            ready, _, _ = select.select([self._read], [], [], max(0.0, limit - time.monotonic()))
            chunk = os.read(self._read, 1 << 20) if ready else b""
            assert chunk, "the browser gave no answer"
            self._buffer += chunk
            *whole, self._buffer = self._buffer.split(b"\0")
            for message in map(json.loads, whole):
                if "id" in message:
                    self._answers[message["id"]] = message
                elif message.get("sessionId") in self.listeners:
                    self.listeners[message["sessionId"]](message["method"], message["params"])


class Browser:
    """A running Chromium; `page()` gives tabs."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    @contextmanager
    def page(self) -> Iterator[Page]:
        """A new tab in a context of its own (no shared storage), closed at the end."""
        context = self._connection.call("Target.createBrowserContext", {})["browserContextId"]
        where = {"url": "about:blank", "browserContextId": context}
        target = self._connection.call("Target.createTarget", where)["targetId"]
        attached = self._connection.call("Target.attachToTarget", {"targetId": target, "flatten": True})
        yield Page(self._connection, attached["sessionId"])
        self._connection.call("Target.disposeBrowserContext", {"browserContextId": context})


@contextmanager
def browser(path: str) -> Iterator[Browser]:
    """Start the Chromium at `path` with a profile of its own, and end it."""
    (ours_out, told), (heard, ours_in) = os.pipe(), os.pipe()
    # The protocol's pipes are file descriptors 3 (to the browser) and 4 (from it); those we pass must be beyond them.
    theirs = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (heard, told)]
    os.close(heard)
    os.close(told)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        redirected = f'exec "$@" 3<&{theirs[0]} 4>&{theirs[1]}'  # bash: dash knows only descriptors of one digit
        command = ["bash", "-c", redirected, "bash", path, *FLAGS, f"--user-data-dir={profile}"]
        process = subprocess.Popen(command, pass_fds=theirs, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in theirs:
            os.close(end)
        try:
            connection = _Connection(ours_out, ours_in)
            yield Browser(connection)
            connection.call("Browser.close", {})
            process.wait(timeout=PATIENCE)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            os.close(ours_in)
            os.close(ours_out)
