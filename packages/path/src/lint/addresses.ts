/**
 * Addresses as tools write them, and whether one leads to the other: `127.0.0.1:3000` to a listener at `*:3000`.
 */

const anywhere = new Set(["*", "0.0.0.0", "[::]", "::", ""]);
const thisMachine = new Set(["127.0.0.1", "localhost", "[::1]", "::1"]);

function split(address: string): { readonly host: string; readonly port: string } {
  const at = address.lastIndexOf(":");
  return at < 0 ? { host: address, port: "" } : { host: address.slice(0, at).toLowerCase(), port: address.slice(at + 1) };
}

/**
 * Whether what a configuration sends to `forward` comes back to a listener of the same configuration. Another host's port 80 is not the own one,
 * however widely that listens.
 */
export function addressesLoop(forward: string, listen: string): boolean {
  const [to, at] = [split(forward), split(listen)];
  return addressesMeet(forward, listen) && (to.host === at.host || thisMachine.has(to.host) || anywhere.has(to.host));
}

/** Whether what is sent to `forward` arrives at a listener on `listen`. Names are not looked up: another name of the same port may be the same machine only where the listener listens everywhere. */
export function addressesMeet(forward: string, listen: string): boolean {
  if (forward.startsWith("unix:") || listen.startsWith("unix:")) return forward === listen;
  const [to, at] = [split(forward), split(listen)];
  if (to.port === "" || to.port !== at.port) return false;
  return anywhere.has(at.host) || to.host === at.host || (thisMachine.has(to.host) && thisMachine.has(at.host));
}
