# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, driven by its DevTools protocol over a pipe: pages as people see them."""
import base64
import json
import os
import select
import shutil
import subprocess
import time

PROGRAM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
# No sandbox: tests run as root. The rest keeps it from asking servers elsewhere.
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-default-apps", "--disable-extensions", "--disable-dev-shm-usage",
         "--remote-debugging-pipe"]
PATIENCE_S = 60


class Chromium:
    """One browser with an empty profile in `directory`."""

    def __init__(self, directory):
        self.directory = str(directory)
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        # The browser reads commands from descriptor 3 and writes answers to 4.
        script = f'exec 3<&{theirs_in} 4>&{theirs_out}; exec "$@"'
        command = [PROGRAM, *FLAGS, f"--user-data-dir={self.directory}/profile", "about:blank"]
        self.log_path = os.path.join(self.directory, "chromium.log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(["bash", "-c", script, "-", *command],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            pass_fds=(theirs_in, theirs_out))
        os.close(theirs_in)
        os.close(theirs_out)
        self.reader, self.writer = ours_in, ours_out
        self.received = b""
        self.number = 0
        self.events = []  # that came and were not waited for

    def close(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)
        os.close(self.reader)
        os.close(self.writer)

    def _receive(self, deadline):
        while b"\0" not in self.received:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.reader], [], [], left)[0]:
                raise TimeoutError("no message of the browser")
            data = os.read(self.reader, 1 << 16)
            if not data:
                with open(self.log_path, encoding="utf-8", errors="replace") as log:
                    raise RuntimeError(f"the browser has ended:\n{log.read()}")
            self.received += data
        message, _, self.received = self.received.partition(b"\0")
        return json.loads(message)

    def call(self, method, session=None, **params):
        """A command of the protocol; its result."""
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.writer, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + PATIENCE_S
        while True:
            answer = self._receive(deadline)
            if answer.get("id") != self.number:
                self.events.append(answer)
            elif "error" in answer:
                raise RuntimeError(f"{method}: {answer['error']['message']}")
            else:
                return answer["result"]

    def event(self, method, session):
        """Waits for the next event of that name; its parameters."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            for index, event in enumerate(self.events):
                if event.get("method") == method and event.get("sessionId") == session:
                    return self.events.pop(index)["params"]
            self.events.append(self._receive(deadline))

    def tab(self, **options):
        return Tab(self, **options)


class Tab:
    """One tab. With scripts=False the page's own scripts do not run; the test's still do."""

    def __init__(self, browser, scripts=True, width=1024, scheme="light"):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target,
                                    flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800,
                  deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": scheme}])

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def _loaded(self):
        self.browser.event("Page.loadEventFired", self.session)

    def open(self, url):
        self.call("Page.navigate", url=url)
        self._loaded()

    def reload(self):
        self.call("Page.reload")
        self._loaded()

    def value(self, expression):
        """What a JavaScript expression gives in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    @property
    def text(self):
        return self.value("document.body.innerText")

    @property
    def url(self):
        return self.value("location.href")

    def click(self, selector, loads=True):
        """As a mouse does, in the middle of the element."""
        x, y = self.value(f"""(() => {{
            const e = document.querySelector({json.dumps(selector)});
            e.scrollIntoView({{block: "center", behavior: "instant"}});
            const r = e.getBoundingClientRect();
            return [r.x + r.width / 2, r.y + r.height / 2]; }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        if loads:
            self._loaded()

    def type(self, selector, text):
        self.click(selector, loads=False)
        self.call("Input.insertText", text=text)

    def style(self, selector, name):
        return self.value(f"getComputedStyle(document.querySelector({json.dumps(selector)}))"
                          f".getPropertyValue({json.dumps(name)})")

    def complaints(self):
        """What the browser has logged as errors: of the network, of the page's policy."""
        self.value("1")  # the events before this answer have come
        return [event["params"]["entry"]["text"] for event in self.browser.events
                if event.get("method") == "Log.entryAdded" and
                event.get("sessionId") == self.session and
                event["params"]["entry"]["level"] == "error"]

    def screenshot(self, path):
        data = self.call("Page.captureScreenshot", format="png")["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
