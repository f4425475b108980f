// Kind `http`: a web panel's requests and answers, each rule beside its refused twin, against real HTTP servers.
import * as assert from "uvu/assert";
import { group } from "../../support/group.ts";
import { panelDevice, publicOrigin, startDevice, startPanel } from "./panel-under-test.ts";

await group("targets/http", { timeoutMs: 30_000 }, (test) => {
  test("a page comes through in the panel's terms, and the device sees its own", async () => {
    await using device = await startDevice((request, response) => {
      response.writeHead(200, {
        "content-type": "text/html",
        "strict-transport-security": "max-age=1",
        connection: "x-private, keep-alive",
        "x-private": "1",
      });
      response.end(`<a href="http://127.0.0.1:${device.port}/next">${request.headers.host}</a>`);
    });
    await using panel = await startPanel(panelDevice(device));
    const answer = await panel.ask("/a?b=1", {
      fields: {
        origin: publicOrigin,
        referer: `${publicOrigin}/before?x`,
        "x-forwarded-for": "::1",
      },
    });
    assert.is(answer.status, 200);
    assert.is(answer.text, `<a href="${publicOrigin}/next">127.0.0.1:${device.port}</a>`);
    assert.is(answer.fields["strict-transport-security"], undefined);
    assert.is(answer.fields["x-private"], undefined);
    assert.is(answer.fields["content-security-policy"], "frame-ancestors 'self'");
    assert.match(String(answer.fields["permissions-policy"]), /publickey-credentials-get=\(\)/);
    const seen = device.last();
    assert.is(seen.origin, `http://127.0.0.1:${device.port}`);
    assert.is(seen.referer, `http://127.0.0.1:${device.port}/before?x`);
    assert.is(seen["x-forwarded-for"], undefined);
    assert.equal(device.asked, ["GET /", "GET /a?b=1"]);
  });
});
