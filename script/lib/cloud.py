"""A cloud that a script starts, talks to, kills and ends: simulated, or isolated on real engines. Standard library only."""

import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
START_SECONDS = 60
STOP_SECONDS = 20


class CloudError(Exception):
    """The cloud did not do what it promised; `status` is that of its answer, if it gave one."""

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


def tool(*words):
    """Runs a function of script/lib/tools.sh and returns what it prints."""
    script = '. script/lib/tools.sh; "$@"'
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script, "tools", *map(str, words)],
                          cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout.strip()


def binary(package="ferrostack"):
    """The path of a package's binary: FERROSTACK_BIN or FERROSTACK_LOAD_BIN, or else a release build."""
    return os.environ.get(f"{package.upper().replace('-', '_')}_BIN") or tool("build", "release", package)


def program(name, main):
    """Runs a script's `main` and exits with what it returns. SIGTERM and SIGHUP unwind it like Ctrl-C: everything that
    was started is ended."""
    def end(number, _frame):
        raise SystemExit(128 + number)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)
    try:
        sys.exit(main())
    except (CloudError, OSError) as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)


@contextlib.contextmanager
def scratch(name, keep=False, parent=None):
    """A folder under `parent` (or the system's temporary one) that is gone afterwards, unless it is kept."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix=f"ferrostack-{name}-", dir=parent))
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def free_port():
    """A loopback port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Cloud:
    """One `ferrostack up --simulated`; as a context it is started and ended."""

    def __init__(self, state_dir, command=None, database=None, nodes=None, keep=False):
        self.state_dir = pathlib.Path(state_dir)
        self.command = command or binary()
        self.database = database
        self.nodes = nodes
        self.keep = keep
        self.port = free_port()
        self.process = None
        self.log = self.state_dir.with_name(self.state_dir.name + ".log")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        if self.keep:
            print(f"kept: {self.url}, process {self.process.pid}, clouds.yaml in {self.state_dir}, log {self.log}")
        else:
            self.stop()

    start_seconds = START_SECONDS

    def words(self):
        """The command that starts it."""
        words = [self.command, "up", "--simulated", "--state-dir", self.state_dir, "--listen", f"127.0.0.1:{self.port}"]
        words += ["--nodes", self.nodes] if self.nodes else []
        return words + (["--database", self.database] if self.database else [])

    def start(self):
        """Starts it and returns the seconds until it said that every API answers."""
        words = self.words()
        ready = threading.Event()
        begin = time.monotonic()
        with open(self.log, "ab") as log:
            # A session of its own: Ctrl-C reaches the script, which ends the cloud in its own order.
            self.process = subprocess.Popen([str(word) for word in words], stdout=subprocess.PIPE, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        threading.Thread(target=self._read, args=(self.process.stdout, ready), daemon=True).start()
        while not ready.wait(0.002):
            late = time.monotonic() - begin > self.start_seconds
            if late or self.process.poll() is not None:
                why = f"not ready after {self.start_seconds} s" if late else f"ended with {self.process.returncode}"
                self.kill()
                raise CloudError(f"the cloud is {why}; its last words:\n{self.last_words()}")
        return time.monotonic() - begin

    def _read(self, stream, ready):
        with open(self.log, "ab") as log:
            for line in stream:
                log.write(line)
                log.flush()
                if line.strip() == b"ready":
                    ready.set()

    def last_words(self):
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
        return "(none)"

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9."""
        if self.alive():
            self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM, as an operator would; a cloud that does not end is killed, and that is an error."""
        if not self.alive():
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise CloudError(f"the cloud did not end within {STOP_SECONDS} s of SIGTERM") from None

    def credentials(self, name="ferrostack"):
        """The `auth` mapping of one cloud in clouds.yaml."""
        return credentials(self.state_dir, name)

    def api(self, name="ferrostack", project=None):
        """A client with a token of its own, scoped to `project` (an id) or to the project of clouds.yaml."""
        return Api(self.url, self.credentials(name), project)


class RealCloud(Cloud):
    """One `ferrostack up --isolate`: engines of its own in namespaces of its own, beside whatever the machine runs. As a
    context it is ended with everything in it. Its APIs answer outside of the namespaces, too; its servers only inside."""

    start_seconds = 180

    def __init__(self, state_dir, command=None, keep=False, config=None):
        super().__init__(state_dir, command, keep=keep)
        self.name = f"fs{os.getpid()}-{self.port}"
        self.config = config   # a file of settings

    def words(self):
        words = [self.command, "up", "--state-dir", self.state_dir, "--listen", f"127.0.0.1:{self.port}",
                 "--isolate", self.name]
        return words + (["--config", self.config] if self.config else [])

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.purge()
            raise
        return self

    def __exit__(self, *_):
        if self.keep:
            super().__exit__()
            print(f"to enter it: {' '.join(self.inside)} bash; to remove it: script/down --purge --state-dir {self.state_dir}")
            return
        try:
            self.stop()
        finally:
            self.purge()

    def purge(self):
        """Ends servers and engines and removes the namespaces, whatever state they are in."""
        done = subprocess.run([ROOT / "script/down", "--purge", "--state-dir", self.state_dir], capture_output=True,
                              text=True)
        if done.returncode:
            raise CloudError(f"script/down --purge: {done.stdout}{done.stderr}")

    @property
    def on_network(self):
        """The words before a command that shall reach servers."""
        return ["nsenter", f"--net=/run/netns/{self.name}"]

    @property
    def inside(self):
        """The words before a command that shall find this cloud's engines, such as virsh. It begins in the folder /."""
        return [*self.on_network, f"--mount={self.state_dir}/isolated/{self.name}/ns/mnt"]

    def engine(self, *words, check=True):
        """What an engine's own command says."""
        done = subprocess.run([*self.inside, *map(str, words)], capture_output=True, text=True, timeout=60)
        if done.returncode and check:
            raise CloudError(f"{' '.join(map(str, words))}: {done.returncode} {done.stderr.strip()}")
        return done.stdout

    def guest_image(self):
        """Builds the guest image where it is missing, and uploads it as `tiny`; its folder."""
        folder = pathlib.Path(subprocess.run([ROOT / "script/guest-image"], check=True, stdout=subprocess.PIPE, text=True)
                              .stdout.strip())
        import tiny_image
        tiny_image.ensure(self.api(), (ROOT / folder).resolve())
        return ROOT / folder


@contextlib.contextmanager
def real_folder(keep=False):
    """A folder for a cloud on real engines: QEMU can pass its parents, and it is short enough for sockets below it."""
    if os.geteuid():
        raise CloudError("real engines need root")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="fs-", dir="/var/tmp"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def credentials(state_dir, name="ferrostack"):
    """The `auth` mapping of one cloud in the clouds.yaml of a state folder."""
    path = state_dir / "clouds.yaml"
    try:
        return parse_yaml(path.read_text())["clouds"][name]["auth"]
    except (OSError, KeyError, TypeError) as error:
        raise CloudError(f"{path} describes no cloud {name}: {error!r}") from error


class Api:
    """A client of one cloud over one kept connection; not for several threads."""

    @classmethod
    def of_state(cls, state_dir, name="ferrostack", project=None):
        """A client of the cloud that runs on this state folder."""
        auth = credentials(state_dir, name)
        return cls(auth["auth_url"].removesuffix("/identity/v3"), auth, project)

    def __init__(self, url, auth, project=None):
        self.auth, self.project = auth, project
        self.address = urllib.parse.urlsplit(url).netloc
        self.connection = None
        self.token = self.project_id = self.user_id = None
        self.authenticate()

    def authenticate(self):
        """Asks for a token by password."""
        auth = self.auth
        scope = {"id": self.project} if self.project else {
            "name": auth["project_name"],
            "domain": {"name": auth.get("project_domain_name", "Default")}}
        body = {"auth": {"scope": {"project": scope}, "identity": {"methods": ["password"], "password": {"user": {
            "name": auth["username"], "domain": {"name": auth.get("user_domain_name", "Default")},
            "password": auth["password"]}}}}}
        status, headers, answer = self.request("POST", "/identity/v3/auth/tokens", body)
        if status != 201:
            raise CloudError(f"no token for {auth['username']}: {status} {answer}", status)
        self.token = headers["X-Subject-Token"]
        self.project_id = answer["token"]["project"]["id"]
        self.user_id = answer["token"]["user"]["id"]

    def request(self, method, path, body=None, headers=None):
        """(status, headers, body): JSON parsed if it is JSON, bytes otherwise. OSError when no answer came."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {"Accept": "application/json", "Content-Type": "application/json", **(headers or {})}
        if self.token:
            sent["X-Auth-Token"] = self.token
        fresh = self.connection is None
        if fresh:
            self.connection = http.client.HTTPConnection(self.address, timeout=120)
        try:
            self.connection.request(method, path, data, sent)
            answer = self.connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.connection = None
            # A kept connection may have been closed by the server before the request: only then is it safe to repeat.
            if not fresh and isinstance(error, http.client.RemoteDisconnected) and method == "GET":
                return self.request(method, path, body, headers)
            raise ConnectionError(f"{method} {path}: {error!r}") from error
        if "json" in answer.headers.get("Content-Type", "") and text:
            text = json.loads(text)
        return answer.status, answer.headers, text

    def call(self, method, path, body=None, headers=None):
        """The body of a success; CloudError otherwise."""
        status, _, answer = self.request(method, path, body, headers)
        if status >= 400:
            raise CloudError(f"{method} {path}: {status} {answer}", status)
        return answer

    def get(self, path, headers=None):
        return self.call("GET", path, headers=headers)

    def wait(self, what, condition, seconds=60):
        """Waits until `condition()` is true; CloudError names `what` was waited for."""
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise CloudError(f"{what}: not after {seconds} s")
            time.sleep(0.05)


class MariaDb:
    """A private MariaDB, durable as it comes unless `options` say otherwise; as a context it is started and ended."""

    USER = "ferrostack"

    def __init__(self, folder, options=()):
        self.folder = pathlib.Path(folder)
        self.options = options
        self.port = free_port()
        self.process = None

    def __enter__(self):
        tool("need_mariadb")
        path = os.environ["PATH"] + ":/usr/sbin:/sbin"
        data, owner = self.folder / "mariadb", os.environ.get("USER") or "root"
        user = ["--user=root"] if os.getuid() == 0 else []
        with open(self.folder / "mariadb.log", "ab") as log:
            subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
                            "--auth-root-authentication-method=normal", *user],
                           check=True, stdout=log, stderr=log, env={**os.environ, "PATH": path, "USER": owner})
            first = self.folder / "first.sql"
            first.write_text(f"create user {self.USER}@'127.0.0.1' identified by '{self.USER}';\n"
                             f"grant all on *.* to {self.USER}@'127.0.0.1';\n")
            self.process = subprocess.Popen(
                [shutil.which("mariadbd", path=path), "--no-defaults", f"--datadir={data}", *user,
                 # Relative to the data: the path of a socket may have no more than 107 characters.
                 "--socket=mariadb.sock", "--pid-file=mariadb.pid",
                 f"--port={self.port}", "--bind-address=127.0.0.1", "--innodb-buffer-pool-size=512M",
                 "--max-connections=400", f"--init-file={first}", *self.options],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + START_SECONDS
        while not self._query("select 1"):
            if self.process.poll() is not None or time.monotonic() > end:
                log = (self.folder / "mariadb.log").read_text(errors="replace")
                self.__exit__()
                raise CloudError("MariaDB did not start:\n" + log[-2000:])
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    @property
    def url(self):
        return f"mysql://{self.USER}:{self.USER}@127.0.0.1:{self.port}"

    def _query(self, sql):
        words = ["mariadb", "--no-defaults", "--host=127.0.0.1", f"--port={self.port}", f"--user={self.USER}",
                 f"--password={self.USER}", "--execute", sql]
        return subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0

    def database(self, name):
        """An empty database; its address for `--database`."""
        if not self._query(f"create database {name} character set utf8mb4 collate utf8mb4_bin"):
            raise CloudError(f"MariaDB does not make the database {name}")
        return f"{self.url}/{name}"


def parse_yaml(text):
    """The part of YAML that clouds.yaml needs: nested mappings of plain or quoted words; lists are passed over."""
    root = {}
    open_maps = [(-1, root)]
    for line in text.splitlines():
        words = line.split(" #")[0].strip()
        if not words or words.startswith(("#", "---", "- ")) or ":" not in words:
            continue
        indent = len(line) - len(line.lstrip())
        while indent <= open_maps[-1][0]:
            open_maps.pop()
        key, value = (word.strip().strip("\"'") for word in words.split(":", 1))
        if value:
            open_maps[-1][1][key] = value
        else:
            open_maps[-1][1][key] = {}
            open_maps.append((indent, open_maps[-1][1][key]))
    return root
