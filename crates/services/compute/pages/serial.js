// A plain terminal on the serial port of a server: lines, carriage returns, backspaces and tabs; colours and cursor
// movements are left out. The address is that of the port itself (.../serial?token=...), or names it: ?path=...

const korean = navigator.language.startsWith("ko");
const words = korean
  ? {
      connecting: "연결하는 중…", connected: "연결됨: 눌러서 입력하세요.", closed: "연결이 끝났습니다.",
      lost: "연결할 수 없습니다. 주소가 만료되었거나 서버가 꺼져 있을 수 있습니다.",
    }
  : {
      connecting: "Connecting…", connected: "Connected: click to type.", closed: "The connection has ended.",
      lost: "No connection. The address may have lapsed, or the server may be off.",
    };
const LINES = 5000;
const KEYS = {
  Enter: "\r", Backspace: "\x7f", Tab: "\t", Escape: "\x1b", ArrowUp: "\x1b[A", ArrowDown: "\x1b[B",
  ArrowRight: "\x1b[C", ArrowLeft: "\x1b[D", Home: "\x1b[H", End: "\x1b[F", Delete: "\x1b[3~",
};

const terminal = document.getElementById("terminal");
const say = (text) => { document.getElementById("status").textContent = text; };
document.documentElement.lang = korean ? "ko" : "en";

const lines = [""];
let column = 0;
let pending = "";
let drawing = false;

/** Takes what the guest wrote; an escape sequence that is cut in two waits for its rest. */
function write(text) {
  text = pending + text;
  pending = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "\x1b") {
      const sequence = /^\x1b(?:\[[0-9;?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-Za-z]|[^[\]()])/.exec(text.slice(at));
      if (!sequence) {
        if (text.length - at < 256) pending = text.slice(at);
        break;
      }
      at += sequence[0].length - 1;
    } else if (character === "\n") {
      lines.push("");
      if (lines.length > LINES) lines.splice(0, lines.length - LINES);
    } else if (character === "\r") {
      column = 0;
    } else if (character === "\b") {
      column = Math.max(0, column - 1);
    } else if (character === "\t" || character >= " ") {
      const line = lines[lines.length - 1].padEnd(column);
      lines[lines.length - 1] = line.slice(0, column) + character + line.slice(column + 1);
      column += 1;
    }
  }
  if (drawing) return;
  drawing = true;
  requestAnimationFrame(() => {
    drawing = false;
    const atEnd = terminal.scrollTop + terminal.clientHeight >= terminal.scrollHeight - 4;
    terminal.textContent = lines.join("\n");
    if (atEnd) terminal.scrollTop = terminal.scrollHeight;
  });
}

const path = new URLSearchParams(location.search).get("path");
const address = path ? new URL(`/${path.replace(/^\/+/, "")}`, location.href) : new URL(location.href);
address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
const socket = new WebSocket(address, "binary");
socket.binaryType = "arraybuffer";
const decoder = new TextDecoder();
const encoder = new TextEncoder();
const send = (text) => { if (socket.readyState === WebSocket.OPEN) socket.send(encoder.encode(text)); };
let open = false;
say(words.connecting);
socket.onopen = () => { open = true; say(words.connected); terminal.focus(); send("\r"); };
socket.onmessage = (event) => write(decoder.decode(event.data, { stream: true }));
socket.onclose = (event) => say(event.reason || (open ? words.closed : words.lost));

terminal.addEventListener("keydown", (event) => {
  let text = KEYS[event.key];
  if (event.ctrlKey && !event.altKey && !event.metaKey && /^[a-z[\]\\]$/i.test(event.key)) {
    text = String.fromCharCode(event.key.toUpperCase().charCodeAt(0) & 31);
  } else if (!text && event.key.length === 1 && !event.ctrlKey && !event.metaKey) {
    text = event.key;
  }
  if (text) {
    event.preventDefault();
    send(text);
  }
});
terminal.addEventListener("paste", (event) => {
  event.preventDefault();
  send(event.clipboardData.getData("text").replace(/\n/g, "\r"));
});
