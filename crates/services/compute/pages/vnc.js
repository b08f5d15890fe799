// Shows the screen of a server with noVNC. The address says where the screen is: ?path=console/vnc?token=...

const korean = navigator.language.startsWith("ko");
const words = korean
  ? {
      connecting: "연결하는 중…", connected: "연결됨", closed: "연결이 끝났습니다.",
      lost: "연결할 수 없습니다. 주소가 만료되었거나 서버가 꺼져 있을 수 있습니다.",
      noViewer: "noVNC를 불러올 수 없습니다.", noPath: "주소에 콘솔 경로가 없습니다.",
      paste: "텍스트 입력…", full: "전체 화면", prompt: "게스트에 입력할 텍스트:",
    }
  : {
      connecting: "Connecting…", connected: "Connected", closed: "The connection has ended.",
      lost: "No connection. The address may have lapsed, or the server may be off.",
      noViewer: "noVNC can't be loaded.", noPath: "The address names no console.",
      paste: "Type text…", full: "Full screen", prompt: "Text to type into the guest:",
    };

const element = (id) => document.getElementById(id);
const say = (text) => { element("status").textContent = text; };
document.documentElement.lang = korean ? "ko" : "en";
element("paste").textContent = words.paste;
element("full").textContent = words.full;
element("full").onclick = () => document.documentElement.requestFullscreen();

/** The key of a character: Latin-1 as it is, everything else by its code point (X11, appendix A). */
function keysym(character) {
  const code = character.codePointAt(0);
  if (code === 10) return 0xff0d;
  if (code === 9) return 0xff09;
  return code < 0x100 ? code : 0x01000000 + code;
}

async function start() {
  const path = new URLSearchParams(location.search).get("path");
  if (!path) return say(words.noPath);
  let RFB;
  try {
    ({ default: RFB } = await import("./novnc/core/rfb.js"));
  } catch (error) {
    console.error(error);
    return say(words.noViewer);
  }
  const address = new URL(`/${path.replace(/^\/+/, "")}`, location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  say(words.connecting);
  const screen = new RFB(element("screen"), address.href, { shared: true, wsProtocols: ["binary"] });
  screen.scaleViewport = true;
  let open = false;
  let name = words.connected;
  const enable = (on) => ["paste", "ctrl-alt-del"].forEach((id) => { element(id).disabled = !on; });
  screen.addEventListener("connect", () => {
    open = true;
    say(name);
    enable(true);
    screen.focus();
  });
  screen.addEventListener("desktopname", (event) => {
    name = event.detail.name;
    document.title = name;
    if (open) say(name);
  });
  screen.addEventListener("disconnect", () => {
    enable(false);
    say(open ? words.closed : words.lost);
  });
  element("ctrl-alt-del").onclick = () => { screen.sendCtrlAltDel(); screen.focus(); };
  element("paste").onclick = () => {
    for (const character of prompt(words.prompt) ?? "") screen.sendKey(keysym(character), null);
    screen.focus();
  };
}

start();
