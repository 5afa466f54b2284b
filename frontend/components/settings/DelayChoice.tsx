import { delayText, withCurrent } from "../../lib/delays.ts";
import { Choice } from "./Setting.tsx";

interface DelayChoiceProps {
  label: string;
  /** In seconds, as are the delays. */
  value: number;
  delays: readonly number[];
  disabled: boolean;
  onChange(seconds: number): void;
}

/** How long a message may stay unread before it is told of in another way. */
export function DelayChoice({ label, value, delays, disabled, onChange }: DelayChoiceProps) {
  return (
    <Choice
      label={label}
      value={String(value)}
      options={withCurrent(delays, value).map((seconds) => ({
        value: String(seconds),
        text: delayText(seconds),
      }))}
      disabled={disabled}
      onChange={(seconds) => onChange(Number(seconds))}
    />
  );
}
