/**
 * The doctor's agent as `serve` and `doctor agent` have it: whether it is wanted, and the token that it demands beyond this machine. Pure: the file is
 * only named here.
 */
import { type AgentOptions, resolveDoctorAgentOptions } from "@holdfast/doctor/agent";
import { bad, type Checked, good } from "../args.ts";
import type { SettingValue } from "./settings.ts";

export interface DoctorAgentConfig {
  readonly tokenFile: string | null;
}

/** Null where none is wanted. Throws a TypeError that names the setting. */
export function doctorAgentOf(values: Readonly<Record<string, SettingValue>>): DoctorAgentConfig | null {
  const { doctorAgent, doctorTokenFile, host } = values as { doctorAgent: boolean; doctorTokenFile: string; host: string };
  if (!doctorAgent && doctorTokenFile !== "") throw new TypeError("Expected `doctorTokenFile` with `doctorAgent` only");
  if (!doctorAgent) return null;
  if (doctorTokenFile === "" && !isLoopback(host)) throw new TypeError(`Expected \`doctorTokenFile\` for an agent on ${host}: whoever reached it could use it`);
  return { tokenFile: doctorTokenFile === "" ? null : doctorTokenFile };
}

/** Names count as foreign but for `localhost`: what they mean is decided elsewhere. */
export const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);

/** The agent's options with its token read; null where none is wanted. `readToken` reads a file. */
export function doctorAgentOptions(config: DoctorAgentConfig | null, readToken: (path: string) => Checked<string>): Checked<Partial<AgentOptions> | null> {
  if (config === null) return good(null);
  const token = config.tokenFile === null ? null : readToken(config.tokenFile);
  return token === null ? good({}) : token.ok ? withToken(token.value) : token;
}

/** What is wrong with the token is said without it. */
export function withToken(token: string): Checked<Partial<AgentOptions>> {
  try {
    resolveDoctorAgentOptions({ token });
    return good({ token });
  } catch (thrown) {
    return bad((thrown as Error).message);
  }
}
