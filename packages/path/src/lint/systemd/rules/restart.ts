/**
 * A server that ends by itself and is not started again.
 */
import { settingOf } from "../parse.ts";
import { type SystemdRule, systemdFinding } from "../rule.ts";

export const restart: SystemdRule = (service) => {
  const [setting, type] = [settingOf(service, "Restart"), settingOf(service, "Type")];
  // Proxies restart their workers themselves, and packages leave it to that.
  if (!service.isWhole || !["node", "holdfast", "wrapper"].includes(service.program) || type?.value === "oneshot") return [];
  if (setting !== null && setting.value !== "no") return [];
  return [
    systemdFinding("systemd_no_restart", {
      title: `${service.name} is not started again after a crash`,
      place: setting?.place ?? service.place,
      advice: ["Restart=on-failure", "RestartSec=1"],
    }),
  ];
};
