import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type DeclaredPath, optionsAt, PathError } from "@holdfast/path";

const hop = (product: string, values: Readonly<Record<string, number | "never" | boolean | string>> = {}, name = product) => ({ name, product, values });
const behind = (...hops: DeclaredPath["hops"]): DeclaredPath => ({ hops: [hop("browser"), ...hops, hop("node", {}, "app")] });

describe("options of a part that stands in a path", () => {
  it("keeps connections for longer than the balancer in front does", () => {
    const { options, link } = optionsAt({ path: behind(hop("aws-alb")), as: "guard", given: {} });
    assert.equal(link?.senderIdle?.value, 60_000);
    assert.equal(options["keepAliveMs"], 66_000);
    const { options: longer } = optionsAt({ path: behind(hop("heroku")), as: "guard", given: {} });
    assert.equal(longer["keepAliveMs"], 99_000);
  });

  it("leaves the keep-alive alone where nothing is kept", () => {
    const closing = hop("nginx", { proxy_http_version: "1.0" });
    const { options, link } = optionsAt({ path: behind({ ...closing, version: "1.22.1" }), as: "guard", given: {} });
    assert.equal(link?.reuse, false);
    assert.equal(options["keepAliveMs"], undefined);
  });

  it("takes the heartbeat from the shortest silence that the path bears", () => {
    const short = behind(hop("haproxy", { "timeout client": 20_000, "timeout server": 20_000, "timeout tunnel": 20_000 }));
    const { options } = optionsAt({ path: short, as: "server", given: {} });
    assert.ok((options["heartbeatMs"] as number) * 2.2 < 20_000, `${options["heartbeatMs"]}`);
    assert.equal(optionsAt({ path: behind(hop("aws-alb")), as: "server", given: {} }).options["heartbeatMs"], 12_000);
  });

  it("gives connections up before whoever receives, and before a box between forgets them", () => {
    const onward = (...hops: DeclaredPath["hops"]): DeclaredPath => ({ hops: [hop("node", {}, "app"), ...hops] });
    const toNode = optionsAt({ path: onward(hop("node", {}, "orders")), as: "pool", given: {} }).options["idleMs"] as number;
    assert.ok(toNode > 0 && toNode < 5_000, `${toNode}`);
    const throughNat = optionsAt({ path: onward(hop("aws-nat-gateway"), hop("gcp-alb")), as: "pool", given: {} }).options["idleMs"] as number;
    assert.ok(throughNat > 60_000 && throughNat < 350_000, `${throughNat}`);
  });

  it("refuses what contradicts the path, with the inequality", () => {
    const refused = (as: "guard" | "server" | "pool", path: DeclaredPath, given: Readonly<Record<string, unknown>>): PathError => {
      try {
        optionsAt({ path, as, given });
      } catch (thrown) {
        assert.ok(thrown instanceof PathError, String(thrown));
        return thrown;
      }
      throw new assert.AssertionError({ message: "nothing was refused" });
    };
    const tooShort = refused("guard", behind(hop("aws-alb")), { keepAliveMs: 5_000 });
    assert.equal(tooShort.knob, "keepAliveMs");
    assert.match(tooShort.message, /60 s \+ 6 s <= 5 s does not hold/);
    assert.match(tooShort.message, /66000/);
    const tooSlow = refused("server", behind(hop("aws-alb")), { heartbeatMs: 40_000 });
    assert.equal(tooSlow.knob, "heartbeatMs");
    assert.match(tooSlow.message, /C1/);
    const tooMany = refused("pool", { hops: [{ ...hop("node"), replicas: 10 }, hop("postgres")] }, { max: 50 });
    assert.match(tooMany.message, /such as 9: 10 x 50/);
    assert.match(refused("guard", behind(hop("aws-alb")), { keepAliveMs: Number.NaN }).message, /got NaN$/);
    const tooLong = refused("pool", { hops: [hop("node", {}, "app"), hop("node", {}, "orders")] }, { idleMs: 30_000 });
    assert.equal(tooLong.knob, "idleMs");
    assert.match(tooLong.message, /A1/);
  });

  it("accepts what agrees with it", () => {
    const { options } = optionsAt({ path: behind(hop("aws-alb")), as: "guard", given: { keepAliveMs: 70_000, listener: "x" } });
    assert.equal(options["keepAliveMs"], undefined);
  });

  it("remarks on what this process can not mend, and refuses a place that is none", () => {
    const { remarks } = optionsAt({ path: behind(hop("cloudflare"), hop("aws-alb")), as: "guard", given: {} });
    assert.ok(
      remarks.some((remark) => remark.includes("cloudflare -> aws-alb")),
      remarks.join("\n"),
    );
    assert.throws(() => optionsAt({ path: { hops: [hop("browser"), hop("nginx")] }, as: "guard", given: {} }), /a hop that runs an application/);
    assert.throws(() => optionsAt({ path: behind(hop("nginx")), hop: "api", as: "guard", given: {} }), /one of browser, nginx, app, got api/);
  });
});
