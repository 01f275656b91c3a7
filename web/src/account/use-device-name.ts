// A device in words: "Chrome on Windows".
import { useTranslation } from "react-i18next";
import { readDevice } from "./device";

export function useDeviceName(): (userAgent: string) => string {
  const { t } = useTranslation();
  return (userAgent) => {
    const { program, system } = readDevice(userAgent);
    if (program && system) return t("sessions.device", { program, system });
    return program ?? system ?? t("sessions.unknownDevice");
  };
}
