// The pages of the press's web panel: its own address, absolute, in HTML, CSS and JavaScript, as devices' pages are full of.

export function loginPage(own: string, told: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Press 7: sign in</title>
<link rel="stylesheet" href="${own}/panel/style.css"></head><body class="login">
<form method="post" action="${own}/login"><h1>Press 7</h1><p class="told">${told}</p>
<input type="hidden" name="from" value="panel">
<label>Name <input name="user" autocomplete="off"></label>
<label>Password <input name="password" type="password"></label>
<button>Sign in</button></form></body></html>`;
}

export function panelPage(own: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Press 7</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${own}/panel/style.css"></head><body>
<header><img src="${own}/panel/press.svg" alt="" width="40" height="40"><h1>Press 7</h1><time id="clock"></time></header>
<p id="alarm" hidden>ALARM: temperature too high. Press stopped.</p>
<main>
<section><h2>Temperature</h2><p><output id="temperature">–</output> °C</p>
<meter id="gauge" min="0" max="120" high="95" optimum="60" value="0"></meter></section>
<section><h2>Setpoint</h2><p><output id="setpoint">–</output> °C</p>
<form method="post" action="${own}/panel/setpoint"><input name="celsius" id="celsius" inputmode="decimal" size="5"
 aria-label="New setpoint"><button>Set</button></form></section>
<section><h2>Pressure</h2><p><output id="pressure">–</output> bar</p></section>
<section><h2>Strokes</h2><p><output id="strokes">–</output></p></section>
<section><h2>Run</h2><p><span id="lamp"></span><output id="runs">–</output></p>
<form method="post" action="${own}/panel/run"><button name="on" value="1">Start</button><button name="on" value="0">Stop</button></form></section>
<section><h2>Recipe</h2><input type="file" id="recipe" aria-label="Recipe"><p id="uploaded"></p>
<a href="${own}/panel/download?bytes=20000">Download</a></section>
</main><script src="${own}/panel/app.js"></script></body></html>`;
}

export function panelStyle(own: string): string {
  return `body{margin:0;background:#2b2f33 url(${own}/panel/press.svg) no-repeat right 20px bottom 20px/120px;color:#e8eaec;font:18px sans-serif;min-height:100vh}
header{display:flex;gap:16px;align-items:center;background:#1d2023;padding:10px 20px}h1{font-size:24px;margin:0;flex:1}
main{display:grid;grid-template-columns:repeat(auto-fit,minmax(240px,1fr));gap:12px;padding:20px}
section{background:#3a4046;border:1px solid #555c63;border-radius:4px;padding:12px 16px}h2{font-size:15px;margin:0;color:#a9b4bd}
p{font-size:30px;margin:8px 0}meter{width:100%;height:22px}
button{font-size:18px;padding:10px 20px;background:#5a636b;color:#fff;border:1px solid #8a949c;border-radius:4px}
input{font-size:18px;padding:8px}#alarm{background:#c62828;color:#fff;margin:0;padding:12px 20px;font-size:20px}
#lamp{display:inline-block;width:24px;height:24px;border-radius:50%;background:#555;margin-right:10px}#lamp.on{background:#4caf50}
.login{display:grid;place-items:center}.login form{display:grid;gap:12px;background:#3a4046;padding:24px}.told{color:#ff8a80;font-size:16px}`;
}

export function panelScript(own: string): string {
  return `const own = "${own}";
const show = (id, text) => { document.getElementById(id).textContent = text; };
const shown = (values) => {
  show("temperature", values.temperatureC.toFixed(1));
  show("setpoint", values.setpointC.toFixed(1));
  show("pressure", values.pressureBar.toFixed(1));
  show("strokes", values.strokes);
  show("runs", values.runs ? "RUNNING" : "STOPPED");
  document.getElementById("gauge").value = values.temperatureC;
  document.getElementById("lamp").classList.toggle("on", values.runs);
  document.getElementById("alarm").hidden = !values.alarm;
};
const connect = () => {
  const live = new WebSocket("${own.replace("http", "ws")}/live");
  live.onopen = () => { document.body.dataset.live = "yes"; };
  live.onmessage = ({ data }) => shown(JSON.parse(data));
  live.onclose = () => { document.body.dataset.live = "no"; setTimeout(connect, 3000); };
};
fetch(own + "/panel/press.json").then((answer) => answer.json()).then((values) => {
  document.body.dataset.self = values.self;
  document.getElementById("celsius").value = values.setpointC.toFixed(1);
  shown(values);
  connect();
});
document.getElementById("recipe").onchange = async ({ target }) => {
  const answer = await fetch("/panel/upload", { method: "POST", body: target.files[0] });
  show("uploaded", (await answer.json()).bytes + " bytes taken");
};
setInterval(() => show("clock", new Date().toLocaleTimeString("en-GB")), 1000);
`;
}

export const pressPicture = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><path d="M4 36h32v-6h-4V8h4V2H4v6h4v22H4z
M12 8h16v8h-5v6h-6v-6h-5zM12 26h16v4H12z" fill="#7d8891" fill-rule="evenodd"/></svg>`;
