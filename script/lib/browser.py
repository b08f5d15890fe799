"""Chromium without a screen, driven over its debugging pipe (Chrome DevTools Protocol). Standard library only."""

import base64
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time

from cloud import CloudError

ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
             "--disable-dev-shm-usage", "--remote-debugging-pipe", "--window-size=1024,900"]


class Browser:
    """One page; as a context it is started and ended. `prefix` are words before the command."""

    def __init__(self, prefix=()):
        self.prefix = list(prefix)
        self.number = 0
        self.buffer = b""
        self.session = None

    def __enter__(self):
        command = shutil.which("chromium")
        if not command:
            raise CloudError("there is no chromium; install Debian's package of that name")
        self.profile = tempfile.mkdtemp(prefix="ferrostack-browser-")
        to_read, self.to = os.pipe()
        self.source, to_write = os.pipe()
        # The browser reads from its descriptor 3 and writes to 4.
        script = f'exec 3<&{to_read} 4>&{to_write}; exec "$@"'
        self.process = subprocess.Popen(
            [*self.prefix, "sh", "-c", script, "sh", command, *ARGUMENTS, f"--user-data-dir={self.profile}", "about:blank"],
            pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(to_read)
        os.close(to_write)
        targets = self.call("Target.getTargets")["targetInfos"]
        page = next(one["targetId"] for one in targets if one["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.source)
        shutil.rmtree(self.profile, ignore_errors=True)

    def call(self, method, seconds=60, **parameters):
        """The result of a command; events are passed over."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + seconds
        while True:
            while b"\0" in self.buffer:
                text, self.buffer = self.buffer.split(b"\0", 1)
                answer = json.loads(text)
                if answer.get("id") == self.number:
                    if "error" in answer:
                        raise CloudError(f"browser: {method}: {answer['error']}")
                    return answer["result"]
            if not select.select([self.source], [], [], max(0, end - time.monotonic()))[0]:
                raise CloudError(f"browser: {method}: no answer after {seconds} s")
            data = os.read(self.source, 1 << 20)
            if not data:
                raise CloudError(f"the browser ended with {self.process.wait()}")
            self.buffer += data

    def open(self, url):
        self.call("Page.navigate", url=url)

    def evaluate(self, expression):
        """The value of a JavaScript expression in the page; a promise is awaited."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise CloudError(f"browser: {expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def type(self, text):
        """Presses keys as a person would; `\\n` is Enter."""
        for letter in text:
            key = "Enter" if letter == "\n" else letter
            code = {"\n": "Enter", " ": "Space"}.get(letter, f"Key{letter.upper()}")
            for kind in ("keyDown", "keyUp"):
                self.call("Input.dispatchKeyEvent", type=kind, key=key, code=code,
                          windowsVirtualKeyCode=13 if letter == "\n" else ord(letter.upper()))
